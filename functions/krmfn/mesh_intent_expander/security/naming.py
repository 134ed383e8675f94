"""Names of what is written: readable, valid for Kubernetes, and no two alike."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from krmfn.mesh_intent_expander.security.inventory import Inventory
from krmfn.mesh_intent_expander.security.targets import Protected
from krmfn.sdk import Resource

_LONGEST = 63
_HASH = 8


class Named(NamedTuple):
    """What is to be named.

    Attributes:
        namespace: where it is written.
        intent: namespace and name of the intent.
        suffix: what it is for, and for whom, "" for nothing.
    """

    namespace: str
    intent: tuple[str, str]
    suffix: str

    @classmethod
    def of(cls, by: Resource, namespace: str, *suffix: str) -> "Named":
        """Give what names an object of an intent."""
        return cls(namespace, (by.namespace or "default", by.name), "-".join(filter(None, suffix)))

    @property
    def wish(self) -> str:
        """The name that it gets when nothing else wants it."""
        namespace, name = self.intent
        parts = ("" if namespace == self.namespace else namespace, name, self.suffix)
        return "-".join(filter(None, parts))


def names(wanted: Iterable[Named]) -> dict[Named, str]:
    """Give each thing a name of its own in its namespace.

    Names that fit and that nothing else wants stay as they are; the others are cut and get a hash
    of what they are the name of.
    """
    things = {*wanted}
    often = Counter((each.namespace, each.wish) for each in things)
    return {
        each: each.wish
        if often[each.namespace, each.wish] == 1 and len(each.wish) <= _LONGEST
        else _hashed(each)
        for each in things
    }


def variants(inventory: Inventory, found: Sequence[Protected]) -> list[str]:
    """Give what tells the variants of an object apart: "" where no cluster is given two of them.

    Control planes that obey another one share its objects, so that there a variant is named after
    the first cluster for which it is.
    """
    written = Counter(c for each in found for c in inventory.written(each.clusters))
    is_shared = any(count > 1 for count in written.values())
    return [each.clusters[0] if is_shared else "" for each in found]


def _hashed(thing: Named) -> str:
    digest = sha256(repr(tuple(thing)).encode(errors="surrogatepass")).hexdigest()[:_HASH]
    return f"{thing.wish[: _LONGEST - _HASH - 1].rstrip('-.')}-{digest}"
