"""EMCO's generic placement and HPA intents (emcoctl YAML) as PlacementIntents.

An app intent asks for all clusters of `allOf` and for one of each `anyOf` list. Each of these
demands becomes a PlacementIntent of its own, so that none of them can be met by dropping another:
the lists of one app never choose the same cluster, nor one that `allOf` asks for anyway.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from krmfn.cli.errors import CliError
from krmfn.cli.importing.source import (
    Document,
    Fields,
    Imported,
    Loss,
    filled,
    intent,
    naming,
    spec_of,
)
from krmfn.kinds.fleet import DOMAIN

APP_LABEL = f"emco.{DOMAIN}/app"
PROVIDER_LABEL = f"emco.{DOMAIN}/cluster-provider"
_GROUP = re.compile(r"(?P<group>.*/deployment-intent-groups/[^/]+)/(?P<rest>.*)")
_APP_INTENT = re.compile(r"generic-placement-intents/[^/]+/app-intents")
_HPA = re.compile(r"hpa-intents(/(?P<intent>[^/]+)/hpa-resource-consumers)?")
_REQUIREMENT = re.compile(
    r"hpa-intents/(?P<intent>[^/]+)/hpa-resource-consumers/(?P<consumer>[^/]+)"
    r"/resource-requirements"
)
_LOSSES = {
    "spec.resource.units": ("units", "amounts are quantities; EMCO never read the unit"),
}
_PLACING = 1
_MOST_WEIGHT = 100


@dataclass
class _App:
    """What the documents of one deployment intent group say about one app."""

    name: str
    first: Document
    every: list[Mapping[str, Any]] = field(default_factory=list)
    some: list[Sequence[Mapping[str, Any]]] = field(default_factory=list)
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    preferences: list[dict[str, Any]] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)


def anchor_of(document: Document) -> str:
    """Give where an emcoctl document goes; "" when it is none."""
    context = document.body.get("resourceContext")
    return str(context.get("anchor") or "") if isinstance(context, Mapping) else ""


def is_placing(document: Document) -> bool:
    """Say whether an emcoctl document is an app intent or part of an HPA intent."""
    found = _GROUP.fullmatch(anchor_of(document))
    patterns = (_APP_INTENT, _HPA, _REQUIREMENT)
    return bool(found and any(each.fullmatch(found["rest"]) for each in patterns))


def translate(documents: Iterable[Document]) -> Iterator[tuple[Document, Imported]]:
    """Give the intents of every app that the documents speak of, with its first document."""
    given = list(documents)
    apps: dict[tuple[str, str], _App] = {}
    for document in given:
        group, rest = _place(document)
        if _APP_INTENT.fullmatch(rest):
            with naming(document):
                fields = spec_of(document, [], _LOSSES)
                name = str(fields.take("app"))
                _take_clusters(apps.setdefault((group, name), _App(name, document)), fields)
    _take_hardware(given, apps)
    providers = {each["clusterProvider"] for app in apps.values() for each in _elements(app)}
    for app in apps.values():
        bodies = [_with_hardware(each, app) for each in _intents(app, len(providers) > 1)]
        yield app.first, Imported(tuple(bodies), tuple(app.losses))


def _place(document: Document) -> tuple[str, str]:
    found = _GROUP.fullmatch(anchor_of(document))
    return (found["group"], found["rest"]) if found else ("", "")


def _elements(app: _App) -> Iterator[Mapping[str, Any]]:
    yield from app.every
    for one in app.some:
        yield from one


def _take_clusters(app: _App, fields: Fields) -> None:
    wanted = fields.part("intent")
    for each in wanted.parts("allOf"):
        nested = [_element(one) for one in each.parts("anyOf")]
        if nested:
            app.some.append(nested)
            each.finish()
        else:
            app.every.append(_element(each))
    if listed := [_element(each) for each in wanted.parts("anyOf")]:
        app.some.append(listed)
    wanted.take("selector")
    wanted.finish()
    fields.finish()
    app.losses += fields.losses


def _element(given: Fields) -> dict[str, str]:
    found = {key: given.take(key, "") for key in ("clusterProvider", "cluster", "clusterLabel")}
    given.take("selector")
    if not found["clusterProvider"] or bool(found["cluster"]) == bool(found["clusterLabel"]):
        raise CliError(f"`{given.path}` must have clusterProvider, and cluster or clusterLabel")
    given.finish()
    return found


def _intents(app: _App, by_provider: bool) -> Iterator[dict[str, Any]]:
    """Yield the intents for the clusters of an app; names of providers count among several."""
    names = sorted({each["cluster"] for each in app.every if each["cluster"]})
    labels = [each for each in app.every if each["clusterLabel"]]
    demands: list[tuple[str, dict[str, Any]]] = []
    if names:
        terms = [] if not by_provider else [_term(each, by_provider) for each in app.every]
        fixed = {"placementType": "PickFixed", "clusterNames": names}
        demands.append(("all", fixed | {"clusterSelectorTerms": terms}))
    for each in labels:
        every = {"placementType": "PickAll", "clusterSelectorTerms": [_term(each, by_provider)]}
        demands.append((f"all-{each['clusterLabel']}", every))
    lists = [one for one in app.some if not _is_met(one, names, labels)]
    for number, one in enumerate(lists, 1):
        terms = [_term(each, by_provider, labels) for each in one]
        choice = {"placementType": "PickN", "numberOfClusters": 1, "clusterSelectorTerms": terms}
        apart = {"workloadAntiAffinity": {"groupByLabelKey": APP_LABEL}} if len(lists) > 1 else {}
        listed = {each["cluster"] for each in one}
        excluded = [name for name in names if name in listed or any(e["clusterLabel"] for e in one)]
        demands.append((f"any-{number}", choice | {"exclude": excluded} | apart))
    for suffix, spec in demands:
        name = _dns(app.name if len(demands) == 1 else f"{app.name}-{suffix}")
        selected = {
            "resourceSelectors": [{"path": app.name}],
            "requirements": {"resources": "None"},
        } | ({"sharesResources": True} if len(demands) > 1 else {})
        priority = {} if suffix.startswith("any") else {"priority": _PLACING}
        yield intent(name, "", {**selected, **spec, **priority}, {APP_LABEL: app.name})


def _is_met(
    one: Iterable[Mapping[str, Any]], names: Iterable[str], labels: Iterable[Mapping[str, Any]]
) -> bool:
    """Say whether all clusters of a list are asked for anyway."""
    wanted = {each["clusterLabel"] for each in labels}
    return all(each["cluster"] in names or each["clusterLabel"] in wanted for each in one)


def _term(
    element: Mapping[str, Any], by_provider: bool, apart: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Give the term of an element, without clusters that have one of the labels of `apart`."""
    expressions = [
        {"key": each["clusterLabel"], "operator": "DoesNotExist"}
        for each in apart
        if each["clusterLabel"] != element["clusterLabel"]
    ]
    if element["clusterLabel"]:
        expressions.insert(0, {"key": element["clusterLabel"], "operator": "Exists"})
    provider = {PROVIDER_LABEL: element["clusterProvider"]} if by_provider else {}
    selector = filled({"matchLabels": provider, "matchExpressions": expressions})
    names = [element["cluster"]] if element["cluster"] else []
    return filled({"clusterNames": names, "labelSelector": selector})


def _dns(name: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-.")


def _take_hardware(documents: Iterable[Document], apps: Mapping[tuple[str, str], _App]) -> None:
    """Take the HPA intents: which app they are of, their consumers, and what these ask for."""
    hardware = _Hardware(apps)
    listed = [(document, *_place(document)) for document in documents]
    for take in (hardware.take_intent, hardware.take_consumer, hardware.take_requirement):
        for document, group, rest in listed:
            with naming(document):
                take(document, group, rest)


@dataclass
class _Hardware:
    """HPA intents by group and name, and their consumers."""

    apps: Mapping[tuple[str, str], _App]
    intents: dict[tuple[str, str], _App] = field(default_factory=dict)
    consumers: dict[tuple[str, str, str], tuple[_App, dict[str, Any]]] = field(default_factory=dict)

    def take_intent(self, document: Document, group: str, rest: str) -> None:
        """Take an HPA intent."""
        if rest != "hpa-intents":
            return
        name = str(spec_of(document, [], _LOSSES).take("app"))
        if (group, name) not in self.apps:
            raise CliError(f'`spec.app` must have an app intent, but is "{name}"')
        self.intents[group, document.name] = self.apps[group, name]

    def take_consumer(self, document: Document, group: str, rest: str) -> None:
        """Take a consumer of an HPA intent."""
        found = _HPA.fullmatch(rest)
        if found and found["intent"]:
            app = _known(self.intents, (group, found["intent"]))
            key = (group, found["intent"], document.name)
            self.consumers[key] = (app, _consumer(app, document))

    def take_requirement(self, document: Document, group: str, rest: str) -> None:
        """Take what a consumer asks for."""
        if found := _REQUIREMENT.fullmatch(rest):
            key = (group, found["intent"], found["consumer"])
            _take_requirement(document, *_known(self.consumers, key))


def _known(known: Mapping[Any, Any], key: Any) -> Any:
    if key not in known:
        raise CliError("`resourceContext.anchor` must name what the files hold")
    return known[key]


def _consumer(app: _App, document: Document) -> dict[str, Any]:
    fields = spec_of(document, app.losses, _LOSSES)
    name = fields.take("name")
    for told in ("apiVersion", "kind", "container"):
        fields.take(told)
    pod = {
        "name": name,
        "replicas": fields.number("replicas", 1),
        "requests": {},
        "nodeSelector": {},
    }
    fields.finish()
    return app.pods.setdefault(f"{document.name}/{name}", pod)


def _take_requirement(document: Document, app: _App, pod: dict[str, Any]) -> None:
    fields = spec_of(document, app.losses, _LOSSES)
    mandatory, weight = fields.take("mandatory", True), fields.number("weight", 1)
    allocatable, resource = fields.take("allocatable"), fields.part("resource")
    if not allocatable:
        key, value = str(resource.take("key")), str(resource.take("value"))
        if mandatory:
            pod["nodeSelector"][key] = value
        else:
            resource.lose("key", "node-wish", "a label of nodes can be demanded, not wished for")
    else:
        _take_amount(app, pod, resource, weight if not mandatory else 0)
    resource.finish()
    fields.finish()


def _take_amount(app: _App, pod: dict[str, Any], resource: Fields, weight: int) -> None:
    """Take an amount: EMCO counts CPUs whole and memory in millions of bytes."""
    name, asked, limit = (str(resource.take(key, "")) for key in ("name", "requests", "limits"))
    if limit not in ("", asked):
        resource.lose("limits", "limits", "limits stand in the pod template")
    amount = f"{asked}M" if name == "memory" else asked
    if not weight:
        pod["requests"][name] = amount
        return
    known = f"available.{DOMAIN}/{name.replace('/', '.')}"
    wish = {"name": known, "operator": "Ge", "values": [amount]}
    preference = {"weight": min(weight, _MOST_WEIGHT)}
    app.preferences.append(preference | {"propertySelector": {"matchExpressions": [wish]}})


def _with_hardware(body: dict[str, Any], app: _App) -> dict[str, Any]:
    """Give an intent that asks for what the consumers of the app ask for."""
    pods = [filled(pod) for pod in app.pods.values()]
    hardware = {"requirements": {"resources": pods}} if pods else {}
    wishes = {"preferences": app.preferences} if app.preferences else {}
    return body | {"spec": body["spec"] | hardware | wishes}
