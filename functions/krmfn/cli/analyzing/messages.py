"""Findings as `istioctl analyze` writes them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from krmfn.cli.analyzing.lines import line_of
from krmfn.cli.analyzing.objects import Source
from krmfn.mesh_intent_expander.analysis.finding import Finding
from krmfn.sdk import Resource
from krmfn.sdk.dumper import dump

_DOCUMENTATION = "https://istio.io/latest/docs/reference/config/analysis"


@dataclass(frozen=True, slots=True)
class Suppression:
    """A code that is not told of some objects.

    Attributes:
        origin: the objects, as in ``VirtualService shop/api``; ``*`` stands for any text.
    """

    code: str
    origin: str

    def covers(self, finding: Finding) -> bool:
        """Say whether a finding is not to be told."""
        pattern = ".*".join(map(re.escape, self.origin.split("*")))
        found = re.fullmatch(pattern, origin_of(finding.resource), re.DOTALL)
        return finding.code.id == self.code and found is not None


def origin_of(resource: Resource) -> str:
    """Name an object as istioctl does: ``Kind namespace/name``, as far as it says its namespace."""
    named = f"{resource.namespace}/{resource.name}" if resource.namespace else resource.name
    return f"{resource.kind} {named}"


def described(finding: Finding, source: Source | None, *, cluster: bool) -> dict[str, str]:
    """Give a finding as istioctl's JSON has it.

    Args:
        finding: what was found.
        source: where its object was read.
        cluster: whether to say in which cluster.
    """
    told = {
        "code": finding.code.id,
        "level": finding.code.level.value,
        "origin": origin_of(finding.resource),
        "message": f"`{finding.field}` {finding.message}" if finding.field else finding.message,
    }
    if source is not None:
        told["reference"] = f"{source.file}:{line_of(source, finding.field)}"
        if cluster and finding.resource.cluster:
            told["cluster"] = finding.resource.cluster
    if finding.code.name:
        told["documentationUrl"] = f"{_DOCUMENTATION}/{finding.code.id.lower()}/"
    return told


def _log(told: Sequence[Mapping[str, str]]) -> str:
    return "".join(f"{_line(each)}\n" for each in told)


def _line(told: Mapping[str, str]) -> str:
    cluster = f" [cluster-{told['cluster']}]" if "cluster" in told else ""
    place = f" {told['reference']}" if "reference" in told else ""
    head = f"{told['level']} [{told['code']}]{cluster} ({told['origin']}{place})"
    return f"{head} {told['message']}"


def _json(told: Sequence[Mapping[str, str]]) -> str:
    return json.dumps(told, indent="\t", sort_keys=True, ensure_ascii=False) + "\n"


def _yaml(told: Sequence[Mapping[str, str]]) -> str:
    return dump([dict(sorted(each.items())) for each in told])


FORMS: Mapping[str, Callable[[Sequence[Mapping[str, str]]], str]] = {
    "log": _log,
    "json": _json,
    "yaml": _yaml,
}
"""Writers of described findings, by the name of their form."""
