"""What a request must be."""

from typing import Annotated, Literal

from pydantic import Field

from krmfn.mesh_intent_expander.intents.forms import HeaderName, HttpMethod, Text
from krmfn.sdk.model import CelRule, Model, Pattern

MatchType = Literal["Exact", "PathPrefix", "RegularExpression"]
ValueType = Literal["Exact", "Prefix", "RegularExpression", "Present"]


class PathMatch(Model):
    """The path of a request."""

    cel_rules = (
        CelRule(
            "self.type == 'RegularExpression' || self.value.startsWith('/')",
            "must begin with `/`",
            lambda path: path.type == "RegularExpression" or path.value.startswith("/"),
            field="value",
        ),
    )

    type: MatchType = Field(
        "PathPrefix",
        description="`PathPrefix` goes by whole segments: `/api` is not `/apis`.",
    )
    value: Annotated[str, Field(min_length=1, max_length=1024)] = Field(
        description="The path, or a regular expression in RE2's syntax."
    )


class ValueMatch(Model):
    """A header or a query parameter."""

    cel_rules = (
        CelRule(
            "self.type == 'Present' ? !has(self.value) : has(self.value)",
            "must be given, but for `Present`",
            lambda match: (match.type == "Present") == (match.value is None),
            field="value",
        ),
    )

    type: ValueType = Field("Exact", description="How it is compared.")
    name: Text = Field(description="Its name.")
    value: Text | None = Field(None, description="What it must be.")


class HeaderMatch(ValueMatch):
    """A header of a request."""

    name: HeaderName = Field(description="Its name, in any case.")


class GrpcMatch(Model):
    """A method of a gRPC service."""

    cel_rules = (
        CelRule(
            "has(self.service) || has(self.method)",
            "must have `service` or `method`",
            lambda grpc: grpc.service is not None or grpc.method is not None,
        ),
    )

    service: (
        Annotated[
            str,
            Field(max_length=1024),
            Pattern(
                r"^\.?[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$",
                "a gRPC service such as `shop.v1.Cart`",
            ),
        ]
        | None
    ) = Field(None, description="The service, with its package; all when absent.")
    method: (
        Annotated[
            str,
            Field(max_length=1024),
            Pattern("^[A-Za-z_][A-Za-z_0-9]*$", "a gRPC method such as `AddItem`"),
        ]
        | None
    ) = Field(None, description="The method; all when absent.")


class Match(Model):
    """What a request must be; all that is given must hold."""

    cel_rules = (
        CelRule(
            "!has(self.grpc) || !(has(self.path) || has(self.method) "
            "|| has(self.queryParams) && size(self.queryParams) > 0)",
            "must not be given beside `path`, `method` or `queryParams`",
            lambda match: (
                match.grpc is None or not (match.path or match.method or match.query_params)
            ),
            field="grpc",
        ),
    )

    path: PathMatch | None = Field(None, description="Its path.")
    method: HttpMethod | None = Field(None, description="Its HTTP method.")
    headers: tuple[HeaderMatch, ...] = Field((), max_length=16, description="Its headers.")
    query_params: tuple[ValueMatch, ...] = Field(
        (), max_length=16, description="Its query parameters."
    )
    grpc: GrpcMatch | None = Field(None, description="The gRPC method that it calls.")
