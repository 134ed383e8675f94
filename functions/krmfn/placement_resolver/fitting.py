"""Which nodes may take a pod, and how much of them it takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from krmfn.kinds.pods import SchedulingDemands, nodes_allowed
from krmfn.placement_resolver.amounts import PODS
from krmfn.placement_resolver.demand import DeviceNeed, PodDemand, Workload
from krmfn.placement_resolver.fleet import Cluster, Device, NodeGroup, Taint
from krmfn.placement_resolver.view import Rows, View

_NEVER_BORNE = ("node.kubernetes.io/", "node-role.kubernetes.io/")


@dataclass(frozen=True, slots=True)
class NodeDemand:
    """What a pod demands of the nodes, beyond amounts; equal ones share their answer.

    Attributes:
        capabilities: those that its node must have.
        special: whether the pod needs what nodes were set apart for, so that their taints are
            borne: a capability, or devices.
    """

    scheduling: SchedulingDemands
    capabilities: tuple[str, ...] = ()
    special: bool = False

    def allows(self, cluster: Cluster, group: NodeGroup) -> bool:
        """Say whether the pod may run on the nodes of a group."""
        return self.is_let_in(group) and all(
            has_capability(cluster, group, name) for name in self.capabilities
        )

    def why_not(self, cluster: Cluster, group: NodeGroup) -> str:
        """Say what keeps the pod from the nodes of a group."""
        for name in self.capabilities:
            if not has_capability(cluster, group, name):
                return f"without `{name}`"
        borne = self.scheduling.tolerations
        for taint in group.taints:
            is_hard = taint.effect in ("NoSchedule", "NoExecute")
            is_special = self.special and is_borne(taint)
            if is_hard and not is_special and not any(each.bears(taint) for each in borne):
                return f"with the taint {taint.key}={taint.value}:{taint.effect}"
        for key, value in self.scheduling.selector:
            if group.labels.get(key) != value:
                return f"without the label {key}={value}"
        return "outside of its node affinity"

    def is_let_in(self, group: NodeGroup) -> bool:
        """Say whether labels and taints of the nodes let the pod in."""
        taints = [taint for taint in group.taints if not (self.special and is_borne(taint))]
        return nodes_allowed(self.scheduling, group.labels, taints)


def has_capability(cluster: Cluster, group: NodeGroup, name: str) -> bool:
    """Say whether the nodes of a group may be those that have a capability of the cluster."""
    known = cluster.capabilities.get(name)
    return known is not None and (not known.node_groups or group.name in known.node_groups)


def is_borne(taint: Taint) -> bool:
    """Say whether a toleration may be added for a taint: it sets nodes apart, and people set it.

    `NoExecute` drains nodes, and the control plane's own taints say what is wrong with them.
    """
    return taint.effect != "NoExecute" and not taint.key.startswith(_NEVER_BORNE)


def node_demand(pod: PodDemand, workload: Workload) -> NodeDemand:
    """Give what a pod of a workload demands of its nodes."""
    required = workload.intent.spec.requirements.capabilities
    names = tuple(
        sorted(
            each.name
            for each in required
            if each.support_mandatory and each.workload in (None, pod.resource.name)
        )
    )
    return NodeDemand(pod.demands, names, special=bool(names or pod.devices))


def allowed_rows(demand: NodeDemand, rows: Rows, view: View) -> int:
    """Mark the rows whose nodes may take the pod."""
    mask = rows.mark((demand.scheduling, demand.special), lambda row: demand.is_let_in(row.group))
    for name in demand.capabilities:
        mask &= rows.mark(
            ("capability", name),
            lambda row, name=name: has_capability(view.clusters[row.cluster], row.group, name),  # type: ignore[misc]
        )
    return mask


def amounts_of(
    pod: PodDemand, devices: Iterable[Device], needs: Iterable[DeviceNeed] = ()
) -> dict[str | DeviceNeed, int]:
    """Give what one pod takes of every resource and of every set of devices.

    A device that will do for a narrow need is also one less for every wider one.

    Args:
        pod: the pod.
        devices: the different devices of the fleet.
        needs: those of other pods, which may want the same devices.
    """
    amounts: dict[str | DeviceNeed, int] = {**dict(pod.requests.items()), PODS: 1}
    if not pod.devices:
        return amounts
    known = tuple(devices)
    for need in (*(own for own, _, _ in pod.devices), *needs):
        taken = sum(count for other, count, _ in pod.devices if is_within(other, need, known))
        if taken:
            amounts[need] = taken
    return amounts


def is_within(narrow: DeviceNeed, wide: DeviceNeed, devices: Iterable[Device]) -> bool:
    """Say whether every device that will do for one need will do for another one."""
    if narrow == wide:
        return True
    accepted = [device for device in devices if narrow.accepts(device)]
    return bool(accepted) and all(wide.accepts(device) for device in accepted)


def said(amounts: Mapping[str | DeviceNeed, int]) -> str:
    """Give amounts in words; that a pod takes the place of a pod goes without saying."""
    from krmfn.placement_resolver.amounts import spelled

    return ", ".join(
        f"{amount} {need}" if isinstance(need, DeviceNeed) else f"{need} {spelled(need, amount)}"
        for need, amount in amounts.items()
        if need != PODS or len(amounts) == 1
    )
