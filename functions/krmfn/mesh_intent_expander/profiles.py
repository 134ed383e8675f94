"""What ClusterProfiles say of the mesh."""

from collections.abc import Container, Iterator, Mapping

from krmfn.kinds.addresses import gateway_address
from krmfn.kinds.inventory import GROUP, properties_of
from krmfn.kinds.labels import is_label_value
from krmfn.sdk import Package, Resource, Result, error

PROPERTY = "mesh.krmfn.dev"
"""The domain of a ClusterProfile's properties that speak of the mesh, as in
``mesh.krmfn.dev/network``, ``…/east-west-addresses`` and ``…/istio-version``."""

LABELS: Mapping[str, str] = {
    "network": "topology.istio.io/network",
    "region": "topology.kubernetes.io/region",
    "zone": "topology.kubernetes.io/zone",
}
"""The labels that say the same as the properties of these names."""


def profiles_of(package: Package) -> dict[str, Resource]:
    """Give the ClusterProfiles of a package by name."""
    return {each.name: each for each in package.select(kind="ClusterProfile", group=GROUP)}


def known_of(profile: Resource | None) -> dict[str, str]:
    """Give what a ClusterProfile says of the mesh: its properties, and labels of the topology."""
    if profile is None:
        return {}
    labels = profile.labels
    known = {key: labels[label] for key, label in LABELS.items() if label in labels}
    return known | _properties(profile)


def addresses_of(known: Mapping[str, str]) -> tuple[str, ...]:
    """Give the addresses of the east-west gateway."""
    return tuple(known.get("east-west-addresses", "").replace(",", " ").split())


def field_of(profile: Resource, key: str) -> str:
    """Give where a ClusterProfile says, or would say, something of the mesh."""
    if key in LABELS and key not in _properties(profile):
        return f"metadata.labels[{LABELS[key]}]"
    return f"status.properties[{PROPERTY}/{key}]"


def profile_problems(profile: Resource, overridden: Container[str]) -> Iterator[Result]:
    """Yield what is wrong with what a ClusterProfile says, but for what the mesh overrides."""
    known = known_of(profile)
    for key in LABELS:
        value = known.get(key, "")
        if value and key not in overridden and not is_label_value(value):
            yield _invalid(profile, key, f'must be a value of a label, but is "{value}"', value)
    for address in () if "east-west-addresses" in overridden else addresses_of(known):
        try:
            gateway_address(address)
        except ValueError as refused:
            yield _invalid(profile, "east-west-addresses", str(refused), address)


def _properties(profile: Resource) -> dict[str, str]:
    split = ((name.partition("/"), each) for name, each in properties_of(profile.body).items())
    return {key: each.value for (domain, _, key), each in split if domain == PROPERTY}


def _invalid(profile: Resource, key: str, message: str, current: str) -> Result:
    return error(
        message, code="profile-invalid", at=profile, field=field_of(profile, key), current=current
    )
