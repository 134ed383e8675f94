"""From the objects of a cluster to the files of its facts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from krmfn.cli.collecting.facts import Fact, fact_of
from krmfn.cli.collecting.objects import Body, mapping
from krmfn.cli.collecting.stamps import stamped
from krmfn.cli.collecting.usage import node_requests
from krmfn.cli.errors import CliError
from krmfn.kinds.node_usage import NodeUsage, NodeUsageSpec
from krmfn.sdk.model import Metadata
from krmfn.sdk.times import parse_instant

_NODE, _POD = "Node", "Pod"


class Collected(NamedTuple):
    """What a cluster's objects became: texts by path, and how many there are of each kind."""

    files: Mapping[str, str]
    kinds: Mapping[str, int]


def collect(objects: Iterable[Body], cluster: str, observed_at: str, stamp: str) -> Collected:
    """Give the files of a cluster's facts.

    Args:
        objects: what was read from the cluster; what is no fact is passed over.
        cluster: name of the cluster.
        observed_at: RFC 3339 instant at which the objects were read.
        stamp: who writes the files.

    Raises:
        CliError: there are no facts, one stands there twice with different content, or an object
            is not as Kubernetes gives it.
    """
    known = list(objects)
    facts = [fact for body in known if (fact := fact_of(body, cluster))]
    if not facts:
        raise CliError("no facts of a cluster were found: a Node, a NodeFeature, a ManagedCluster…")
    if usage := _usage(known, cluster, observed_at):
        facts.append(usage)
    by_path: dict[str, Fact] = {}
    for fact in facts:
        if by_path.setdefault(fact.path, fact) != fact:
            name = fact.body["metadata"]["name"]
            raise CliError(f'{fact.kind} "{name}" must be given once, but is there twice')
    return Collected(
        {
            path: stamped(each.body, each.cluster, observed_at, stamp)
            for path, each in by_path.items()
        },
        dict(sorted(Counter(fact.kind for fact in by_path.values()).items())),
    )


def last_heartbeat(objects: Iterable[Body]) -> datetime | None:
    """Give when a node was last heard of; None where no Node tells."""
    nodes = (each for each in objects if _is_core(each, _NODE))
    return max((beat for node in nodes for beat in _heartbeats(node)), default=None)


def _heartbeats(node: Body) -> Iterator[datetime]:
    conditions = mapping(node.get("status")).get("conditions")
    for each in conditions if isinstance(conditions, list) else []:
        with suppress(ValueError):
            seconds = parse_instant(str(mapping(each).get("lastHeartbeatTime")))
            yield datetime.fromtimestamp(seconds, UTC)


def _is_core(body: Body, kind: str) -> bool:
    return (body.get("apiVersion"), body.get("kind")) == ("v1", kind)


def _usage(objects: Iterable[Body], cluster: str, observed_at: str) -> Fact | None:
    """Sum up the pods; where none are in sight, what they use is unknown, which is not nothing."""
    known = list(objects)
    pods = [each for each in known if _is_core(each, _POD)]
    if not pods:
        return None
    nodes = [str(each["metadata"]["name"]) for each in known if _is_core(each, _NODE)]
    spec = NodeUsageSpec(observed_at=observed_at, nodes=node_requests(nodes, pods))
    return Fact(cluster, NodeUsage(metadata=Metadata(name=cluster), spec=spec).to_body())
