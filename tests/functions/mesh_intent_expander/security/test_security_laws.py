"""What holds for all intents: Istio decides as they say, and no object is too odd to be read."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from krmfn.mesh_intent_expander.security.patterns import matches, sample
from krmfn.mesh_intent_expander.semantics.authorization import Policies, authorize
from krmfn.mesh_intent_expander.semantics.conditions import Facts
from krmfn.mesh_intent_expander.view import ClusterView
from krmfn.sdk import Resource

ACCOUNTS = ("web/web", "shop/api")
METHODS = ("GET", "PUT")
PATHS = ("/a", "/a/b", "/c")
PORTS = {80: 8080, 81: 8081, 5432: 5432}
CALLERS = ("", *ACCOUNTS)
REQUESTS = [*product(CALLERS, (80, 81), METHODS, PATHS), *product(CALLERS, (5432,), [""], [""])]

_PATH = st.sampled_from(("/a", "/a/*", "*/b", "*", "/{*}", "/a/{**}"))
_OPERATION = st.fixed_dictionaries(
    {},
    optional={
        "methods": st.lists(st.sampled_from(METHODS), min_size=1, max_size=2, unique=True),
        "paths": st.lists(_PATH, min_size=1, max_size=2, unique=True),
    },
)
_HTTP = st.tuples(_OPERATION, st.sampled_from(([], [80], [80, 81])))
_TCP: st.SearchStrategy[Any] = st.tuples(st.just({}), st.sampled_from(([5432], [80, 5432])))
_TO = st.one_of(_HTTP, _TCP).map(lambda pair: pair[0] | ({"ports": pair[1]} if pair[1] else {}))
_CALLER = st.one_of(
    st.lists(st.sampled_from(ACCOUNTS), min_size=1, max_size=2, unique=True).map(
        lambda names: {"serviceAccounts": names}
    ),
    st.sampled_from(({"namespaces": ["web"]}, {"service": "web/web"})),
)
_RULE = st.fixed_dictionaries(
    {"action": st.sampled_from(("Allow", "Deny", "ShadowDeny"))},
    optional={
        "from": st.lists(_CALLER, max_size=2),
        "to": st.lists(_TO.filter(bool), max_size=2),
    },
)


@settings(max_examples=60, deadline=None)
@given(rules=st.lists(_RULE, max_size=3), default=st.sampled_from(("Deny", "Allow")))
def test_istio_decides_as_the_intent_says(
    build: Any, world: Any, rules: list[dict[str, Any]], default: str
) -> None:
    ports = [
        {"name": f"{'tcp' if port == 5432 else 'http'}-{port}", "port": port, "targetPort": target}
        for port, target in PORTS.items()
    ]
    api = [build.meshed(), build.service(ports=ports), build.pods()]
    made = world(
        [build.mesh("a"), build.mtls(), build.allows(rules=rules, default=default)],
        {"a": [*api, *build.app("web", "web")]},
    )

    policies = _policies(made)
    for request in REQUESTS:
        wanted = _is_allowed(rules, default, *request)
        assert authorize(policies, _facts(*request)).allowed == wanted, request


@settings(max_examples=60, deadline=None)
@given(rules=st.lists(_RULE, min_size=2, max_size=3))
def test_a_rule_told_as_refused_in_full_allows_nothing(
    build: Any, world: Any, rules: list[dict[str, Any]]
) -> None:
    ports = [{"name": "http", "port": port, "targetPort": PORTS[port]} for port in (80, 81)]
    ports.append({"name": "tcp", "port": 5432, "targetPort": 5432})
    made = world(
        [build.mesh("a"), build.mtls(), build.allows(rules=rules)],
        {"a": [build.meshed(), build.service(ports=ports), build.pods(), *build.app("web", "web")]},
    )

    denials = [rule for rule in rules if rule["action"] == "Deny"]
    for found in made.results:
        if found.code in ("rule-shadowed", "rule-contradicted"):
            rule = rules[int(found.field.removeprefix("spec.rules[").removesuffix("]"))]
            assert not any(
                _holds(rule, *request) and not any(_holds(each, *request) for each in denials)
                for request in REQUESTS
            )


_WRONG: st.SearchStrategy[Any] = st.sampled_from(
    (None, 1, "x", [], {}, [1], {"a": 1}, [{}], True, {"matchLabels": 3})
)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(("PeerAuthentication", "AuthorizationPolicy", "RequestAuthentication")),
    spec=st.one_of(
        _WRONG,
        st.dictionaries(
            st.sampled_from(
                ("selector", "mtls", "portLevelMtls", "action", "provider", "rules", "targetRefs")
            ),
            st.one_of(_WRONG, st.just("CUSTOM")),
        ),
    ),
    config=_WRONG,
)
def test_objects_of_any_form_are_read(
    build: Any, world: Any, kind: str, spec: Any, config: Any
) -> None:
    odd = {"apiVersion": "security.istio.io/v1", "kind": kind, "metadata": {"name": "odd"}}
    mesh_config = build.mesh_config(extensionProviders=config, trustDomainAliases=config)
    made = world(
        [build.mesh("a"), build.mtls(), build.allows(external={}, rules=[{"condition": "a"}])],
        {"a": [*build.app(), odd | {"spec": spec}, mesh_config]},
    )

    assert made.written()


@given(
    pattern=st.sampled_from(("*", "/a", "/a/*", "*/b", "/{*}/b", "/a/{**}", "a*")),
)
def test_a_sample_is_matched_by_its_pattern(pattern: str) -> None:
    assert matches(pattern, sample(pattern))


def _policies(made: Any) -> tuple[Any, ...]:
    view = ClusterView("a", [Resource.of(each.body) for each in made.emitted])
    return Policies(view, ("cluster.local",), None).of_pods("shop", {"app": "api"})


def _facts(account: str, port: int, method: str, path: str) -> Facts:
    namespace, _, name = account.partition("/")
    return Facts(
        principal=f"cluster.local/ns/{namespace}/sa/{name}" if account else "",
        port=PORTS[port],
        http=port != 5432,
        method=method,
        path=path,
    )


def _is_allowed(rules: list[dict[str, Any]], default: str, *request: Any) -> bool:
    holding = {rule["action"] for rule in rules if _holds(rule, *request)}
    return "Deny" not in holding and ("Allow" in holding or default == "Allow")


def _holds(rule: dict[str, Any], account: str, port: int, method: str, path: str) -> bool:
    """Read a rule as people do."""
    callers, operations = rule.get("from", []), rule.get("to", [])
    return (not callers or any(_calls(each, account) for each in callers)) and (
        not operations or any(_is_called(each, port, method, path) for each in operations)
    )


def _calls(caller: dict[str, Any], account: str) -> bool:
    namespaces = caller.get("namespaces", ())
    service = [caller["service"]] if "service" in caller else []
    return account in (*caller.get("serviceAccounts", ()), *service) or (
        account.partition("/")[0] in namespaces
    )


def _is_called(operation: dict[str, Any], port: int, method: str, path: str) -> bool:
    is_http = "methods" in operation or "paths" in operation
    return (
        ("ports" not in operation or port in operation["ports"])
        and not (is_http and port == 5432)
        and ("methods" not in operation or method in operation["methods"])
        and ("paths" not in operation or any(matches(each, path) for each in operation["paths"]))
    )
