"""Analysis of Gateways: their pods, ports, hosts and credentials."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from krmfn.mesh_intent_expander.analysis.certificates import validity
from krmfn.mesh_intent_expander.analysis.checking import analyze
from krmfn.mesh_intent_expander.view import ClusterView, Fleet
from krmfn.sdk import Resource

EDGE = {"app": "edge"}
CERTIFICATE = b"""\
-----BEGIN CERTIFICATE-----
MIIBejCCASGgAwIBAgIUIGxOL7tA9xPc9EQaYwMJhB0WnyswCgYIKoZIzj0EAwIw
-----END CERTIFICATE-----
"""


def told(code: str, *objects: Resource, now: datetime | None = None) -> list[str]:
    """Give the names of the objects of which a code is told."""
    found = analyze(Fleet([ClusterView("", objects)]), now)
    return [each.resource.name for each in found if each.code.id == code]


def server(*hosts: str, port: int = 8443, bind: str = "", **tls: str) -> dict[str, Any]:
    made: dict[str, Any] = {"port": {"number": port, "protocol": "HTTPS"}, "hosts": list(hosts)}
    return made | ({"bind": bind} if bind else {}) | ({"tls": tls} if tls else {})


def gateway(
    *servers: dict[str, Any], name: str = "gw", selector: dict[str, str] | None = None
) -> Resource:
    spec = {"selector": EDGE if selector is None else selector, "servers": list(servers)}
    return Resource.new("networking.istio.io/v1", "Gateway", name, namespace="shop", spec=spec)


def deployment(namespace: str = "edge", labels: dict[str, str] = EDGE) -> Resource:
    spec = {"template": {"metadata": {"labels": labels}, "spec": {"containers": []}}}
    return Resource.new("apps/v1", "Deployment", "edge", namespace=namespace, spec=spec)


def service(*ports: dict[str, Any], namespace: str = "edge") -> Resource:
    spec = {"selector": EDGE, "ports": list(ports)}
    return Resource.new("v1", "Service", "edge", namespace=namespace, spec=spec)


def secret(data: dict[str, bytes], namespace: str = "edge", name: str = "cert") -> Resource:
    coded = {key: b64encode(value).decode() for key, value in data.items()}
    return Resource.new("v1", "Secret", name, namespace=namespace, data=coded)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param(EDGE, [], id="a Deployment's pods"),
        pytest.param({"app": "edge", "tier": "front"}, ["gw"], id="a label more"),
        pytest.param({}, [], id="all pods"),
        pytest.param({"istio": "ingressgateway"}, [], id="Istio's own gateway"),
    ],
)
def test_a_selector_matches_pods(selector: dict[str, str], expected: list[str]) -> None:
    assert told("IST0101", gateway(server("*"), selector=selector), deployment()) == expected


def test_istios_own_gateway_is_not_taken_for_granted_where_it_is_switched_off() -> None:
    mesh = {"mesh": "ingressControllerMode: 'OFF'"}
    config = Resource.new("v1", "ConfigMap", "istio", namespace="istio-system", data=mesh)
    wanted = gateway(server("*", port=443), selector={"istio": "ingressgateway"})
    assert told("IST0101", wanted) == []
    assert told("IST0101", wanted, config) == ["gw"]


@pytest.mark.parametrize(
    ("port", "exposed", "expected"),
    [
        pytest.param(8443, {"port": 443, "targetPort": 8443}, [], id="the pods' port"),
        pytest.param(443, {"port": 443, "targetPort": 8443}, [], id="the Service's port"),
        pytest.param(443, {"port": 443, "targetPort": "https"}, [], id="a port with a name"),
        pytest.param(80, {"port": 443, "targetPort": 8443}, ["gw"], id="neither"),
        pytest.param(0, {"port": 443}, ["gw"], id="no port at all"),
    ],
)
def test_a_port_is_exposed(port: int, exposed: dict[str, Any], expected: list[str]) -> None:
    wanted = gateway(server("*", port=port))
    assert told("IST0162", wanted, deployment(), service(exposed)) == expected


def test_a_service_of_another_namespace_exposes_nothing() -> None:
    elsewhere = service({"port": 8443}, namespace="shop")
    assert told("IST0162", gateway(server("*")), deployment(), elsewhere) == ["gw"]


@pytest.mark.parametrize(
    ("one", "other", "is_told"),
    [
        pytest.param(server("a.test"), server("a.test"), True, id="the same host"),
        pytest.param(server("a.test"), server("b.test"), False, id="different hosts"),
        pytest.param(server("*.test"), server("a.test"), False, id="one more specific"),
        pytest.param(server("a.test"), server("a.test", port=80), False, id="different ports"),
        pytest.param(
            server("a.test", bind="10.0.0.1"), server("a.test"), False, id="different addresses"
        ),
        pytest.param(server("a.test", "b.test"), server("b.test"), True, id="one host of several"),
    ],
)
def test_a_host_is_served_by_one_gateway(
    one: dict[str, Any], other: dict[str, Any], is_told: bool
) -> None:
    found = told("IST0145", gateway(one), gateway(other, name="other"), deployment())
    assert found == (["gw", "other"] if is_told else [])


@pytest.mark.parametrize(
    ("selector", "labels", "is_told"),
    [
        pytest.param({"app": "edge", "tier": "a"}, {"app": "edge", "tier": "a"}, True, id="both"),
        pytest.param({"app": "edge", "tier": "a"}, EDGE, False, id="no pod of the narrower"),
        pytest.param({"app": "other"}, {"app": "other"}, False, id="other pods"),
    ],
)
def test_gateways_of_a_narrower_selector_share_pods_with_those_of_a_wider(
    selector: dict[str, str], labels: dict[str, str], is_told: bool
) -> None:
    narrow = gateway(server("a.test"), name="narrow", selector=selector)
    found = told("IST0145", gateway(server("a.test")), narrow, deployment(labels=labels))
    assert found == (["gw", "narrow"] if is_told else [])


@pytest.mark.parametrize(
    ("tls", "other", "expected"),
    [
        pytest.param(
            {"credentialName": "c"}, {"credentialName": "c"}, ["gw", "other"], id="a Secret"
        ),
        pytest.param({"credentialName": "c"}, {"credentialName": "d"}, [], id="two Secrets"),
        pytest.param(
            {"serverCertificate": "/c", "privateKey": "/k"},
            {"serverCertificate": "/c", "privateKey": "/k"},
            ["gw", "other"],
            id="files",
        ),
        pytest.param(
            {"serverCertificate": "/c"}, {"serverCertificate": "/c"}, [], id="files without key"
        ),
    ],
)
def test_a_certificate_belongs_to_one_gateway(
    tls: dict[str, str], other: dict[str, str], expected: list[str]
) -> None:
    both = gateway(server("a.test", **tls)), gateway(server("b.test", **other), name="other")
    assert told("IST0138", *both, deployment()) == expected


def test_only_the_gateway_of_more_pods_is_told_of_a_shared_certificate() -> None:
    wide = gateway(server("a.test", credentialName="c"), name="wide")
    narrow = {"app": "edge", "tier": "front"}
    narrow_gateway = gateway(server("b.test", credentialName="c"), selector=narrow)
    assert told("IST0138", wide, narrow_gateway, deployment()) == ["wide"]


WANTED = gateway(server("a.test", credentialName="cert"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([], ["gw"], id="no Secret"),
        pytest.param([secret({}, namespace="shop")], ["gw"], id="beside the Gateway"),
        pytest.param([secret({})], [], id="beside the pods"),
        pytest.param(
            [
                Resource.new(
                    "cert-manager.io/v1",
                    "Certificate",
                    "c",
                    namespace="edge",
                    spec={"secretName": "cert"},
                )
            ],
            [],
            id="made in the cluster",
        ),
    ],
)
def test_a_credential_is_a_secret_beside_the_pods(
    given: list[Resource], expected: list[str]
) -> None:
    assert told("IST0101", WANTED, deployment(), *given) == expected


def certificate_of(begin: str, end: str) -> bytes:
    """Give the parts of a certificate that are read, in PEM."""

    def element(tag: int, *parts: bytes) -> bytes:
        content = b"".join(parts)
        size = len(content)
        length = bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 0xFF])
        return bytes([tag]) + length + content

    empty = element(0x30)
    times = element(0x30, element(0x18, begin.encode()), element(0x18, end.encode()))
    key = element(0x30, element(0x03, bytes(200)))
    version, number = element(0xA0, element(0x02, b"\2")), element(0x02, b"\1")
    signed = element(0x30, version, number, empty, empty, times, empty, key)
    whole = element(0x30, signed, empty, element(0x03, b"\0"))
    lines = b64encode(whole)
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"\n-----END CERTIFICATE-----\n"


VALID = certificate_of("20261101000000Z", "20261201000000Z")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(("tls.crt", "tls.key"), [], id="a Secret of type tls"),
        pytest.param(("cert", "key"), [], id="a generic Secret"),
        pytest.param(("tls.crt", "key"), ["gw"], id="mixed names"),
        pytest.param(("tls.crt",), ["gw"], id="no key"),
    ],
)
def test_a_credential_holds_a_certificate_with_its_key(
    keys: tuple[str, ...], expected: list[str]
) -> None:
    given = secret(dict.fromkeys(keys, VALID))
    assert told("IST0161", WANTED, deployment(), given) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"secret", id="no PEM"),
        pytest.param(CERTIFICATE, id="cut short"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", id="no base64"
        ),
        pytest.param(certificate_of("20261301000000Z", "20261201000000Z"), id="no time"),
    ],
)
def test_a_credential_without_certificate_is_invalid(text: bytes) -> None:
    given = secret({"tls.crt": text, "tls.key": b"key"})
    assert told("IST0161", WANTED, deployment(), given) == ["gw"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(datetime(2026, 10, 31, tzinfo=UTC), ["gw"], id="not yet valid"),
        pytest.param(datetime(2026, 11, 15, tzinfo=UTC), [], id="valid"),
        pytest.param(datetime(2026, 12, 2, tzinfo=UTC), ["gw"], id="expired"),
        pytest.param(None, [], id="at no time"),
    ],
)
def test_a_certificate_holds_now(day: datetime | None, expected: list[str]) -> None:
    given = secret({"tls.crt": VALID, "tls.key": b"key"})
    assert told("IST0161", WANTED, deployment(), given, now=day) == expected


def test_an_encrypted_secret_is_taken_for_good() -> None:
    encrypted = {"tls.crt": "ENC[AES256_GCM,data:x]"}
    given = Resource.new(
        "v1", "Secret", "cert", namespace="edge", data=encrypted, sops={"mac": "x"}
    )
    assert told("IST0161", WANTED, deployment(), given) == []


def test_times_of_a_certificate_are_read() -> None:
    begin, end = validity(certificate_of("20491231235959Z", "20510101000000Z"))
    assert (begin.year, end.year) == (2049, 2051)
