"""The present version on what an earlier one stored: users keep what they have (tests/fixtures/upgrade)."""

from collections.abc import AsyncGenerator
from contextlib import closing
from datetime import datetime
import json
from pathlib import Path
import shutil
import sqlite3
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, State
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device_settings import ChosenSilence, EnergyReset, People
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.storage.backup_list import everything
from tests.e2e.broker import Broker, Client, client
from tests.ha.conftest import NAME, until

FIXTURE = Path(__file__).parent.parent / "fixtures" / "upgrade"
EXPECTED: dict[str, Any] = json.loads((FIXTURE / "expected.json").read_text())
STORED = {file.name: json.loads(file.read_text()) for file in (FIXTURE / "storage").iterdir()}
(ENTRY_ID,) = [entry["entry_id"] for entry in STORED["core.config_entries"]["data"]["entries"]]

RENAMED = {"event.smart_door_lock_doorbell": "tamper"}
"""Entities whose unique id has changed since: this lock has no bell, it reports tampering."""


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """The same home; its devices send nothing until a test lets them."""
    home = Home.restored(json.loads((FIXTURE / "home.json").read_text()), speed=20)
    home.plug_in(NAME)
    for node in home.devices:
        home.faults.mute(node)
    yield home
    await home.close()


def _lay_out(folder: Path) -> None:
    """Write the files that Home Assistant's storage helper does not read."""
    with closing(sqlite3.connect(folder / ".storage" / f"{DOMAIN}.{ENTRY_ID}.db")) as connection:
        connection.executescript((FIXTURE / "zigpy.sql").read_text())
    shutil.copytree(FIXTURE / "blueprints", folder / "blueprints" / "automation" / DOMAIN)


async def _load_registries(hass: HomeAssistant) -> None:
    """Read them again; those of the test's Home Assistant began empty."""
    for module, registry in (
        (ar, ar.AreaRegistry(hass)),
        (dr, dr.DeviceRegistry(hass)),
        (er, er.EntityRegistry(hass)),
    ):
        hass.data[module.DATA_REGISTRY] = registry
        if module is not dr:
            module.async_get.cache_clear()
        await registry.async_load()


@pytest.fixture
async def entry(hass: HomeAssistant, hass_storage: dict[str, Any]) -> ConfigEntry:
    """The stored entry, in a Home Assistant that was stopped a moment ago."""
    stored = json.loads(json.dumps(STORED))
    for device in stored[f"{DOMAIN}.{ENTRY_ID}"]["data"]["devices"].values():
        device["last_seen"] = dt_util.utcnow().isoformat()
    hass_storage |= stored
    await hass.async_add_executor_job(_lay_out, Path(hass.config.config_dir))
    await _load_registries(hass)
    await hass.config_entries.async_initialize()
    states = [
        (State.from_dict(each["state"]), each["extra_data"])
        for each in stored["core.restore_state"]["data"]
    ]
    mock_restore_cache_with_extra_data(hass, [(state, extra) for state, extra in states if state])
    entry = hass.config_entries.async_get_entry(ENTRY_ID)
    assert entry is not None
    return entry


@pytest.fixture
async def gateway(
    hass: HomeAssistant,
    home: Home,
    entry: ConfigEntry,
    mqtt_entry: MockConfigEntry,
    listener: Client,
) -> AsyncGenerator[Gateway]:
    """The network, up with the present version."""
    assert await hass.config_entries.async_setup(mqtt_entry.entry_id)
    if entry.state is ConfigEntryState.NOT_LOADED:
        assert await hass.config_entries.async_setup(ENTRY_ID)
    assert entry.state is ConfigEntryState.LOADED
    await listener.receive("bridge/health")
    yield entry.runtime_data.gateway
    for each in (entry, mqtt_entry):
        await hass.config_entries.async_unload(each.entry_id)
    await hass.async_block_till_done()


@pytest.mark.usefixtures("gateway")
def test_entities_keep_their_ids(hass: HomeAssistant) -> None:
    """None is missing; new ones may have been added."""
    registry = er.async_get(hass)
    found = {
        each.entity_id: each.unique_id
        for each in er.async_entries_for_config_entry(registry, ENTRY_ID)
    }
    for entity_id, expected in EXPECTED["entities"].items():
        address, _, name = expected["unique_id"].rpartition("-")
        assert found.get(entity_id) == f"{address}-{RENAMED.get(entity_id, name)}"
    assert registry.entities["sensor.mi_smart_plug_device_temperature"].disabled
    ceiling = registry.entities["switch.dual_relay_module_channel_1"]
    assert ceiling.name == "Ceiling"


@pytest.mark.usefixtures("gateway")
def test_states_are_restored(hass: HomeAssistant) -> None:
    """The former state is shown before any device has sent something."""
    for entity_id, expected in EXPECTED["entities"].items():
        # Whether there is newer firmware is unknown now until it was looked for.
        if expected["state"] is None or entity_id.startswith("update."):
            continue
        state = hass.states.get(entity_id)
        assert state is not None, entity_id
        assert (state.state, state.attributes.get("event_type")) == (
            expected["state"],
            expected["event_type"],
        ), entity_id


@pytest.mark.usefixtures("gateway")
def test_firmware_is_known(hass: HomeAssistant) -> None:
    for each in STORED["core.restore_state"]["data"]:
        before = each["state"]
        if before["entity_id"].startswith("update."):
            state = hass.states.get(before["entity_id"])
            assert state is not None
            version = before["attributes"]["installed_version"]
            assert state.attributes["installed_version"] == version


@pytest.mark.usefixtures("gateway")
def test_devices_keep_names_and_areas(hass: HomeAssistant, entry: ConfigEntry) -> None:
    found = {
        address: device
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), ENTRY_ID)
        for domain, address in device.identifiers
        if domain == DOMAIN
    }
    for address, expected in EXPECTED["registered"].items():
        device = found[address]
        is_coordinator = address not in EXPECTED["devices"]
        name = entry.title if is_coordinator else expected["name"]
        assert (device.name, device.name_by_user) == (name, expected["name_by_user"])
        assert (device.area_id, device.model) == (expected["area"], expected["model"])


def test_options_and_wishes_are_kept(gateway: Gateway) -> None:
    for ieee, expected in EXPECTED["devices"].items():
        device = gateway[ieee]
        assert (device.options, device.pending) == (expected["options"], expected["pending"])
        assert expected["state"].items() <= device.state.items()
    plug, s2, lock = (
        _device(gateway, name) for name in ("lumi.plug", "lumi.lock.acn02", "lumi.lock.aq1")
    )
    assert [People.from_options(s2.options).name_of(user) for user in (3, 12, 7)] == [
        "Ada",
        "Bob",
        "#7",
    ]
    assert People.from_options(lock.options).known == ["Li Wei"]
    assert ChosenSilence.from_options(s2.options) == ChosenSilence(2000)
    assert (lock.silence, plug.option("power_calibration")) == (None, 5)
    reset = EnergyReset.from_options(plug.options, "energy")
    assert reset is not None
    assert (reset.base, reset.since) == (
        12.5,
        datetime.fromisoformat(plug.options["tallies"]["energy"]["since"]),
    )


def _device(gateway: Gateway, model: str) -> Any:
    return next(device for device in gateway.values() if device.zigbee_model == model)


@pytest.mark.usefixtures("gateway")
async def test_backups_can_be_restored(hass: HomeAssistant) -> None:
    found = {kept.id: kept for _, kept in await everything(hass)}
    for facts in EXPECTED["backups"]:
        kept = found[facts["id"]]
        assert kept.facts() == facts
        backup = Backup.parse(json.dumps(kept.content).encode())
        assert (backup.channel, backup.devices) == (facts["channel"], facts["devices"])


@pytest.mark.usefixtures("gateway")
async def test_the_same_topics_are_retained(broker: Broker, listener: Client) -> None:
    await listener.receive("Kettle")
    async with client(broker.port) as late:
        await late.until(
            lambda: (
                {message.topic for message in late.messages if message.retain}
                == set(EXPECTED["retained"])
            )
        )
        kettle = late.said("Kettle")[0].content
    assert (kettle["power"], kettle["state"]) == (1365, "ON")


@pytest.fixture
def calls(hass: HomeAssistant) -> list[ServiceCall]:
    """Actions of automations."""
    found: list[ServiceCall] = []
    for domain, action in (("light", "toggle"), ("light", "turn_on"), ("test", "ran")):
        hass.services.async_register(domain, action, found.append)
    return found


async def test_automations_still_run(
    hass: HomeAssistant, home: Home, gateway: Gateway, calls: list[ServiceCall]
) -> None:
    """Those made of the blueprints of that time, and those that name entities and devices."""
    hass.states.async_set("light.desk", "on")
    ran = {"action": "test.ran", "data": {"by": "{{ trigger.id }}"}}
    knob, lock = "event.smart_rotary_knob_h1_wireless", "event.smart_door_lock_s2_activity"
    relay = er.async_get(hass).entities["switch.dual_relay_module_channel_1"]
    inputs = {"button": f"{knob}_button", "rotation": f"{knob}_rotation", "light": "light.desk"}
    then = {"action": "test.ran", "data": {"by": "{{ name }} with a {{ method }}"}}
    told = {"activity": lock, "people": ["Ada"], "then": [then]}
    automations: list[dict[str, Any]] = [
        {"use_blueprint": {"path": f"{DOMAIN}/knob_light.yaml", "input": inputs}},
        {"use_blueprint": {"path": f"{DOMAIN}/lock_notify.yaml", "input": told}},
        {
            "triggers": [
                {
                    "trigger": "state",
                    "entity_id": lock,
                    "attribute": "event_type",
                    "to": "lock_opened_outside",
                    "id": "door",
                },
                {
                    "trigger": "device",
                    "domain": "switch",
                    "type": "changed_states",
                    "device_id": relay.device_id,
                    "entity_id": relay.id,
                    "id": "relay",
                },
                {
                    "trigger": "numeric_state",
                    "entity_id": "sensor.kettle_watts",
                    "below": 100,
                    "id": "kettle",
                },
            ],
            "actions": ran,
            "mode": "parallel",
        },
    ]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await hass.async_block_till_done()
    assert [state.state for state in hass.states.async_all("automation")] == ["on"] * 3
    home.faults.clear()
    for node in home.devices:
        if isinstance(node, Knob):
            node.press()
        if isinstance(node, LockS2):
            node.finger(3)
    await until(lambda: "toggle" in [call.service for call in calls])
    await until(lambda: {"Ada with a fingerprint", "door"} <= _by(calls))
    plug = next(node for node in home.devices if node.ieee == _device(gateway, "lumi.plug").ieee)
    plug.set_load(0)  # type: ignore[attr-defined]
    await until(lambda: "kettle" in _by(calls))
    turned = {"entity_id": relay.entity_id}
    await hass.services.async_call("switch", "toggle", turned, blocking=True)
    await until(lambda: "relay" in _by(calls))


def _by(calls: list[ServiceCall]) -> set[str]:
    return {call.data["by"] for call in calls if call.service == "ran"}
