"""An entry with another port, a new coordinator, or an earlier state keeps its entities."""

from collections.abc import AsyncGenerator
import json
from typing import Any

from homeassistant.config_entries import SOURCE_USB, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.usb import UsbServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN, VIRTUAL_PORT
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.runtime import Runtime
from custom_components.aqara_zigbee.simulator import Home, Plug, items
from custom_components.aqara_zigbee.simulator.nvram import osal
from custom_components.aqara_zigbee.storage.backup_list import BackupList, Reason
from tests.ha.conftest import DEVICE, NAME, entity_id, join, state, until
from tests.ha.dialogue import Dialogue

type Entry = ConfigEntry[Runtime]


@pytest.fixture
async def new() -> AsyncGenerator[Home]:
    """A new coordinator, blank."""
    async with Home(seed=77, speed=20) as home:
        home.plug_in("new")
        yield home


@pytest.fixture
async def up(hass: HomeAssistant, dialogue: Dialogue, home: Home) -> AsyncGenerator[Entry]:
    """An entry as the dialog makes it, up."""
    await dialogue.start()
    await dialogue.choose("port")
    await dialogue.submit(path=f"virtual://{NAME}")
    await dialogue.choose("keep")
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    yield entry
    await hass.async_block_till_done()
    if hass.config_entries.async_get_entry(entry.entry_id) is not None:
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


def stick() -> UsbServiceInfo:
    """The new coordinator, as Home Assistant discovers it."""
    return UsbServiceInfo(
        device="virtual://new",
        vid="10C4",
        pid="EA60",
        serial_number="1",
        manufacturer="ITead",
        description="Sonoff Zigbee 3.0 USB Dongle Plus",
    )


def gateway_of(entry: Entry) -> Gateway:
    return entry.runtime_data.gateway


async def loaded(hass: HomeAssistant, entry: Entry) -> None:
    await hass.async_block_till_done()
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    await hass.async_block_till_done()


async def test_move_port(hass: HomeAssistant, dialogue: Dialogue, home: Home, up: Entry) -> None:
    """Only the port changes."""
    plug = Plug()
    device = await join(home, gateway_of(up), plug)
    entity = entity_id(hass, device, "state")
    home.unplug()
    home.plug_in("elsewhere")
    shown = await dialogue.start(up.entry_id)
    assert shown["menu_options"] == ["move_port", "replace", "restore_here"]
    await dialogue.choose("move_port")
    shown = await dialogue.submit(path="virtual://elsewhere")
    assert (shown["type"], shown["reason"]) == ("abort", "reconfigure_successful")
    await loaded(hass, up)
    assert up.data["device"] == {**DEVICE, "path": "virtual://elsewhere"}
    plug.press()
    await until(lambda: state(hass, gateway_of(up)[plug.ieee], "state").state == "on")
    assert entity_id(hass, gateway_of(up)[plug.ieee], "state") == entity


@pytest.mark.parametrize(("is_formed", "error"), [(False, "blank_stick"), (True, "other_network")])
async def test_moving_to_another_network_is_refused(
    hass: HomeAssistant,
    dialogue: Dialogue,
    new: Home,
    up: Entry,
    is_formed: bool,
    error: str,
) -> None:
    """And the entry comes back when the window is closed."""
    if is_formed:
        new.form()
    await dialogue.start(up.entry_id)
    await dialogue.choose("move_port")
    await dialogue.submit(path="virtual://new")
    assert (dialogue.shown["step_id"], dialogue.errors) == ("port", {"base": error})
    assert up.state is ConfigEntryState.NOT_LOADED
    await dialogue.close()
    await loaded(hass, up)
    assert up.data["device"] == DEVICE


@pytest.mark.parametrize("error", ["blank_stick", "other_network", "incomplete_stick"])
async def test_port_that_is_right_after_an_error(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry, error: str
) -> None:
    """The dialog goes on from each reason why a coordinator is not that of the entry."""
    home.port.plug_in("elsewhere")
    key = osal(items.ON_A_NETWORK)
    flag = home.nvram[key]
    if error == "other_network":
        new.form()
    elif error == "incomplete_stick":
        home.nvram.delete(key)
    await dialogue.start(up.entry_id)
    await dialogue.choose("move_port")
    place = "elsewhere" if error == "incomplete_stick" else "new"
    await dialogue.submit(path=f"virtual://{place}")
    assert (dialogue.shown["step_id"], dialogue.errors) == ("port", {"base": error})
    home.nvram[key] = flag
    shown = await dialogue.submit(path="virtual://elsewhere")
    assert (shown["type"], shown["reason"]) == ("abort", "reconfigure_successful")
    await loaded(hass, up)
    assert up.data["device"]["path"] == "virtual://elsewhere"


async def test_entry_that_is_being_started(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, up: Entry
) -> None:
    """Its coordinator cannot be released; a second attempt succeeds when the start is over."""
    home.port.plug_in("elsewhere")
    await dialogue.start(up.entry_id)
    await dialogue.choose("move_port")
    up._async_set_state(hass, ConfigEntryState.SETUP_IN_PROGRESS, None)
    await dialogue.submit(path="virtual://elsewhere")
    assert (dialogue.shown["step_id"], dialogue.errors) == ("port", {"base": "port_busy"})
    up._async_set_state(hass, ConfigEntryState.LOADED, None)
    shown = await dialogue.submit(path="virtual://elsewhere")
    assert (shown["type"], shown["reason"]) == ("abort", "reconfigure_successful")
    await loaded(hass, up)


async def test_replace(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry
) -> None:
    """The old coordinator is backed up before; its devices work with the new one."""
    plug = Plug()
    device = await join(home, gateway_of(up), plug)
    entity = entity_id(hass, device, "state")
    await dialogue.start(up.entry_id)
    shown = await dialogue.choose("replace")
    assert shown["step_id"] == "choose_backup"
    option = shown["data_schema"][0]["selector"]["select"]["options"][0]
    assert "devices: 1" in option["label"], "the newest, which knows the plug"
    assert "before replacing the coordinator" in option["label"]
    shown = await dialogue.submit(backup=option["value"], path="virtual://new")
    assert (shown["type"], shown["reason"]) == ("abort", "replaced")
    await loaded(hass, up)
    assert up.data["device"]["path"] == "virtual://new"
    home.unplug()
    moved = plug.snapshot()
    await hass.config_entries.async_unload(up.entry_id)
    new.restore({**new.snapshot(), "devices": [moved]})
    await hass.config_entries.async_setup(up.entry_id)
    await loaded(hass, up)
    again = new.device(plug.ieee)
    assert isinstance(again, Plug)
    again.press()
    await until(lambda: hass.states.is_state(entity, "on"))
    await hass.services.async_call("switch", "turn_off", {"entity_id": entity}, blocking=True)
    assert not again.on[0]


async def test_replace_without_the_old_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry
) -> None:
    """An earlier backup is used; a coordinator of another network is not accepted."""
    assert up.runtime_data.own is not None
    kept = await up.runtime_data.own.backups.make(Reason.ASKED)
    home.unplug()
    await until(lambda: not gateway_of(up).online)
    await dialogue.start(up.entry_id)
    await dialogue.choose("replace")
    shown = await dialogue.submit(backup="upload", path="virtual://new")
    assert shown["step_id"] == "upload_backup"
    strange = Backup.of(kept.content).as_open_format() | {"extended_pan_id": "1122334455667788"}
    file = await dialogue.upload("backup.json", json.dumps(strange).encode())
    await dialogue.submit(file=file)
    assert dialogue.errors == {"base": "other_network"}
    await dialogue.submit(
        file=await dialogue.upload("b.json", json.dumps(dict(kept.content)).encode())
    )
    assert dialogue.shown["step_id"] == "confirm_restore", "a file is shown before it is written"
    shown = await dialogue.submit()
    assert (shown["type"], shown["reason"]) == ("abort", "replaced")
    await loaded(hass, up)


@pytest.mark.parametrize("is_formed", [False, True])
async def test_replacing_a_dead_coordinator_takes_one_form(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry, is_formed: bool
) -> None:
    """The newest backup and the new coordinator are selected; it is asked only if a network is lost."""
    assert up.runtime_data.own is not None
    for _ in range(2):
        kept = await up.runtime_data.own.backups.make(Reason.ASKED)
    if is_formed:
        new.form()
    home.unplug()
    await until(lambda: not gateway_of(up).online)
    await dialogue.start(up.entry_id)
    flows = hass.config_entries.flow
    found = await flows.async_init(DOMAIN, context={"source": SOURCE_USB}, data=stick())
    assert found["step_id"] == "confirm"
    shown = await dialogue.choose("replace")
    backup, port = shown["data_schema"]
    assert backup["default"] == kept.id
    assert port["description"] == {"suggested_value": "virtual://new"}
    shown = await dialogue.submit(backup=kept.id, path="virtual://new")
    if is_formed:
        assert shown["step_id"] == "confirm_restore"
        shown = await dialogue.submit(overwrite=True)
    assert (shown["type"], shown["reason"]) == ("abort", "replaced")
    await loaded(hass, up)
    assert up.data["device"]["path"] == "virtual://new"
    await until(lambda: not flows.async_progress_by_handler(DOMAIN))


@pytest.mark.parametrize("is_formed", [False, True])
async def test_discovered_coordinator_replaces_the_dead_one(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry, is_formed: bool
) -> None:
    """It is offered only while the old one is not connected; a network on it is not lost unasked."""
    assert up.runtime_data.own is not None
    kept = await up.runtime_data.own.backups.make(Reason.ASKED)
    if is_formed:
        new.form()
    found = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USB}, data=stick()
    )
    home.unplug()
    await until(lambda: not gateway_of(up).online)
    dialogue.take_over(found)
    shown = await dialogue.submit()
    assert (shown["step_id"], shown["menu_options"]) == ("lost", ["replace_lost", "probe"])
    assert up.title in dialogue.text.replace("\\", "")
    shown = await dialogue.choose("replace_lost")
    (backup,) = shown["data_schema"]
    assert (shown["step_id"], backup["default"]) == ("choose_backup", kept.id)
    shown = await dialogue.submit(backup=kept.id)
    if is_formed:
        assert shown["step_id"] == "confirm_restore"
        shown = await dialogue.submit(overwrite=True)
    assert (shown["type"], shown["reason"]) == ("abort", "replaced")
    await loaded(hass, up)
    assert up.data["device"]["path"] == "virtual://new"
    assert hass.config_entries.async_entries(DOMAIN) == [up]


async def test_discovered_coordinator_replaces_one_that_was_lost_before_the_start(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry
) -> None:
    assert up.runtime_data.own is not None
    kept = await up.runtime_data.own.backups.make(Reason.ASKED)
    home.unplug()
    await hass.config_entries.async_reload(up.entry_id)
    assert up.state is ConfigEntryState.SETUP_RETRY
    dialogue.take_over(
        await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_USB}, data=stick()
        )
    )
    shown = await dialogue.submit()
    assert (shown["step_id"], shown["menu_options"]) == ("lost", ["replace_lost", "probe"])
    await dialogue.choose("replace_lost")
    shown = await dialogue.submit(backup=kept.id)
    assert (shown["type"], shown["reason"]) == ("abort", "replaced")
    await loaded(hass, up)
    assert up.data["device"]["path"] == "virtual://new"


async def test_discovered_coordinator_is_another_one(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry
) -> None:
    """It gets an entry of its own although the other one is not connected; closing changes nothing."""
    new.form()
    home.unplug()
    await until(lambda: not gateway_of(up).online)
    for way in ("replace_lost", "probe"):
        found = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_USB}, data=stick()
        )
        dialogue.take_over(found)
        await dialogue.submit()
        shown = await dialogue.choose(way)
        if way == "replace_lost":
            await dialogue.close()
    assert shown["step_id"] == "network"
    await dialogue.choose("keep")
    assert dialogue.shown["type"] == "create_entry"
    await hass.async_block_till_done()
    _, other = hass.config_entries.async_entries(DOMAIN)
    assert other.data["device"]["path"] == "virtual://new"
    assert up.data["device"] == DEVICE
    await hass.config_entries.async_unload(other.entry_id)


async def test_wrong_port_of_the_new_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry
) -> None:
    """The port is kept in the form, and asked for again on its own if nothing is there."""
    await dialogue.start(up.entry_id)
    shown = await dialogue.choose("replace")
    newest = shown["data_schema"][0]["default"]
    shown = await dialogue.submit(backup=newest, path="mdns://stick")
    assert (shown["step_id"], dialogue.errors) == ("choose_backup", {"base": "port_is_service"})
    assert shown["data_schema"][1]["description"] == {"suggested_value": "mdns://stick"}
    shown = await dialogue.submit(backup=newest, path="virtual://nowhere")
    assert (shown["step_id"], dialogue.errors) == ("port", {"base": "port_not_found"})
    shown = await dialogue.submit(path="virtual://new")
    assert (shown["type"], shown["reason"]) == ("abort", "replaced")
    await loaded(hass, up)


async def choose_own_backup(dialogue: Dialogue, up: Entry) -> dict[str, Any]:
    """Create a backup, and choose it for the network's own coordinator."""
    assert up.runtime_data.own is not None
    await up.runtime_data.own.backups.make(Reason.ASKED)
    await dialogue.start(up.entry_id)
    await dialogue.choose("restore_here")
    options = dialogue.shown["data_schema"][0]["selector"]["select"]["options"]
    return await dialogue.submit(backup=options[0]["value"])


async def test_restore_on_the_same_coordinator(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, up: Entry
) -> None:
    """The coordinator lost its network; its content is backed up, and the network restored."""
    before = home.records.network
    shown = await choose_own_backup(dialogue, up)
    assert shown["step_id"] == "confirm_restore"
    assert "already has this network" in dialogue.text
    assert up.state is ConfigEntryState.NOT_LOADED
    shown = await dialogue.submit()
    assert (shown["type"], shown["reason"]) == ("abort", "restored")
    await loaded(hass, up)
    assert home.records.network == before
    reasons = [kept.reason for kept in await BackupList(hass, up.entry_id).all()]
    assert Reason.RESTORE in reasons


async def test_closing_before_any_change(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, up: Entry
) -> None:
    await choose_own_backup(dialogue, up)
    await dialogue.close()
    await loaded(hass, up)
    assert up.data["device"] == DEVICE


async def test_entry_that_was_deleted_is_not_loaded_again(
    hass: HomeAssistant,
    dialogue: Dialogue,
    home: Home,
    up: Entry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await choose_own_backup(dialogue, up)
    assert up.state is ConfigEntryState.NOT_LOADED
    await hass.config_entries.async_remove(up.entry_id)
    await dialogue.close()
    await hass.async_block_till_done()
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert "Error removing" not in caplog.text


async def test_closing_during_the_restore(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, new: Home, up: Entry
) -> None:
    """It is written completely, and the entry starts with it: the old one may be lost."""
    await dialogue.start(up.entry_id)
    await dialogue.choose("replace")
    newest = dialogue.shown["data_schema"][0]["default"]
    new.form()
    await dialogue.submit(backup=newest, path="virtual://new")
    await dialogue.begin(overwrite=True)
    await dialogue.close()
    await loaded(hass, up)
    assert up.data["device"]["path"] == "virtual://new"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"device": {**DEVICE, "path": VIRTUAL_PORT}}, "virtual_stays"),
        ({"host": "zha"}, "guest_stays"),
    ],
)
async def test_nothing_to_reconfigure(
    hass: HomeAssistant, dialogue: Dialogue, data: dict[str, Any], reason: str
) -> None:
    """The virtual coordinator has no port, and ZHA has the one of its network."""
    entry = MockConfigEntry(domain=DOMAIN, data=data)
    entry.add_to_hass(hass)
    shown = await dialogue.start(entry.entry_id)
    assert (shown["type"], shown["reason"]) == ("abort", reason)
