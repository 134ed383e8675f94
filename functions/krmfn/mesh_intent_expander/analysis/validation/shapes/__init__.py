"""Which fields the messages of Istio's kinds have, of which types.

Each message is one text: fields with their types, spaces between. A type is a scalar of protobuf
(``str bool int32 uint32 uint64 double duration bytes struct``), an enumeration or a message;
``[T]`` is a list, ``{T}`` a map by text and ``{uint32:T}`` a map by number. Beside that the API
server has its own demands:

* ``host!:str`` must be there,
* ``name:text`` is a ``str``, and ``hosts:[str]+`` a list, that must not be empty,
* ``hosts:[str]<=256`` has at most 256 items, entries or characters,
* of ``exact:str|prefix:str`` there is at most one; Istio takes the last.

Source: the messages of istio.io/api and the schemas of its CustomResourceDefinitions.
"""

from krmfn.mesh_intent_expander.analysis.validation.shapes import (
    envoy,
    policies,
    routing,
    traffic,
    workloads,
)

MESSAGES: dict[str, str] = {
    **envoy.MESSAGES,
    **policies.MESSAGES,
    **routing.MESSAGES,
    **traffic.MESSAGES,
    **workloads.MESSAGES,
}

ENUMS: dict[str, tuple[str, ...]] = {
    name: tuple(values.split())
    for module in (envoy, policies, routing, traffic, workloads)
    for name, values in module.ENUMS.items()
}
"""The names of an enumeration's values, in the order of their numbers, which begin with 0."""
