"""What Helm says, read into errors: the words of the library and of the command, versions 3 and 4.

They say the same but for a chain of templates and the violations of a schema, which Helm 3 and 4
print in ways of their own.
"""

import re
from collections.abc import Iterator

from krmfn.helm_expand.archive import ChartArchive
from krmfn.helm_expand.edge.request import EngineError, Place, Violation

_PLACE = r"(?P<template>[^\s:()]+):(?P<line>\d+)(?::(?P<column>\d+))?"
_SAID_AT_PLACE = (
    (re.compile(rf"execution error at \({_PLACE}\): (?P<said>.*)", re.DOTALL), "template-failed"),
    (re.compile(rf"parse error at \({_PLACE}\): (?P<said>.*)", re.DOTALL), "template-syntax"),
)
_STEP = re.compile(rf'{_PLACE}:?\s+executing "[^"]*" at (?P<code><.*?>):\s', re.DOTALL)
_VALUE = re.compile(r"\.Values\.([\w.-]+)")
_NO_YAML = re.compile(r"YAML parse error on (?P<template>\S+): (?P<said>.*)", re.DOTALL)
_LINE = re.compile(r"yaml: line (\d+): ")
_VALUES_SYNTAX = re.compile(
    r"(?:failed to parse values\.yaml: )?(?:cannot unmarshal yaml document: )?"
    r"(?P<said>error (?:converting YAML|unmarshaling JSON).*)",
    re.DOTALL,
)
_MISMATCH = re.compile(r"type mismatch on (?P<key>[^\s:]+): ")
_UNFIT = "values don't meet the specifications of the schema(s)"
_BROKEN_SCHEMA = re.compile(r"^(?!\s*- |invalid type for values|[^\s:]+:$)\s*\S", re.MULTILINE)
_CHART_HEADING = re.compile(r"^([^\s:]+):$", re.MULTILINE)
_POINTED = re.compile(r"^(?P<indent> *)- at '(?P<path>.*?)': (?P<said>.*)$")
_DOTTED = re.compile(r"^(?P<indent> *)- (?P<path>[^\s:]+): (?P<said>.*)$")
_GROUPS = ("validation failed", "'allOf' failed")
_UNREADABLE = re.compile(r"cannot load |error unpacking|chart\.metadata|Chart\.yaml|validation: ")
_OTHER_SDK = "invalid render options"
_ADVICE = "\n\nUse --debug flag to render out invalid YAML"
_CLOCK = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d "
_PREAMBLE = re.compile(rf"^(?:time=\S+ )?(?:{_CLOCK})?(?:[a-z]+\.go:\d+: (?:{_CLOCK})?)?")


def read_error(said: str, chart: ChartArchive) -> EngineError:
    """Give the error for what Helm said when it did not render a chart."""
    said = said.strip().removesuffix(_ADVICE).strip()
    if said.startswith(_OTHER_SDK):
        message = f"helm-python-sdk must be another version: {said}"
        return EngineError(message, "engine-version", "engine")
    if said.startswith(_UNFIT):
        return _unfit(said.partition("\n")[2], chart)
    problem = f'chart "{chart.name}" does not render: '
    for pattern, code in _SAID_AT_PLACE:
        if match := pattern.fullmatch(said):
            message = problem + match["said"].strip()
            return EngineError(message, code, "template", place=_place(match))
    if steps := list(_STEP.finditer(said)):
        words, value = _innermost(said, steps)
        place = _place(steps[-1])
        message = problem + words
        return EngineError(message, "template-failed", "template", place=place, value_path=value)
    if match := _NO_YAML.fullmatch(said):
        line = _LINE.search(match["said"])
        place = Place(match["template"], int(line[1]) if line else 0)
        message = f"{problem}`{match['template']}` must give YAML: {match['said']}"
        return EngineError(message, "output-not-yaml", "output", place=place)
    if _UNREADABLE.search(said):
        return EngineError(problem + said, "chart-unreadable", "chart")
    return _refused_values(said, chart)


def _refused_values(said: str, chart: ChartArchive) -> EngineError:
    if match := _VALUES_SYNTAX.fullmatch(said):
        message = f'the values of chart "{chart.name}" must be a YAML mapping: {match["said"]}'
        return EngineError(message, "values-syntax", "values")
    if match := _MISMATCH.search(said):
        key = match["key"]
        message = f'the value "{key}" must be a mapping: it holds the values of a subchart'
        return EngineError(message, "values-type", "values", value_path=key)
    return EngineError(f'chart "{chart.name}" does not render: {said}', "values-refused", "values")


def read_warnings(remarks: str) -> tuple[str, ...]:
    """Give the lines Helm wrote beside its output, each once and without the time of day."""
    lines = (_PREAMBLE.sub("", line).strip() for line in remarks.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _place(match: re.Match[str]) -> Place:
    return Place(match["template"], int(match["line"]), int(match["column"] or 0))


def _innermost(said: str, steps: list[re.Match[str]]) -> tuple[str, str]:
    """Give words and value path of the innermost step of a chain, and how it was reached."""
    first, last = steps[0], steps[-1]
    words = f"`{last['code'][1:-1]}`: {' '.join(said[last.end() :].split())}"
    if last["template"] != first["template"]:
        words += f", reached from `{first['template']}` line {first['line']}"
    value = _VALUE.search(last["code"])
    # The values of a subchart lie below its name, and its templates below charts/<name>/.
    below = re.findall(r"/charts/([^/]+)", last["template"])
    return words, ".".join((*below, value[1])) if value else ""


def _unfit(said: str, chart: ChartArchive) -> EngineError:
    if _BROKEN_SCHEMA.search(said):
        words = " ".join(said.split())
        message = f'the `values.schema.json` of chart "{chart.name}" must be a JSON Schema: {words}'
        return EngineError(message, "chart-schema", "chart")
    violations = tuple(sorted(_violations(said, chart)))
    listed = "; ".join(
        f"`{'.'.join(each.path)}` {each.message}" if each.path else each.message
        for each in violations
    )
    return EngineError(
        f'the values must fit the schema of chart "{chart.name}": {listed}',
        "values-schema",
        "schema",
        value_path=".".join(violations[0].path) if violations else "",
        violations=violations,
    )


def _violations(said: str, chart: ChartArchive) -> Iterator[Violation]:
    places = dict(_value_places(chart, ()))
    _, *parts = _CHART_HEADING.split(f"\n{said}")
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        lines = [line for line in text.splitlines() if line.strip()]
        for path, message in _leaves(lines):
            yield Violation(places.get(name, ()) + path, message)


def _value_places(
    chart: ChartArchive, above: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give where the values of each chart lie, by the name it has there; outer charts last."""
    for subchart in chart.subcharts:
        aliases = (known.alias for known in chart.dependencies if known.name == subchart.name)
        for name in {subchart.name, *filter(None, aliases)}:
            yield from _value_places(subchart, (*above, name))
            yield name, (*above, name)
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
        elif match["said"] not in _GROUPS:
            below = []
            while index < len(lines) and lines[index].startswith(f"{match['indent']} "):
                below.append(lines[index].strip().removeprefix("- "))
                index += 1
            yield _path(match), match["said"] + (f" ({'; '.join(below)})" if below else "")


def _path(match: re.Match[str]) -> tuple[str, ...]:
    path = match["path"]
    if match.re is _DOTTED:
        return () if path == "(root)" else tuple(path.split("."))
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])
