"""What people write: kinds of resources and their parts, each checked as a whole.

This is the one module of the SDK that imports pydantic, which takes longer than most functions
take to run; everything else imports it only where a package holds something to parse.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

if TYPE_CHECKING:
    from krmfn.sdk.messages import Problem
    from krmfn.sdk.resource import Resource

__all__ = ["CelRule", "DnsLabel", "DnsName", "Kind", "Metadata", "Model", "Pattern"]


@dataclass(frozen=True, slots=True)
class CelRule:
    """A check across the fields of a model, said twice: for the API server and for us.

    ``rule`` is CEL over ``self`` and goes into the CRD; ``holds`` is the same in Python over the
    model. ``message`` tells what must be; ``field`` is the path of the field at fault inside the
    model, such as ``a.b``, or empty for the model itself.
    """

    rule: str
    message: str
    holds: Callable[[Any], bool]
    field: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The form of a string: an anchored regular expression that Go's syntax has too, and words.

    ``Annotated[str, Pattern("^[0-9a-f]{64}$", "64 lower-case hexadecimal digits")]``
    """

    regex: str
    words: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._matched, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        words = f"must be {self.words}"
        return {**handler(schema), "pattern": self.regex, "patternErrorMessage": words}

    def _matched(self, text: str) -> str:
        if re.fullmatch(self.regex, text) is None:
            raise PydanticCustomError("pattern", "{words}", {"words": self.words})
        return text


DnsLabel = Annotated[
    str,
    Field(max_length=63),
    Pattern(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "a DNS label: lower-case letters, digits and `-` between them",
    ),
]
"""A name as Kubernetes wants it for namespaces, services and clusters (RFC 1123 label)."""

DnsName = Annotated[
    str,
    Field(max_length=253),
    Pattern(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "a DNS name: lower-case letters, digits, and `-` or `.` between them",
    ),
]
"""A name as Kubernetes wants it for most objects (RFC 1123 subdomain)."""


class Model(BaseModel):
    """A part of what people write: frozen, camelCase in YAML, with unknown fields refused.

    Every field has a ``Field(description=...)``. A field that is null counts as absent, as it does
    in Kubernetes. Booleans and numbers are never read from strings, nor strings from numbers.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: to_camel(name.rstrip("_")),
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        defer_build=True,
    )

    cel_rules: ClassVar[Sequence[CelRule]] = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _take_no_text(handler.resolve_ref_schema(schema))
        return schema

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        described = handler(schema)
        if cls.cel_rules:
            handler.resolve_ref_schema(described)["x-kubernetes-validations"] = [
                {"rule": rule.rule, "message": rule.message}
                | ({"fieldPath": f".{rule.field}"} if rule.field else {})
                for rule in cls.cel_rules
            ]
        return described

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or all(value is not None for value in data.values()):
            return data
        known = {field.alias for field in cls.model_fields.values()}
        return {key: data[key] for key in data if data[key] is not None or key not in known}

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        if broken := [rule for rule in self.cel_rules if not rule.holds(self)]:
            raise PydanticCustomError("rules", "{broken}", {"broken": broken})
        return self


def _take_no_text(schema: Any) -> None:
    """Make booleans and numbers of a core schema refuse anything that has to be converted."""
    if isinstance(schema, dict):
        if schema.get("type") in ("bool", "int", "float"):
            schema.setdefault("strict", True)
        schema = [part for key, part in schema.items() if key not in ("default", "metadata")]
    if isinstance(schema, list | tuple):
        for part in schema:
            _take_no_text(part)


class Metadata(Model):
    """The metadata of a resource; what Kubernetes knows beyond these fields is kept."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1, description="The name of the resource.")
    namespace: str = Field("", description="The namespace of the resource.")
    labels: Mapping[str, str] = Field({}, description="Labels, for selecting resources.")
    annotations: Mapping[str, str] = Field({}, description="Annotations, for tools.")


class Kind(Model):
    """A kind of resource that people write; the class name is the kind's name.

    ``class HelmChart(Kind, api_version="intent.krmfn.dev/v1alpha1"): spec: HelmChartSpec``

    The apiVersion of a kind derived from another kind is the same unless it is given. ``aliases``
    are further apiVersions under which the same fields are read; ``scope`` is that of the CRD.
    """

    api_version: ClassVar[str]
    group: ClassVar[str]
    kind_name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]]
    scope: ClassVar[Literal["Namespaced", "Cluster"]]

    metadata: Metadata = Field(description="Name, namespace, labels and annotations.")

    def __init_subclass__(
        cls,
        *,
        api_version: str = "",
        kind: str = "",
        aliases: tuple[str, ...] = (),
        scope: Literal["Namespaced", "Cluster"] = "Namespaced",
        **config: Any,
    ) -> None:
        super().__init_subclass__(**config)
        cls.api_version = api_version or cls.api_version
        cls.group = cls.api_version.rpartition("/")[0]
        cls.kind_name = kind or cls.__name__
        cls.aliases = aliases
        cls.scope = scope

    @cached_property
    def resource(self) -> "Resource | None":
        """The resource this was read from; None when it was built in code."""
        return None

    @classmethod
    def parse(
        cls, body: Mapping[str, Any], resource: "Resource | None" = None
    ) -> "tuple[Self | None, list[Problem]]":
        """Read the fields of a resource: either the kind, or all that is wrong with them."""
        fields = {key: body[key] for key in body if key not in {"apiVersion", "kind"}}
        errors: Sequence[Any] = ()
        try:
            instance = cls.model_validate(fields, by_alias=True, by_name=False)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        if errors or not cls._has_header(body):
            from krmfn.sdk.messages import header_problems, problems_of

            wrong = problems_of(cls, cls.kind_name, fields, errors)
            return None, [*header_problems(cls, body), *wrong]
        # A cached property's slot: pydantic keeps it out of equality, hash and dump.
        instance.__dict__["resource"] = resource
        return instance, []

    @classmethod
    def from_config_map(
        cls,
        data: Mapping[str, Any],
        *,
        name: str = "function-input",
        resource: "Resource | None" = None,
    ) -> "tuple[Self | None, list[Problem]]":
        """Read the kind from the flat strings of a ConfigMap.

        Keys are the names of the fields of ``spec``, with dots for nested ones; lists are written
        with commas or as YAML, maps as YAML.
        """
        from krmfn.sdk import config_map

        fields, problems = config_map.unflatten(cls, data)
        header = {"apiVersion": cls.api_version, "kind": cls.kind_name, "metadata": {"name": name}}
        instance, wrong = cls.parse(header | fields, resource)
        problems += [config_map.relocated(problem, cls, data) for problem in wrong]
        return (None if problems else instance), problems

    @classmethod
    def _has_header(cls, body: Mapping[str, Any]) -> bool:
        versions = (cls.api_version, *cls.aliases)
        return body.get("apiVersion") in versions and body.get("kind") == cls.kind_name

    def to_body(self) -> dict[str, Any]:
        """Give the resource as plain values, without the fields that have their defaults."""
        header = {"apiVersion": self.api_version, "kind": self.kind_name}
        return header | self.model_dump(mode="json", exclude_defaults=True)
