"""Move resources to the places that the functionConfig names: `name: path[#index]`."""

from typing import Any

from lists import INDEX, PATH, data_of, filter_list

INTERNAL = (
    "internal.config",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s",
)


def move(resources: dict[str, Any]) -> None:
    targets = data_of(resources)
    for item in resources["items"]:
        target = targets.get(item["metadata"]["name"])
        if target is None:
            continue
        annotations = item["metadata"]["annotations"]
        path, _, index = target.partition("#")
        if path:
            annotations[PATH] = path
        if index:
            annotations[INDEX] = index
        if not path:
            for key in [key for key in annotations if key.startswith(INTERNAL)]:
                del annotations[key]


filter_list(move)
