"""What is to be written about a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from krmfn.cluster_profiler.capabilities import Decision
from krmfn.cluster_profiler.facts import Condition, Taint
from krmfn.cluster_profiler.groups import Group
from krmfn.kinds.inventory import Property


@dataclass(frozen=True, slots=True)
class Profile:
    """A cluster, decided.

    Attributes:
        name, namespace: those of its ClusterProfile and ClusterCapacity.
        folder: where they are written to, relative to the package; "" for the package itself.
        package_path: the (sub-)package that they are written to.
        manager: who manages the ClusterProfile.
        has_own_profile: whether somebody else's ClusterProfile is there, which is left alone.
        observed_at: the oldest observation that took part, "" when none is known.
        properties: the properties by name, those of capabilities among them.
    """

    name: str
    namespace: str = ""
    folder: str = ""
    package_path: str = ""
    manager: str = ""
    has_own_profile: bool = False
    observed_at: str = ""
    version: str = ""
    health: Condition | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Property] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    groups: tuple[Group, ...] = ()
    capabilities: tuple[Decision, ...] = ()
