"""Descriptions of devices equal Zigbee2MQTT's, but for what is listed as a deviation."""

import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.definition import Definition, Power
from custom_components.aqara_zigbee.core.devices import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Binary, Shown, Text
from custom_components.aqara_zigbee.mirror.exposes import DEVIATIONS, definition_of
from custom_components.aqara_zigbee.mirror.words import PROPERTIES

THEIRS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "fixtures" / "z2m_exposes.json").read_text()
)["models"]

ALL = [pytest.param(definition, id=definition.model) for definition in DEFINITIONS.values()]


def by_property(entries: list[Any]) -> dict[str, Any]:
    """Entries by the property they are about."""
    return {(entry.get("features") or [entry])[0]["property"]: entry for entry in entries}


@pytest.mark.parametrize("definition", ALL)
def test_definition(definition: Definition) -> None:
    ours, theirs = definition_of(definition), THEIRS[definition.model]["definition"]
    assert by_property(ours.pop("exposes")) == by_property(theirs.pop("exposes"))
    mine, others = by_property(ours.pop("options")), by_property(theirs.pop("options"))
    for name in DEVIATIONS:
        mine.pop(name, None)
        others.pop(name, None)
    assert mine == others
    assert ours == theirs


@pytest.mark.parametrize("definition", [param for param in ALL if param.id != "ZNXNKG02LM"])
def test_order(definition: Definition) -> None:
    theirs = json.loads(
        (Path(__file__).parent.parent / "fixtures" / "z2m_exposes.json").read_text()
    )["models"][definition.model]["definition"]["exposes"]
    assert list(by_property(definition_of(definition)["exposes"])) == list(by_property(theirs))


def test_deviations_are_argued() -> None:
    assert all(len(reason) > 40 for reason in DEVIATIONS.values())
    options = {
        option["name"]
        for definition in DEFINITIONS.values()
        for option in definition_of(definition)["options"]
    }
    assert set(DEVIATIONS) - options == {"order"}


def test_words_are_all_used() -> None:
    names = {
        row.name
        for definition in DEFINITIONS.values()
        for action in [definition.action]
        for row in (*definition.properties, *(action.details if action else ()))
    }
    assert set(PROPERTIES) <= names


def test_a_sixth_model_needs_no_words() -> None:
    """A row that Zigbee2MQTT has no words for is described by itself."""
    sixth = Definition(
        zigbee_model="x",
        vendor="V",
        model="M",
        description="D",
        power=Power.MAINS,
        silence=DEFINITIONS["lumi.plug"].silence,
        properties=(Text("serial_text"), Binary("open", shown=Shown.HOME)),
    )
    assert definition_of(sixth)["exposes"] == [
        {
            "type": "text",
            "name": "serial_text",
            "property": "serial_text",
            "label": "Serial text",
            "access": 1,
        }
    ]
    assert definition_of(sixth)["options"] == []
