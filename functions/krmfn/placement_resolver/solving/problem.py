"""What is to be solved, and what comes out: plain values, no Kubernetes.

Amounts are whole numbers in a resource's smallest unit (milli-cores, bytes, pieces); a resource is
an axis ``0..R-1``. Clusters, groups and items are named by their index in the problem.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

Amounts = tuple[int, ...]
UNZONED = -1

Node = tuple[Amounts, tuple[Amounts, ...]]
Nodes = tuple[tuple[Node, int], ...]
Room = tuple[Nodes, ...]
"""Per group its distinct node states (free, free per zone) and how many nodes are in each."""


@dataclass(frozen=True, slots=True)
class GroupBins:
    """Nodes of one cluster that are alike.

    Attributes:
        count: how many nodes.
        free: what one node can still take, per axis, none of the items on it.
        zones: per NUMA zone of one node what it can still take, per axis; `UNZONED` on an axis
            that has no zones.
        strict: whether a node refuses aligned pods that no single zone can take (the kubelet's
            ``single-numa-node``).
    """

    count: int
    free: Amounts
    zones: tuple[Amounts, ...] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster and its groups of nodes.

    Attributes:
        name: its name, unique in the problem.
        groups: its nodes.
        crowding: points that two items on it lose together, per product of their loads; >= 0.
    """

    name: str
    groups: tuple[GroupBins, ...]
    crowding: float = 0.0


@dataclass(frozen=True, slots=True)
class Pod:
    """Pods of one template.

    Attributes:
        requests: pairs of axis and positive amount that one pod takes, each axis once.
        replicas: how many pods.
        groups: the groups that may take them; None for every group of the cluster.
        aligned: whether a pod must sit in one zone where the group is strict.
    """

    requests: tuple[tuple[int, int], ...]
    replicas: int = 1
    groups: frozenset[int] | None = None
    aligned: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A cluster that an item may take.

    Attributes:
        cluster: which one.
        score: 0 to 100, higher is better.
        pods: what the item runs there, all of it or nothing.
        load: how much it crowds the cluster, in the caller's unit; >= 0.
    """

    cluster: int
    score: float
    pods: tuple[Pod, ...] = ()
    load: float = 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """A limit on how unevenly an item's picks may lie over domains (topology spread).

    Attributes:
        domain_of: the domain of each cluster; clusters without one are not counted.
        max_skew: the most by which a domain may exceed the emptiest domain of the options.
        hard: whether more is forbidden (``DoNotSchedule``) or costs 100 points for each pick.
    """

    domain_of: Mapping[int, str]
    max_skew: int = 1
    hard: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """What is placed as a whole.

    Attributes:
        key: its name, unique in the problem.
        options: clusters it may take, each once, pruned by the caller to the best ones and the
            previous ones.
        picks: how many different clusters it wants; `len(options)` for every one that fits.
        priority: higher ones are solved first; a lower one sees what they leave.
        previous: clusters of the previous decision, options or not.
        min_improvement: by how many percent a score, less what the others' loads take from it,
            must be better to leave a cluster freely; None when the item may move as it likes.
        movable: False when it may only move by force (its dwell is not over).
        apart: no two items that share a key here take one cluster.
        together: items that share a key here take the same clusters, or none: as many as the
            one that wants fewest, at the highest of their priorities.
        spreads: limits over the item's own picks.
    """

    key: str
    options: tuple[Option, ...]
    picks: int = 1
    priority: int = 0
    previous: frozenset[int] = frozenset()
    min_improvement: float | None = 0.0
    movable: bool = True
    apart: frozenset[str] = frozenset()
    together: frozenset[str] = frozenset()
    spreads: tuple[Spread, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """All clusters and all items of one solve."""

    clusters: tuple[Cluster, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on the work, counted and never timed, so that every machine gives one answer.

    Attributes:
        gap: relative gap at which a solution is good enough.
        nodes: branch-and-bound nodes of one run of the solver.
        iterations: simplex iterations of one linear program.
        effort: of one run of branch and bound: points at which it asks whether to stop, times
            the number of coefficients.
        rounds: how often the solver runs again after its answer did not fit the nodes.
        tries: moves that local search tries.
        solver: whether HiGHS may be used when it is installed.
    """

    gap: float = 0.01
    nodes: int = 10_000
    iterations: int = 100_000
    effort: int = 500_000
    rounds: int = 20
    tries: int = 20_000
    solver: bool = True


@dataclass(frozen=True, slots=True)
class Tier:
    """One goal, what was reached and what no solution can beat.

    The goals are lexicographic: a bound holds for solutions that are as good in all goals
    before. Over several priorities it is the sum of the classes' bounds, each given what the
    classes above it took.

    Attributes:
        value: what the solution reaches.
        bound: what is proven to be the limit.
    """

    value: float
    bound: float

    @property
    def gap(self) -> float:
        """The distance to the bound, relative to it; 0 when it is reached."""
        return abs(self.bound - self.value) / max(abs(self.bound), 1e-9)


class Method(IntEnum):
    """The means of a solution, the stronger the larger."""

    GREEDY = 0
    LINEAR = 1
    INTEGER = 2


class Cause(StrEnum):
    """What stands in the way of an item on a cluster."""

    CAPACITY = "capacity"
    FRAGMENTATION = "fragmentation"
    ANTI_AFFINITY = "anti-affinity"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why an item did not get a cluster.

    Attributes:
        cluster: the cluster.
        cause: what was in the way. CAPACITY: the groups' sum is too small; FRAGMENTATION: the
            sum is enough, but not on single nodes or zones.
        axis: the resource that is shortest, where room was missing.
        groups: the groups that the pods in question may use, where room was missing.
        alone: whether the item would not fit even if no other item were there.
        key: the anti-affinity key.
    """

    cluster: int
    cause: Cause
    axis: int | None = None
    groups: frozenset[int] = frozenset()
    alone: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Picks that an item did not get, and what was in the way on each option it did not take."""

    item: int
    picks: int
    blockers: tuple[Blocker, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """An item that left clusters of its previous decision.

    Attributes:
        item: which one.
        left, joined: the clusters, ascending; fewer joined than left when picks are missing or
            fewer are wanted.
        forced: how many were left without a gain that allows it: the place is no option any more,
            does not fit, or is needed to place more.
    """

    item: int
    left: tuple[int, ...]
    joined: tuple[int, ...]
    forced: int


@dataclass(frozen=True, slots=True)
class Solution:
    """An assignment that was packed on nodes and zones, and how good it is.

    Attributes:
        chosen: per item its clusters, ascending.
        placed: picks placed (more is better), against the most possible.
        moves: moves that nothing but force explains (fewer is better), against the fewest.
        score: sum of the scores, less the cost of soft spreads and of crowding (more is better).
        proven: whether all picks and moves are at their bound and the score is within the gap.
        method: the strongest means that was used.
        moved: the items that left a cluster.
        unplaced: the items that miss picks.
        nodes: branch-and-bound nodes that HiGHS visited.
        rooms: what is left on clusters that somebody took.
    """

    chosen: tuple[tuple[int, ...], ...]
    placed: Tier
    moves: Tier
    score: Tier
    proven: bool
    method: Method = Method.GREEDY
    moved: tuple[Move, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    nodes: int = 0
    rooms: Mapping[int, Room] = field(default_factory=dict, repr=False)

    @property
    def forced(self) -> int:
        """How many clusters were left by force."""
        return sum(move.forced for move in self.moved)
