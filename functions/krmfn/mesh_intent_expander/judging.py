"""What the analysis finds, as results: strict with what this function makes, mild with the rest."""

from collections.abc import Iterator, Sequence

from krmfn.mesh_intent_expander.analysis.checking import analyze
from krmfn.mesh_intent_expander.analysis.finding import Finding, Level
from krmfn.mesh_intent_expander.intents import MeshIntentExpanderSpec
from krmfn.mesh_intent_expander.reading import is_own
from krmfn.mesh_intent_expander.view import Fleet
from krmfn.sdk import Generated, Resource, Result, Severity

_TOLD_AT_INTENTS = frozenset({("AuthorizationPolicy", "IST0101")})
"""What is said of made objects by the intents' own results, milder and at the field."""

_SHOWN = 3


def judge(
    spec: MeshIntentExpanderSpec, fleet: Fleet, planned: Fleet, made: Sequence[Generated]
) -> Iterator[Result]:
    """Yield what is wrong with the objects of a fleet; that of all clusters with one once.

    Args:
        spec: whether people's own objects are checked, and whether their errors fail the render.
        fleet: the clusters, with what this function makes.
        planned: the same once what moves runs where it is to; what is wrong only until then is not
            told.
        made: what this function makes; its errors fail the render, at the intent.
    """
    intents = {(each.resource.cluster, each.resource.id): each.by.resource for each in made}
    told: dict[tuple[object, ...], Result] = {}
    for finding in _lasting(fleet, planned):
        resource = finding.resource
        intent = intents.get((resource.cluster, resource.id)) if is_own(resource) else None
        if finding.code.level is Level.INFO or (intent is None and spec.analyze == "Off"):
            continue
        if intent is not None and (resource.kind, finding.code.id) in _TOLD_AT_INTENTS:
            continue
        fails = finding.code.level is Level.ERROR and (intent is not None or spec.analyze == "Fail")
        result = _result(finding, intent, fails=fails)
        told.setdefault((result.code, resource.id, result.field, result.message), result)
    yield from told.values()


def _lasting(fleet: Fleet, planned: Fleet) -> list[Finding]:
    found = analyze(fleet)
    if planned is fleet or not found:
        return found
    later = {_identity(each) for each in analyze(planned)}
    return [each for each in found if _identity(each) in later]


def _identity(finding: Finding) -> tuple[object, ...]:
    resource = finding.resource
    return finding.code.id, resource.cluster, resource.id, finding.field


def _result(finding: Finding, intent: Resource | None, *, fails: bool) -> Result:
    message = finding.message
    if intent is not None:
        made = finding.resource
        message = f"`{made.kind} {made.namespace}/{made.name}`, made for this: {message}"
    return Result(
        message=message,
        severity=Severity.ERROR if fails else Severity.WARNING,
        code=finding.code.id,
        resource=intent or finding.resource,
        field="" if intent is not None else finding.field,
        tags={"others": ", ".join(str(other.id) for other in finding.others[:_SHOWN])}
        if finding.others
        else {},
    )
