"""`krmfn generate` keeps every copy of a fact equal to the fact."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from krmfn.cli.errors import CliError
from krmfn.cli.library.catalog import FunctionFolder
from krmfn.cli.library.codes import result_codes
from krmfn.cli.library.generated import dockerfile, stale_files, with_passages
from krmfn.cli.library.slots import fill
from krmfn.sdk import yaml_load_all

ROOT = Path(__file__).parents[3]
METADATA = """\
image: ghcr.io/krm-fn/set-owner
description: Say "who" owns what.
tags: [mutator]
sourceURL: https://example.org/set-owner
examplePackageURLs: [https://example.org/examples]
license: Apache-2.0
"""

Krmfn = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], FunctionFolder]:
    """Make the folder of a function that has this metadata."""

    def make(metadata: str) -> FunctionFolder:
        path = tmp_path / "set_owner"
        path.mkdir()
        (path / "metadata.yaml").write_text(metadata)
        return FunctionFolder(path)

    return make


def test_nothing_that_is_generated_is_stale() -> None:
    assert [*stale_files(ROOT)] == [], "run `krmfn generate`"


def test_what_a_new_function_needs_is_generated(tree: Path, krmfn: Krmfn) -> None:
    done = krmfn(tree, "generate", "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_each_function_gets_its_crds_its_dockerfile_and_its_tables(new_tree: Path) -> None:
    folder = new_tree / "functions/krmfn/set_owner"
    (crd,) = yaml_load_all((folder / "crds.yaml").read_text())
    assert crd["metadata"]["name"] == "setowners.fn.krmfn.dev"
    assert '"krmfn.set_owner"]' in (folder / "Dockerfile").read_text()
    readme = (folder / "README.md").read_text()
    assert "| `spec.annotations` | map[string]string |" in readme
    assert "| `reserved-annotation` | error | An annotation is one of kpt's own;" in readme
    assert "| `not-owned` | error | A resource stands where" in readme
    assert "| The Deployment gets an owner; the Service does not match |" in readme
    assert "[annotates-what-matches](../../../examples/set-owner/annotates-what-matches)" in readme


def test_the_readme_of_the_library_lists_the_functions(new_tree: Path) -> None:
    link = "[set-owner](functions/krmfn/set_owner/README.md)"
    assert (new_tree / "README.md").read_text() == dedent(f"""\
        # A library

        <!-- krmfn:functions -->

        | Function | What it does | Reads | Writes |
        | --- | --- | --- | --- |
        | {link} | Set annotations on the resources of a package. |   |   |

        <!-- krmfn:end -->

        The end.
        """)


def test_what_is_stale_is_named_and_only_written_without_check(tree: Path, krmfn: Krmfn) -> None:
    crds, intents = (
        tree / "functions/krmfn/set_owner" / name for name in ("crds.yaml", "intents.py")
    )
    intents.write_text(intents.read_text().replace("The annotations to set.", "What to set."))
    before = crds.read_text()

    done = krmfn(tree, "generate", "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "stale: functions/krmfn/set_owner/crds.yaml",
        "stale: functions/krmfn/set_owner/README.md",
    ]
    assert crds.read_text() == before

    done = krmfn(tree, "generate")
    assert done.returncode == 0
    assert "wrote functions/krmfn/set_owner/crds.yaml" in done.stdout
    assert "What to set." in crds.read_text()


def test_a_field_without_a_description_is_an_error(tree: Path, krmfn: Krmfn) -> None:
    intents = tree / "functions/krmfn/set_owner/intents.py"
    intents.write_text(intents.read_text().replace(', description="The annotations to set."', ""))
    done = krmfn(tree, "generate", "--check")
    assert done.returncode == 1
    assert "must have a description: SetOwner `spec.annotations`" in done.stderr


def test_the_command_runs_only_in_its_source_tree(tree: Path, krmfn: Krmfn, tmp_path: Path) -> None:
    (tmp_path / "functions").symlink_to(tree / "functions")
    done = krmfn(tmp_path, "generate")
    assert done.returncode == 1
    assert "must be inside the source tree of krm-fn" in done.stderr


def test_the_command_refuses_another_source_tree_than_its_own(
    tree: Path, krmfn: Krmfn, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "functions/krmfn").mkdir(parents=True)
    (other / "pyproject.toml").touch()
    done = krmfn(tree, "generate", cwd=other)
    assert done.returncode == 1
    assert "install it with `pip install --editable" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), ["KIND", "SetOwner fn.krmfn.dev/v1alpha1 set-owner"], id="list"),
        pytest.param(("setowner",), ["kind: CustomResourceDefinition"], id="crd"),
        pytest.param(("SetOwner.fn.krmfn.dev", "--format=table"), ["| `spec` |"], id="table"),
    ],
)
def test_the_schemas_of_the_kinds_can_be_printed(
    new_tree: Path, krmfn: Krmfn, arguments: tuple[str, ...], words: list[str]
) -> None:
    done = krmfn(new_tree, "schema", *arguments)
    assert done.returncode == 0
    assert all(word in re.sub(" +", " ", done.stdout) for word in words)


def test_the_json_schema_of_a_kind_is_json(new_tree: Path, krmfn: Krmfn) -> None:
    done = krmfn(new_tree, "schema", "SetOwner", "--format", "json-schema")
    assert json.loads(done.stdout)["properties"]["kind"]["const"] == "SetOwner"


def test_the_schema_of_an_unknown_kind_names_the_known_ones(new_tree: Path, krmfn: Krmfn) -> None:
    done = krmfn(new_tree, "schema", "SetOwners")
    assert done.returncode == 1
    assert re.search(r"`SetOwners` must be one of the kinds: .*\bSetOwner\b", done.stderr)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a @NAME@ c", "a b c"),
        ("a\n@NOTHING@\nc\n", "a\nc\n"),
        ("a @NOTHING@ c", "a  c"),
        ("@LINES@\nc\n", "x\ny\nc\n"),
        ("@nothing@ user@example.org", "@nothing@ user@example.org"),
    ],
)
def test_a_template_is_filled(template: str, text: str) -> None:
    assert fill(template, {"NAME": "b", "NOTHING": "", "LINES": "x\ny\n"}) == text


def test_an_unknown_slot_is_an_error() -> None:
    with pytest.raises(CliError, match="@OTHER@ must be one of the slots: NAME"):
        fill("@OTHER@", {"NAME": "b"})


def test_a_dockerfile_is_filled_from_the_metadata(
    folder: Callable[[str], FunctionFolder],
) -> None:
    template = '@FUNCTION@ @MODULE@ krm-fn@EXTRA@ "@DESCRIPTION@"\n@SLIM@\n@MORE@\n'
    metadata = f"{METADATA}krmfn: {{extra: helm, slots: {{more: RUN true}}}}\n"
    assert dockerfile(template, folder(metadata)) == (
        'set-owner krmfn.set_owner krm-fn[helm] "Say \\"who\\" owns what."\nRUN true\n'
    )


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ("imag: x\n", "`imag` is not a field of metadata.yaml; did you mean `image`?"),
        (METADATA.replace("[mutator]", "[]"), "`tags` must not be empty"),
        (METADATA.replace("sourceURL:", "sourceUrl:"), "did you mean `sourceURL`?"),
        ("- x\n", "must be a map, but is a list"),
        ("{", "line "),
    ],
)
def test_wrong_metadata_is_told(
    metadata: str, words: str, folder: Callable[[str], FunctionFolder]
) -> None:
    with pytest.raises(CliError) as raised:
        _ = folder(metadata).metadata
    assert words in str(raised.value)
    assert "metadata.yaml" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        pytest.param("a\n", "a\n", id="no passage"),
        pytest.param(
            "a\n<!-- krmfn:p -->\n<!-- krmfn:end -->\nb\n",
            "a\n<!-- krmfn:p -->\n\n()\n\n<!-- krmfn:end -->\nb\n",
            id="an empty passage",
        ),
        pytest.param(
            "<!-- krmfn:p X -->\nold\n<!-- krmfn:end -->\n<!-- krmfn:p Y -->\n<!-- krmfn:end -->",
            "<!-- krmfn:p X -->\n\n(X)\n\n<!-- krmfn:end -->\n"
            "<!-- krmfn:p Y -->\n\n(Y)\n\n<!-- krmfn:end -->",
            id="two passages with a word",
        ),
    ],
)
def test_only_passages_are_made_anew(text: str, result: str, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(text)
    assert with_passages(file, {"p": lambda word: f"({word})\n"}) == result
    file.write_text(result)
    assert with_passages(file, {"p": lambda word: f"({word})\n"}) == result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- krmfn:q -->\n<!-- krmfn:end -->", "passage `q` must be one of: p"),
        ("<!-- krmfn:p -->\n", "every passage must be closed"),
        ("<!-- krmfn:p -->\n<!-- krmfn:p -->\n<!-- krmfn:end -->", "every passage must be closed"),
        ("<!-- krmfn:end -->", "every passage must be closed"),
    ],
)
def test_a_passage_that_cannot_be_made_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(text)
    with pytest.raises(CliError, match=message):
        with_passages(file, {"p": str})


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        pytest.param('error("must x", code="a-b")', [("a-b", "error")], id="literal"),
        pytest.param(
            'info("x", code="a")\nwarning("x", code="a")',
            [("a", "info"), ("a", "warning")],
            id="two severities",
        ),
        pytest.param(
            'error("x", code="b")\nerror("y", code="a")\nerror("z", code="b")',
            [("a", "error"), ("b", "error")],
            id="each once, sorted",
        ),
        pytest.param(
            'def f(message, code):\n  error(message, code=code)\nf("must x", "a-b")',
            [("a-b", "error")],
            id="through a function of the module",
        ),
        pytest.param(
            "class E(Exception):\n  def __init__(self, message, code): ...\n"
            'def f():\n  raise E("must x", "a-b")\ndef g(e):\n  error(str(e), code=e.code)',
            [("a-b", "error")],
            id="through an exception",
        ),
        pytest.param(
            'def f(x):\n  for code in ("a-b", "c-d"):\n    error("must x", code=code)',
            [("a-b", "error"), ("c-d", "error")],
            id="one of several",
        ),
        pytest.param(
            'def f(x):\n  code = "a-b" if x else "c-d"\n  info("x", code="e")\n'
            '  error("must x", code=code)',
            [("a-b", "error"), ("c-d", "error"), ("e", "info")],
            id="in a variable",
        ),
        pytest.param(
            'def f(x):\n  if code := ("a-b" if x else ""):\n    error("must x", code=code)',
            [("a-b", "error")],
            id="in a variable of a condition",
        ),
        pytest.param(
            'CODES = (("x y", "a-b"),)\ndef f():\n  for _, code in CODES:\n'
            '    error("must x", code=code)\ndef g():\n  code = "c-d"',
            [("a-b", "error")],
            id="in a constant of the module",
        ),
        pytest.param(
            "class R:\n  def wrong(self, message, code): ...\n"
            'def f(r):\n  r.wrong("must x", "a-b")',
            [("a-b", "error")],
            id="through a method",
        ),
        pytest.param(
            "def doubtful(message, code):\n  return warning(message, code=code)\n"
            'doubtful("must x", "a-b")',
            [("a-b", "warning")],
            id="as bad as what it is given to",
        ),
        pytest.param(
            'class F:\n  code: Code\nSOME = Code("a-b", "must x")\nF(SOME)',
            [],
            id="a code of another type",
        ),
        pytest.param('error("must x")\nother(code="a")\n(lambda: 0)()', [], id="none"),
    ],
)
def test_the_codes_of_results_are_found_in_the_source(
    source: str, codes: list[tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "module.py").write_text(source)
    assert result_codes(tmp_path) == codes


def test_a_module_means_its_own_function_by_a_name(tmp_path: Path) -> None:
    source = "def wrong({}):\n  error(message, code=code)\nwrong({})"
    (tmp_path / "first.py").write_text(source.format("code, message", '"a-b", "must x"'))
    (tmp_path / "second.py").write_text(source.format("message, code", '"must x", "c-d"'))
    assert result_codes(tmp_path) == [("a-b", "error"), ("c-d", "error")]
