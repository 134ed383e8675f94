"""Make resources at the places that the functionConfig names: `name: path[#index]`."""

from typing import Any

from lists import INDEX, PATH, config_map, data_of, filter_list


def place(resources: dict[str, Any]) -> None:
    for name, target in data_of(resources).items():
        path, _, index = target.partition("#")
        annotations = {PATH: path} if path else {}
        annotations |= {INDEX: index} if index else {}
        metadata = {"annotations": annotations} if annotations else {}
        resources["items"].append(config_map(name, {"made": "here"}, **metadata))


filter_list(place)
