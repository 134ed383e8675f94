"""TLS settings: of clients in DestinationRules, of servers in Gateways and Sidecars.

Source: Istio's ``ValidateTLS`` and ``validateTLSOptions``.
"""

from krmfn.mesh_intent_expander.analysis.validation.faults import WARNING, Fault, Faults, Spec

PASSTHROUGH = frozenset({"PASSTHROUGH", "AUTO_PASSTHROUGH"})
"""Modes of servers that do not end TLS."""

_ENDING = frozenset({"SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"})
_FILES = "serverCertificate privateKey caCertificates"
_CERTIFICATES = f"{_FILES} caCrl tlsCertificates credentialName credentialNames"
_CONFIG_MAP = "configmap://"
_CIPHERS = frozenset(
    """
    ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384
    ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305
    ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA
    AES128-GCM-SHA256 AES256-GCM-SHA384 AES128-SHA AES256-SHA DES-CBC3-SHA ALL
    """.split()
)
"""Names of BoringSSL's cipher suites; ``ALL`` stands for each of them."""


def client_tls(path: str, tls: Spec | None, namespace: str) -> Faults:
    """Check how clients speak TLS."""
    if tls is None:
        return
    mode, credential = tls.get("mode"), tls.get("credentialName") or ""
    yield from _config_map(f"{path}.credentialName", credential, namespace)
    if tls.get("insecureSkipVerify"):
        yield from _unverified(path, tls)
    if mode in ("SIMPLE", "MUTUAL") and credential:
        for field in ("clientCertificate", "privateKey", "caCertificates", "caCrl"):
            if tls.get(field):
                yield Fault(f"{path}.{field}", "must be left out beside `credentialName`")
    elif mode == "MUTUAL":
        for field in ("clientCertificate", "privateKey"):
            if not tls.get(field):
                yield Fault(f"{path}.{field}", "must be given in the mode MUTUAL")


def _config_map(path: str, credential: str, namespace: str) -> Faults:
    if not credential.startswith(_CONFIG_MAP):
        return
    parts = credential.removeprefix(_CONFIG_MAP).split("/")
    if len(parts) < 2 or not parts[1] or parts[0] != namespace:
        wanted = f'as in "{_CONFIG_MAP}{namespace}/<name>"'
        yield Fault(path, f'must be {wanted}, but is "{credential}"')


def _unverified(path: str, tls: Spec) -> Faults:
    mode = tls.get("mode")
    if mode not in ("SIMPLE", "MUTUAL"):
        return
    verifying = ["caCertificates", "subjectAltNames"]
    verifying += ["credentialName"] if mode == "SIMPLE" else []
    for field in verifying:
        if tls.get(field):
            yield Fault(f"{path}.{field}", "must be left out beside `insecureSkipVerify`")


def server_tls(path: str, tls: Spec | None) -> Faults:
    """Check how a server speaks TLS."""
    if tls is None:
        return
    yield from _ciphers(path, tls)
    mode = tls.get("mode") or "PASSTHROUGH"
    given = [field for field in _CERTIFICATES.split() if tls.get(field)]
    if mode == "ISTIO_MUTUAL":
        for field in given:
            if field != "caCrl":
                yield Fault(f"{path}.{field}", "must be left out in the mode ISTIO_MUTUAL")
        return
    if mode in PASSTHROUGH:
        for field in given:
            yield Fault(f"{path}.{field}", f"must be left out in the mode {mode}", WARNING)
        if "caCrl" in given and "credentialName" in given:
            yield Fault(f"{path}.caCrl", "must be left out beside `credentialName`")
    yield from _one_source(path, tls)
    if mode in _ENDING and not (tls.get("credentialName") or tls.get("credentialNames")):
        yield from _ended_with_files(path, tls, mode)


def _one_source(path: str, tls: Spec) -> Faults:
    sources = [
        field
        for field in ("credentialName", "credentialNames", "tlsCertificates")
        if tls.get(field)
    ]
    if tls.get("serverCertificate") and tls.get("privateKey"):
        sources.append("serverCertificate")
    if len(sources) > 1:
        said = " and ".join(f"`{field}`" for field in sources)
        yield Fault(path, f"must have certificates from one source only, but has {said}")


def _ended_with_files(path: str, tls: Spec, mode: str) -> Faults:
    if mode != "SIMPLE" and not tls.get("caCertificates"):
        yield Fault(f"{path}.caCertificates", f"must be given in the mode {mode}")
    listed = tls.get("tlsCertificates")
    if listed and len(listed) > 2:
        yield Fault(f"{path}.tlsCertificates", "must have at most 2 certificates", WARNING)
    certificates = (
        [(f"{path}.tlsCertificates[{number}]", each) for number, each in enumerate(listed)]
        if listed
        else [(path, tls)]
    )
    for here, certificate in certificates:
        for field in ("serverCertificate", "privateKey"):
            if not certificate.get(field):
                yield Fault(f"{here}.{field}", f"must be given in the mode {mode}")
    if mode == "SIMPLE" and tls.get("caCrl"):
        yield Fault(f"{path}.caCrl", "must be left out in the mode SIMPLE")


def _ciphers(path: str, tls: Spec) -> Faults:
    suites = tls.get("cipherSuites") or []
    if not suites and tls.get("minProtocolVersion") in ("TLSV1_0", "TLSV1_1"):
        said = "must be given, for TLS below 1.2 has none by default"
        yield Fault(f"{path}.cipherSuites", said, WARNING)
    seen: set[str] = set()
    for number, suite in enumerate(suites):
        here = f"{path}.cipherSuites[{number}]"
        is_plain = suite[:1].isalnum()
        if is_plain and suite not in _CIPHERS:
            yield Fault(here, f'must be a cipher suite of BoringSSL, but is "{suite}"', WARNING)
        elif suite in seen:
            yield Fault(here, f'must be there once, but "{suite}" is there again', WARNING)
        seen.add(suite)
