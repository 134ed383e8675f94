"""How a VirtualService names the Gateways it is bound to.

Source: Istio's ``validateGatewayNames``.
"""

from collections.abc import Sequence

from krmfn.mesh_intent_expander.analysis.validation.domains import fqdn, is_label
from krmfn.mesh_intent_expander.analysis.validation.faults import WARNING, Fault, Faults, refuse

MESH = "mesh"
"""Stands for the sidecars of the mesh."""


def gateway_names(path: str, names: Sequence[str]) -> Faults:
    """Check names as ``namespace/name``; Istio looks at none after one without namespace."""
    for number, each in enumerate(names):
        here = f"{path}[{number}]"
        namespace, slash, name = each.partition("/")
        if not slash:
            if "." in each:
                name, namespace = each.split(".")[:2]
                said = f'must be as in "{namespace}/{name}", but is "{each}"'
                yield Fault(here, said, WARNING)
            yield from refuse(here, fqdn(each))
            return
        if not is_label(namespace) or not is_label(name):
            yield Fault(here, f'must be "mesh" or as in "namespace/name", but is "{each}"')
