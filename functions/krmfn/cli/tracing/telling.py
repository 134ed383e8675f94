"""What happened to a request, as data and as a page."""

from collections.abc import Iterator, Mapping
from typing import Any

from krmfn.cli.explaining.pages import Section, cell, table
from krmfn.cli.rendering.terminal import Part
from krmfn.mesh_intent_expander.semantics.outcome import Arrival, Backend, Step, Trace
from krmfn.sdk import Resource

Value = dict[str, Any]

_STYLES = {"reached": "good", "answered": "mild"}
_MOST, _MOST_NAMED = 12, 5
_PERCENT = "{:.4g} %"


def trace_value(trace: Trace, client: str) -> Value:
    """Give a trace as data."""
    request = trace.request
    return {
        "from": {
            "cluster": request.client.cluster,
            "workload": client,
            "serviceAccount": request.client.service_account,
            "dataPlane": request.client.data_plane,
        },
        "to": {"host": trace.host, "port": request.port},
        "method": request.method,
        "path": request.path,
        "outcome": trace.outcome,
        "reason": trace.reason,
        "steps": [_step(each) for each in trace.steps],
        "extras": _extras(trace),
        "backends": [_backend(each) for each in trace.backends],
    }


def _step(step: Step) -> Value:
    return {"what": step.what, "text": step.text, **_decided(step.resource, step.field)}


def _decided(resource: Resource | None, field: str) -> Value:
    if resource is None:
        return {"by": "", "field": ""}
    where = f"{resource.namespace}/{resource.name}" if resource.namespace else resource.name
    return {"by": f"{resource.kind} {where}", "field": field}


def _extras(trace: Trace) -> Value:
    """Give what else the rule does to the request, as far as it does anything."""
    if trace.rule is None:
        return {}
    extras = trace.rule.extras
    told = {
        "fault": extras.fault,
        "mirrors": list(extras.mirrors),
        "rewrite": extras.rewrite,
        "timeout": extras.timeout,
        "retries": extras.retries,
    }
    return {name: value for name, value in told.items() if value}


def _backend(backend: Backend) -> Value:
    return {
        "host": backend.host,
        "port": backend.port,
        "subset": backend.subset,
        "percent": round(backend.percent, 4),
        "outcome": backend.outcome,
        "reason": backend.reason,
        "destinationRule": _decided(backend.rule, "")["by"],
        "endpoints": [_arrival(each) for each in backend.arrivals],
    }


def _arrival(arrival: Arrival) -> Value:
    leg = arrival.leg
    workload, verdict = leg.endpoint.workload, arrival.authorization
    return {
        "cluster": leg.endpoint.cluster,
        "workload": f"{workload.namespace}/{workload.name}" if workload else leg.endpoint.address,
        "priority": leg.priority,
        "path": leg.path,
        "via": leg.via,
        "client": leg.client_mode,
        "server": leg.server_mode,
        "outcome": arrival.outcome,
        "reason": arrival.reason,
        **_decided(arrival.resource, arrival.field),
        "asks": list(verdict.asks) if verdict else [],
        "shadows": list(verdict.shadows) if verdict else [],
    }


def trace_page(value: Mapping[str, Any]) -> Iterator[Section]:
    """Give the sections of a trace."""
    yield Section(_title(value), lines=(_verdict(value), *_lines(value)))
    rows = [_row(backend, each) for backend in value["backends"] for each in _shown(backend)]
    header = "SHARE|HOST|SUBSET|CLUSTER|PODS|OUTCOME|PRIORITY|OVER|TLS"
    yield Section(table=table(header, _spare(rows, value), _hidden(value)))
    yield Section(lines=tuple(_whys(value)))


def _title(value: Mapping[str, Any]) -> str:
    client, to = value["from"], value["to"]
    cluster = f" on {client['cluster']}" if client["cluster"] else ""
    return (
        f"{client['workload']}{cluster}: {value['method']} {to['host']}:{to['port']}{value['path']}"
    )


def _verdict(value: Mapping[str, Any]) -> Part:
    return Part(f"{value['outcome']}: {value['reason']}", _STYLES.get(value["outcome"], "bad"))


def _lines(value: Mapping[str, Any]) -> Iterator[Part]:
    for step in value["steps"]:
        by = f" ({step['by']} {step['field']})".replace(" )", ")") if step["by"] else ""
        yield Part(f"- {step['what']}: {step['text']}{by}")
    for name, extra in value["extras"].items():
        yield Part(f"- {name}: {', '.join(extra) if isinstance(extra, list) else extra}")


def _shown(backend: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return backend["endpoints"][:_MOST] or [{}]


def _hidden(value: Mapping[str, Any]) -> int:
    return sum(max(0, len(each["endpoints"]) - _MOST) for each in value["backends"])


def _row(backend: Mapping[str, Any], each: Mapping[str, Any]) -> list[object]:
    """Give the row of an endpoint, or of a backend that has none."""
    path, outcome = each.get("path", ""), each.get("outcome", backend["outcome"])
    namespace, _, pods = each.get("workload", "").partition("/")
    return [
        _PERCENT.format(backend["percent"]),
        backend["host"],
        backend["subset"],
        each.get("cluster", ""),
        pods if f".{namespace}." in backend["host"] else each.get("workload", ""),
        cell(outcome, _STYLES.get(outcome, "bad")),
        each.get("priority") if each else "",
        f"{path} {each['via']}" if each.get("via") else path,
        " to ".join(filter(None, (each.get("client"), each.get("server", "").lower()))),
    ]


def _whys(value: Mapping[str, Any]) -> Iterator[Part]:
    """Yield why the endpoints are reached or not, each reason once with where it holds."""
    where: dict[tuple[str, str, str], dict[str, None]] = {}
    for backend in value["backends"]:
        for each in backend["endpoints"] or [{**backend, "cluster": "", "by": "", "field": ""}]:
            by = f"{each['by']} {each['field']}".strip()
            place = each["cluster"] or backend["subset"] or backend["host"]
            where.setdefault((each["outcome"], each["reason"], by), {})[place] = None
            for shadow in each.get("shadows", ()):
                where.setdefault(("on trial", shadow, ""), {})[place] = None
    for (outcome, reason, by), places in where.items():
        yield Part(f"{outcome} ({_named(list(places))}): {reason}", _STYLES.get(outcome, ""))
        if by:
            yield Part(f"- {by}")


def _named(places: list[str]) -> str:
    more = f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
    return ", ".join(places[:_MOST_NAMED]) + more


def _spare(rows: list[list[object]], value: Mapping[str, Any]) -> list[list[object]]:
    """Leave out the host where it is the called one all along."""
    if all(each["host"] == value["to"]["host"] for each in value["backends"]):
        return [[*row[:1], "", *row[2:]] for row in rows]
    return rows
