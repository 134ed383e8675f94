"""The namespaces to which an object is exported.

Source: Istio's ``validateExportTo``.
"""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.domains import is_label
from krmfn.mesh_intent_expander.analysis.validation.faults import Fault, Faults

PRIVATE, PUBLIC, NOBODY = ".", "*", "~"


def export_to(
    path: str,
    given: Sequence[str],
    namespace: str,
    *,
    may_be_nobody: bool = False,
    must_be_private: bool = False,
) -> Faults:
    """Check ``exportTo``.

    Args:
        path: of the field.
        given: its values.
        namespace: the object's own.
        may_be_nobody: whether ``~`` may be there.
        must_be_private: whether the object may be exported to its own namespace only.
    """
    seen: set[str] = set()
    for number, each in enumerate(given):
        target = namespace if each == PRIVATE else each
        if target in seen:
            yield Fault(f"{path}[{number}]", f'must be there once, but "{each}" is there again')
        elif target != PUBLIC and not is_label(target) and not (may_be_nobody and each == NOBODY):
            wanted = 'a namespace, "." or "*"' + (', or "~" alone' if may_be_nobody else "")
            yield Fault(f"{path}[{number}]", f'must be {wanted}, but is "{each}"')
        else:
            seen.add(target)
    if must_be_private and seen and seen != {namespace}:
        yield Fault(path, 'must be "." alone beside a `workloadSelector`')
    for alone in (PUBLIC, NOBODY):
        if alone in seen and len(given) > 1:
            yield Fault(path, f'must have nothing beside "{alone}"')
