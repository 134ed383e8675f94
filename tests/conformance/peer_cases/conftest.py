"""Cases of other schedulers: their input through our own import and readers, and our answer.

A case has an `id`, the `peer`, `of` (folder and name of the peer's test), `input` and `expect`. The
environment variable KRMFN_PEER_CASES may name further files (separated as in PATH) with such cases,
where `source.path` and `source.func` may stand for `of`.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from krmfn.sdk import yaml_load

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER))
from peer_rig import NOW  # noqa: E402 - the folder is no package

Case = Mapping[str, Any]
OWN = FOLDER / "cases.yaml"
_RELATIVE = re.compile(r"NOW(?:([-+]\d+)s)?")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = [each for each in _cases() if each["peer"] == metafunc.module.PEER]
        metafunc.parametrize("case", cases, ids=[each["id"] for each in cases])


def _cases() -> list[Case]:
    further = filter(None, os.environ.get("KRMFN_PEER_CASES", "").split(os.pathsep))
    files = [OWN, *map(Path, further)]
    return [_read(case) for file in files for case in yaml_load(file.read_text())["cases"]]


def _read(case: Case) -> Case:
    source = case.get("source") or {}
    of = case.get("of") or f"{Path(source['path']).parent.name}/{source['func']}"
    return {"expect": {}, **_timed(case), "of": of}


def _timed(value: Any) -> Any:
    """Give values with times that are said relative to now as instants."""
    if isinstance(value, dict):
        return {key: _timed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_timed(each) for each in value]
    if isinstance(value, str) and (found := _RELATIVE.fullmatch(value)):
        return (NOW + timedelta(seconds=int(found[1] or 0))).isoformat()
    return value


def _answer(module: Any, case: Case) -> tuple[Any, Any] | str:
    """Give our answer and the peer's in one form, or why no PlacementIntent can say the case."""
    of = case["of"]
    if of in module.NOT_COVERED:
        return str(module.NOT_COVERED[of])
    if of not in module.ANSWERS:
        return f"nothing of ours is like {of}"
    try:
        mine, theirs = module.ANSWERS[of](case["input"], case["expect"] or {})
    except NotImplementedError as lacking:
        return str(lacking)
    return mine, theirs


@pytest.fixture
def agree(request: pytest.FixtureRequest) -> Callable[[Case], None]:
    """Check that our answer is the peer's, or that a case is not covered for the reason it says."""

    def check(case: Case) -> None:
        answer = _answer(request.module, case)
        if "source" in case and isinstance(answer, str):
            pytest.skip(f"not covered: {answer}")
        if isinstance(answer, str) or "notCovered" in case:
            assert answer == case.get("notCovered")
        else:
            mine, theirs = answer
            assert mine == theirs

    return check
