"""Set the data of every ConfigMap (but the functionConfig) as the functionConfig says."""

from typing import Any

from lists import data_of, filter_list


def set_data(resources: dict[str, Any]) -> None:
    for item in resources["items"]:
        if item["kind"] == "ConfigMap" and item["metadata"]["name"] != "settings":
            item.setdefault("data", {}).update(data_of(resources))


filter_list(set_data)
