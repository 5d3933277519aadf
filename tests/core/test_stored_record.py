"""Records as they were written down, by this version or a newer one, whole or damaged."""

from typing import Any

import pytest

from custom_components.aqara_zigbee.core.limits import known_columns, known_members


def test_members_of_a_newer_version_are_left_out() -> None:
    stored = {"name": "hall", "count": 3, "colour": "blue"}
    assert known_members(stored, name=str, count=int) == {"name": "hall", "count": 3}
    assert known_members({"name": None}, name=str | None) == {"name": None}


@pytest.mark.parametrize(
    "stored",
    [
        *(None, 5, ["name", "count"], {}, {"name": "hall"}),
        *({"name": "hall", "count": each} for each in ("3", True, None)),
    ],
)
def test_damaged_members_are_refused(stored: Any) -> None:
    with pytest.raises(ValueError, match=r"object|missing or damaged"):
        known_members(stored, name=str, count=int)


def test_columns_of_a_newer_version_are_left_out() -> None:
    assert known_columns(["hall", 3, "blue"], str, int) == ["hall", 3]


@pytest.mark.parametrize("stored", [None, {}, [], ["hall"], [3, "hall"], ["hall", False]])
def test_damaged_columns_are_refused(stored: Any) -> None:
    with pytest.raises(ValueError, match="row"):
        known_columns(stored, str, int)
