"""Covers, on a model that does not exist."""

from typing import Any

from homeassistant.components.cover import CoverEntityFeature as Feature
from homeassistant.core import HomeAssistant, State
import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.group import Cover
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Access, Enum
from custom_components.aqara_zigbee.core.source import Lookup, attribute
from custom_components.aqara_zigbee.simulator.devices import Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from tests.core.invented import WINDOW_COVERING, cover, move
from tests.ha.conftest import entity_id, join

MOTOR = Enum(
    "motor_state",
    (attribute(WINDOW_COVERING, 0x0055),),
    lookup=Lookup({0: "closing", 1: "opening", 2: "stopped"}),
)
FULL = cover(
    groups=(Cover("state", "position", "motor_state", "invert_cover", "shade"),), more=(MOTOR,)
)
WITHOUT_STOP = Lookup({0: "OPEN", 1: "CLOSE"})
BARE = cover(groups=(Cover("state"),))


async def shown(hass: HomeAssistant, device: Device) -> State:
    """The cover's state."""
    await hass.async_block_till_done()
    state = hass.states.get(entity_id(hass, device, "cover"))
    assert state is not None
    return state


async def joined(
    home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, definition: Definition
) -> Device:
    """A device of an invented model."""
    monkeypatch.setitem(DEFINITIONS.loaded, Thermometer.MODEL, definition)
    return await join(home, gateway, Thermometer())


def receive(device: Device, attribute: int, value: int) -> None:
    """It reports."""
    frame = bytes.fromhex(f"18010a{attribute:02x}0020{value:02x}")
    assert device.last_seen is not None
    device.received(zcl.read_report(1, WINDOW_COVERING, frame), None, device.last_seen)


async def test_it_is_one_entity(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It bears the device's name; its rows have no entities of their own, but for the motor's."""
    device = await joined(home, gateway, monkeypatch, FULL)
    state = await shown(hass, device)
    assert state.entity_id.startswith("cover.")
    assert state.name == "D"
    assert state.attributes["device_class"] == "shade"
    every = Feature.OPEN | Feature.CLOSE | Feature.STOP | Feature.SET_POSITION
    assert state.attributes["supported_features"] == every
    assert hass.states.get(entity_id(hass, device, "motor_state")) is not None
    for name in ("state", "position"):
        with pytest.raises(ValueError, match="not enough"):
            entity_id(hass, device, name)


@pytest.mark.parametrize(
    ("reports", "state", "position"),
    [
        ([], "unknown", None),
        ([(8, 0)], "open", 100),
        ([(8, 100)], "closed", 0),
        ([(8, 60)], "open", 40),
        ([(8, 60), (0x55, 1)], "opening", 40),
        ([(8, 0), (0x55, 0)], "closing", 100),
        ([(8, 100), (0x55, 0), (0x55, 2)], "closed", 0),
    ],
)
async def test_reports_of_a_cover(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    reports: list[tuple[int, int]],
    state: str,
    position: int | None,
) -> None:
    device = await joined(home, gateway, monkeypatch, FULL)
    for attribute_id, value in reports:
        receive(device, attribute_id, value)
    found = await shown(hass, device)
    assert (found.state, found.attributes.get("current_position")) == (state, position)


async def test_an_inverted_cover_moves_the_other_way(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown at once, as far as the motor goes."""
    device = await joined(home, gateway, monkeypatch, FULL)
    receive(device, 8, 60)
    receive(device, 0x55, 1)
    assert (await shown(hass, device)).state == "opening"
    await device.set("invert_cover", True)
    assert (await shown(hass, device)).state == "closing"


@pytest.mark.parametrize(
    ("service", "data", "pending"),
    [
        ("open_cover", {}, {"state": "OPEN"}),
        ("close_cover", {}, {"state": "CLOSE"}),
        ("stop_cover", {}, {"state": "STOP"}),
        ("set_cover_position", {"position": 30}, {"position": 30}),
    ],
)
async def test_commands_of_a_cover(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    data: dict[str, Any],
    pending: dict[str, Any],
) -> None:
    set_: list[dict[str, Any]] = []

    async def take(device: Device, name: str, value: object) -> None:
        set_.append({name: value})

    device = await joined(home, gateway, monkeypatch, FULL)
    receive(device, 8, 50)
    target = {"entity_id": (await shown(hass, device)).entity_id}
    monkeypatch.setattr(Device, "set", take)
    await hass.services.async_call("cover", service, target | data, blocking=True)
    assert set_ == [pending]


async def test_a_cover_without_a_position(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is closed if it reports so."""
    device = await joined(home, gateway, monkeypatch, BARE)
    assert (await shown(hass, device)).state == "unknown"
    receive(device, 8, 100)
    state = await shown(hass, device)
    assert state.state == "closed"
    assert not state.attributes["supported_features"] & Feature.SET_POSITION
    receive(device, 8, 99)
    assert (await shown(hass, device)).state == "open"


async def test_several_covers_of_a_device_have_names_of_their_own(
    hass: HomeAssistant, home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those that cannot stop offer no such button."""
    bare = Enum("state_right", access=Access.SET, lookup=WITHOUT_STOP, write=move)
    two = cover(
        groups=(Cover("state", name="left"), Cover("state_right", name="right")), more=(bare,)
    )
    device = await joined(home, gateway, monkeypatch, two)
    await hass.async_block_till_done()
    left, right = (hass.states.get(entity_id(hass, device, name)) for name in ("left", "right"))
    assert left is not None
    assert right is not None
    assert left.attributes["supported_features"] & Feature.STOP
    assert not right.attributes["supported_features"] & Feature.STOP
