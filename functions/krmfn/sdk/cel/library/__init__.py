"""The functions that expressions may call, beside CEL's own.

Kubernetes' library (quantities, versions, addresses, URLs, lists, regular expressions), CEL's
strings and sets extensions, the greatest and least of numbers, and what OCM's placement adds.
"""

from krmfn.sdk.cel.library import (  # noqa: F401
    addresses,
    basics,
    conversions,
    lists,
    quantities,
    texts,
    urls,
)
from krmfn.sdk.cel.library.registry import LIBRARY, NO_OVERLOAD, Fault, Overload, find

__all__ = ["LIBRARY", "NO_OVERLOAD", "Fault", "Overload", "find"]
