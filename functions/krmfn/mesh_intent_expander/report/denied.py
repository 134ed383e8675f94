"""Rules of routes that lead only to where policies refuse every client that is spoken of."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from krmfn.mesh_intent_expander.intents.report import Dead
from krmfn.mesh_intent_expander.report.asking import Question
from krmfn.mesh_intent_expander.report.population import Caller
from krmfn.mesh_intent_expander.report.reaching import named
from krmfn.mesh_intent_expander.report.requests import Probe, sent_line
from krmfn.mesh_intent_expander.report.samples import of_text
from krmfn.mesh_intent_expander.semantics.outcome import Trace
from krmfn.mesh_intent_expander.semantics.routes import Match, Rule
from krmfn.mesh_intent_expander.semantics.trace import Tracer

_MOST_CALLERS = 12


def denied_rules(tracer: Tracer, question: Question) -> Iterator[Dead]:
    """Yield the rules all of whose requests are denied to all clients that are spoken of.

    For each match of a rule all that policies tell apart is tried.
    """
    callers = [each for each in question.callers.values() if each.is_real][:_MOST_CALLERS]
    for route in question.routes:
        for rule in route.rules.get("http", ()):
            if not rule.answer and (found := _denial(tracer, question, rule, callers)):
                yield _dead(rule, found)


def _denial(
    tracer: Tracer, question: Question, rule: Rule, callers: Iterable[Caller]
) -> Trace | None:
    """Give a denied request of a rule; None where one is not denied, or it gets none at all."""
    target, last = question.target, None
    listed = [each for each in callers if each.client.cluster in tracer.world.fleet.views]
    for probe in dict.fromkeys(map(_Once, _fitting(question, rule))):
        for caller in listed:
            sent = probe.probe.sent(caller.client, target.host, target.port.number)
            trace = tracer.trace(sent)
            if trace.rule is None or _place(trace.rule) != _place(rule):
                continue
            if trace.outcome != "denied":
                return None
            last = trace
    return last


class _Once:
    """A request that equals any other one that is sent alike."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._sent = (*sent_line(probe), repr(probe.claims))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Once) and self._sent == other._sent

    def __hash__(self) -> int:
        return hash(self._sent)


def _fitting(question: Question, rule: Rule) -> Iterator[Probe]:
    """Yield the requests that a rule may be about: its own, with all that is told apart."""
    for match in rule.matches or (Match(),):
        path, method = match.uri and of_text(match.uri), match.method and of_text(match.method)
        headers = {n.lower(): found.text for n, text in match.headers if (found := of_text(text))}
        query = {n: found.text for n, text in match.query if (found := of_text(text))}
        for each in question.probes:
            asked = replace(
                each,
                method=method.text if method else each.method,
                headers={**each.headers, **headers},
                query={**each.query, **query},
            )
            yield asked
            if path:
                yield replace(asked, path=path.text)


def _place(rule: Rule) -> tuple[object, str]:
    return rule.resource.id, rule.field


def _dead(rule: Rule, trace: Trace) -> Dead:
    request, client = trace.request, trace.request.client
    by = next((each.resource for _, each in trace.arrivals() if each.resource), None)
    probe = Probe(request.method, request.path, headers=request.headers, query=request.query)
    where = f" on {client.cluster}" if client.cluster else ""
    return Dead(
        what="denied-route",
        at=named(rule.resource),
        field=rule.field,
        why="no client that is spoken of may call where it leads"
        + (f": {named(by)} refuses them" if by is not None else ""),
        witness=f"{', '.join(sent_line(probe))} from {client.namespace}/{client.service_account}"
        f"{where}",
    )
