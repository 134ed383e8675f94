"""Helm charts, rendered while a package renders."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from krmfn.sdk import Generated, Package, Resource, Result, function

if TYPE_CHECKING:
    from krmfn.helm_expand.intents import HelmExpand, RenderHelmChart


@function(
    "helm-expand",
    config=("HelmExpand", "RenderHelmChart"),
    reads=(
        "intent.krmfn.dev/HelmChart",
        "intent.krmfn.dev/HelmValues",
        "fn.kpt.dev/RenderHelmChart",
    ),
)
def helm_expand(
    config: "HelmExpand | RenderHelmChart", package: Package
) -> Iterable[Resource | Generated | Result]:
    """Render every Helm chart of the package to plain resources."""
    from krmfn.helm_expand.resolve import resolve

    releases, said = resolve(config, package)
    yield from said
    if not releases:
        return
    from krmfn.helm_expand.expand import engine_of, expand_release

    with engine_of(config) as engine:
        for release in releases:
            yield from expand_release(engine, release, package)
