"""What `kubectl get` prints is read in each of its forms."""

import json

import pytest

from krmfn.cli.collecting.objects import objects_in
from krmfn.cli.errors import CliError

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "w1"}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
LIST = {"apiVersion": "v1", "kind": "List", "items": [NODE, POD]}
NODE_LIST = {"apiVersion": "v1", "kind": "NodeList", "items": [{"metadata": {"name": "w1"}}]}
YAML_NODE = "apiVersion: v1\nkind: Node\nmetadata:\n  name: w1\n"
YAML_POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n"


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        pytest.param(YAML_NODE, [NODE], id="one object"),
        pytest.param(f"{YAML_NODE}---\n# none\n---\n{YAML_POD}", [NODE, POD], id="documents"),
        pytest.param(json.dumps(LIST), [NODE, POD], id="a list in JSON"),
        pytest.param(json.dumps(LIST, indent=4) + "\n", [NODE, POD], id="indented JSON"),
        pytest.param(f"{json.dumps(NODE)}\n---\n{json.dumps(POD)}", [NODE, POD], id="flow style"),
        pytest.param(json.dumps(NODE_LIST), [NODE], id="a typed list of the API server"),
        pytest.param(json.dumps({**LIST, "items": []}), [], id="an empty list"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_every_form_gives_the_objects(text: str, objects: list[object]) -> None:
    assert objects_in(text, "facts.yaml") == objects


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("error: no such host", id="a message"),
        pytest.param("NAME   STATUS\nw1     Ready\n", id="a table"),
        pytest.param("{", id="half of JSON"),
        pytest.param('{"kind": "List", "items": [1]}', id="a list of numbers"),
        pytest.param("kind: [", id="half of YAML"),
        pytest.param("{" * 100_000, id="deep nesting"),
        pytest.param('{"kind": ' + "[" * 100_000, id="deep nesting in JSON"),
    ],
)
def test_what_is_no_output_of_kubectl_is_refused_by_the_name_of_its_file(text: str) -> None:
    with pytest.raises(CliError, match=r'"facts\.yaml" must hold'):
        objects_in(text, "facts.yaml")
