"""What every functionConfig can say, whichever function it is for."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field

from krmfn.sdk.model import Kind, Model
from krmfn.sdk.resource import Resource


class Selector(Model):
    """Resources to choose, in the words of kpt's selectors; all given fields must match."""

    api_version: str | None = Field(None, description="The `apiVersion` to match.")
    kind: str | None = Field(None, description="The `kind` to match.")
    name: str | None = Field(None, description="The name to match.")
    namespace: str | None = Field(None, description="The namespace to match.")
    labels: dict[str, str] = Field({}, description="Labels that must all be there.")
    annotations: dict[str, str] = Field({}, description="Annotations that must all be there.")

    def matches(self, resource: Resource) -> bool:
        """Say whether the resource has all that is given here."""
        wanted = (self.api_version, self.kind, self.name, self.namespace)
        given = (resource.api_version, resource.kind, resource.name, resource.namespace)
        return (
            all(want in (None, have) for want, have in zip(wanted, given, strict=True))
            and self.labels.items() <= resource.labels.items()
            and self.annotations.items() <= resource.annotations.items()
        )


class FunctionSpec(Model):
    """The part of a functionConfig that all functions share."""

    match: tuple[Selector, ...] = Field(
        (),
        description="Work on resources that one of these selects; on all when empty. Faster than "
        "the pipeline's own selectors, and the Kptfile stays in sight.",
    )
    exclude: tuple[Selector, ...] = Field(
        (), description="Leave out resources that one of these selects."
    )
    on_problem: Literal["Fail", "Condition"] = Field(
        "Fail",
        description="`Fail` the render, or save the rest and write the problem as a Kptfile "
        "`Condition` behind a readiness gate, as Nephio does.",
    )
    mode: Literal["Render", "Check"] = Field(
        "Render",
        description="`Check` changes nothing and fails if the render would: for validators.",
    )


class FunctionConfig(Kind, api_version="fn.krmfn.dev/v1alpha1"):
    """A functionConfig; a subclass with a `spec` derived from FunctionSpec says more."""

    @classmethod
    def default(cls) -> Self:
        """Give the configuration that holds where the pipeline names none."""
        return cls.model_validate({"metadata": {"name": "default"}})

    @property
    def shared(self) -> FunctionSpec:
        """The part that all functions share."""
        spec = getattr(self, "spec", None)
        return spec if isinstance(spec, FunctionSpec) else FunctionSpec()

    @property
    def on_problem(self) -> str:
        """``Fail`` or ``Condition``."""
        return self.shared.on_problem

    @property
    def checks_only(self) -> bool:
        """Whether nothing may be changed."""
        return self.shared.mode == "Check"

    def divide(
        self, items: Iterable[Resource]
    ) -> tuple[tuple[Resource, ...], tuple[Resource, ...]]:
        """Give the items to work on, and those that `match` and `exclude` hide.

        The Kptfile is never hidden.
        """
        match, exclude = self.shared.match, self.shared.exclude
        if not match and not exclude:
            return tuple(items), ()
        shown: list[Resource] = []
        hidden: list[Resource] = []
        for item in items:
            chosen = not match or any(selector.matches(item) for selector in match)
            left_out = any(selector.matches(item) for selector in exclude)
            seen = item.kind == "Kptfile" or (chosen and not left_out)
            (shown if seen else hidden).append(item)
        return tuple(shown), tuple(hidden)
