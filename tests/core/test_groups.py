"""Rows that are one thing together, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.group import Cover
from custom_components.aqara_zigbee.core.property import Enum, Numeric
from custom_components.aqara_zigbee.core.source import Lookup
from tests.core.invented import cover

SHADE = Cover("state", position="position")


def changed(name: str, **row: Any) -> Definition:
    """A cover one of whose rows is another."""
    rows = cover().properties
    return (
        cover(groups=(SHADE,))
        if not row
        else replace(
            cover(),
            properties=tuple(replace(each, **row) if each.name == name else each for each in rows),
            groups=(SHADE,),
        )
    )


def test_a_row_is_shown_by_its_group() -> None:
    definition = changed("state")
    assert definition.group_of("position") is definition.groups[0]
    assert definition.group_of("linkquality") is None


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        (Cover("position"), "a cover needs a settable word with OPEN and CLOSE: position"),
        (Cover("nothing"), "a cover needs a settable word with OPEN and CLOSE: nothing"),
        (Cover("state", position="state"), "position is a settable number of 0..100: state"),
        (Cover("state", position="tilt"), "position is a settable number of 0..100: tilt"),
        (Cover("state", motor="state"), "motor is opening or closing: state"),
        (Cover("state", motor="nothing"), "motor is opening or closing: nothing"),
        (Cover("state", inverted_by="tilt_mode"), "no flag option tilt_mode"),
        (Cover("state", inverted_by="nothing"), "no flag option nothing"),
        (Cover("state", name="position"), "the group position has the name of another"),
    ],
)
def test_rows_that_do_not_fit_are_refused(group: Cover, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cover(groups=(group,))


def test_a_position_of_other_limits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"settable number of 0\.\.100"):
        changed("position", maximum=90, outcome=None)


def test_a_state_that_only_reports_is_refused() -> None:
    lookup = Lookup({0: "OPEN", 1: "CLOSE"})
    rows = (Enum("state", lookup=lookup), Numeric("lift"))
    with pytest.raises(ValueError, match="needs a settable word"):
        replace(cover(), properties=rows, groups=(Cover("state"),))


def test_a_row_is_in_one_group() -> None:
    with pytest.raises(ValueError, match="a row is in two groups"):
        cover(groups=(SHADE, replace(SHADE, name="other")))
