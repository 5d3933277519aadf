"""Definitions of devices equal Zigbee2MQTT's, except for the listed deviations."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.definition import Definition, Feed
from custom_components.aqara_zigbee.core.group import Cover
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Binary, Row, Shown, Text
from custom_components.aqara_zigbee.core.zcl import Request
from custom_components.aqara_zigbee.mirror import z2m_texts
from custom_components.aqara_zigbee.mirror.bridge import CONVERTERS_VERSION
from custom_components.aqara_zigbee.mirror.exposes import DEVIATIONS, definition_of
from custom_components.aqara_zigbee.mirror.settings import CHECKS
from custom_components.aqara_zigbee.mirror.z2m_texts import BY_MODEL, PROPERTIES, ExposeTexts
from tests import examples
from tests.core.invented import cover
from tests.mirror.stage import Stage

ALL = [pytest.param(definition, id=definition.model) for definition in DEFINITIONS.values()]


def by_property(entries: list[Any]) -> dict[str, Any]:
    """Return entries by their property."""
    return {(entry.get("features") or [entry])[0]["property"]: entry for entry in entries}


@pytest.mark.parametrize("definition", ALL)
def test_definition(definition: Definition) -> None:
    ours, theirs = definition_of(definition), examples.described(definition.zigbee_model)
    assert by_property(ours.pop("exposes")) == by_property(theirs.pop("exposes"))
    mine, others = by_property(ours.pop("options")), by_property(theirs.pop("options"))
    for name in DEVIATIONS:
        mine.pop(name, None)
        others.pop(name, None)
    assert mine == others
    assert ours == theirs


@pytest.mark.parametrize("definition", [param for param in ALL if param.id != "ZNXNKG02LM"])
def test_order(definition: Definition) -> None:
    theirs = examples.described(definition.zigbee_model)["exposes"]
    assert list(by_property(definition_of(definition)["exposes"])) == list(by_property(theirs))


def test_the_converters_are_those_of_the_stated_version() -> None:
    """The files are of the converters that `bridge/info` states."""
    folder = Path(__file__).parents[1] / "fixtures"
    sources = {json.loads(path.read_text())["source"] for path in folder.glob("*.exposes.json")}
    assert sources == {f"zigbee-herdsman-converters {CONVERTERS_VERSION}"}


def test_all_options_of_the_stated_version_are_known() -> None:
    """Source: properties of a device in the settings' schema of Zigbee2MQTT 2.14.1."""
    theirs = {
        *("debounce", "debounce_ignore", "disable_automatic_update_check", "disabled"),
        *("filtered_attributes", "filtered_cache", "filtered_optimistic", "homeassistant"),
        *("icon", "optimistic", "qos", "retain", "retention", "throttle"),
    }
    assert theirs <= CHECKS.keys()


def test_deviations_have_reasons() -> None:
    assert all(len(reason) > 40 for reason in DEVIATIONS.values())
    options = {
        option["name"]
        for definition in DEFINITIONS.values()
        for option in definition_of(definition)["options"]
    }
    assert set(DEVIATIONS) - options == {"order"}


def test_all_texts_are_used() -> None:
    names = {
        row.name
        for definition in DEFINITIONS.values()
        for action in [definition.action]
        for row in (*definition.properties, *(action.details if action else ()))
    }
    assert set(PROPERTIES) <= names
    rows = {(each.model, row.name) for each in DEFINITIONS.values() for row in each.properties}
    assert set(BY_MODEL) <= rows


def test_texts_of_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """They replace those of the property, for this model only."""
    texts = {("MCCGQ11LM", "battery"): ExposeTexts("How full it is")}
    monkeypatch.setattr(z2m_texts, "BY_MODEL", texts)
    entry = by_property(definition_of(DEFINITIONS["lumi.sensor_magnet.aq2"])["exposes"])["battery"]
    assert entry["description"] == "How full it is"
    assert "category" not in entry
    other = by_property(definition_of(DEFINITIONS["lumi.weather"])["exposes"])["battery"]
    assert (other["description"], other["category"]) == (
        PROPERTIES["battery"].description,
        "diagnostic",
    )


def test_a_new_model_needs_no_texts() -> None:
    """A row without texts of Zigbee2MQTT gets texts from its name."""
    sixth = Definition(
        zigbee_model="x",
        vendor="V",
        model="M",
        description="D",
        feed=Feed.MAINS,
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


def test_a_contact_is_a_switch_with_and_without_toggle() -> None:
    """Only contacts are switches, not everything that can be toggled."""

    def turn() -> tuple[Request, ...]:
        return ()

    def types(row: Row) -> list[object]:
        invented = replace(DEFINITIONS["lumi.plug"], properties=(row,), refresh=())
        return [entry["type"] for entry in definition_of(invented)["exposes"]]

    assert types(Binary("state", is_contact=True)) == ["switch"]
    assert types(Binary("child_lock", toggle=turn)) == ["binary"]


def test_options_of_a_models_own_are_described_by_their_kind() -> None:
    described = {option["name"]: option for option in definition_of(cover())["options"]}
    common = {"access": 2, "property": "invert_cover", "label": "Invert cover"}
    assert described["invert_cover"].items() >= common.items()
    kinds = {name: (each["type"], each.get("values")) for name, each in described.items()}
    assert kinds == {
        "invert_cover": ("binary", None),
        "tilt_mode": ("enum", ["with_lift", "alone"]),
        "debounce_time": ("numeric", None),
    }
    numeric = described["debounce_time"]
    assert (numeric["value_min"], numeric["value_max"], numeric["value_step"]) == (0, 60, 0.5)


async def test_an_option_of_a_models_own_is_set_by_mqtt(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It applies to the next report."""
    monkeypatch.setitem(DEFINITIONS.loaded, "lumi.invented", cover())
    stage.add("lumi.invented", "shade")
    stage.begin()
    stage.receive("18010a0800201e", 0x0102)
    request = {"id": "shade", "options": {"invert_cover": True}}
    answer = await stage.request("device/options", request)
    assert answer["data"]["to"] == {"invert_cover": True}
    stage.receive("18020a0800201e", 0x0102)
    assert [state["position"] for state in stage.states("shade")][-2:] == [70, 30]
    request = {"id": "shade", "options": {"invert_cover": "yes"}}
    assert (await stage.request("device/options", request))["status"] == "error"


def test_names_of_a_models_own_options_are_unused() -> None:
    """None has the name of a general option of a device's messages."""
    for definition in DEFINITIONS.values():
        assert not {option.name for option in definition.own_options} & CHECKS.keys()


def test_a_cover_is_one_entry() -> None:
    shade = replace(cover(), groups=(Cover("state", "position"),))
    (entry,) = definition_of(shade)["exposes"]
    assert entry["type"] == "cover"
    assert [(each["name"], each["access"]) for each in entry["features"]] == [
        ("state", 7),
        ("position", 7),
    ]
