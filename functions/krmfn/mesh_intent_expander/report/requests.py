"""Which requests are tried: one for all that routes and policies tell apart, and any other one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from krmfn.mesh_intent_expander.report.samples import Sample
from krmfn.mesh_intent_expander.security.patterns import matches
from krmfn.mesh_intent_expander.semantics.request import Client, Request

MOST_METHODS, MOST_PATHS, MOST_SPECIAL = 5, 9, 16
"""How many methods, paths and special requests are told apart."""

_METHODS = ("GET", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "QUERY")
_PATHS = ("/", "/any-other", "/something/else", "/yet-another.one")


@dataclass(frozen=True, slots=True)
class Special:
    """A request that is told apart by more than its method and path.

    Attributes:
        words: what is special, as in ``with x-channel: next``.
        method, path: what it asks for, None for anything.
    """

    words: str
    method: Sample | None = None
    path: Sample | None = None
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    claims: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Axes:
    """What requests are told apart by; each in the order in which it was found."""

    methods: tuple[Sample, ...] = ()
    paths: tuple[Sample, ...] = ()
    specials: tuple[Special, ...] = ()

    @property
    def left_out(self) -> int:
        """How many of them are not tried."""
        bounds = (MOST_METHODS, MOST_PATHS, MOST_SPECIAL)
        sizes = map(len, (self.methods, self.paths, self.specials))
        return sum(max(0, size - most) for size, most in zip(sizes, bounds, strict=True))

    def united(self, other: "Axes") -> "Axes":
        """Give all that either tells apart."""
        return Axes(
            tuple(dict.fromkeys((*self.methods, *other.methods))),
            tuple(dict.fromkeys((*self.paths, *other.paths))),
            tuple({repr(each): each for each in (*self.specials, *other.specials)}.values()),
        )


@dataclass(frozen=True, slots=True)
class Probe:
    """A request, whoever sends it.

    Attributes:
        method_label, path_label: the patterns that it stands for, "" for all others.
        words: what else is special about it, "" when nothing is.
    """

    method: str = "GET"
    path: str = "/"
    method_label: str = ""
    path_label: str = ""
    words: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, object] = field(default_factory=dict)

    @property
    def cell(self) -> tuple[str, str]:
        """Method and path that it stands for."""
        return self.method_label, self.path_label

    def sent(self, client: Client, host: str, port: int) -> Request:
        """Give the request as a client sends it."""
        return Request(
            client=client,
            host=host,
            port=port,
            method=self.method,
            path=self.path,
            headers=self.headers,
            query=self.query,
            claims=self.claims,
        )


def probes(axes: Axes) -> tuple[Probe, ...]:
    """Give the requests to try; the first one is like none that is spoken of."""
    methods = [Sample("", _other(_METHODS, axes.methods)), *axes.methods[:MOST_METHODS]]
    paths = [Sample("", _other(_PATHS, axes.paths)), *axes.paths[:MOST_PATHS]]
    plain = [
        Probe(method.text, path.text, method.label, path.label)
        for path in paths
        for method in methods
    ]
    special = axes.specials[:MOST_SPECIAL]
    return (*plain, *(_special(each, methods[0], paths[0]) for each in special))


def _special(each: Special, any_method: Sample, any_path: Sample) -> Probe:
    method, path = each.method or any_method, each.path or any_path
    return Probe(
        method=method.text,
        path=path.text,
        method_label=method.label,
        path_label=path.label,
        words=each.words,
        headers=dict(each.headers),
        query=dict(each.query),
        claims=dict(each.claims),
    )


def _other(choices: Iterable[str], spoken_of: Iterable[Sample]) -> str:
    """Give a text that no pattern is about, as far as it can be found."""
    known = [each.label for each in spoken_of]
    listed = list(choices)
    fitting = (each for each in listed if not any(matches(label, each) for label in known))
    return next(fitting, listed[-1])


def distinct(samples: Iterable[Sample], everything: Iterable[str]) -> tuple[Sample, ...]:
    """Give the samples once each, without those that stand for every text."""
    leave = frozenset(everything)
    return tuple(dict.fromkeys(each for each in samples if each.label not in leave))


def sent_line(probe: Probe) -> tuple[str, ...]:
    """Give a request as it is sent: the line, then headers."""
    query = "&".join(f"{name}={value}" for name, value in sorted(probe.query.items()))
    line = f"{probe.method} {probe.path}" + (f"?{query}" if query else "")
    return line, *(f"{name}: {value}" for name, value in sorted(probe.headers.items()))
