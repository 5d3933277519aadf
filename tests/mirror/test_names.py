"""Friendly names: unique, stable, derived from Home Assistant's."""

from collections.abc import Callable
import json
from typing import Any

from custom_components.aqara_zigbee.core.device import Device
from tests.mirror.stage import ADDRESS, IEEE, OTHER, Stage, member

THIRD = "00:15:8d:00:01:a1:b2:c6"


def names(stage: Stage) -> list[str]:
    """Return the devices' names on MQTT, in the order of the network."""
    return [stage.mirror._line.names[device] for device in stage.gateway.values()]


async def test_equal_names_get_stable_numbers(make: Callable[..., Stage]) -> None:
    stage = make()
    for ieee in (IEEE, OTHER, THIRD):
        stage.add("lumi.plug", "Plug", ieee)
    stage.begin()
    await stage.settle()
    assert names(stage) == ["Plug", "Plug_2", "Plug_3"]
    memory = json.loads(json.dumps(stage.gateway.as_dict()))

    again = make(memory=memory)
    for ieee in (THIRD, OTHER, IEEE):
        again.add("lumi.plug", "Plug", ieee)
    again.begin()
    assert names(again) == ["Plug_3", "Plug_2", "Plug"]


async def test_the_second_keeps_its_number_when_the_first_is_removed(stage: Stage) -> None:
    stage.add("lumi.plug", "Plug")
    stage.add("lumi.plug", "Plug", OTHER)
    stage.begin()
    stage.gateway.removed(IEEE)
    stage.mirror.renamed(stage.gateway[OTHER])
    await stage.settle()
    assert names(stage) == ["Plug_2"]


def test_a_device_without_a_name_has_its_address(stage: Stage) -> None:
    stage.gateway.known(member("lumi.plug"), stage.clock.now())
    stage.gateway.known(member("lumi.plug", OTHER), stage.clock.now())
    stage.house.names[OTHER] = OTHER
    stage.begin()
    assert names(stage) == [ADDRESS, "0x00158d0001a1b2c5"]


def test_names_are_changed_to_valid_topics(stage: Stage) -> None:
    stage.add("lumi.plug", "#")
    stage.add("lumi.plug", "///", OTHER)
    stage.add("lumi.plug", "coordinator", THIRD)
    stage.begin()
    assert names(stage) == ["_", "0x00158d0001a1b2c5", "coordinator_2"]


def test_no_name_is_the_address_of_another_device(stage: Stage) -> None:
    stage.add("lumi.plug", "0x00158d0001a1b2c5")
    stage.add("lumi.plug", "other", OTHER)
    stage.begin()
    device = stage.mirror._line.names.find("0x00158D0001A1B2C5")
    assert device is not None
    assert device.ieee == OTHER
    assert names(stage) == ["0x00158d0001a1b2c5_2", "other"]


def test_renamed_in_home_assistant(stage: Stage) -> None:
    """Old retained messages are cleared, new ones published, and states follow (protocol 6.2)."""
    device = stage.add("lumi.plug", "old")
    device.state["energy"] = 3
    stage.begin()
    stage.house.names[IEEE] = "hall/new"
    stage.mirror.renamed(device)
    stage.clock.pass_(2)
    assert [(m.topic, m.payload, m.retain) for m in stage.broker.messages[:2]] == [
        ("zigbee2mqtt/old", "", True),
        ("zigbee2mqtt/old/availability", "", True),
    ]
    assert stage.said("hall/new/availability")[0].payload == '{"state":"online"}'
    assert stage.states("hall/new") == [{"energy": 3}]
    (edition,) = stage.said("bridge/devices")
    assert edition.content[1]["friendly_name"] == "hall/new"
    stage.forget()
    stage.mirror.renamed(device)
    assert stage.broker.messages == []


async def test_commands_follow_the_name(stage: Stage) -> None:
    device = stage.add("lumi.plug", "old")
    stage.begin()
    stage.house.names[IEEE] = "new"
    stage.mirror.renamed(device)
    await stage.ask("old/set", "ON")
    await stage.ask("new/set", "ON")
    assert stage.errors == ["Entity 'old' is unknown"]
    assert stage.states("new") == [{"state": "ON"}]


def test_renamed_without_a_connection(make: Callable[..., Stage]) -> None:
    """Old topics are cleared once the broker is connected."""
    stage = make()
    device = stage.add("lumi.plug", "old")
    stage.begin()
    stage.mirror.disconnected()
    stage.house.names[IEEE] = "new"
    stage.mirror.renamed(device)
    assert stage.broker.messages == []
    stage.mirror.connected()
    stage.clock.pass_(1)
    assert [m.payload for m in stage.said("old/availability")] == [""]
    assert stage.said("new/availability")


async def test_renamed_while_the_mirror_was_off(make: Callable[..., Stage]) -> None:
    stage = make()
    stage.add("lumi.plug", "old")
    stage.begin()
    await stage.settle()
    again = make(memory=json.loads(json.dumps(stage.gateway.as_dict())))
    again.add("lumi.plug", "new")
    again.mirror.start()
    again.mirror.connected()
    again.clock.pass_(1)
    assert [m.payload for m in again.said("old")] == [""]
    assert names(again) == ["new"]


def test_invalid_stored_names_are_ignored(make: Callable[..., Stage]) -> None:
    for stored in ("x", {"of": "Plug", "is": "a/#"}, {"of": "Plug"}, {"is": 5}):
        memory: dict[str, Any] = {"devices": {IEEE: {"options": {"friendly_name": stored}}}}
        stage = make(memory=memory)
        stage.add("lumi.plug", "Plug")
        stage.begin()
        assert names(stage) == ["Plug"]


def test_an_unknown_device_is_not_renamed(stage: Stage) -> None:
    stage.begin()
    stage.mirror.renamed(Device(member("lumi.plug"), None, stage.radio))
    assert stage.broker.messages == []
