"""What Helm says, read into errors: the words of the library and of the command, versions 3 and 4.

Both say the same but for the way they print a chain of templates and the violations of a schema.
"""

import re
from collections.abc import Iterator

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge.request import EngineError, Violation

_PLACE = r"(?P<template>[^\s:()]+):(?P<line>\d+)(?::(?P<column>\d+))?"
_EXECUTION = re.compile(rf"execution error at \({_PLACE}\): (?P<said>.*)", re.DOTALL)
_PARSE = re.compile(rf"parse error at \({_PLACE}\): (?P<said>.*)", re.DOTALL)
_STEP = re.compile(rf'{_PLACE}:?\s+executing "[^"]*" at (?P<code><.*?>):\s', re.DOTALL)
_OUTPUT = re.compile(r"YAML parse error on (?P<template>\S+): (?P<said>.*)", re.DOTALL)
_OUTPUT_LINE = re.compile(r"yaml: line (\d+): ")
_VALUE = re.compile(r"\.Values\.([\w.-]+)")
_SCHEMA = "values don't meet the specifications of the schema(s)"
_CHART_HEADING = re.compile(r"^([^\s:]+):$", re.MULTILINE)
_POINTED = re.compile(r"^(?P<indent> *)- at '(?P<path>.*?)': (?P<said>.*)$")
_DOTTED = re.compile(r"^(?P<indent> *)- (?P<path>[^\s:]+): (?P<said>.*)$")
_GROUPS = ("validation failed", "'allOf' failed")
_CHART_PROBLEM = re.compile(
    r"cannot load (?!.*failed)|error unpacking|chart\.metadata|Chart\.yaml file|validation: "
)
_ADVICE = "\n\nUse --debug flag to render out invalid YAML"
_TIME = re.compile(
    r"^(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d |time=\S+ )?"
    r"(?:[a-z]+\.go:\d+: (?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?)?"
)


def read_error(said: str, chart: ChartArchive) -> EngineError:
    """Give the error for what Helm said when it refused to render a chart."""
    said = said.strip().removeprefix("Error: ").removesuffix(_ADVICE).strip()
    if "unknown field" in said and said.startswith("invalid render options"):
        return EngineError(f"helm-python-sdk must be another version: {said}", *_VERSION)
    if said.startswith(_SCHEMA):
        return _schema_error(said.partition("\n")[2], chart)
    for pattern, code in ((_EXECUTION, "template-failed"), (_PARSE, "template-syntax")):
        if match := pattern.fullmatch(said):
            return _template_error(match["said"].strip(), code, match)
    if steps := list(_STEP.finditer(said)):
        return _chain_error(said, steps)
    if match := _OUTPUT.fullmatch(said):
        line = _OUTPUT_LINE.search(match["said"])
        message = f"`{match['template']}` must render YAML: {match['said']}"
        return EngineError(
            message,
            "output-not-yaml",
            "output",
            template=match["template"],
            line=int(line[1]) if line else 0,
        )
    if _CHART_PROBLEM.search(said):
        return EngineError(f'chart "{chart.name}": {said}', "chart-unreadable", "chart")
    return EngineError(f'chart "{chart.name}": {said}', "values-refused", "values")


_VERSION = ("engine-version", "engine")


def read_warnings(remarks: str) -> tuple[str, ...]:
    """Give the lines Helm wrote beside its output, each once and without the time of day."""
    lines = (_TIME.sub("", line).strip() for line in remarks.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _template_error(
    message: str, code: str, place: re.Match[str], value_path: str = ""
) -> EngineError:
    return EngineError(
        message,
        code,
        "template",
        template=place["template"],
        line=int(place["line"]),
        column=int(place["column"] or 0),
        value_path=value_path,
    )


def _chain_error(said: str, steps: list[re.Match[str]]) -> EngineError:
    """Place the error where the innermost template failed, and say how it was reached."""
    last = steps[-1]
    words = " ".join(said[last.end() :].split())
    message = f"`{last['code'][1:-1]}`: {words}"
    if last["template"] != steps[0]["template"]:
        message += f", reached from {steps[0]['template']}:{steps[0]['line']}"
    value = _VALUE.search(last["code"])
    path = ".".join((*_subcharts(last["template"]), value[1])) if value else ""
    return _template_error(message, "template-failed", last, path)


def _subcharts(template: str) -> tuple[str, ...]:
    """Give the subcharts on the way to a template, which is where their values lie."""
    return tuple(re.findall(r"/charts/([^/]+)", template))


def _schema_error(said: str, chart: ChartArchive) -> EngineError:
    violations = tuple(_violations(said, chart))
    listed = "; ".join(
        f"`{'.'.join(violation.path)}`: {violation.message}" if violation.path
        else violation.message
        for violation in violations
    )
    return EngineError(
        f'the values must fit the schema of chart "{chart.name}": {listed or said.strip()}',
        "values-schema",
        "schema",
        value_path=".".join(violations[0].path) if violations else "",
        violations=violations,
    )


def _violations(said: str, chart: ChartArchive) -> Iterator[Violation]:
    places = dict(_value_places(chart, ()))
    parts = _CHART_HEADING.split(f"\n{said}")
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        above = places.get(name, ())
        lines = [line for line in text.splitlines() if line.strip()]
        for path, message in _leaves(lines):
            yield Violation(above + path, message)


def _value_places(chart: ChartArchive, above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give where the values of each chart lie, by the name it has there; outer charts last."""
    for subchart in chart.subcharts:
        aliases = [known.alias for known in chart.dependencies if known.name == subchart.name]
        for name in {subchart.name, *filter(None, aliases)}:
            below = (*above, name)
            yield from _value_places(subchart, below)
            yield name, below
    if not above:
        yield chart.name, ()


def _leaves(lines: list[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give path and words of each violation; alternatives that all failed stay together."""
    index = 0
    while index < len(lines):
        match = _POINTED.match(lines[index]) or _DOTTED.match(lines[index])
        index += 1
        if not match:
            yield (), lines[index - 1].strip()
            continue
        if match["said"] in _GROUPS:
            continue
        deeper = f"{match['indent']} "
        below = []
        while index < len(lines) and lines[index].startswith(deeper):
            below.append(lines[index].strip().removeprefix("- "))
            index += 1
        yield _path(match), match["said"] + (f" ({'; '.join(below)})" if below else "")


def _path(match: re.Match[str]) -> tuple[str, ...]:
    path = match["path"]
    if match.re is _POINTED:
        parts = path.split("/")[1:]
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
    return () if path == "(root)" else tuple(path.split("."))
