"""Charts that render differently every time come out the same every time."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest

from krmfn.helm_expand.changing import at_another_time, may_change
from krmfn.sdk import Place, Resource

Make = Callable[..., Any]

RANDOM = """\
apiVersion: v1
kind: Secret
metadata:
  name: creds
  labels: {level: {{ .Values.level | default "low" }}}
data:
  user: {{ "admin" | b64enc }}
  password: {{ randAlphaNum 12 | b64enc | quote }}
"""
LOOKED_UP = """\
{{- $old := lookup "v1" "Secret" .Release.Namespace "creds" }}
apiVersion: v1
kind: Secret
metadata:
  name: creds
data:
  {{- if $old }}
  password: {{ $old.data.password }}
  {{- else }}
  password: {{ randAlphaNum 12 | b64enc | quote }}
  {{- end }}
"""
MADE_ONCE = f"""\
{{{{- if not (lookup "v1" "Secret" .Release.Namespace "creds") }}}}
{RANDOM}
{{{{- end }}}}
"""
CONSTANT_MADE_ONCE = """\
{{- if not (lookup "v1" "ConfigMap" .Release.Namespace "seed") }}
apiVersion: v1
kind: ConfigMap
metadata: {name: seed}
data: {seed: "1"}
{{- end }}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    metadata:
      annotations:
        checksum/secret: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }}
    spec: {containers: [{name: app, image: "app:{{ .Values.tag | default "1" }}"}]}
"""
CONFIG = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {level: {{ .Values.level }}}"
)
CERTIFICATE = """\
{{- $ca := genCA "demo" 365 }}
apiVersion: v1
kind: Secret
metadata: {name: tls}
data: {ca.crt: {{ $ca.Cert | b64enc }}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: demo}
webhooks: [{name: a.example.com, clientConfig: {caBundle: {{ $ca.Cert | b64enc }}}}]
"""
STAMPED = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: stamp
  annotations: {rolled-out: {{ now | date "2006-01-02" | quote }}}
data: {unix: {{ now | unixEpoch | quote }}, words: "what is now here"}
"""
RANDOM_NAME = """\
{{- range list "one" "two" }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate-{{ . }}-{{ randAlphaNum 6 | lower }}}
spec: {image: "app:{{ $.Values.tag | default "1" }}"}
{{- end }}
"""
TIMED_NAME = """\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate-{{ now | date "2006-01-02" }}}
"""
RANDOM_LIST = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: list}
immutable: false
data:
  items: {{ range until (randInt 10 1000 | int) }}x{{ end }}
args: [{{ range until (randInt 10 1000 | int) }}x, {{ end }}last]
keys: { {{ randAlpha 9 }}: 1 }
"""
CHARTS = {
    "a random field": {"templates/secret.yaml": RANDOM},
    "a random field and its checksum": {
        "templates/secret.yaml": RANDOM,
        "templates/deployment.yaml": DEPLOYMENT,
    },
    "a field that is looked up, and its checksum": {
        "templates/secret.yaml": LOOKED_UP,
        "templates/deployment.yaml": DEPLOYMENT,
    },
    "a random resource that is made once": {"templates/secret.yaml": MADE_ONCE},
    "a constant resource that is made once": {"templates/seed.yaml": CONSTANT_MADE_ONCE},
    "a certificate that two resources hold": {"templates/tls.yaml": CERTIFICATE},
    "times": {"templates/stamp.yaml": STAMPED},
    "random names": {"templates/jobs.yaml": RANDOM_NAME},
    "a name that tells the day": {"templates/job.yaml": TIMED_NAME},
    "a random length and random keys": {"templates/list.yaml": RANDOM_LIST},
}
LOOKED_UP_ONLY = "a field that is looked up, and its checksum"


def password(rendered: Any) -> str:
    return str(rendered["demo/secret_creds.yaml"]["data"]["password"])


@pytest.mark.parametrize("files", CHARTS.values(), ids=CHARTS)
@pytest.mark.parametrize("mode", ["Fixpoint", "Pin"])
@pytest.mark.parametrize("lookup", ["Package", "Empty"])
def test_every_later_render_gives_the_same_bytes(
    render: Make, helm_chart: Make, files: dict[str, str], mode: str, lookup: str
) -> None:
    once = render(helm_chart(files, nondeterminism=mode, lookup=lookup))
    assert once.ok
    twice = render(once)
    assert twice.texts == once.texts
    assert render(twice).texts == once.texts


@pytest.mark.parametrize("files", CHARTS.values(), ids=CHARTS)
def test_the_results_of_later_renders_are_the_same(
    render: Make, helm_chart: Make, files: dict[str, str]
) -> None:
    hook = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: h-{{ randAlpha 5 | lower }}, "
    hook += "annotations: {helm.sh/hook: pre-upgrade}}\n"
    once = render(helm_chart({**files, "templates/hook.yaml": hook}))
    assert render(once).said() == render(once).said()


@pytest.mark.parametrize(
    "files",
    [files for name, files in CHARTS.items() if "constant" not in name],
    ids=[name for name in CHARTS if "constant" not in name],
)
def test_an_unstable_chart_can_be_refused(
    render: Make, helm_chart: Make, files: dict[str, str]
) -> None:
    rendered = render(helm_chart(files, nondeterminism="Error"))
    assert not rendered.ok
    assert rendered.files == {}
    for line in rendered.said():
        assert line.startswith(
            '[error] HelmChart/demo spec.nondeterminism: chart "demo" must render'
        )
        assert "is random or tells the time" in line


def test_a_chart_that_makes_something_once_renders_the_same_when_it_must(
    render: Make, helm_chart: Make
) -> None:
    files = CHARTS["a constant resource that is made once"]
    once = render(helm_chart(files, nondeterminism="Error"))
    assert once.ok
    assert render(once).texts == once.texts


def test_a_stable_chart_is_not_refused(render: Make, helm_chart: Make) -> None:
    files = {"templates/a.yaml": CONFIG, "values.yaml": "level: debug"}
    rendered = render(helm_chart(files, nondeterminism="Error"))
    assert rendered.said() == []
    assert list(rendered.files) == ["demo/configmap_conf.yaml"]


def test_what_is_made_up_and_what_is_kept_is_told(render: Make, helm_chart: Make) -> None:
    once = render(helm_chart(CHARTS["a random field"]))
    field = "`data.password` of Secret creds (demo.yaml)"
    warning, made = once.said()
    assert "must be fit to lie in Git" in warning
    assert "Secret creds (demo.yaml) [secret-made-up]" in warning
    said = f"made up by the chart, and kept from now on: {field} [random-field]"
    assert made == f"[info] HelmChart/demo: {said}"
    assert render(once).said() == [
        (
            "[info] HelmChart/demo: kept as the package has it, since the chart changes it: "
            f"{field} [pinned]"
        )
    ]


def with_spec(rendered: Any, **spec: Any) -> list[Resource]:
    intent, *rest = rendered.items
    return [intent.merged({"spec": spec}), *rest]


@pytest.mark.parametrize(
    "name", ["a random field and its checksum", LOOKED_UP_ONLY, "random names", "times"]
)
def test_an_unrelated_value_changes_only_what_it_should(
    render: Make, helm_chart: Make, name: str
) -> None:
    files = {**CHARTS[name], "templates/conf.yaml": CONFIG, "values.yaml": "level: low"}
    once = render(helm_chart(files))
    values = {"valuesInline": {"level": "high", "tag": "2"}}
    twice = render(*with_spec(once, values=values))
    changed = {path for path in once.files if once.files[path] != twice.files[path]}
    assert once.files.keys() == twice.files.keys()
    kinds = {path.removeprefix("demo/").partition("_")[0] for path in changed}
    kinds -= {"secret"} if name == "a random field and its checksum" else set()
    assert kinds == {"configmap"} | (
        {"deployment"} if "checksum" in name else {"job"} if name == "random names" else set()
    )
    for path in changed:
        old, new = once.files[path].splitlines(), twice.files[path].splitlines()
        unlike = [line for line, other in zip(old, new, strict=True) if line != other]
        assert all(re.search(r"app:1|low", line) for line in unlike if "checksum" not in line)


def test_a_checksum_changes_with_what_it_sums_up(render: Make, helm_chart: Make) -> None:
    once = render(helm_chart(CHARTS["a random field and its checksum"]))
    values = {"valuesInline": {"level": "high"}}

    def checksum(rendered: Any) -> str:
        template = rendered["demo/deployment_app.yaml"]["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/secret"])

    twice = render(*with_spec(once, values=values))
    assert password(twice) == password(once)
    assert checksum(twice) == checksum(once), "only the data of a Secret reach its pods"


def test_a_looked_up_field_has_the_checksum_of_what_is_in_the_package(
    render: Make, helm_chart: Make
) -> None:
    found = (
        '{{ with lookup "v1" "Secret" .Release.Namespace "creds" }}{{ .data.password }}'
        "{{ else }}none{{ end }}"
    )
    deployment = re.sub(r"(checksum/secret:).*", lambda match: f"{match[1]} {found}", DEPLOYMENT)
    files = {**CHARTS[LOOKED_UP_ONLY], "templates/deployment.yaml": deployment}
    rendered = render(helm_chart(files))
    template = rendered["demo/deployment_app.yaml"]["spec"]["template"]
    assert template["metadata"]["annotations"]["checksum/secret"] == password(rendered)


def test_a_value_that_is_set_replaces_the_one_that_was_made_up(
    render: Make, helm_chart: Make
) -> None:
    template = RANDOM.replace("randAlphaNum 12", ".Values.password | default (randAlphaNum 12)")
    once = render(helm_chart({"templates/secret.yaml": template}))
    twice = render(*with_spec(once, values={"valuesInline": {"password": "set"}}))
    assert base64.b64decode(password(twice)) == b"set"


def test_names_that_are_random_stay_while_the_rest_follows_the_chart(
    render: Make, helm_chart: Make
) -> None:
    once = render(helm_chart(CHARTS["random names"]))
    twice = render(*with_spec(once, values={"valuesInline": {"tag": "2"}}))
    assert list(twice.files) == list(once.files)
    assert all("app:2" in text for text in twice.files.values())


def test_a_random_number_of_resources_is_an_error(render: Make, helm_chart: Make) -> None:
    template = (
        "{{ range until (randInt 20 4000 | int) }}\n---\napiVersion: v1\nkind: ConfigMap\n"
        "metadata: {name: a{{ . }}}\n{{ end }}"
    )
    rendered = render(helm_chart({"templates/a.yaml": template}))
    assert rendered.files == {}
    assert rendered.said()[0].startswith(
        '[error] HelmChart/demo spec.nondeterminism: chart "demo" must render the same resources '
        "every time, but `demo/templates/a.yaml` renders a ConfigMap only now and then"
    )


def test_the_password_of_another_cluster_is_never_used(render: Make, helm_chart: Make) -> None:
    for files in (
        CHARTS["a random field"],
        CHARTS[LOOKED_UP_ONLY],
        {"templates/a.yaml": MADE_ONCE},
    ):
        clusters = [{"name": "waw"}, {"name": "krk"}]
        once = render(helm_chart(files, clusters=clusters))
        paths = [f"clusters/{name}/demo/secret_creds.yaml" for name in ("waw", "krk")]
        waw, krk = (once[path]["data"]["password"] for path in paths)
        assert waw != krk
        assert render(once).texts == once.texts


def test_a_chart_that_gets_clusters_makes_up_a_password_for_each(
    render: Make, helm_chart: Make
) -> None:
    once = render(helm_chart(CHARTS[LOOKED_UP_ONLY]))
    twice = render(*with_spec(once, clusters=[{"name": "waw"}]))
    path = "clusters/waw/demo/secret_creds.yaml"
    assert twice[path]["data"]["password"] != password(once)
    assert "demo/secret_creds.yaml" not in twice.files


def test_the_password_of_another_release_is_never_used(render: Make, helm_chart: Make) -> None:
    template = RANDOM.replace("name: creds", "name: {{ .Release.Name }}-creds")
    once = render(helm_chart({"templates/secret.yaml": template}, releaseName="one"))
    twice = render(*with_spec(once, releaseName="two"))
    one, two = once["demo/secret_one-creds.yaml"], twice["demo/secret_two-creds.yaml"]
    assert list(twice.files) == ["demo/secret_two-creds.yaml"]
    assert one["data"]["password"] != two["data"]["password"]


def test_two_releases_of_one_chart_keep_what_is_their_own(render: Make, helm_chart: Make) -> None:
    releases = [
        {"chartArgs": {"name": "demo"}, "templateOptions": {"releaseName": name}} for name in "ab"
    ]
    wanted = Resource.new(
        "fn.kpt.dev/v1alpha1",
        "RenderHelmChart",
        "both",
        place=Place("both.yaml", 0),
        helmCharts=releases,
    )
    once = render(wanted, helm_chart(CHARTS["random names"]))
    assert len(once.files) == 4
    assert render(once).texts == once.texts


def test_the_password_of_another_package_is_never_used(render: Make, helm_chart: Make) -> None:
    chart = helm_chart(CHARTS["a random field"])
    root, sub = (chart.at(Place("demo.yaml", 0, path)) for path in ("/pkg", "/pkg/sub"))
    alone = [render(root), render(sub)]
    one, two = (each.items[1].body["data"]["password"] for each in alone)
    both = render(*alone)
    assert both.ok
    found = {
        item.package_path: item.body["data"]["password"]
        for item in both.items
        if item.kind == "Secret"
    }
    assert found == {"/pkg": one, "/pkg/sub": two}


@pytest.mark.parametrize("mode", ["Fixpoint", "Pin"])
def test_what_people_put_into_the_package_is_found_by_lookup(
    render: Make, helm_chart: Make, mode: str
) -> None:
    files = {"templates/a.yaml": LOOKED_UP.replace("name: creds", "name: mine")}
    secret = Resource.new(
        "v1", "Secret", "creds", namespace="default", data={"password": "aGVyZQ=="}
    ).at(Place("creds.yaml", 0))
    rendered = render(helm_chart(files, nondeterminism=mode), secret)
    assert rendered["demo/secret_mine.yaml"]["data"]["password"] == "aGVyZQ=="
    empty = render(helm_chart(files, nondeterminism=mode, lookup="Empty"), secret)
    assert empty["demo/secret_mine.yaml"]["data"]["password"] != "aGVyZQ=="


@pytest.mark.parametrize(
    "resource",
    [
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default, annotations: "
            '{config.kubernetes.io/local-config: "true"}}\ndata: {x: found}\n'
        ),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata: {x: found}\n",
    ],
    ids=["local config", "in another namespace"],
)
def test_what_the_cluster_would_not_hold_there_is_not_found_by_lookup(
    render: Make, helm_chart: Make, resource: str
) -> None:
    template = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
        'data: {x: {{ (lookup "v1" "ConfigMap" "default" "a").data | toJson | quote }}}\n'
    )
    item = Resource.parse(resource, place=Place("a.yaml", 0))
    rendered = render(helm_chart({"templates/a.yaml": template}), item)
    assert rendered["demo/configmap_b.yaml"]["data"]["x"] == "null"


def test_a_hook_that_is_dropped_is_not_found_by_a_later_lookup(
    render: Make, helm_chart: Make
) -> None:
    hook = RANDOM.replace("  labels", "  annotations: {helm.sh/hook: pre-install}\n  labels")
    user = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
        'data: {x: {{ lookup "v1" "Secret" .Release.Namespace "creds" | empty | quote }}}\n'
    )
    files = {"templates/hook.yaml": hook, "templates/user.yaml": user}
    once = render(helm_chart(files, hooks="Drop"))
    assert list(once.files) == ["demo/configmap_a.yaml"]
    assert once["demo/configmap_a.yaml"]["data"] == {"x": "true"}
    assert render(once).texts == once.texts


def test_a_resource_that_an_upgrade_drops_is_pruned_though_the_chart_looks_up(
    render: Make, helm_chart: Make
) -> None:
    files = {"templates/a.yaml": LOOKED_UP, "templates/b.yaml": CONFIG}
    once = render(helm_chart(files, values={"valuesInline": {"level": 1}}))
    twice = render(helm_chart({"templates/a.yaml": LOOKED_UP}), *once.items[1:])
    assert list(twice.files) == ["demo/secret_creds.yaml"]
    assert password(twice) == password(once)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("{{ randAlphaNum 5 }}", True),
        ("{{- $x := genCA `a` 1 -}}", True),
        ("{{ .Values.a | default\n  uuidv4 }}", True),
        ("{{ keys .Values.a | join `,` }}", True),
        ("{{ .Values.keys }} {{ $now }} {{ `now` }} {{ .values }}", False),
        ("# see values.yaml, and rand\n{{ .Values.x }}", False),
        ("now: keys", False),
    ],
)
def test_only_calls_of_changing_functions_count(text: str, changes: bool) -> None:
    assert may_change([text.encode()]) is changes


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("{{ now }}", "{{ THEN }}"),
        ('{{ now | date "now" }} now', '{{ THEN | date "now" }} now'),
        ("{{ $x := (now).Unix }}", "{{ $x := (THEN).Unix }}"),
        (
            "{{ $now }}{{ .now }}{{ nowhere }}{{ `now` }}",
            "{{ $now }}{{ .now }}{{ nowhere }}{{ `now` }}",
        ),
    ],
)
def test_another_time_is_put_in_the_place_of_now(text: str, then: str) -> None:
    long_ago = "(toDate `2006-01-02 15:04:05` `2001-02-03 16:17:18`)"
    assert at_another_time(text.encode()).decode() == then.replace("THEN", long_ago)


def test_a_template_in_the_values_is_looked_through_as_well(render: Make, helm_chart: Make) -> None:
    files = {"templates/a.yaml": "{{ tpl (toYaml .Values.extra) . }}"}
    extra = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    extra["data"] = {"day": '{{ now | date "2006" }}', "random": "{{ randAlpha 9 }}"}
    once = render(helm_chart(files, values={"valuesInline": {"extra": extra}}))
    assert "`data.day` of ConfigMap a, `data.random` of ConfigMap a" in once.said()[0]
    assert render(once).texts == once.texts
