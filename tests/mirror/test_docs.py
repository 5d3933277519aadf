"""docs/mqtt.md says of every model what the rows say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.devices import DEFINITIONS
from custom_components.aqara_zigbee.core.property import (
    Access,
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Shown,
)
from custom_components.aqara_zigbee.mirror.exposes import DEVIATIONS
from custom_components.aqara_zigbee.mirror.requests import GLOBAL, HOOKED
from custom_components.aqara_zigbee.mirror.settings import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text()


def values(row: Row) -> str:
    """What a property can be, in a cell."""
    match row:
        case Binary():
            return " ".join(
                f"`{str(word).lower() if isinstance(word, bool) else word}`"
                for word in (row.on, row.off)
            )
        case Enum():
            return " ".join(f"`{word}`" for word in row.values)
        case Numeric():
            return row.quantity.unit or "number"
        case _:
            return "text"


def lines(definition: Definition) -> Iterator[str]:
    """The lines of a model's table."""
    action = definition.action
    for row in (*definition.properties, *(action.details if action else ())):
        if Shown.PAYLOAD not in row.shown:
            continue
        can = "".join(
            letter
            for letter, bit in (("S", Access.STATE), ("G", Access.GET), ("W", Access.SET))
            if bit in row.access
        )
        listed = "yes" if Shown.EXPOSES in row.shown else "no"
        said = "see below" if isinstance(row, Action) else values(row)
        yield f"| `{row.name}` | {can} | {said} | {listed} |"


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=lambda one: one.model)
def test_tables(definition: Definition) -> None:
    _, _, after = PAGE.partition(f"### {definition.model} ")
    table = [line for line in after.partition("\n##")[0].splitlines() if line.startswith("| `")]
    assert table == list(lines(definition)), "\n".join(lines(definition))


def test_nothing_is_left_out() -> None:
    for name in (*DEVIATIONS, *CHECKS, *HOOKED, *(".".join(place) for place in GLOBAL)):
        assert name == "order" or f"`{name}`" in PAGE, name
    for action in {word for d in DEFINITIONS.values() if d.action for word in d.action.values}:
        assert f"`{action}" in PAGE, action
