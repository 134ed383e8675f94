"""The annotations that Istio knows: on which kinds each belongs, and how settled it is.

Source: the annotation metadata of istio.io/api 1.31 (``annotation/annotations.yaml``).
"""

from dataclasses import dataclass

ANY = "Any"
INJECT = "sidecar.istio.io/inject"
REDIRECTION = "ambient.istio.io/redirection"
SET_BY_ISTIO = frozenset(
    "sidecar.istio.io/status gateway.istio.io/controller-version istio.io/rev".split()
)
"""Annotations that Istio itself writes on objects of any kind."""

SET_BY_CNI = frozenset(
    (
        "sidecar.istio.io/interceptionMode",
        "traffic.sidecar.istio.io/includeInboundPorts",
        "traffic.sidecar.istio.io/excludeInboundPorts",
        "traffic.sidecar.istio.io/includeOutboundIPRanges",
    )
)
"""Annotations that Istio's CNI plugin writes on pods."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is known of an annotation.

    Attributes:
        kinds: the kinds of objects it is for, or ``Any``.
    """

    kinds: tuple[str, ...]
    alpha: bool = True
    deprecated: bool = False


def _pod(prefix: str, names: str, *, deprecated: bool = False) -> dict[str, Annotation]:
    return {
        f"{prefix}/{name}": Annotation(("Pod",), deprecated=deprecated) for name in names.split()
    }


KNOWN = {
    **_pod(
        "sidecar.istio.io",
        """
        agentLogLevel bootstrapOverride componentLogLevel interceptionMode logLevel nativeSidecar
        proxyCPU proxyCPULimit proxyImage proxyImageType proxyMemory proxyMemoryLimit
        rewriteAppHTTPProbers statsEvictionInterval statsFlushInterval statsHistogramBins
        statsHistogramBuckets status userVolume userVolumeMount
        """,
    ),
    **_pod(
        "sidecar.istio.io",
        """
        discoveryAddress extraStatTags statsCompression statsInclusionPrefixes
        statsInclusionRegexps statsInclusionSuffixes
        """,
        deprecated=True,
    ),
    **_pod(
        "traffic.sidecar.istio.io",
        """
        excludeInboundPorts excludeInterfaces excludeOutboundIPRanges excludeOutboundPorts
        includeInboundPorts includeOutboundIPRanges includeOutboundPorts
        """,
    ),
    **_pod("traffic.sidecar.istio.io", "kubevirtInterfaces", deprecated=True),
    **_pod(
        "readiness.status.sidecar.istio.io",
        "applicationPorts failureThreshold initialDelaySeconds periodSeconds",
    ),
    **_pod("status.sidecar.istio.io", "port"),
    **_pod("istio.io", "rev reroute-virtual-interfaces"),
    **_pod("proxy.istio.io", "overrides"),
    **_pod("prometheus.istio.io", "merge-metrics"),
    **_pod("inject.istio.io", "templates"),
    **_pod("ambient.istio.io", "bypass-inbound-capture dns-capture"),
    INJECT: Annotation(("Pod",), alpha=False, deprecated=True),
    REDIRECTION: Annotation(("Pod",), alpha=False),
    "proxy.istio.io/config": Annotation(("Pod",), alpha=False),
    "alpha.istio.io/canonical-serviceaccounts": Annotation(("Service",), deprecated=True),
    "alpha.istio.io/kubernetes-serviceaccounts": Annotation(("Service",), deprecated=True),
    "ambient.istio.io/waypoint-inbound-binding": Annotation(("GatewayClass", "Gateway")),
    "galley.istio.io/analyze-suppress": Annotation((ANY,)),
    "gateway.istio.io/controller-version": Annotation((ANY,)),
    "gateway.istio.io/name-override": Annotation(("Gateway",)),
    "gateway.istio.io/service-account": Annotation(("Gateway",)),
    "istio.io/autoRegistrationGroup": Annotation(("WorkloadEntry",)),
    "istio.io/connectedAt": Annotation(("WorkloadEntry",)),
    "istio.io/disconnectedAt": Annotation(("WorkloadEntry",)),
    "istio.io/dry-run": Annotation(("AuthorizationPolicy",)),
    "istio.io/use-waypoint-canary-weight": Annotation(("Service", "ServiceEntry", "Namespace")),
    "istio.io/workloadController": Annotation(("WorkloadEntry",)),
    "kubernetes.io/ingress.class": Annotation(("Ingress",), alpha=False),
    "networking.istio.io/exportTo": Annotation(("Service",)),
    "networking.istio.io/service-type": Annotation(("Gateway",)),
    "networking.istio.io/traffic-distribution": Annotation(
        ("Namespace", "Service", "ServiceEntry")
    ),
    "topology.istio.io/controlPlaneClusters": Annotation(("Namespace",)),
    "traffic.istio.io/nodeSelector": Annotation(("Service",), alpha=False),
}
"""All annotations of Istio, by name."""


def is_istios(name: str) -> bool:
    """Say whether an annotation is Istio's to define."""
    prefix = name.partition("/")[0]
    return prefix.endswith("istio.io") or name == "kubernetes.io/ingress.class"
