"""Options and places that all tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept",
        action="store_true",
        help="make what the examples render to their promise; fails, so that the diff is read",
    )
