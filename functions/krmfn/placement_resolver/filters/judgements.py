"""What the fleet's own policies say, in CEL and Rego."""

from collections.abc import Iterator
from functools import partial

from krmfn.placement_resolver.filters.check import Ask, Check
from krmfn.placement_resolver.judges import RegoVerdict

_MOST_REASONS, _LONGEST_REASON = 3, 200


def judgements(ask: Ask) -> Iterator[Check]:
    """Leave the clusters that the policy's CEL and Rego allow."""
    for position, expression in enumerate(ask.policy.cel_requirements):
        mask = ask.judges.holds(expression, ask.view, ask.workload)
        text = f"does not fulfil the policy's `celRequirements[{position}]`"
        yield Check("policy", text, mask, partial(_given, ask, expression))
    verdict = ask.judges.rego(ask.view, ask.workload)
    if verdict is not None:
        text = "is not in the policy's Rego `filter`"
        yield Check("policy-rego", text, verdict.mask, partial(_reason, ask, verdict))


def _given(ask: Ask, expression: str, number: int) -> str:
    return ask.judges.found(expression, ask.view.clusters[number], ask.workload)


def _reason(ask: Ask, verdict: RegoVerdict, number: int) -> str:
    reasons = verdict.reasons.get(ask.view.clusters[number].name, ())
    texts = (text[:_LONGEST_REASON] for text in reasons[:_MOST_REASONS])
    return "; ".join(texts) or "no reason is given"
