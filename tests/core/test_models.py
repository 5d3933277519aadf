"""Definitions by model identifier."""

from dataclasses import replace
import pkgutil

import pytest

from custom_components.aqara_zigbee.core import devices
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.devices.relay_dual import RELAY_DUAL
from custom_components.aqara_zigbee.core.models import DEFINITIONS, MODELS, Definitions
from tests.core.invented import definition
from tests.core.network import Home, ScriptedRadio, node

TWIN = replace(RELAY_DUAL, other_zigbee_models=("lumi.relay.other",))


def test_a_definition_stands_for_several_models(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in TWIN.zigbee_models:
        monkeypatch.setitem(DEFINITIONS.loaded, name, TWIN)
    device = home.gateway.known(node("lumi.relay.other"), home.now)
    assert device.definition is TWIN
    assert device.zigbee_model == "lumi.relay.other"


def test_every_definition_is_listed() -> None:
    """By each of its model identifiers, and so is every file with a definition."""
    tables = DEFINITIONS.distinct()
    assert {name for table in tables for name in table.zigbee_models} == MODELS.keys()
    shared = {"lumi", "lumi_lock"}
    assert {file.name for file in pkgutil.iter_modules(devices.__path__)} - shared == set(
        MODELS.values()
    )


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("plug_mi", r"core/devices/plug_mi\.py has no PLUG_MI for lumi\.other"),
        ("lumi", r"core/devices/lumi\.py has no LUMI for lumi\.other"),
    ],
)
def test_a_line_with_the_wrong_file_is_refused(file: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Definitions({"lumi.other": file}).load()


def test_definitions_are_imported_when_they_are_needed() -> None:
    definitions = Definitions(MODELS)
    assert "lumi.plug" in definitions
    assert "lumi.other" not in definitions
    definitions.load(["lumi.weather", "lumi.other"])
    assert definitions.loaded.keys() == {"lumi.weather"}
    assert definitions["lumi.plug"].model == "ZNCZ02LM"
    assert definitions.loaded.keys() == {"lumi.weather", "lumi.plug"}
    definitions.load()
    assert definitions.are_loaded
    assert definitions == DEFINITIONS


def test_data_after_the_identifier_is_dropped() -> None:
    device = Device(node("lumi.plug\0\1"), None, ScriptedRadio())
    assert device.zigbee_model == "lumi.plug"


@pytest.mark.parametrize("name", ["1", "set", "availability", "top/left", "L1", "left_"])
def test_invalid_endpoint_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of an endpoint"):
        definition(endpoints={name: 1})
    assert definition(endpoints={"top_left": 1, "l1": 2}).split("state_l1") == ("state", "l1")
