"""Where a rule's requests go: backends of an intent as shares of the mesh's services."""

from collections.abc import Iterator, Mapping, Sequence

from krmfn.mesh_intent_expander.intents.traffic_route import Backend, Mirror, Rule
from krmfn.mesh_intent_expander.plan.common import ServiceKey
from krmfn.mesh_intent_expander.plan.routes import Share
from krmfn.mesh_intent_expander.routing.directory import Directory, Entry, listed, nearest
from krmfn.mesh_intent_expander.routing.parents import Parent, cluster_unknown, pick_port
from krmfn.mesh_intent_expander.routing.reaching import reach_problems
from krmfn.mesh_intent_expander.routing.weights import percents
from krmfn.mesh_intent_expander.view import selects
from krmfn.sdk import Resource, Result, error, warning
from krmfn.sdk.result import Severity


def shares_of(
    rule: Rule, parent: Parent, directory: Directory, field: str
) -> tuple[tuple[Share, ...], list[Result]]:
    """Give where a rule's requests go: to the parent when the rule does not say it.

    Args:
        rule: the rule.
        parent: the service that is routed.
        directory: the services of the mesh.
        field: path of the rule in the intent.

    Returns:
        shares that add up to 100, none for a redirect; and what is wrong.
    """
    if rule.redirect is not None:
        return (), []
    if not rule.backends:
        return (own_share(parent, parent.port),), []
    at, weights = parent.intent.resource, [backend.weight for backend in rule.backends]
    if not any(weights):
        message = "must not add up to 0: no backend would get requests"
        return (), [error(message, code="weights-zero", at=at, field=f"{field}.backends")]
    problems = [*_too_small(weights, at, field)]
    shares = []
    for index, (backend, percent) in enumerate(zip(rule.backends, percents(weights), strict=True)):
        share, wrong = share_of(backend, parent, directory, f"{field}.backends[{index}]", percent)
        shares += [share] if share else []
        problems += wrong
    return tuple(shares), problems


def own_share(parent: Parent, port: int) -> Share:
    """Give the whole of the requests to the parent itself."""
    return Share(parent.entry.key, parent.entry.host, port)


def share_of(
    backend: Backend | Mirror, parent: Parent, directory: Directory, field: str, percent: int = 100
) -> tuple[Share | None, list[Result]]:
    """Give one backend as a share; None when it cannot be told."""
    at, own = parent.intent.resource, parent.entry.key
    key = ServiceKey(backend.namespace or own.namespace, backend.service or own.name)
    entry = directory.find(key)
    if entry is None:
        return None, [directory.unknown(key, at, field)]
    port, problems = pick_port(entry, backend.port or parent.port, at, f"{field}.port")
    version = backend.version
    labels, name = (version.labels, version.name or "") if version else ({}, "")
    cluster = (backend.cluster or "") if isinstance(backend, Backend) else ""
    share = Share(key, entry.host, port or 0, percent, labels, name, cluster)
    problems += _cluster_problems(cluster, entry, directory, at, field)
    if labels and not problems:
        clusters = (cluster,) if cluster else entry.clusters
        problems += _version_problems(labels, entry, clusters, directory, (at, f"{field}.version"))
    if not any(each.severity is Severity.ERROR for each in problems):
        problems = [*_unreached(share, entry, parent, directory, field)] or problems
    problems += _hostname_problems(entry, parent, field)
    return share if port is not None else None, problems


def _unreached(
    share: Share, entry: Entry, parent: Parent, directory: Directory, field: str
) -> Iterator[Result]:
    """Yield why clients never get to the pods of a share that is to take some requests."""
    if share.weight and share.cluster:
        yield from reach_problems([share.cluster], entry, parent, directory, f"{field}.cluster")
    elif share.weight and share.version:
        running = _running(share.version, entry, directory)
        yield from reach_problems(running, entry, parent, directory, f"{field}.version")


def _hostname_problems(entry: Entry, parent: Parent, field: str) -> Iterator[Result]:
    """Yield an error where a route of the Gateway API would name a Service that is not there."""
    if parent.flavor != "gateway-api" or entry.key == parent.entry.key:
        return
    for found in entry.found[:1]:
        if found.hostname != entry.host:
            yield error(
                f"must be found by its own name where flavor is `gateway-api`, but {entry} is "
                f'found as "{found.hostname}", of which clients have no Service',
                code="not-portable",
                at=parent.intent.resource,
                field=f"{field}.service",
            )


def _too_small(weights: Sequence[int], at: Resource | None, field: str) -> Iterator[Result]:
    total = sum(weights)
    for index, (weight, percent) in enumerate(zip(weights, percents(weights), strict=True)):
        if weight and not percent:
            yield error(
                "must be 0, or enough for one percent of the rule's requests, "
                f"but is {weight} of {total}",
                code="weight-too-small",
                at=at,
                field=f"{field}.backends[{index}].weight",
                current=weight,
                proposed=-(-total // 100),
            )


def _cluster_problems(
    cluster: str, entry: Entry, directory: Directory, at: Resource | None, field: str
) -> list[Result]:
    if not cluster:
        return []
    if cluster not in directory.mesh.clusters:
        return [cluster_unknown(cluster, directory, at, f"{field}.cluster")]
    offering = sorted({*entry.clusters, *(name for each in entry.found for name in each.servers)})
    if cluster in offering:
        return []
    message = f'must be a cluster that has {entry}, {listed(offering)}, but is "{cluster}"'
    near = nearest(cluster, offering)
    return [
        error(
            message,
            code="cluster-without-service",
            at=at,
            field=f"{field}.cluster",
            current=cluster,
            proposed=near,
        )
    ]


def _version_problems(
    labels: Mapping[str, str],
    entry: Entry,
    clusters: Sequence[str],
    directory: Directory,
    version: tuple[Resource | None, str],
) -> Iterator[Result]:
    """Yield where the pods of a version are missing, as far as any pods are known."""
    at, field = version
    if any(each.how == "federated" for each in entry.found):
        yield error(
            f"must be absent: other clusters find {entry} by its gateways, behind which its "
            "versions cannot be told apart; a Service of its own for each version can be found",
            code="version-federated",
            at=at,
            field=field,
        )
    running = {name: found for name in clusters if (found := _pods(directory, name, entry.key))}
    lacking = [
        name for name, pods in running.items() if not any(selects(labels, each) for each in pods)
    ]
    if running and len(lacking) == len(running):
        yield _unknown_version(labels, entry, running, at, field)
    elif lacking:
        yield warning(
            f"must have pods wherever {entry} runs, but {listed(lacking, 'and')} has none with "
            f"{_text(labels)}: clients are sent to other clusters from there",
            code="version-missing",
            at=at,
            field=f"{field}.labels",
        )


def _running(labels: Mapping[str, str], entry: Entry, directory: Directory) -> tuple[str, ...]:
    """Give the clusters that have pods of a version, or of which no pods are known."""
    servers = {*entry.clusters, *(name for each in entry.found for name in each.servers)}
    return tuple(
        name
        for name in sorted(servers)
        if not (pods := _pods(directory, name, entry.key))
        or any(selects(labels, each) for each in pods)
    )


def _unknown_version(
    labels: Mapping[str, str],
    entry: Entry,
    running: Mapping[str, Sequence[Mapping[str, str]]],
    at: Resource | None,
    field: str,
) -> Result:
    """Give the error of labels that no pods have; what they have in their place is proposed."""
    known = {
        _text({key: each[key] for key in labels if key in each})
        for pods in running.values()
        for each in pods
    } - {""}
    there = f"; there is {listed(sorted(known), 'and')}" if known else ""
    return error(
        f"must be labels of a workload of {entry}, but none has {_text(labels)}{there}",
        code="version-unknown",
        at=at,
        field=f"{field}.labels",
        current=_text(labels),
        proposed=nearest(_text(labels), known),
    )


def _text(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _pods(directory: Directory, cluster: str, key: ServiceKey) -> list[Mapping[str, str]]:
    """Give the labels of a Service's pods in a cluster."""
    view = directory.fleet.views.get(cluster)
    service = view.services.get(key) if view else None
    return [each.labels for each in view.workloads_of(service)] if view and service else []
