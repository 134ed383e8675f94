"""WasmPlugin and TrafficExtension.

Source: Istio's ``ValidateWasmPlugin`` and ``ValidateTrafficExtension``, and the rules of its
CustomResourceDefinitions.
"""

import re

from krmfn.mesh_intent_expander.analysis.validation.faults import (
    Fault,
    Faults,
    Spec,
    refuse,
)
from krmfn.mesh_intent_expander.analysis.validation.ports import port_number
from krmfn.mesh_intent_expander.analysis.validation.targets import attachment
from krmfn.mesh_intent_expander.analysis.validation.urls import scheme_of
from krmfn.sdk import Resource

_SCHEMES = frozenset({"", "file", "http", "https", "oci"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST = {"imagePullSecret": 253, "pluginName": 256}
_LONGEST_NAME, _LONGEST_CODE = 256, 65536


def check_wasm_plugin(spec: Spec, _resource: Resource) -> Faults:
    """Check one WasmPlugin."""
    yield from attachment("spec", spec)
    yield from _wasm("spec", spec)
    yield from _ports(spec)


def check_traffic_extension(spec: Spec, _resource: Resource) -> Faults:
    """Check one TrafficExtension."""
    wasm, lua = spec.get("wasm"), spec.get("lua")
    if wasm is None and lua is None:
        yield Fault("spec", "must have `wasm` or `lua`")
    yield from attachment("spec", spec)
    if lua is not None:
        size = len((lua.get("inlineCode") or "").encode(errors="replace"))
        if not 1 <= size <= _LONGEST_CODE:
            said = f"must have from 1 to {_LONGEST_CODE} bytes, but has {size}"
            yield Fault("spec.lua.inlineCode", said)
    if wasm is not None:
        yield from _wasm("spec.wasm", wasm)
    yield from _ports(spec)


def _wasm(path: str, wasm: Spec) -> Faults:
    yield from refuse(f"{path}.url", _url(wasm.get("url") or ""))
    if (digest := wasm.get("sha256")) and not _SHA256.fullmatch(digest):
        said = f'must be 64 digits of 0-9 and a-f, but is "{digest}"'
        yield Fault(f"{path}.sha256", said)
    for field, most in _LONGEST.items():
        if len(wasm.get(field) or "") > most:
            yield Fault(f"{path}.{field}", f"must have at most {most} characters")
    yield from _environment(f"{path}.vmConfig.env", wasm.get("vmConfig") or {})


def _url(text: str) -> str:
    """Say what is wrong with where a module is; ``http://`` is put before what is no URL."""
    if not text:
        return "must be given"
    scheme = scheme_of(text)
    if scheme is None:
        scheme = scheme_of(f"http://{text}")
    return (
        "" if scheme in _SCHEMES else f'must be a URL of oci, http, https or file, but is "{text}"'
    )


def _environment(path: str, vm_config: Spec) -> Faults:
    seen: set[str] = set()
    for number, variable in enumerate(vm_config.get("env") or ()):
        here, name = f"{path}[{number}]", variable.get("name") or ""
        if not 1 <= len(name) <= _LONGEST_NAME:
            yield Fault(f"{here}.name", f"must have from 1 to {_LONGEST_NAME} characters")
        if name in seen:
            yield Fault(f"{here}.name", f'must be there once, but "{name}" is there again')
        seen.add(name)
        if variable.get("valueFrom") == "HOST" and variable.get("value"):
            yield Fault(f"{here}.value", "must be left out where `valueFrom` is HOST")


def _ports(spec: Spec) -> Faults:
    for number, traffic in enumerate(spec.get("match") or ()):
        for index, port in enumerate(traffic.get("ports") or ()):
            path = f"spec.match[{number}].ports[{index}].number"
            yield from refuse(path, port_number(port.get("number") or 0))
