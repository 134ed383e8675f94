"""Trust domains: one for all clusters, or aliases of each other.

A proxy refuses certificates of a trust domain that its control plane does not know as its own or as
an alias. Source: Istio's "Trust Domain Migration".
"""

from collections.abc import Iterable, Iterator

from krmfn.mesh_intent_expander.intents.mutual_tls import MutualTLS
from krmfn.mesh_intent_expander.mesh_config import mesh_config
from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.words import in_clusters, listed, resource_of
from krmfn.mesh_intent_expander.view import strings
from krmfn.sdk import Result, error, yaml_dump


def problems(inventory: Inventory, intents: Iterable[MutualTLS]) -> Iterator[Result]:
    """Yield an error for trust domains whose certificates would be refused.

    An alias counts when the MeshTopology or a MutualTLS names it; where the package holds the
    MeshConfig of a cluster, it must stand there as well.
    """
    mesh = inventory.mesh
    spoken = [alias for intent in intents for alias in intent.spec.trust_domain_aliases]
    accepted = {*mesh.trust_domain_aliases, *spoken}
    domains = {cluster.trust_domain for cluster in mesh.clusters.values()}
    lacking = sorted(domains - accepted) if len(domains) > 1 else []
    lacking = [domain for domain in lacking if domain != mesh.trust_domain]
    if lacking:
        yield error(
            f"must have all trust domains of the mesh as aliases, but not {listed(lacking)}: "
            "proxies of other clusters refuse their certificates; add them to the MeshConfig of "
            "every cluster",
            code="trust-domain-unknown",
            at=mesh.topology,
            field="spec.mesh.trustDomainAliases",
            current=", ".join(mesh.trust_domain_aliases) or None,
            proposed=_snippet({*accepted, *lacking}),
        )
        return
    by = next((resource_of(i) for i in intents if i.spec.trust_domain_aliases), mesh.topology)
    for name, cluster in mesh.clusters.items():
        config = mesh_config(inventory.fleet[cluster.config_cluster])
        known = {cluster.trust_domain, *strings(config.get("trustDomainAliases"))}
        wanted = (domains | {*spoken}) - known if config else set()
        if wanted:
            yield error(
                f"must stand in the MeshConfig{in_clusters([name])} as an alias: {listed(wanted)}",
                code="trust-domain-unknown",
                at=by,
                field="spec.trustDomainAliases",
                proposed=_snippet(known - {cluster.trust_domain} | wanted),
            )


def _snippet(aliases: Iterable[str]) -> str:
    """Give the lines of MeshConfig that name aliases."""
    return yaml_dump({"trustDomainAliases": sorted(aliases)}).rstrip()
