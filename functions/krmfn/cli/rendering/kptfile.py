"""The pipeline of a Kptfile, checked as kpt checks it."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any

from krmfn.cli.errors import CliError
from krmfn.sdk.dumper import dump_scalar
from krmfn.sdk.loader import YamlError, load
from krmfn.sdk.resource import Resource

KPTFILE = "Kptfile"
BFS_RENDERING = "kpt.dev/bfs-rendering"

_STEP_FIELDS = frozenset(
    ("image", "exec", "tag", "name", "when", "configPath", "configMap", "selectors", "exclude")
)
_SELECTOR_FIELDS = frozenset(("apiVersion", "kind", "name", "namespace", "labels", "annotations"))
_PART = r"[a-z0-9](?:(?:[_.]|__|-*)[a-z0-9]+)*"
_HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_IMAGE = re.compile(
    rf"(?:{_HOST}(?:\.{_HOST})*(?::[0-9]+)?/)?{_PART}(?:/{_PART})*"
    r"(?::\w[\w.-]{0,127})?(?:@sha256:[a-fA-F0-9]{64})?"
)


@dataclass(frozen=True)
class Selector:
    """What a resource must be; "" and an empty map say nothing."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether the selector says nothing at all."""
        return self == Selector()

    def matches(self, resource: Resource) -> bool:
        """Say whether a resource is all that the selector says."""
        return (
            self.api_version in ("", resource.api_version)
            and self.kind in ("", resource.kind)
            and self.name in ("", resource.name)
            and self.namespace in ("", resource.namespace)
            and (not self.labels or self.labels.items() <= resource.labels.items())
            and (not self.annotations or self.annotations.items() <= resource.annotations.items())
        )


@dataclass(frozen=True)
class Step:
    """One function of a pipeline; exactly one of `image` and `command` is set.

    Attributes:
        field: where it stands, such as `pipeline.mutators[0]`.
        command: the `exec` field.
        config: the functionConfig made of `configMap`, None when there is none.
    """

    field: str
    image: str = ""
    command: str = ""
    config_path: str = ""
    config: Resource | None = None
    selectors: tuple[Selector, ...] = ()
    exclude: tuple[Selector, ...] = ()

    @property
    def name(self) -> str:
        """What the function is called in messages: its image or command."""
        return self.image or self.command

    @property
    def is_selective(self) -> bool:
        """Whether the function may be given less than all resources."""
        return bool(self.selectors or self.exclude)


@dataclass(frozen=True)
class Kptfile:
    """What rendering needs to know of a Kptfile.

    Attributes:
        mutators, validators: the functions of its pipeline.
        top_down: whether a package is rendered before its sub-packages, which see the outcome.
    """

    mutators: tuple[Step, ...] = ()
    validators: tuple[Step, ...] = ()
    top_down: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """All functions of the pipeline, in the order they run."""
        return (*self.mutators, *self.validators)


def read_kptfile(text: str, path: str) -> Kptfile:
    """Read the pipeline of a Kptfile; what kpt's other versions write elsewhere in it is ignored.

    Raises:
        CliError: the text is no Kptfile, or its pipeline is not as it must be.
    """
    try:
        return _kptfile(load(text))
    except (YamlError, _FieldError) as error:
        raise CliError(f"{path}: {error}") from error


class _FieldError(ValueError):
    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"`{field}` {problem}" if field else problem)


def _kptfile(body: Any) -> Kptfile:
    fields = _fields(body, "")
    head = (fields.get("apiVersion"), fields.get("kind"))
    if head != ("kpt.dev/v1", KPTFILE):
        raise _FieldError("", f"must be a kpt.dev/v1 Kptfile, but is a {head[0]} {head[1]}")
    pipeline = _fields(fields.get("pipeline"), "pipeline", {"mutators", "validators"})
    steps = {
        name: tuple(_step(item, where) for item, where in _items(listed, f"pipeline.{name}"))
        for name, listed in pipeline.items()
    }
    annotations = _fields(_fields(fields.get("metadata"), "metadata").get("annotations"), "")
    top_down = str(annotations.get(BFS_RENDERING)).lower() == "true"
    return Kptfile(**steps, top_down=top_down)


def _step(value: Any, field: str) -> Step:
    fields = _fields(value, field, _STEP_FIELDS)
    if "when" in fields:
        raise _FieldError(f"{field}.when", "is not supported: leave it out or render with kpt")
    image, command, config_path = (
        _text(fields.get(name), f"{field}.{name}") for name in ("image", "exec", "configPath")
    )
    config = _strings(fields.get("configMap"), f"{field}.configMap")
    if bool(image) is bool(command):
        raise _FieldError(field, "must specify either `image` or `exec`")
    if image and not _IMAGE.fullmatch(image):
        raise _FieldError(f"{field}.image", f'must be the name of an image, but is "{image}"')
    if config and config_path:
        raise _FieldError(field, "must not specify both `configMap` and `configPath`")
    if "configPath" in fields and not _is_inside(config_path):
        problem = f'must be a path within the package, but is "{config_path}"'
        raise _FieldError(f"{field}.configPath", problem)
    selectors, exclude = (
        tuple(_selector(*item) for item in _items(fields.get(name), f"{field}.{name}"))
        for name in ("selectors", "exclude")
    )
    function_input = Resource.new("v1", "ConfigMap", "function-input", data=config)
    return Step(
        field,
        image,
        command,
        normpath(config_path) if config_path else "",
        function_input if config else None,
        selectors,
        exclude,
    )


def _selector(value: Any, field: str) -> Selector:
    fields = _fields(value, field, _SELECTOR_FIELDS)
    api_version, kind, name, namespace = (
        _text(fields.get(each), f"{field}.{each}")
        for each in ("apiVersion", "kind", "name", "namespace")
    )
    labels, annotations = (
        _strings(fields.get(each), f"{field}.{each}") for each in ("labels", "annotations")
    )
    return Selector(api_version, kind, name, namespace, labels, annotations)


def _is_inside(path: str) -> bool:
    return bool(path.strip()) and not path.startswith("/") and ".." not in path


def _fields(value: Any, field: str, known: AbstractSet[str] | None = None) -> dict[str, Any]:
    """Give the fields of a mapping (none for null), all of them known ones."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _FieldError(field, "must be a mapping")
    unknown = next((name for name in value if known is not None and name not in known), None)
    if unknown is not None:
        raise _FieldError(f"{field}.{unknown}", "is not a field that kpt knows")
    return dict(value)


def _items(value: Any, field: str) -> Iterator[tuple[Any, str]]:
    """Yield the items of a list (none for null), each with the name of its field."""
    if value is not None and not isinstance(value, list):
        raise _FieldError(field, "must be a list")
    yield from ((item, f"{field}[{number}]") for number, item in enumerate(value or ()))


def _strings(value: Any, field: str) -> dict[str, str]:
    fields = _fields(value, field)
    return {str(name): _text(item, f"{field}.{name}") for name, item in fields.items()}


def _text(value: Any, field: str) -> str:
    """Give a scalar as a string, as kpt does: `true` and `1.10` as they are spelled, null as ""."""
    if isinstance(value, dict | list):
        raise _FieldError(field, "must be a string")
    if isinstance(value, str):
        return str(value)
    return "" if value is None else dump_scalar(value)
