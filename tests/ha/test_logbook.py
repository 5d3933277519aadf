"""The logbook: one line for an opening, one for a turn, and none for a return."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.aqara_zigbee.const import DOMAIN, EVENT
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.simulator.devices import Knob, Lock, LockS2
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.node import Node
from tests.ha.conftest import join, state, until
from tests.ha.test_locks import options


async def lines(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, began: datetime
) -> list[dict[str, Any]]:
    """Return our entries of the logbook, except those of entities."""
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "logbook/get_events", "start_time": began.isoformat()})
    found = (await client.receive_json())["result"]
    return [each for each in found if each.get("domain") == DOMAIN]


def rename(hass: HomeAssistant, entry: MockConfigEntry, device: Device, name: str) -> str:
    """Give a device a name as its owner does; its id in the registry."""
    registered = registered_device(hass, entry.entry_id, device.ieee)
    assert registered is not None
    dr.async_get(hass).async_update_device(registered.id, name_by_user=name)
    return registered.id


@pytest.mark.parametrize(
    ("make", "do", "line", "data"),
    [
        (
            LockS2,
            lambda lock: lock.finger(3),
            "opened by Ada with a fingerprint",
            {"type": "opened", "method": "finger", "name": "Ada", "user": 3, "role": "user"},
        ),
        (
            LockS2,
            lambda lock: lock.password(9),
            "opened by user 9 with a code",
            {"type": "opened", "method": "password", "name": "#9", "user": 9},
        ),
        (Lock, lambda lock: lock.finger(3), "opened by Ada with a fingerprint", {"user": 3}),
        (Lock, lambda lock: lock.finger(5), "opened by user 5 with a fingerprint", {"name": "#5"}),
        (
            LockS2,
            lambda lock: lock.finger(4),
            "opened by #9 with a fingerprint",
            {"name": "#9", "user": 4},
        ),
        (
            Knob,
            lambda knob: knob.turn(60, steps=5),
            "turned clockwise by 60°",
            {"type": "turned", "angle": 60, "pressed": False},
        ),
        (
            Knob,
            lambda knob: knob.turn(-24, steps=2, pressed=True),
            "pressed and turned counterclockwise by 24°",
            {"type": "turned", "angle": -24, "pressed": True},
        ),
        (Knob, lambda knob: knob.turn(0, steps=2), "turned", {"type": "turned", "angle": 0}),
    ],
)
async def test_one_logbook_entry_per_event(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    make: Callable[[], Node],
    do: Callable[[Any], object],
    line: str,
    data: dict[str, Any],
) -> None:
    """With the device's name; a loss, a long silence and a restart add none."""
    await async_setup_component(hass, "logbook", {})
    node = make()
    device = await join(home, gateway, node)
    if not isinstance(node, Knob):
        await options(
            hass, entry, device, users=[{"id": 3, "name": "Ada"}, {"id": 4, "name": "#9"}]
        )
    device_id = rename(hass, entry, device, "Front door")
    fired = async_capture_events(hass, EVENT)
    began = dt_util.utcnow()
    do(node)
    await until(lambda: fired)
    assert ({"device_id": device_id} | data).items() <= fired[0].data.items()
    await gateway.check_availability(datetime.now(UTC) + timedelta(hours=30))
    home.unplug()
    await until(lambda: not gateway.online)
    home.plug_in("test")
    await until(lambda: gateway.online)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    found = await lines(hass, hass_ws_client, began)
    assert [(each["name"], each["message"]) for each in found] == [("Front door", line)]
    assert found[0]["icon"] == ("mdi:rotate-right" if "turned" in line else "mdi:door-open")
    assert "entity_id" not in found[0], "the frontend would put the entity's name first"


async def test_each_opening_has_its_line_also_after_a_reload(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    lock = LockS2()
    device = await join(home, gateway, lock)
    fired = async_capture_events(hass, EVENT)
    lock.finger(1)
    await until(lambda: len(fired) == 1)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    lock.password(2)
    await until(lambda: len(fired) == 2)
    await until(
        lambda: (
            state(hass, device, "activity").attributes.get("event_type") == "lock_opened_outside"
        )
    )
    assert [event.data["user"] for event in fired] == [1, 2]


async def test_an_added_fingerprint_is_not_an_opening(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    lock = LockS2()
    device = await join(home, gateway, lock)
    fired = async_capture_events(hass, EVENT)
    lock.add_finger(4)
    await until(
        lambda: state(hass, device, "activity").attributes.get("event_type") == "finger_add"
    )
    assert fired == []


async def test_logbook_in_other_languages(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    home: Home,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The texts are from the translations that Home Assistant has loaded."""
    await async_setup_component(hass, "logbook", {})
    lock = LockS2()
    await join(home, gateway, lock)
    key = f"component.{DOMAIN}.selector.logbook.options.opened_by_finger"
    assert key in await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    monkeypatch.setattr(
        "custom_components.aqara_zigbee.texts.async_get_cached_translations",
        lambda *args: {
            key: "von [name] mit dem Finger geöffnet",
            key.replace("opened_by_finger", "user"): "Benutzer [number]",
        },
    )
    fired = async_capture_events(hass, EVENT)
    began = dt_util.utcnow()
    lock.finger(5)
    await until(lambda: fired)
    found = await lines(hass, hass_ws_client, began)
    assert [each["message"] for each in found] == ["von Benutzer 5 mit dem Finger geöffnet"]
