"""Write down what the function is given, in a ConfigMap named by `name`."""

from typing import Any

from lists import PATH, config_map, data_of, filter_list

PACKAGE_PATH = "internal.config.kubernetes.io/package-path"


def census(resources: dict[str, Any]) -> None:
    packages = [item["metadata"]["annotations"][PACKAGE_PATH] for item in resources["items"]]
    root = min(packages, key=len, default="")
    seen = sorted(
        f"{package.removeprefix(root)}|{item['metadata']['annotations'][PATH]}|{item['kind']}"
        for package, item in zip(packages, resources["items"], strict=True)
    )
    data = {str(number): line for number, line in enumerate(seen)}
    data |= {f"config.{key}": value for key, value in data_of(resources).items()}
    name = data_of(resources).get("name", "census")
    others = [item for item in resources["items"] if item["metadata"]["name"] != name]
    resources["items"] = [*others, config_map(name, data)]


filter_list(census)
