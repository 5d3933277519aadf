"""The locks: user, method and event, reported once and together."""

from functools import partial
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Lock, LockS2
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import entity_id, join, state, until


async def options(
    hass: HomeAssistant, entry: MockConfigEntry, device: Device, **settings: Any
) -> None:
    """Set a device's options in the options flow, as a user does."""
    flows = hass.config_entries.options
    result = await flows.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "choose_device"})
    result = await flows.async_configure(result["flow_id"], {"device": device.ieee})
    assert result["type"] is FlowResultType.FORM
    answers = {"availability": 1500, "legacy": True, **settings}
    result = await flows.async_configure(result["flow_id"], answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY


def shows(hass: HomeAssistant, device: Device, lock: str, reverse: str) -> bool:
    """Whether both bolts are shown so."""
    return (state(hass, device, "state").state, state(hass, device, "reverse").state) == (
        lock,
        reverse,
    )


def event_data(hass: HomeAssistant, device: Device, key: str = "activity") -> dict[str, Any]:
    """Return the last event of an event entity."""
    attributes = dict(state(hass, device, key).attributes)
    for standing in ("event_types", "friendly_name", "device_class", "icon", "supported_features"):
        attributes.pop(standing, None)
    return {name: value for name, value in attributes.items() if value is not None}


async def test_user_and_opening_are_joined(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """The user is reported a second before the door opens; the second event has both."""
    lock = LockS2()
    device = await join(home, gateway, lock)
    await options(hass, entry, device, users=[{"id": 3, "name": " Ann "}])
    seen: list[str] = []
    device.subscribe(lambda update: seen.append(update.action.action) if update.action else None)
    lock.finger(3)
    await until(lambda: len(seen) == 2)
    await hass.async_block_till_done()
    assert seen == ["finger_open", "lock_opened_outside"]
    assert event_data(hass, device) == {
        "event_type": "lock_opened_outside",
        "user": 3,
        "name": "Ann",
        "role": "user",
        "method": "finger",
    }
    assert state(hass, device, "last_opened_by").state == "Ann"
    assert state(hass, device, "state").state == STATE_ON


async def test_each_of_them_alone(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    lock = LockS2()
    device = await join(home, gateway, lock)
    lock.report_user(2, 18, admin=True)
    await until(lambda: event_data(hass, device).get("event_type"))
    assert event_data(hass, device) == {
        "event_type": "password_open",
        "user": 18,
        "name": "#18",
        "role": "admin",
        "method": "password",
    }
    lock.happen(0x0C, 0x00)
    await until(lambda: event_data(hass, device)["event_type"] == "lock_opened_inside")
    assert event_data(hass, device) == {"event_type": "lock_opened_inside"}


async def test_bell_has_its_own_entity(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    for lock, key, kind in ((LockS2(), "doorbell", "ring"), (Lock(), "tamper", "tampering")):
        device = await join(home, gateway, lock)
        lock.ring()
        await until(partial(event_data, hass, device, key))
        assert event_data(hass, device, key) == {"event_type": kind}
        assert state(hass, device, "activity").state == STATE_UNKNOWN


@pytest.mark.parametrize("is_new_registered", [False, True])
async def test_doorbell_of_earlier_versions_becomes_the_tamper_alarm(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entity_registry: er.EntityRegistry,
    is_new_registered: bool,
) -> None:
    """The first lock has no bell; what its owner set for the entity stays."""
    lock = Lock(ieee="00:15:8d:00:01:0b:e1:11")
    former = entity_registry.async_get_or_create(
        "event", DOMAIN, f"{lock.ieee}-doorbell", suggested_object_id="somebody_at_the_door"
    )
    entity_registry.async_update_entity(former.entity_id, name="Garden gate")
    if is_new_registered:
        entity_registry.async_get_or_create("event", DOMAIN, f"{lock.ieee}-tamper")
    device = await join(home, gateway, lock)
    assert entity_registry.async_get_entity_id("event", DOMAIN, former.unique_id) is None
    moved = entity_registry.async_get(entity_id(hass, device, "tamper"))
    assert moved is not None
    if is_new_registered:
        assert entity_registry.async_get(former.entity_id) is None
    else:
        assert (moved.entity_id, moved.name) == (former.entity_id, "Garden gate")
        assert moved.original_device_class is None


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda lock: lock.wrong_finger(2), {"event_type": "finger_not_match", "repeat": 2}),
        (lambda lock: lock.wrong_password(3), {"event_type": "password_not_match", "repeat": 3}),
        (lambda lock: lock.add_finger(7), {"event_type": "finger_add", "user": 7, "name": "#7"}),
        (
            lambda lock: lock.delete_password(7),
            {"event_type": "password_delete", "user": 7, "name": "#7"},
        ),
        (
            lambda lock: lock.language(2),
            {"event_type": "change_language_to", "language": "english"},
        ),
    ],
)
async def test_activities(
    hass: HomeAssistant, home: Home, gateway: Gateway, do: Any, said: dict[str, Any]
) -> None:
    lock = LockS2()
    device = await join(home, gateway, lock)
    do(lock)
    await until(lambda: event_data(hass, device))
    assert event_data(hass, device) == said


async def test_read_changes_the_state_without_an_event(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """The bolts can be read; what moved them last is no news then."""
    await async_setup_component(hass, "homeassistant", {})
    lock = LockS2()
    device = await join(home, gateway, lock)
    lock.lock()
    await until(lambda: event_data(hass, device).get("event_type") == "locked")
    before = state(hass, device, "activity").state
    device.state.pop("state")
    lock.wake(60)
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": entity_id(hass, device, "state")},
        blocking=True,
    )
    assert state(hass, device, "state").state == STATE_OFF
    assert state(hass, device, "activity").state == before


async def test_unknown_bolts_still_change_the_state(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """Pairs that Zigbee2MQTT's table lacks (capture ZNMS12LM-015)."""
    lock = LockS2()
    device = await join(home, gateway, lock)
    for event, bolts, unlocked, reverse_in in (
        (0x00, 0x11, STATE_OFF, STATE_ON),
        (0x0F, 0x00, STATE_ON, STATE_ON),
        (0x00, 0x15, STATE_OFF, STATE_OFF),
    ):
        lock.happen(event, bolts)
        await until(partial(shows, hass, device, unlocked, reverse_in))
    assert state(hass, device, "activity").state == STATE_UNKNOWN


async def test_ciphertext_is_refused_and_explained(
    hass: HomeAssistant, home: Home, gateway: Gateway, issue_registry: ir.IssueRegistry
) -> None:
    lock = LockS2(encrypted=True)
    device = await join(home, gateway, lock)
    issue = (DOMAIN, f"lock_encrypted_{device.ieee}")
    for user in range(3):
        lock.add_finger(user)
    await until(lambda: issue in issue_registry.issues)
    assert state(hass, device, "state").state == STATE_UNKNOWN
    assert state(hass, device, "activity").state == STATE_UNKNOWN
    assert issue_registry.issues[issue].translation_placeholders == {"device": "Smart door lock S2"}
    lock.encrypted = False
    lock.lock()
    await until(lambda: issue not in issue_registry.issues)
    assert state(hass, device, "state").state == STATE_OFF


async def test_battery_alarm(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    lock = LockS2()
    device = await join(home, gateway, lock)
    lock.battery_alarm(1)
    await until(lambda: state(hass, device, "battery_low").state == STATE_ON)
    lock.battery_alarm(3)
    await until(lambda: state(hass, device, "battery_low").state == STATE_OFF)


async def test_nothing_offers_to_unlock(
    hass: HomeAssistant, home: Home, gateway: Gateway, entity_registry: er.EntityRegistry
) -> None:
    locks = {(await join(home, gateway, lock)).ieee for lock in (LockS2(), Lock())}
    domains = {
        entity.domain
        for entity in entity_registry.entities.values()
        if entity.unique_id.rpartition("-")[0] in locks
    }
    assert {"binary_sensor", "event", "sensor"} <= domains
    assert not domains & {"lock", "switch", "button", "cover"}


async def test_wrong_options_are_refused(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    flows = hass.config_entries.options
    result = await flows.async_init(entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "choose_device"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_devices"
    device = await join(home, gateway, LockS2())
    result = await flows.async_init(entry.entry_id)
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "choose_device"})
    gateway.removed(device.ieee)
    result = await flows.async_configure(result["flow_id"], {"device": device.ieee})
    assert result["reason"] == "device_gone"


async def test_options_of_a_network_that_is_down(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["reason"] == "not_loaded"
