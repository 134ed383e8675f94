"""Running proxies have the image that the sidecar injector gives today."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from krmfn.mesh_intent_expander.analysis.finding import Code, Finding, Level
from krmfn.mesh_intent_expander.analysis.injection import (
    ENABLED,
    INJECTION,
    PROXY,
    REVISION,
    injector_values,
)
from krmfn.mesh_intent_expander.analysis.reading import quoted, text
from krmfn.mesh_intent_expander.mesh_config import mesh_config
from krmfn.mesh_intent_expander.view import (
    ISTIO_NETWORKING,
    ClusterView,
    Fleet,
    labels_in,
    mapping,
    mappings,
    namespace_of,
    selects,
    spec_of,
)
from krmfn.sdk import Resource, YamlError, yaml_load

OTHER_IMAGE = Code(
    "IST0158",
    Level.WARNING,
    "The proxies of a namespace must have the image of its sidecar injector.",
    "PodsIstioProxyImageMismatchInNamespace",
)
CODES = (OTHER_IMAGE,)
_OWN_IMAGE = "sidecar.istio.io/proxyImage"
_CONFIG = "proxy.istio.io/config"


def check(view: ClusterView, _fleet: Fleet) -> Iterable[Finding]:
    """Yield namespaces with pods whose proxies are of another image."""
    pods: dict[str, list[Resource]] = {}
    for pod in view.of("Pod", ""):
        pods.setdefault(namespace_of(pod), []).append(pod)
    for namespace in view.of("Namespace", ""):
        labels = namespace.labels
        if labels.get(INJECTION) != ENABLED and REVISION not in labels:
            continue
        image = _image(injector_values(view, labels.get(REVISION, "")))
        others = [pod.name for pod in pods.get(namespace.name, ()) if _differs(view, pod, image)]
        if others:
            message = f'the pods {quoted(sorted(others))} must have a proxy of image "{image}"'
            yield Finding(OTHER_IMAGE, namespace, message)


def _image(values: Mapping[str, Any] | None) -> str:
    settings = mapping((values or {}).get("global"))
    image = text(mapping(settings.get("proxy")).get("image"))
    if not image or "/" in image:
        return image
    return f"{settings.get('hub', '')}/{image}:{settings.get('tag', '')}"


def _differs(view: ClusterView, pod: Resource, image: str) -> bool:
    if not image or pod.annotations.get(_OWN_IMAGE):
        return False
    allowed = (image, f"{image}-{_image_type(view, pod)}")
    return any(own not in allowed for own in _proxy_images(pod))


def _proxy_images(pod: Resource) -> Iterator[str]:
    for key in ("containers", "initContainers"):
        for each in mappings(spec_of(pod).get(key)):
            if each.get("name") == PROXY:
                yield text(each.get("image"))


def _image_type(view: ClusterView, pod: Resource) -> str:
    """Give the variant of the image that a pod's proxy is to be, such as ``distroless``."""
    configs = view.of("ProxyConfig", ISTIO_NETWORKING)
    wide = [each for each in configs if namespace_of(each) == view.root_namespace]
    near = [
        each for each in configs if namespace_of(each) == namespace_of(pod) and each not in wide
    ]
    near.sort(key=lambda each: bool(_selector(each)))
    said = [
        mapping(mesh_config(view).get("defaultConfig")),
        *map(spec_of, wide),
        *(spec_of(each) for each in near if selects(_selector(each), pod.labels)),
        _annotated(pod),
    ]
    variants = [text(mapping(each.get("image")).get("imageType")) for each in said]
    chosen = next(filter(None, reversed(variants)), "")
    return "" if chosen == "default" else chosen


def _selector(config: Resource) -> dict[str, str]:
    return labels_in(mapping(spec_of(config).get("selector")).get("matchLabels"))


def _annotated(pod: Resource) -> Mapping[str, Any]:
    try:
        return mapping(yaml_load(pod.annotations.get(_CONFIG, "")))
    except YamlError:
        return {}
