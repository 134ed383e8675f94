"""Countries that data may be in."""

from collections.abc import Iterator

from krmfn.kinds.fleet import DOMAIN
from krmfn.placement_resolver.filters.check import Ask, Check
from krmfn.placement_resolver.fleet import Cluster

COUNTRY = f"topology.{DOMAIN}/country-code"


def country_of(cluster: Cluster) -> str:
    """Give the country of a cluster, "" when nobody says it."""
    known = cluster.properties.get(COUNTRY)
    return (known.value if known else "") or cluster.labels.get(COUNTRY, "")


def residency(ask: Ask) -> Iterator[Check]:
    """Leave the clusters that are known to stand in one of the countries."""
    wanted = ask.workload.intent.spec.requirements.residency
    if wanted is None:
        return
    clusters, codes = ask.view.clusters, frozenset(wanted.country_codes)
    yield Check(
        "residency",
        f"is not known to be in {' or '.join(wanted.country_codes)} (`{COUNTRY}`)",
        ask.view.mark(("country", codes), lambda cluster: country_of(cluster) in codes),
        lambda number: country_of(clusters[number]) or "country unknown",
        lambda number: not country_of(clusters[number]),
    )
