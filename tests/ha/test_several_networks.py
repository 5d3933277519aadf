"""Networks of one extended PAN id side by side, and a coordinator that lacks part of its network."""

from collections.abc import AsyncGenerator
import json

from homeassistant.core import HomeAssistant
import pytest

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.radio.restore import read
from custom_components.aqara_zigbee.simulator import Home, Plug, items
from custom_components.aqara_zigbee.simulator.nvram import osal
from custom_components.aqara_zigbee.storage.backup_list import OVERWRITTEN, BackupList
from tests.ha.dialogue import Dialogue

DEFAULT = "dd:dd:dd:dd:dd:dd:dd:dd"


@pytest.fixture
async def two() -> AsyncGenerator[tuple[Home, Home]]:
    """Two coordinators of old Zigbee2MQTTs, with the key that all of those had."""
    key = bytes([1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 13])
    async with Home(seed=31, speed=20) as first, Home(seed=32, speed=20) as second:
        for home, name in ((first, "first"), (second, "second")):
            home.form(channel=11, pan_id=0x1A62, extended_pan=DEFAULT, key=key)
            home.add(Plug(), joined=True)
            home.plug_in(name)
        yield first, second


async def held(name: str) -> Backup:
    found = await read(Port(f"virtual://{name}"))
    assert found is not None
    return found


async def set_up(dialogue: Dialogue, name: str) -> None:
    await dialogue.start()
    await dialogue.choose("port")
    await dialogue.submit(path=f"virtual://{name}")
    if dialogue.shown["type"] == "menu":
        await dialogue.choose("keep")


async def unload(hass: HomeAssistant) -> None:
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_two_networks_of_one_extended_pan_id(
    hass: HomeAssistant, dialogue: Dialogue, two: tuple[Home, Home]
) -> None:
    """Each gets its entry; none gets two; and a backup goes back to its own entry alone."""
    await set_up(dialogue, "first")
    assert dialogue.shown["type"] == "create_entry"
    await set_up(dialogue, "second")
    assert dialogue.shown["type"] == "create_entry", dialogue.shown
    await unload(hass)
    ids = [entry.unique_id for entry in hass.config_entries.async_entries(DOMAIN)]
    assert ids == [f"epid={DEFAULT}", f"epid={DEFAULT},coordinator={two[1].ieee}"]
    contents = {name: (await held(name)).as_open_format() for name in ("first", "second")}
    for content in contents.values():
        await dialogue.start()
        await dialogue.choose("from_backup")
        if dialogue.shown["step_id"] == "choose_backup":
            await dialogue.submit(backup="upload", path="virtual://first")
        file = await dialogue.upload("backup.json", json.dumps(content).encode())
        await dialogue.submit(file=file)
        assert dialogue.shown["reason"] == "already_configured"
    (entry, _) = hass.config_entries.async_entries(DOMAIN)
    await dialogue.start(entry.entry_id)
    await dialogue.choose("restore_here")
    if dialogue.shown["step_id"] == "choose_backup":
        await dialogue.submit(backup="upload")
    file = await dialogue.upload("backup.json", json.dumps(contents["second"]).encode())
    await dialogue.submit(file=file)
    assert dialogue.errors == {"base": "other_network"}
    await dialogue.close()


@pytest.mark.parametrize("choice", ["write_back", "form"])
async def test_coordinator_that_lacks_part_of_its_network(
    hass: HomeAssistant, dialogue: Dialogue, two: tuple[Home, Home], choice: str
) -> None:
    """The user is asked what to do, and nothing is lost."""
    home, _ = two
    before = await held("first")
    home.nvram.delete(osal(items.ON_A_NETWORK))
    await dialogue.start()
    await dialogue.choose("port")
    await dialogue.submit(path="virtual://first")
    assert dialogue.shown["step_id"] == "incomplete"
    assert DEFAULT in dialogue.text
    assert "keep" not in dialogue.shown["menu_options"]
    await dialogue.choose(choice)
    if choice == "write_back":
        assert dialogue.shown["step_id"] == "confirm_restore"
        assert "missing" in dialogue.text
    assert home.records.network is None
    await dialogue.submit()
    assert dialogue.shown["type"] == "create_entry", dialogue.shown
    await unload(hass)
    kept = await BackupList(hass, OVERWRITTEN).all()
    assert any(not Backup.of(each.content).differences(before) for each in kept)
    found = await held("first")
    assert found.is_whole
    assert found.is_same_network(before) == (choice == "write_back")


async def test_path_without_a_scheme_and_name_of_a_service_type(
    hass: HomeAssistant, dialogue: Dialogue, two: tuple[Home, Home]
) -> None:
    await dialogue.start()
    await dialogue.choose("port")
    await dialogue.submit(path="mdns://uzg-01")
    assert dialogue.errors == {"base": "port_is_service"}
    await dialogue.submit(path="127.0.0.1:1")
    assert dialogue.errors == {"base": "port_not_found"}
    suggested = dialogue.shown["data_schema"][0]["description"]["suggested_value"]
    assert suggested == "socket://127.0.0.1:1"
    await dialogue.submit(path="virtual://first")
    await dialogue.choose("keep")
    assert dialogue.shown["type"] == "create_entry"
    await unload(hass)
