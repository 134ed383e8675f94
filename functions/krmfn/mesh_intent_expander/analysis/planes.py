"""Which control plane reads the objects of a cluster, and whose proxies obey it."""

from krmfn.mesh_intent_expander.semantics.world import ControlPlane, world_of
from krmfn.mesh_intent_expander.view import ClusterView, Fleet


def plane_of(view: ClusterView, fleet: Fleet) -> ControlPlane | None:
    """Give the control plane that reads a cluster's objects of Istio.

    Returns:
        None for a remote cluster: it obeys another one's control plane, so nobody reads them.
    """
    plane = world_of(fleet).plane(view.name)
    return plane if plane.config is view else None


def governed(plane: ControlPlane, fleet: Fleet) -> tuple[ClusterView, ...]:
    """Give the clusters whose proxies obey a control plane."""
    world = world_of(fleet)
    return tuple(fleet[name] for name in plane.clusters if world.plane(name) is plane)
