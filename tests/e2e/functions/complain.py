"""Report what the functionConfig says: results of `severity`, exit with `exitCode`."""

import sys
from typing import Any

from lists import data_of, filter_list


def complain(resources: dict[str, Any]) -> int:
    said = data_of(resources)
    resources["items"] = [item for item in resources["items"] if "drop" not in said]
    resources["results"] = [
        {
            "message": said.get("message", "must be better"),
            "severity": said.get("severity", "error"),
            "resourceRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "namespace": "n"},
            "field": {"path": "data.a", "currentValue": "1", "proposedValue": "2"},
            "file": {"path": "a.yaml", "index": 0},
            "tags": {"z": "last", "code": "no-good"},
        },
        {"message": "by the way", "file": {"path": "b.yaml", "index": 3}},
    ]
    if "stderr" in said:
        sys.stderr.write(said["stderr"] + "\n")
    return int(said.get("exitCode", "0"))


filter_list(complain)
