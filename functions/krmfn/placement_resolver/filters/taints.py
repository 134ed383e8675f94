"""Taints of clusters as a whole."""

from collections.abc import Iterator

from krmfn.placement_resolver.filters.check import Ask, Check
from krmfn.placement_resolver.fleet import Cluster
from krmfn.placement_resolver.matching import tolerated


def taints(ask: Ask) -> Iterator[Check]:
    """Leave the clusters whose taints the intent tolerates."""
    view, intent = ask.view, ask.workload.intent
    if not view.mark("tainted", lambda cluster: bool(cluster.taints)):
        return
    tolerations = intent.spec.tolerations

    def bears(cluster: Cluster) -> bool:
        is_new = cluster.name not in ask.previous
        return tolerated(cluster.taints, tolerations, is_new=is_new, now=view.now)[0] is None

    def found(number: int) -> str:
        cluster = view.clusters[number]
        is_new = cluster.name not in ask.previous
        taint, _ = tolerated(cluster.taints, tolerations, is_new=is_new, now=view.now)
        return f"{taint.key}={taint.value}:{taint.effect}" if taint else ""

    key = ("bears", tolerations, frozenset(ask.previous))
    yield Check(
        "tainted", "has a taint that the intent does not tolerate", view.mark(key, bears), found
    )
