"""Leave out the resources whose names the functionConfig has as keys."""

from typing import Any

from lists import data_of, filter_list


def drop(resources: dict[str, Any]) -> None:
    gone = data_of(resources)
    resources["items"] = [
        item for item in resources["items"] if item["metadata"]["name"] not in gone
    ]


filter_list(drop)
