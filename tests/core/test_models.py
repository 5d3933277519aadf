"""Definitions by model identifier."""

from dataclasses import replace

import pytest

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.devices import DEFINITIONS, MODELS, by_zigbee_model
from custom_components.aqara_zigbee.core.devices.relay_dual import RELAY_DUAL
from tests.core.invented import cover, definition
from tests.core.network import Home, ScriptedRadio, node

TWIN = replace(RELAY_DUAL, other_zigbee_models=("lumi.relay.other",))


def test_a_definition_stands_for_several_models(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, table in by_zigbee_model([TWIN]).items():
        monkeypatch.setitem(DEFINITIONS, name, table)
    device = home.gateway.known(node("lumi.relay.other"), home.now)
    assert device.definition is TWIN
    assert device.zigbee_model == "lumi.relay.other"


def test_a_model_is_described_once() -> None:
    with pytest.raises(ValueError, match=r"LLKZMK11LM and INVENTED are both lumi\.invented"):
        by_zigbee_model([replace(TWIN, other_zigbee_models=("lumi.invented",)), cover()])


def test_every_definition_is_found() -> None:
    assert {id(table) for table in DEFINITIONS.values()} == {id(table) for table in MODELS}


def test_data_after_the_identifier_is_dropped() -> None:
    device = Device(node("lumi.plug\0\1"), None, ScriptedRadio())
    assert device.zigbee_model == "lumi.plug"


@pytest.mark.parametrize("name", ["1", "set", "availability", "top/left", "L1", "left_"])
def test_invalid_endpoint_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of an endpoint"):
        definition(endpoints={name: 1})
    assert definition(endpoints={"top_left": 1, "l1": 2}).split("state_l1") == ("state", "l1")
