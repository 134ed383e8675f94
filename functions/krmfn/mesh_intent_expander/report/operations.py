"""Which requests come through, in words: methods and paths, or all but some."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from krmfn.mesh_intent_expander.report.requests import Probe


@dataclass(frozen=True, slots=True)
class Operations:
    """Some of the requests that were tried.

    Attributes:
        allows: how many of them.
        listed: those that come through, or with `excepting` those that do not.
    """

    allows: Literal["all", "some", "none"]
    listed: tuple[str, ...] = ()
    excepting: bool = False


def operations(probes: Sequence[Probe], passed: Collection[int]) -> Operations:
    """Say which requests come through.

    Where the first one does, which is like none that is spoken of, only the exceptions are told.
    """
    if len(passed) == len(probes):
        return Operations("all")
    if not passed:
        return Operations("none")
    excepting = 0 in passed
    chosen = {number for number in range(len(probes)) if (number in passed) != excepting}
    return Operations("some", tuple(_listed(probes, chosen)), excepting)


def _listed(probes: Sequence[Probe], chosen: Collection[int]) -> Iterator[str]:
    """Yield the chosen requests: paths with their methods, then those that are special."""
    plain = {each.cell: n in chosen for n, each in enumerate(probes) if not each.words}
    methods = list(dict.fromkeys(method for method, _ in plain))
    by_path = {
        path: tuple(method for method in methods if plain[method, path])
        for path in dict.fromkeys(path for _, path in plain)
    }
    if len(set(by_path.values())) == 1:
        by_path = {"": next(iter(by_path.values()))}
    for path, chosen_methods in by_path.items():
        if len(chosen_methods) == len(methods):
            yield path
        elif chosen_methods:
            words = ",".join(method or "any other method" for method in chosen_methods)
            yield f"{words} {path}".rstrip()
    special: dict[tuple[str, str, bool], list[str]] = {}
    for number, each in enumerate(probes):
        if each.words and number in chosen and not plain.get(each.cell):
            key = (each.path_label, each.words, bool(each.method_label))
            special.setdefault(key, []).append(each.method_label)
    for (path, words, _), asked in special.items():
        yield " ".join(filter(None, (",".join(dict.fromkeys(asked)), path, words)))
