"""Repair issues: created with plain texts, deleted when solved, and fixed by flows."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.components.usb import SerialPortConsumer
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.gateway_devices import ALIVE
from custom_components.aqara_zigbee.flows.device_repair import DeviceRepair
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.simulator.chip import Firmware
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.port import Port
from custom_components.aqara_zigbee.simulator.stranger import EzspAdapter
from custom_components.aqara_zigbee.storage.backup_list import OVERWRITTEN, BackupList, Reason
from custom_components.aqara_zigbee.storage.store import Memory
from custom_components.aqara_zigbee.texts import load_reason
from tests.ha.conftest import DEVICE, NAME, asleep, join, plug_in_usb, state, until

PATH = str(DEVICE["path"])
MINUTE = timedelta(minutes=1)
PACKAGE = Path(__file__).parents[2] / "custom_components" / "aqara_zigbee"

TEXTS: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())["issues"]


def issue(hass: HomeAssistant, kind: str, about: str) -> ir.IssueEntry | None:
    """An issue whose text can be filled in; None if there is none."""
    found = ir.async_get(hass).async_get_issue(DOMAIN, f"{kind}_{about}")
    if found is not None:
        texts = TEXTS[str(found.translation_key)]
        fill(texts["title"], found.translation_placeholders)
        fill(texts.get("description", ""), found.translation_placeholders)
    return found


def fill(text: str, placeholders: Mapping[str, str] | None) -> None:
    """Put values in, all of which are there and none of which is empty."""
    text.format(**(placeholders or {}))
    for name in re.findall(r"\{(\w+)\}", text):
        assert (placeholders or {})[name], name


def issues(hass: HomeAssistant) -> set[str]:
    """Return the kinds of active issues."""
    return {
        str(each.translation_key)
        for each in ir.async_get(hass).issues.values()
        if each.domain == DOMAIN
    }


async def check(entry: MockConfigEntry, later: timedelta = MINUTE) -> None:
    """Let the look after the network happen, now or later.

    Home Assistant's own way to make time pass would also end what zigpy is just waiting for.
    """
    await entry.runtime_data.own.watch.check(dt_util.utcnow() + later)


class Host:
    """Another program that has the port."""

    def deliver(self, data: bytes) -> None:
        """Not needed."""

    def drop(self, error: Exception | None) -> None:
        """Never."""


class Repair:
    """A fix flow, gone through as the frontend does."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._texts: dict[str, Any] = {}
        self.shown: list[dict[str, Any]] = []

    @property
    def now(self) -> dict[str, Any]:
        """Return the current step."""
        return self.shown[-1]

    async def begin(self, issue_id: str) -> dict[str, Any]:
        """Open it."""
        await async_setup_component(self._hass, "repairs", {})
        manager = repairs_flow_manager(self._hass)
        assert manager is not None
        reported = ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id)
        assert reported is not None
        self._texts = TEXTS[str(reported.translation_key)]["fix_flow"]
        result = await manager.async_init(DOMAIN, context={"issue_id": issue_id})
        return self._show(dict(result))

    async def answer(self, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """Submit a form, or choose from a menu."""
        manager = repairs_flow_manager(self._hass)
        assert manager is not None
        result = await manager.async_configure(self.now["flow_id"], content or {})
        return self._show(dict(result))

    async def wait(self) -> dict[str, Any]:
        """Until what goes on is over."""
        manager = repairs_flow_manager(self._hass)
        assert manager is not None
        while self.now["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
            if (
                task := manager._progress[self.now["flow_id"]].async_get_progress_task()
            ) is not None:
                await task
            await self._hass.async_block_till_done()
            self._show(dict(await manager.async_configure(self.now["flow_id"])))
        return self.now

    def close(self) -> None:
        """Close the dialog."""
        manager = repairs_flow_manager(self._hass)
        assert manager is not None
        manager.async_abort(self.now["flow_id"])

    def _show(self, result: dict[str, Any]) -> dict[str, Any]:
        """Show something, all of whose texts can be filled in."""
        self.shown.append(result)
        for text in self._texts_of(result):
            fill(text, result.get("description_placeholders"))
        return result

    def _texts_of(self, result: dict[str, Any]) -> list[str]:
        match result["type"]:
            case FlowResultType.FORM | FlowResultType.MENU:
                step = self._texts["step"][result["step_id"]]
                errors = [self._texts["error"][e] for e in (result.get("errors") or {}).values()]
                options = [step["menu_options"][o] for o in result.get("menu_options") or ()]
                return [step["title"], step["description"], *errors, *options]
            case FlowResultType.SHOW_PROGRESS:
                return [self._texts["progress"][result["progress_action"]]]
            case FlowResultType.ABORT:
                return [self._texts["abort"][result["reason"]]]
            case _:
                return []


@pytest.fixture
def repair(hass: HomeAssistant) -> Repair:
    """A fix flow that has not begun."""
    return Repair(hass)


# Issues of a running network


async def test_crowded_channel(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    plug = await join(home, gateway, Plug())
    home.faults.confirm(225)
    await fail(gateway, plug.ieee, 12)
    home.faults.clear()
    await check(entry)
    found = issue(hass, "channel_crowded", entry.entry_id)
    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["channel"] == "15"
    assert found.translation_placeholders["title"] == "Test"
    await check(entry, timedelta(hours=2))
    assert issue(hass, "channel_crowded", entry.entry_id) is None


async def test_full_buffers(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    plug = await join(home, gateway, Plug())
    home.faults.confirm(17)
    await fail(gateway, plug.ieee, 6)
    home.faults.clear()
    await check(entry)
    assert issue(hass, "buffers_full", entry.entry_id) is not None
    assert issue(hass, "channel_crowded", entry.entry_id) is None
    await check(entry, timedelta(hours=2))
    assert issue(hass, "buffers_full", entry.entry_id) is None


async def fail(gateway: Gateway, ieee: str, times: int) -> None:
    """Send what does not get out."""
    for _ in range(times):
        with pytest.raises(DeliveryError):
            await gateway.radio.request(ieee, ALIVE.read())


async def fall_silent(hass: HomeAssistant, entry: MockConfigEntry, *devices: Device) -> None:
    """Check until there are issues of devices that were silent for a day.

    Pending frames count as received when they arrive.
    """
    async with asyncio.timeout(90):
        while issue(hass, "silent_routers", entry.entry_id) is None:
            for device in devices:
                device.last_seen = dt_util.utcnow() - timedelta(hours=25)
            await check(entry)


async def test_silent_routers(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Only devices without an answer; it ends with their next frame."""
    dead, quiet, sleeper = Plug(), Relay(), Knob()
    devices = [await join(home, gateway, node) for node in (dead, quiet, sleeper)]
    home.faults.mute(dead)
    home.faults.mute(sleeper)
    for node in (dead, quiet, sleeper):
        node.heartbeat_every = 0
    await check(entry)
    assert issue(hass, "silent_routers", entry.entry_id) is None
    await fall_silent(hass, entry, *devices)
    found = issue(hass, "silent_routers", entry.entry_id)
    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_key == "silent_router"
    assert found.translation_placeholders["device"] == "Mi smart plug"
    home.faults.mute(dead, mute=False)
    dead.press()
    await until(lambda: devices[0].last_seen and dt_util.utcnow() - devices[0].last_seen < MINUTE)
    await check(entry)
    assert issue(hass, "silent_routers", entry.entry_id) is None


async def test_two_silent_routers(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """One issue lists both; while only one is silent, its text names that one."""
    nodes = [Plug(), Relay()]
    devices = [await join(home, gateway, node) for node in nodes]
    for node in nodes:
        home.faults.mute(node)
        node.heartbeat_every = 0
    async with asyncio.timeout(90):
        while (found := issue(hass, "silent_routers", entry.entry_id)) is None or (
            found.translation_key != "silent_routers"
        ):
            await fall_silent(hass, entry, *devices)
            for device in devices:
                device.last_seen = dt_util.utcnow() - timedelta(hours=25)
            await check(entry)
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["devices"] == "- Dual relay module\n- Mi smart plug"
    home.faults.mute(nodes[0], mute=False)
    nodes[0].press()
    await until(lambda: devices[0].last_seen and dt_util.utcnow() - devices[0].last_seen < MINUTE)
    await check(entry)
    found = issue(hass, "silent_routers", entry.entry_id)
    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["device"] == "Dual relay module"


async def test_removed_router_has_no_issue(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    dead = Plug()
    device = await join(home, gateway, dead)
    home.faults.mute(dead)
    dead.heartbeat_every = 0
    await fall_silent(hass, entry, device)
    await gateway.dismiss(device.ieee, force=True)
    await check(entry)
    assert issue(hass, "silent_routers", entry.entry_id) is None


@pytest.mark.parametrize(("revision", "old"), [(20210120, True), (20210708, False)])
async def test_old_firmware(
    hass: HomeAssistant, entry: MockConfigEntry, revision: int, old: bool
) -> None:
    firmware = replace(Firmware(), revision=revision)
    async with Home(seed=1, speed=20, firmware=firmware) as home:
        home.form()
        home.plug_in(NAME)
        await check_old_firmware(hass, entry, is_old=old)


async def check_old_firmware(hass: HomeAssistant, entry: MockConfigEntry, *, is_old: bool) -> None:
    """Start a network, check the issue, ignore it, start the network again."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await check(entry)
    found = issue(hass, "firmware_too_old", entry.entry_id)
    assert (found is not None) is is_old
    if found is not None:
        assert found.translation_placeholders is not None
        assert found.translation_placeholders["build"] == "20210120"
        assert found.severity is ir.IssueSeverity.WARNING
        # An ignored issue stays ignored after a reload of the entry.
        ir.async_ignore_issue(hass, DOMAIN, found.issue_id, ignore=True)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        found = issue(hass, "firmware_too_old", entry.entry_id)
        assert found is not None
        assert found.dismissed_version is not None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_z_stack_1_is_reported(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    radio = gateway.radio
    assert isinstance(radio, ZigpyRadio)
    assert radio._app is not None
    radio._app.state.node_info.version = "Z-Stack Home 1.2 20190608"
    await check(entry)
    found = issue(hass, "firmware_too_old", entry.entry_id)
    assert found is not None
    assert found.translation_key == "firmware_not_supported"


@pytest.mark.parametrize(("version", "newer"), [("2.5.0", True), ("2.4.9", False), ("3.0.0", True)])
async def test_newer_zigpy(
    hass: HomeAssistant,
    home: Home,
    entry: MockConfigEntry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    version: str,
    newer: bool,
) -> None:
    """As if such a version were installed: it is logged; there is nothing to repair."""
    folder = tmp_path / f"zigpy-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: zigpy\nVersion: {version}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    await check(entry)
    assert (f"Home Assistant has zigpy {version}; tested are 2.3, 2.4" in caplog.text) is newer
    assert not issues(hass)
    await hass.config_entries.async_unload(entry.entry_id)


# Issues of a network that does not start


async def test_port_of_an_unknown_program(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> None:
    host = Host()
    home.port.attach(host)
    await hass.config_entries.async_setup(entry.entry_id)
    busy: object = entry.state
    assert busy is ConfigEntryState.SETUP_RETRY
    found = issue(hass, "port_busy", entry.entry_id)
    assert found is not None
    assert found.translation_key == "port_busy"
    assert found.severity is ir.IssueSeverity.ERROR
    home.port.detach(host)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert issue(hass, "port_busy", entry.entry_id) is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_port_of_a_known_program(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> None:
    home.port.attach(Host())
    owner = SerialPortConsumer(
        kind="config_entry", title="ConBee", active=True, domain="zha", config_entry_id="1"
    )
    with patch(
        "homeassistant.components.usb.async_get_serial_port_consumers",
        return_value={PATH: [owner]},
    ):
        await hass.config_entries.async_setup(entry.entry_id)
    found = issue(hass, "port_busy", entry.entry_id)
    assert found is not None
    assert found.translation_key == "port_owned"
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["owner"] == "ConBee"
    # Unplugged: now it is another problem, without an issue.
    home.unplug()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.error_reason_translation_key == "port_not_found"
    assert not issues(hass)


async def test_radio_of_another_kind(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    port = Port(EzspAdapter())
    port.plug_in(NAME)
    await hass.config_entries.async_setup(entry.entry_id)
    found = issue(hass, "not_zstack", entry.entry_id)
    assert found is not None
    assert found.is_fixable is False
    await port.close()
    await hass.config_entries.async_remove(entry.entry_id)
    assert not issues(hass)


# Another network on the coordinator


@pytest.fixture
async def other() -> AsyncGenerator[Home]:
    """Another coordinator with a network of its own, not plugged in."""
    home = Home(seed=2, speed=20)
    home.form(channel=25)
    yield home
    await home.close()


async def swapped(hass: HomeAssistant, entry: MockConfigEntry, home: Home, other: Home) -> None:
    """Run a network and back it up; then plug in another coordinator in its place."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await join(home, entry.runtime_data.gateway, Plug(name="plug"))
    await entry.runtime_data.own.backups.make(Reason.ASKED)
    await hass.config_entries.async_unload(entry.entry_id)
    home.unplug()
    other.plug_in(NAME)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_another_network_is_not_adopted(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry
) -> None:
    before = other.nvram.items.copy()
    await swapped(hass, entry, home, other)
    refused: object = entry.state
    assert refused is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "other_network"
    found = issue(hass, "other_network", entry.entry_id)
    assert found is not None
    assert found.is_fixable
    assert found.severity is ir.IssueSeverity.ERROR
    # All users can read an issue's data, so it must not have a key.
    key = other.records.network.key.hex() if other.records.network else ""
    assert key not in json.dumps(found.data)
    assert other.port.line is None
    assert other.nvram.items == before
    # The right coordinator is back.
    other.unplug()
    home.plug_in(NAME)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert not issues(hass)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_coordinator_exchanged_while_running(
    hass: HomeAssistant, home: Home, other: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Home Assistant's reconnection finds another coordinator."""
    home.unplug()
    other.plug_in(NAME)
    await until(lambda: issue(hass, "other_network", entry.entry_id))
    await until(lambda: entry.state is ConfigEntryState.SETUP_RETRY)
    assert entry.error_reason_translation_key == "other_network"


async def test_restore_the_entrys_network(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    await swapped(hass, entry, home, other)
    ours, theirs = home.records.network, other.records.network
    assert ours is not None
    assert theirs is not None
    await repair.begin(f"other_network_{entry.entry_id}")
    menu = await repair.wait()
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["take_ours", "take_theirs"]
    facts = menu["description_placeholders"]
    for word in ("extended PAN", "channel", "network key"):
        assert word in facts["differences"]
    assert "15" in facts["ours"]
    assert "25" in facts["theirs"]
    form = await repair.answer({"next_step_id": "take_ours"})
    assert form["step_id"] == "take_ours"
    assert other.records.network == theirs, "written before it was confirmed"
    await repair.answer()
    assert (await repair.wait())["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.LOADED
    assert not issues(hass)
    now = other.records.network
    assert now is not None
    assert (now.channel, now.pan_id, now.extended_pan, now.key) == (
        ours.channel,
        ours.pan_id,
        ours.extended_pan,
        ours.key,
    )
    assert len(entry.runtime_data.gateway) == 1
    # What was overwritten is kept.
    assert [kept.channel for kept in await BackupList(hass, OVERWRITTEN).all()] == [25]
    assert_no_key(repair.shown, ours.key, theirs.key)
    # And it starts again.
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


def assert_no_key(shown: list[dict[str, Any]], *keys: bytes) -> None:
    """No dialog shows a key."""
    text = json.dumps(shown, default=repr).lower()
    for key in keys:
        for form in (key.hex(), key.hex(":"), key.hex(" "), str(list(key))):
            assert form not in text


async def test_use_the_coordinators_network(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    assert other.records.network is not None
    hass.config_entries.async_update_entry(entry, unique_id=f"epid={epid(home)}")
    await swapped(hass, entry, home, other)
    before = other.records.network
    await repair.begin(f"other_network_{entry.entry_id}")
    await repair.wait()
    form = await repair.answer({"next_step_id": "take_theirs"})
    assert form["step_id"] == "take_theirs"
    assert entry.unique_id == f"epid={epid(home)}"
    await repair.answer()
    assert (await repair.wait())["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.LOADED
    assert not issues(hass)
    assert entry.unique_id == f"epid={epid(other)}"
    assert other.records.network == before
    # The plug is kept, and the old coordinator is not.
    gateway = entry.runtime_data.gateway
    assert [device.node.model for device in gateway.values()] == ["lumi.plug"]
    registered = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    addresses = {ieee for device in registered for _, ieee in device.identifiers}
    assert addresses == {*gateway, other.ieee}
    # The network works.
    knob = Knob()
    device = await join(other, gateway, knob)
    knob.press()
    await until(lambda: state(hass, device, "button").attributes.get("event_type"))
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


class Starts:
    """Counts how often Home Assistant tries to start an entry."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.states: list[ConfigEntryState] = []
        self._entry = entry
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._changed)

    @callback
    def _changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is self._entry:
            self.states.append(entry.state)


async def test_only_the_open_dialog_opens_the_port(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    """Home Assistant's attempts to start the network pause, and go on when the dialog is closed."""
    await swapped(hass, entry, home, other)
    starts = Starts(hass, entry)
    await repair.begin(f"other_network_{entry.entry_id}")
    assert (await repair.wait())["type"] is FlowResultType.MENU
    assert entry.state is ConfigEntryState.NOT_LOADED
    starts.states.clear()
    async_fire_time_changed(hass, dt_util.utcnow() + 14 * MINUTE)
    await plug_in_usb(hass)
    await hass.async_block_till_done()
    assert starts.states == []
    repair.close()
    await until(lambda: entry.state is ConfigEntryState.SETUP_RETRY, 30)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_abandoned_dialog_does_not_block_the_network(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    await swapped(hass, entry, home, other)
    await repair.begin(f"other_network_{entry.entry_id}")
    await repair.wait()
    other.unplug()
    home.plug_in(NAME)
    async_fire_time_changed(hass, dt_util.utcnow() + 16 * MINUTE)
    await until(lambda: entry.state is ConfigEntryState.LOADED, 30)
    await hass.config_entries.async_unload(entry.entry_id)


def epid(home: Home) -> str:
    """A home's extended PAN id as zigpy spells it."""
    assert home.records.network is not None
    return home.records.network.extended_pan[::-1].hex(":")


async def test_coordinators_network_has_an_entry(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    hass.config_entries.async_update_entry(entry, unique_id=f"epid={epid(home)}")
    second = MockConfigEntry(
        domain=DOMAIN,
        data={},
        unique_id=f"epid={epid(other)}",
        disabled_by=ConfigEntryDisabler.USER,
    )
    second.add_to_hass(hass)
    await swapped(hass, entry, home, other)
    await repair.begin(f"other_network_{entry.entry_id}")
    await repair.wait()
    result = await repair.answer({"next_step_id": "take_theirs"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.unique_id == f"epid={epid(home)}"
    assert issue(hass, "other_network", entry.entry_id)


async def test_retried_start_during_a_repair(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    """Neither finds the port taken by the other, and the issue stays."""
    await swapped(hass, entry, home, other)
    await repair.begin(f"other_network_{entry.entry_id}")
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.error_reason_translation_key == "other_network"
    assert issue(hass, "other_network", entry.entry_id)
    assert (await repair.wait())["step_id"] == "choose"
    for again in ("take_ours", ""):
        await repair.answer({"next_step_id": again} if again else None)
    await hass.config_entries.async_reload(entry.entry_id)
    assert (await repair.wait())["type"] is FlowResultType.CREATE_ENTRY
    assert not issues(hass)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_blank_coordinator_gets_the_entrys_network(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    """It was reset, or flashed."""
    async with Home(seed=2, speed=20) as blank:
        await swapped(hass, entry, home, blank)
        assert entry.error_reason_translation_key == "not_formed"
        await repair.begin(f"not_formed_{entry.entry_id}")
        assert (await repair.wait())["step_id"] == "take_ours", "there is nothing to choose"
        await repair.answer()
        assert (await repair.wait())["type"] is FlowResultType.CREATE_ENTRY
        assert entry.state is ConfigEntryState.LOADED
        assert not issues(hass)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_blank_coordinator_without_a_backup(
    hass: HomeAssistant, entry: MockConfigEntry, repair: Repair
) -> None:
    async with Home(seed=2, speed=20) as blank:
        blank.plug_in(NAME)
        await hass.config_entries.async_setup(entry.entry_id)
        await repair.begin(f"not_formed_{entry.entry_id}")
        result = await repair.wait()
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_backup")
        assert issue(hass, "not_formed", entry.entry_id)


async def test_coordinator_that_fails_during_a_restore(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    """The error is shown, and the step can be retried."""
    await swapped(hass, entry, home, other)
    await repair.begin(f"other_network_{entry.entry_id}")
    await repair.wait()
    await repair.answer({"next_step_id": "take_ours"})
    other.faults.nv_writes_fail = True
    await repair.answer()
    form = await repair.wait()
    assert (form["step_id"], form["errors"]) == ("take_ours", {"base": "memory_corrupt"})
    assert other.port.line is None
    other.faults.clear()
    await repair.answer()
    assert (await repair.wait())["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


async def test_coordinator_disconnected_during_a_repair(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    """First it cannot be read; then the right one is plugged in, and there is nothing to choose."""
    await swapped(hass, entry, home, other)
    other.unplug()
    await repair.begin(f"other_network_{entry.entry_id}")
    form = await repair.wait()
    assert (form["step_id"], form["errors"]) == ("unreachable", {"base": "port_not_found"})
    home.plug_in(NAME)
    await repair.answer()
    assert (await repair.wait())["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


async def test_network_that_does_not_start_after_the_repair(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    await swapped(hass, entry, home, other)
    await repair.begin(f"other_network_{entry.entry_id}")
    await repair.wait()
    await repair.answer({"next_step_id": "take_theirs"})
    other.unplug()
    await repair.answer()
    result = await repair.wait()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_up")
    assert result["description_placeholders"] is not None
    reason = result["description_placeholders"]["reason"]
    assert reason == f"Nothing was found at port {entry.data['device']['path']}."


@pytest.mark.parametrize(
    ("language", "key", "placeholders", "reason"),
    [
        ("en", "no_answer", {"path": "/dev/x"}, "The coordinator at /dev/x does not respond."),
        ("de", "no_answer", {"path": "/dev/x"}, "Der Koordinator an /dev/x antwortet nicht."),
        ("de", None, None, "odd"),
    ],
)
async def test_reason_is_in_the_language_of_the_installation(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    language: str,
    key: str | None,
    placeholders: dict[str, str] | None,
    reason: str,
) -> None:
    hass.config.language = language
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY, reason="odd")
    object.__setattr__(entry, "error_reason_translation_key", key)
    object.__setattr__(entry, "error_reason_translation_placeholders", placeholders)
    assert await load_reason(hass, entry) == reason


async def test_a_changed_channel_is_not_another_network(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Not even if Home Assistant died before it could write anything down."""
    assert gateway.owner is not None
    await gateway.owner.change_channel(20)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    # A program that formed it again would not continue the update id, and no device would follow.
    await hass.config_entries.async_unload(entry.entry_id)
    assert home.records.network is not None
    home.records.network = replace(home.records.network, channel=11)
    home.coordinator.power_up()
    await hass.config_entries.async_setup(entry.entry_id)
    changed: object = entry.state
    assert changed is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "other_network"


async def test_changed_channel_is_stored(
    hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, entry: MockConfigEntry
) -> None:
    stored = f"{DOMAIN}.{entry.entry_id}.network"
    assert hass_storage[stored]["data"]["channel"] == 15
    assert gateway.owner is not None
    await gateway.owner.change_channel(20)
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[stored]["data"]["channel"] == 20
    await hass.config_entries.async_setup(entry.entry_id)


async def test_entry_with_only_a_unique_id(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    """Before its first start an entry has nothing but its unique id, and no backup."""
    hass.config_entries.async_update_entry(entry, unique_id="epid=00:11:22:33:44:55:66:77")
    await hass.config_entries.async_setup(entry.entry_id)
    wrong: object = entry.state
    assert wrong is ConfigEntryState.SETUP_RETRY
    await repair.begin(f"other_network_{entry.entry_id}")
    menu = await repair.wait()
    assert menu["menu_options"] == ["take_theirs"]
    assert menu["description_placeholders"]["differences"] == "extended PAN ID"
    repair.close()
    await until(lambda: entry.state is ConfigEntryState.SETUP_RETRY, 30)
    hass.config_entries.async_update_entry(entry, unique_id=f"epid={epid(home)}")
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert not issues(hass)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_repair_of_a_solved_problem(
    hass: HomeAssistant, home: Home, other: Home, entry: MockConfigEntry, repair: Repair
) -> None:
    """The dialog was left open, and the right coordinator is back."""
    await swapped(hass, entry, home, other)
    reported = issue(hass, "other_network", entry.entry_id)
    assert reported is not None
    other.unplug()
    home.plug_in(NAME)
    await hass.config_entries.async_reload(entry.entry_id)
    assert not issues(hass)
    ir.async_get(hass).issues[DOMAIN, reported.issue_id] = reported  # as a browser still shows it
    assert (await repair.begin(reported.issue_id))["type"] is FlowResultType.CREATE_ENTRY
    assert not issues(hass)
    await hass.config_entries.async_unload(entry.entry_id)


# The knob


async def command_mode(hass: HomeAssistant, home: Home, gateway: Gateway) -> tuple[Knob, str]:
    """A knob in command mode, and its issue."""
    knob = Knob()
    device = await join(home, gateway, knob)
    await until(lambda: device.state.get("operation_mode") == "event")
    await device.set("operation_mode", "command")
    knob.press()
    issue_id = f"knob_command_mode_{device.ieee}"
    await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, issue_id))
    await asleep(knob)
    return knob, issue_id


async def test_knob_is_set_to_event_mode(
    hass: HomeAssistant, home: Home, gateway: Gateway, repair: Repair
) -> None:
    knob, issue_id = await command_mode(hass, home, gateway)
    found = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert found is not None
    assert found.is_fixable
    form = await repair.begin(issue_id)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "explain")
    assert form["description_placeholders"]["device"] == "Smart rotary knob H1 (wireless)"
    assert not gateway[knob.ieee].pending, "nothing is set before it was asked for"
    progress = await repair.answer()
    assert progress["type"] is FlowResultType.SHOW_PROGRESS
    assert progress["progress_action"] == "wait"
    assert gateway[knob.ieee].pending == {"operation_mode": "event"}
    assert knob.mode == 0
    knob.press_five_times()
    assert (await repair.wait())["type"] is FlowResultType.CREATE_ENTRY
    assert knob.mode == 1
    assert gateway[knob.ieee].state["operation_mode"] == "event"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None


async def test_knob_that_is_not_pressed_can_be_retried(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    repair: Repair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    knob, issue_id = await command_mode(hass, home, gateway)
    monkeypatch.setattr(DeviceRepair, "patience", timedelta(seconds=0.5))
    await repair.begin(issue_id)
    await repair.answer()
    form = await repair.wait()
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "asleep")
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id), "it is not over"
    assert gateway[knob.ieee].pending == {"operation_mode": "event"}, "it goes on waiting"
    monkeypatch.undo()
    await repair.answer()
    knob.press_five_times()
    assert (await repair.wait())["type"] is FlowResultType.CREATE_ENTRY
    assert knob.mode == 1


async def test_closing_the_dialog_cancels_everything(
    hass: HomeAssistant, home: Home, gateway: Gateway, repair: Repair
) -> None:
    knob, issue_id = await command_mode(hass, home, gateway)
    await repair.begin(issue_id)
    shown = await repair.answer()
    manager = repairs_flow_manager(hass)
    assert manager is not None
    manager.async_abort(shown["flow_id"])
    await hass.async_block_till_done()
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    knob.press_five_times()  # what was chosen is done all the same
    await until(lambda: knob.mode == 1)
    await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None)


@pytest.mark.parametrize("after", ["begin", "answer"])
async def test_knob_that_leaves_during_the_repair(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    repair: Repair,
    monkeypatch: pytest.MonkeyPatch,
    after: str,
) -> None:
    monkeypatch.setattr(DeviceRepair, "patience", timedelta(seconds=0.5))
    knob, issue_id = await command_mode(hass, home, gateway)
    await repair.begin(issue_id)
    if after == "answer":
        await repair.answer()
    await gateway.dismiss(knob.ieee, force=True)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None
    if after == "begin":
        await repair.answer()
    else:
        await repair.wait()
    assert (repair.now["type"], repair.now["reason"]) == (FlowResultType.ABORT, "device_gone")


async def test_knob_of_a_network_that_is_not_running(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, repair: Repair
) -> None:
    _, issue_id = await command_mode(hass, home, gateway)
    await hass.config_entries.async_unload(entry.entry_id)
    await repair.begin(issue_id)
    result = await repair.answer()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "device_gone")


async def test_knob_with_an_unknown_mode(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """A migrated one: its mode is read with its next frame."""
    knob = Knob()
    await join(home, gateway, knob)
    await until(lambda: gateway[knob.ieee].state.get("operation_mode") == "event")
    await hass.config_entries.async_unload(entry.entry_id)
    memory = Memory(hass, entry.entry_id)
    stored = await memory.load()
    stored["devices"][knob.ieee]["state"] = {}
    await memory.write(stored)
    await memory.close()
    knob.mode = 0
    await hass.config_entries.async_setup(entry.entry_id)
    assert "knob_command_mode" not in issues(hass)
    knob.double()
    await until(lambda: "knob_command_mode" in issues(hass))


# The end


async def test_issues_are_deleted_with_their_entry(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    await command_mode(hass, home, gateway)
    home.faults.confirm(17)
    await fail(gateway, next(iter(gateway)), 6)
    home.faults.clear()
    await check(entry)
    assert issues(hass) == {"knob_command_mode", "buffers_full"}
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not issues(hass)
    entry.add_to_hass(hass)  # for the fixture that takes it down


async def test_issues_are_deleted_when_the_entry_is_disabled(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    await command_mode(hass, home, gateway)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert not issues(hass)


async def test_ignored_issues_are_deleted_with_their_entry_after_a_restart(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """After a restart nothing is left of them but their id."""
    knob, issue_id = await command_mode(hass, home, gateway)
    registry = ir.async_get(hass)
    registry.async_ignore(DOMAIN, issue_id, ignore=True)
    found = registry.issues[DOMAIN, issue_id]
    registry.issues[DOMAIN, issue_id] = replace(found, active=False, data=None)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert knob.ieee not in str(list(registry.issues))
    entry.add_to_hass(hass)
