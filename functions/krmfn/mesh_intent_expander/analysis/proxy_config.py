"""What a ProxyConfig must be, as pods carry one in the annotation ``proxy.istio.io/config``.

Source: ``ProxyConfig`` of Istio's mesh API, in protobuf's JSON: numbers may be quoted, unknown
fields are passed over, null counts as absent.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from krmfn.mesh_intent_expander.analysis.validation.durations import parse_duration
from krmfn.mesh_intent_expander.view import mapping
from krmfn.sdk import YamlError, yaml_load

_Test: TypeAlias = Callable[[Any], bool]

_WHOLE = re.compile(r"-?[0-9]{1,10}")
_LABEL = "[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
_ADDRESS = re.compile(rf"(?:\[[0-9a-fA-F:.]+\]|{_LABEL}(?:\.{_LABEL})*):([0-9]{{1,5}})")
_SECOND = 10**9


def wrong_field(text: str) -> str:
    """Give the first field of a ProxyConfig that is not what it must be; "" when all are.

    Args:
        text: the ProxyConfig as YAML; what is no mapping at all is told as the field ``.``.
    """
    try:
        config = yaml_load(text) if text.strip() else None
    except YamlError:
        return "."
    if config is None:
        return ""
    if not isinstance(config, Mapping):
        return "."
    wrong = (
        field for field, value in config.items() if value is not None and not _test_of(field)(value)
    )
    return str(next(wrong, ""))


def _test_of(field: Any) -> _Test:
    return _TESTS.get(_camel_case(str(field)), lambda _: True)


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _whole_number(value: Any) -> int | None:
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def _is_whole(value: Any) -> bool:
    number = _whole_number(value)
    return number is not None and -(2**31) <= number < 2**31


def _is_port(value: Any) -> bool:
    return 1 <= (_whole_number(value) or 0) <= 65535


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_address(value: Any) -> bool:
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    return match is not None and _is_port(match[1])


def _is_address_or_empty(value: Any) -> bool:
    return value == "" or _is_address(value)


def _is_duration(value: Any) -> bool:
    return isinstance(value, str) and parse_duration(value) is not None


def _is_seconds(value: Any) -> bool:
    duration = parse_duration(value) if isinstance(value, str) else None
    return duration is not None and duration.nanoseconds > 0 == duration.nanoseconds % _SECOND


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value.values()))


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_image(value: Any) -> bool:
    return isinstance(value, Mapping) and _is_text(value.get("imageType"))


def _is_collector(value: Any) -> bool:
    return isinstance(value, Mapping) and _is_address_or_empty(value.get("address") or "")


def _is_tracing(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    collectors = (value.get(each) for each in ("zipkin", "datadog", "lightstep"))
    return all(each is None or _is_address(mapping(each).get("address")) for each in collectors)


def _one_of(names: str) -> _Test:
    known = frozenset(names.split())

    def holds(value: Any) -> bool:
        if isinstance(value, str):
            return value in known
        return isinstance(value, int) and not isinstance(value, bool)

    return holds


def _fields(names: str, test: _Test) -> Iterable[tuple[str, _Test]]:
    return ((name, test) for name in names.split())


_TESTS: dict[str, _Test] = dict(
    (
        *_fields("binaryPath configPath serviceCluster", _is_filled),
        *_fields(
            "availabilityZone customConfigFile meshId proxyBootstrapTemplatePath zipkinAddress",
            _is_text,
        ),
        *_fields("discoveryAddress", _is_address),
        *_fields("envoyMetricsServiceAddress statsdUdpAddress", _is_address_or_empty),
        *_fields("concurrency fileFlushMinSizeKb statNameLength", _is_whole),
        *_fields("proxyAdminPort statusPort", _is_port),
        *_fields("drainDuration", _is_seconds),
        *_fields("discoveryRefreshDelay fileFlushInterval terminationDrainDuration", _is_duration),
        *_fields("holdApplicationUntilProxyStarts", _is_flag),
        *_fields("proxyMetadata runtimeValues", _is_text_map),
        *_fields("caCertificatesPem extraStatTags", _is_text_list),
        *_fields("envoyAccessLogService envoyMetricsService", _is_collector),
        *_fields("image", _is_image),
        *_fields("tracing", _is_tracing),
        *_fields(
            "connectionSettings gatewayTopology proxyHeaders proxyStatsMatcher readinessProbe sds "
            "statsCompression",
            _is_mapping,
        ),
        *_fields("controlPlaneAuthPolicy", _one_of("NONE MUTUAL_TLS")),
        *_fields("interceptionMode", _one_of("REDIRECT TPROXY NONE")),
        *_fields(
            "tracingServiceName",
            _one_of("APP_LABEL_AND_NAMESPACE CANONICAL_NAME_ONLY CANONICAL_NAME_AND_NAMESPACE"),
        ),
    )
)
