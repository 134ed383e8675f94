"""ServiceAuthorization: what is wrong in itself."""

from typing import Any

import pytest

from krmfn.kinds.authorization import ServiceAuthorization

PUBLIC = '{"keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}]}'


def _problems(**spec: Any) -> list[tuple[str, str]]:
    whole = {"target": {"service": "api"}} | spec
    body = {
        "apiVersion": ServiceAuthorization.api_version,
        "kind": "ServiceAuthorization",
        "metadata": {"name": "api"},
        "spec": whole,
    }
    _, problems = ServiceAuthorization.parse(body)
    return [(each.field, each.message) for each in problems]


@pytest.mark.parametrize(
    "path",
    ["*", "/", "/api", "/api/*", "/a b/*", "*/orders", "/users/{*}/orders", "/{**}", "/{**}/x"],
)
def test_a_path_may_be(path: str) -> None:
    assert _problems(rules=[{"to": [{"paths": [path]}]}]) == []


@pytest.mark.parametrize(
    "path", ["", "api", "/a*b", "/a/{x}", "/a{*}", "/{**}/{*}", "/{*}/x*", "**", "*/a*"]
)
def test_a_path_must_not_be(path: str) -> None:
    ((field, message),) = _problems(rules=[{"to": [{"paths": [path]}]}])

    assert field == "spec.rules[0].to[0].paths[0]"
    assert message.startswith("must be a path from `/`")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"rules": [{"from": [{}]}]}, "spec.rules[0].from[0]", id="empty-caller"),
        pytest.param({"rules": [{"to": [{}]}]}, "spec.rules[0].to[0]", id="empty-operation"),
        pytest.param(
            {"rules": [{"from": [{"service": "a", "principals": ["b"]}]}]},
            "spec.rules[0].from[0]",
            id="two-names-of-one-caller",
        ),
        pytest.param(
            {"rules": [{"from": [{"principals": ["spiffe://td/ns/a/sa/b"]}]}]},
            "spec.rules[0].from[0].principals[0]",
            id="spiffe",
        ),
        pytest.param(
            {"rules": [{"from": [{"ipBlocks": ["10.0.0.0/33"]}]}]},
            "spec.rules[0].from[0].ipBlocks[0]",
            id="address",
        ),
        pytest.param({"rules": [{"condition": "true"}]}, "spec.external", id="condition"),
        pytest.param({"rules": [{"name": "a"}, {"name": "a"}]}, "spec.rules", id="name-twice"),
        pytest.param(
            {"jwt": [{"issuer": "https://id"}, {"issuer": "https://id"}]}, "spec.jwt", id="issuer"
        ),
        pytest.param({"jwt": [{"issuer": "id"}]}, "spec.jwt[0].jwksUri", id="issuer-without-keys"),
        pytest.param(
            {"jwt": [{"issuer": "id", "jwksUri": "ftp://id"}]}, "spec.jwt[0].jwksUri", id="scheme"
        ),
        pytest.param(
            {"jwt": [{"issuer": "id", "jwks": PUBLIC.replace('"n"', '"d"')}]},
            "spec.jwt[0].jwks",
            id="private-key",
        ),
        pytest.param({"jwt": [{"issuer": "id", "jwks": "{}"}]}, "spec.jwt[0].jwks", id="no-keys"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(spec: dict[str, Any], field: str) -> None:
    assert [each for each, _ in _problems(**spec)] == [field]


def test_public_keys_may_stand_in_the_package() -> None:
    assert _problems(jwt=[{"issuer": "id", "jwks": PUBLIC}]) == []
