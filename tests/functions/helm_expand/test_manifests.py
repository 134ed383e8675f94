import pytest

from krmfn.helm_expand.manifests import Hook, Manifests, read


def thing(kind: str = "ConfigMap", name: str = "a", extra: str = "") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{extra}"


def hook(events: str, extra: str = "") -> str:
    return thing("Job", "h", f'  annotations:\n    helm.sh/hook: "{events}"\n{extra}')


def read_one(text: str) -> Manifests:
    return read({"demo/templates/x.yaml": text}, chart="demo")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param(thing(), ["a"], id="one"),
        pytest.param(f"---\n{thing()}---\n{thing(name='b')}", ["a", "b"], id="two"),
        pytest.param(f"\n \n---{thing()}", ["a"], id="glued-to-the-separator"),
        pytest.param(f"---# comment\n{thing()}", ["a"], id="comment-at-the-separator"),
        pytest.param(f"--- \t\n\n\n{thing()}", ["a"], id="blanks-after-the-separator"),
        pytest.param(f"{thing()}\n---\n---\n \n---\n", ["a"], id="empty-documents"),
        pytest.param(f"# only words\n---\n{thing()}---\n# more\n", ["a"], id="comments"),
        pytest.param("", [], id="nothing"),
        pytest.param(" \n\t\n", [], id="blank"),
        pytest.param("---", [], id="only-a-separator"),
        pytest.param("null\n---\n~\n", [], id="null"),
    ],
)
def test_documents_are_cut_as_helm_cuts_them(text: str, names: list[str]) -> None:
    found = read_one(text)
    assert [manifest.name for manifest in found.resources] == names
    assert found.problems == ()


def test_the_text_is_kept_with_its_comments() -> None:
    text = "# why\napiVersion: v1\nkind: ConfigMap # what\nmetadata: {name: 'a'}\n\n\n"
    [manifest] = read_one(f"---\n{text}").resources
    assert manifest.text == text.rstrip() + "\n"
    assert manifest.body == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


def test_blank_lines_that_belong_to_a_value_are_kept() -> None:
    [manifest] = read_one(thing(extra="data:\n  a: |+\n    x\n\n")).resources
    assert manifest.body["data"]["a"].startswith("x\n\n")


def test_an_object_tells_what_it_is() -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: edge}\n"
    [manifest] = read_one(f"{thing('Service')}---\n{text}").resources[1:]
    assert (manifest.api_version, manifest.kind, manifest.name, manifest.namespace) == (
        "apps/v1",
        "Deployment",
        "web",
        "edge",
    )
    assert (manifest.template, manifest.index) == ("demo/templates/x.yaml", 1)


def test_an_object_without_metadata_has_no_name() -> None:
    [manifest] = read_one("apiVersion: v1\nkind: Thing\nmetadata:\n").resources
    assert (manifest.name, manifest.namespace) == ("", "")


def test_objects_come_in_the_order_in_which_helm_installs() -> None:
    files = {
        "demo/templates/a.yaml": "---\n".join(
            map(thing, ["Zebra", "Ingress", "Deployment", "Aardvark", "Service"])
        ),
        "demo/templates/b.yaml": "---\n".join(
            thing(kind, name="b") for kind in ["Namespace", "Service", "CustomResourceDefinition"]
        ),
    }
    found = read(dict(reversed(files.items())), chart="demo").resources
    assert [f"{manifest.kind}/{manifest.name}" for manifest in found] == [
        "Namespace/b",
        "CustomResourceDefinition/b",
        "Service/a",
        "Service/b",
        "Deployment/a",
        "Ingress/a",
        "Aardvark/a",
        "Zebra/a",
    ]


def test_hooks_and_tests_stand_apart() -> None:
    extra = (
        '    helm.sh/hook-weight: "-5"\n'
        "    helm.sh/hook-delete-policy: before-hook-creation, hook-succeeded\n"
    )
    files = {
        "demo/templates/a.yaml": hook("pre-install,post-upgrade", extra),
        "demo/templates/b.yaml": hook("test-success"),
        "demo/templates/c.yaml": hook("Test"),
        "demo/templates/d.yaml": thing(),
    }
    found = read(files, chart="demo")
    assert [manifest.hook for manifest in found.hooks] == [
        Hook(("pre-install", "post-upgrade"), -5, ("before-hook-creation", "hook-succeeded"))
    ]
    assert [manifest.hook for manifest in found.tests] == [Hook(("test",)), Hook(("test",))]
    assert [manifest.name for manifest in found.resources] == ["a"]


@pytest.mark.parametrize("weight", ['"heavy"', '""', '"1.5"'])
def test_a_weight_that_is_no_number_is_zero(weight: str) -> None:
    [manifest] = read_one(hook("pre-install", f"    helm.sh/hook-weight: {weight}\n")).hooks
    assert manifest.hook == Hook(("pre-install",), 0)


def test_an_object_with_an_unknown_hook_is_left_out_with_a_warning() -> None:
    found = read_one(hook("crd-install, pre-install"))
    assert (found.resources, found.hooks) == ((), ())
    [warning] = found.warnings
    assert warning == (
        "Job h of `demo/templates/x.yaml` is left out, as in Helm: "
        '"crd-install, pre-install" is no hook'
    )


def test_partials_are_dropped_and_notes_are_told_apart() -> None:
    files = {
        "demo/templates/NOTES.txt": "Well done: {}[",
        "demo/charts/sub/templates/NOTES.txt": "Mine too: {}[",
        "demo/templates/_helpers.tpl": "{}[",
        "demo/templates/_x.yaml": thing(),
    }
    assert read(files, chart="demo") == Manifests(notes="Well done: {}[")


def test_crds_come_by_path_and_may_be_several_in_a_file() -> None:
    one, two = thing("CustomResourceDefinition", "b"), thing("CustomResourceDefinition", "c")
    crds = [
        ("demo/crds/z.yaml", thing("CustomResourceDefinition")),
        ("demo/crds/a.yaml", f"{one}---\n{two}"),
    ]
    assert [(manifest.name, manifest.index) for manifest in read({}, crds, chart="demo").crds] == [
        ("b", 0),
        ("c", 1),
        ("a", 0),
    ]


@pytest.mark.parametrize(
    ("kind", "items", "identities"),
    [
        pytest.param(
            "List",
            "- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n"
            "- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}\n",
            [("v1", "Secret", "s", 0), ("apps/v1", "Deployment", "d", 1)],
            id="of-any-kind",
        ),
        pytest.param(
            "RoleList",
            "- metadata: {name: r}\n",
            [("v1", "Role", "r", 0)],
            id="of-one-kind",
        ),
    ],
)
def test_a_list_gives_its_items(
    kind: str, items: str, identities: list[tuple[str, str, str, int]]
) -> None:
    found = read_one(f"apiVersion: v1\nkind: {kind}\nitems:\n{items}").resources
    assert [
        (manifest.api_version, manifest.kind, manifest.name, manifest.index) for manifest in found
    ] == identities
    assert found[0].text.startswith("apiVersion: v1\nkind: ")


def test_a_kind_that_ends_in_list_but_lists_nothing_is_an_object() -> None:
    [manifest] = read_one(thing("AllowList")).resources
    assert manifest.kind == "AllowList"


def test_of_a_repeated_key_the_last_one_holds_with_a_warning() -> None:
    data = 'data:\n  a: yes\n  b: "1"\n  a: 0644 # last\n'
    text = f"---\n{thing(extra=data)}"
    found = read_one(text)
    [manifest] = found.resources
    assert manifest.body["data"] == {"a": 0o644, "b": "1"}
    assert "a: 0644" in manifest.text
    assert "yes" not in manifest.text
    assert found.warnings == (
        "`demo/templates/x.yaml` line 9: found duplicate key 'a'; the last one holds, as in Helm",
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param(
            f"\n---\n{thing()}---\n# x\n\nkind: X\nb: [1\nc: 2\n", 12, "must be YAML: ", id="syntax"
        ),
        pytest.param(f"{thing()}---\nhello\n", 6, "must be a Kubernetes object", id="words"),
        pytest.param("- a\n", 1, "must be a Kubernetes object", id="list"),
        pytest.param("kind: X\nmetadata: {}\n", 1, "`apiVersion` and `kind`", id="no-version"),
        pytest.param("apiVersion: 1\nkind: X\n", 1, "`apiVersion` and `kind`", id="number"),
        pytest.param(
            "apiVersion: v1\nkind: X\nmetadata: x\n", 1, "a Kubernetes object", id="metadata"
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems: [x]\n", 1, "list Kubernetes objects", id="items"
        ),
    ],
)
def test_what_is_no_object_is_a_problem_with_its_place(text: str, line: int, words: str) -> None:
    [problem] = read_one(text).problems
    assert (problem.template, problem.line) == ("demo/templates/x.yaml", line)
    place = f'chart "demo": what `demo/templates/x.yaml` renders at line {line} must '
    assert problem.message.startswith(place)
    assert words in problem.message


def test_all_problems_are_reported_and_the_rest_is_read() -> None:
    found = read_one(f"a: [\n---\n{thing()}---\nhello\n")
    assert [problem.line for problem in found.problems] == [2, 8]
    assert [manifest.name for manifest in found.resources] == ["a"]


def test_a_long_run_of_blanks_is_no_burden() -> None:
    assert read_one(thing() + "\n " * 500_000 + f"\n---\n{thing(name='b')}").problems == ()
