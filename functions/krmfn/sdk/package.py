"""A package as a function sees it: read-only, looked up by kind and by identity."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from krmfn.sdk.resource import Resource, ResourceId
from krmfn.sdk.result import FunctionError, Result, error

if TYPE_CHECKING:
    from krmfn.sdk.model import Kind

    AnyKind = TypeVar("AnyKind", bound=Kind)


class Package:
    """The resources that a function may read.

    Args:
        items: the resources that the function is to work on.
        hidden: the resources beside them, excluded by the function's configuration; only their
            identities matter.
    """

    def __init__(self, items: Iterable[Resource], hidden: Iterable[Resource] = ()) -> None:
        self._items = tuple(items)
        self.hidden = tuple(hidden)
        self._parsed: dict[type, tuple[list[Any], list[Result]]] = {}

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, identity: ResourceId) -> bool:
        return identity in self._by_id

    def get(self, identity: ResourceId) -> Resource | None:
        """Give the resource of this identity, None when there is none.

        Raises:
            FunctionError: two resources have this identity, so that none can be chosen.
        """
        found = self._by_id.get(identity, [])
        if len(found) > 1:
            raise FunctionError(*(_ambiguous(identity, resource) for resource in found))
        return found[0] if found else None

    def select(self, *, kind: str, group: str | None = None) -> list[Resource]:
        """Give the resources of a kind, in a group or in any."""
        return [
            resource
            for resource in self._by_kind.get(kind, [])
            if group is None or resource.group == group
        ]

    def of(self, kind: "type[AnyKind]") -> "list[AnyKind]":
        """Give the resources of a declared kind as that kind.

        Raises:
            FunctionError: some are wrong; all wrong fields of all of them are reported.
        """
        instances, problems = self.parsed(kind)
        if problems:
            raise FunctionError(*problems)
        return instances

    def parsed(self, kind: "type[AnyKind]") -> "tuple[list[AnyKind], list[Result]]":
        """Give the resources of a declared kind as that kind, and what is wrong with the others."""
        if kind not in self._parsed:
            self._parsed[kind] = self._parse(kind)
        return self._parsed[kind]

    def _parse(self, kind: "type[AnyKind]") -> "tuple[list[AnyKind], list[Result]]":
        instances: list[AnyKind] = []
        results = list(self._doubles(kind))
        for resource in self.select(kind=kind.kind_name, group=kind.group):
            instance, problems = kind.parse(resource.body, resource)
            results += problem_results(problems, resource)
            if instance is not None:
                instances.append(instance)
        return instances, results

    def _doubles(self, kind: "type[AnyKind]") -> Iterator[Result]:
        """Yield the resources of a kind that have the identity of another one beside them."""
        seen: set[tuple[str, str, ResourceId]] = set()
        for resource in self.select(kind=kind.kind_name, group=kind.group):
            key = (resource.package_path, resource.cluster, resource.id)
            if key in seen and resource.name:
                yield _ambiguous(resource.id, resource)
            seen.add(key)

    @cached_property
    def kptfile(self) -> Resource | None:
        """The Kptfile of the package whose pipeline runs, whatever kpt's order and paths.

        With sub-packages every Kptfile's path is ``Kptfile``; then the shortest package path is
        the root. Without package paths the path of least depth is.
        """
        found = self.select(kind="Kptfile", group="kpt.dev")
        return min(found, key=_depth, default=None)

    @cached_property
    def _by_kind(self) -> dict[str, list[Resource]]:
        by_kind: dict[str, list[Resource]] = {}
        for resource in self._items:
            by_kind.setdefault(resource.kind, []).append(resource)
        return by_kind

    @cached_property
    def _by_id(self) -> dict[ResourceId, list[Resource]]:
        by_id: dict[ResourceId, list[Resource]] = {}
        for resource in self._items:
            by_id.setdefault(resource.id, []).append(resource)
        return by_id


def problem_results(problems: Iterable[object], resource: Resource | None) -> list[Result]:
    """Turn the wrong fields of one resource into results."""
    return [
        error(
            problem.message,  # type: ignore[attr-defined]
            code="invalid-field",
            at=resource,
            field=problem.field,  # type: ignore[attr-defined]
            current=problem.current,  # type: ignore[attr-defined]
            proposed=problem.expected,  # type: ignore[attr-defined]
        )
        for problem in problems
    ]


def _depth(resource: Resource) -> tuple[int, str]:
    folder = resource.package_path
    path = resource.path or ""
    return (len(folder) if folder else path.count("/"), folder or path)


def _ambiguous(identity: ResourceId, resource: Resource) -> Result:
    return error(
        f"must be the only {identity} in the package, so that it can be chosen",
        code="ambiguous-identity",
        at=resource,
    )
