"""What pods ask of their node: devices, amounts that cannot be overcommitted, whole CPUs."""

from krmfn.kinds.pods import mapping, pinned
from krmfn.placement_resolver.emit.pods.template import (
    Target,
    Template,
    Value,
    with_amounts,
    with_containers,
)
from krmfn.sdk import quantity


def with_devices(template: Template, target: Target) -> Template:
    """Ask for the granted devices under the names that they have on this cluster."""
    template = _without_replaced(template, target)
    wanted: dict[str, dict[str, int]] = {}
    first = next((str(each.get("name")) for each in template["spec"]["containers"]), "")
    for grant in target.plan.devices:
        asked = wanted.setdefault(grant.container or first, {})
        name = grant.device.resource_name
        asked[name] = asked.get(name, 0) + grant.count

    def asking(container: Value) -> Value:
        counts = wanted.get(str(container.get("name")), {})
        return with_amounts(container, {name: str(count) for name, count in counts.items()})

    return with_containers(template, asking) if wanted else template


def _without_replaced(template: Template, target: Target) -> Template:
    """Leave out the resource names in whose place devices are granted."""
    names = {
        each.instead_of
        for each in target.spec.requirements.devices
        if each.instead_of and each.workload in (None, target.plan.resource.name)
    }

    def without(container: Value) -> Value:
        resources = mapping(container, "resources")
        kept = {
            part: {name: amount for name, amount in amounts.items() if name not in names}
            if part in ("requests", "limits") and isinstance(amounts, dict)
            else amounts
            for part, amounts in resources.items()
        }
        return {**container, "resources": kept} if kept != resources else container

    return with_containers(template, without) if names else template


def with_equal_amounts(template: Template, _: Target) -> Template:
    """Limit what cannot be overcommitted to what is requested; Kubernetes wants both the same.

    Limits alone are as good: they become requests.
    """

    def equal(container: Value) -> Value:
        resources = mapping(container, "resources")
        limits = mapping(resources, "limits")
        requested = mapping(resources, "requests").items()
        greatest = {
            name: max(amount, limits.get(name, amount), key=quantity.parse)
            for name, amount in requested
            if _is_fixed(name)
        }
        return with_amounts(container, greatest)

    return with_containers(template, equal)


def with_own_cpus(template: Template, target: Target) -> Template:
    """Give every container whole CPUs of its own, where the intent pins them."""
    if not target.spec.requirements.cpu_pinning:
        return template
    return {**template, "spec": pinned(template["spec"])}


def _is_fixed(name: str) -> bool:
    return "/" in name or name.startswith("hugepages-")
