"""MutualTLS: where plaintext is refused, and how a mesh gets there."""

from typing import Literal

from pydantic import Field

from krmfn.kinds.fields import INTENT_VERSION, Name
from krmfn.kinds.mesh import PortNumber, TrustDomain
from krmfn.sdk.model import CelRule, DnsLabel, Kind, Model

Mode = Literal["Strict", "Permissive", "Disable"]


class PortMode(Model):
    """A port with a mode of its own."""

    cel_rules = (
        CelRule(
            "has(self.service) != has(self.workload)",
            "must be given, or else `workload`",
            lambda port: (port.service is None) != (port.workload is None),
            field="service",
        ),
    )

    service: PortNumber | None = Field(None, description="A port of the Service.")
    workload: PortNumber | None = Field(None, description="A port of the pods.")
    mode: Mode = Field(description="Its mode.")


class PlaintextService(Model):
    """A service that has no proxy, or whose clients must not use mutual TLS."""

    service: Name = Field(description="The Service, as `name` or `namespace/name`.")
    reason: str = Field(min_length=1, description="Why; told in reports.")


class Migration(Model):
    """How plaintext is brought to an end, wave by wave."""

    wave: Literal["permissive", "clients", "strict", "mesh"] = Field(
        "permissive",
        description="How far it is: `permissive`, all explicit and permissive; `clients`, those "
        "`exceptions` are over whose servers have proxies; `strict`, strict by namespace; `mesh`, "
        "strict for the mesh, without objects of namespaces.",
    )


class MutualTLSSpec(Model):
    """Where plaintext is refused."""

    cel_rules = (
        CelRule(
            "self.scope == 'workload' ? (has(self.service) != has(self.selector)) "
            ": !(has(self.service) || has(self.selector))",
            "must be `workload` where `service` or `selector` is given, and then one of them is",
            lambda spec: (
                (spec.service is None) != (spec.selector is None)
                if spec.scope == "workload"
                else spec.service is None and spec.selector is None
            ),
            field="scope",
        ),
        CelRule(
            "(!has(self.ports) || size(self.ports) == 0) || self.scope == 'workload'",
            "must be empty unless `scope` is `workload`",
            lambda spec: not spec.ports or spec.scope == "workload",
            field="ports",
        ),
        CelRule(
            "!has(self.migration) || self.mode == 'Strict'",
            "must not be given unless `mode`, where it leads to, is `Strict`",
            lambda spec: spec.migration is None or spec.mode == "Strict",
            field="migration",
        ),
    )

    scope: Literal["mesh", "namespace", "workload"] = Field(
        "namespace", description="Where it holds."
    )
    namespace: DnsLabel | None = Field(
        None, description="The namespace: the intent's own when absent."
    )
    service: Name | None = Field(None, description="For `workload`: a Service, its workloads.")
    selector: dict[str, str] | None = Field(
        None, min_length=1, description="For `workload`: labels of the pods."
    )
    mode: Mode = Field("Strict", description="`Strict` refuses plaintext.")
    ports: tuple[PortMode, ...] = Field((), description="Ports with a mode of their own.")
    exceptions: tuple[PlaintextService, ...] = Field(
        (), description="Services that clients reach in plaintext."
    )
    migration: Migration | None = Field(
        None, description="How the mode is reached: at once when absent."
    )
    trust_domain_aliases: tuple[TrustDomain, ...] = Field(
        (), description="Trust domains that must count as the mesh's own."
    )


class MutualTLS(Kind, api_version=INTENT_VERSION):
    """Where plaintext is refused, and how a mesh gets there."""

    spec: MutualTLSSpec = Field(description="Scope and mode.")
