"""Backups: when they are made, what for, who may have them, and that they go with their entry."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
import json
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.components.backup.const import DATA_MANAGER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.aqara_zigbee import backup as hook
from custom_components.aqara_zigbee.backup import link
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.simulator import Home, Plug
from custom_components.aqara_zigbee.storage.backup_list import (
    OVERWRITTEN,
    BackupList,
    Reason,
    StoredBackup,
    _thinned,
    everything,
    line,
)
from custom_components.aqara_zigbee.storage.backups import Backups
from custom_components.aqara_zigbee.storage.files import CONF_ARRIVAL
from custom_components.aqara_zigbee.storage.staged_files import (
    RegistryDetails,
    StagedFiles,
    sweep,
)
from custom_components.aqara_zigbee.texts import load_texts, plain
from tests.ha.conftest import DEVICE, join, until
from tests.ha.dialogue import Dialogue

type Clients = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def backups(gateway: Gateway, entry: MockConfigEntry) -> Backups:
    """The network's backups."""
    found: Backups = entry.runtime_data.own.backups
    return found


async def reasons(backups: Backups) -> list[Reason]:
    return [kept.reason for kept in await backups.archive.all()]


async def test_daily(hass: HomeAssistant, backups: Backups) -> None:
    """One at the first look, no other until a day has passed."""
    now = dt_util.utcnow()
    async_fire_time_changed(hass, now + timedelta(seconds=31))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await reasons(backups) == [Reason.DAILY]
    (kept,) = await backups.archive.all()
    await backups.check(kept.taken + timedelta(hours=23))
    assert len(await reasons(backups)) == 1
    await backups.check(kept.taken + timedelta(hours=25))
    assert await reasons(backups) == [Reason.DAILY, Reason.DAILY]


async def later(backups: Backups) -> datetime:
    """Get the daily one over with; a minute from now."""
    await backups.check(dt_util.utcnow())
    return dt_util.utcnow() + timedelta(minutes=1)


async def test_after_joins_and_removals(home: Home, gateway: Gateway, backups: Backups) -> None:
    """Once they are calm: a session of two devices makes one."""
    now = await later(backups)
    plug = Plug()
    await join(home, gateway, plug)
    await join(home, gateway, Plug())
    await backups.check(dt_util.utcnow())
    assert Reason.JOINED not in await reasons(backups)
    await backups.check(now)
    await backups.check(now)
    assert (await reasons(backups)).count(Reason.JOINED) == 1
    newest = (await backups.archive.all())[0]
    assert newest.devices == 2
    await gateway.dismiss(plug.ieee)
    await backups.check(dt_util.utcnow() + timedelta(minutes=1))
    assert (await reasons(backups)).count(Reason.LEFT) == 1


async def test_after_a_change_of_channel(gateway: Gateway, backups: Backups) -> None:
    await later(backups)
    assert gateway.owner is not None
    await gateway.owner.change_channel(25)
    await backups.check(dt_util.utcnow())
    await backups.check(dt_util.utcnow() + timedelta(minutes=1))
    newest = (await backups.archive.all())[0]
    assert (newest.reason, newest.channel) == (Reason.CHANNEL, 25)


async def test_failed_backup_is_retried(home: Home, gateway: Gateway, backups: Backups) -> None:
    now = await later(backups)
    backups.soon(Reason.JOINED)
    home.faults.lose_reply(times=None)
    home.unplug()
    await until(lambda: not gateway.online)
    await backups.check(now)
    assert Reason.JOINED not in await reasons(backups)
    home.faults.clear()
    home.plug_in("test")
    await until(lambda: gateway.online)
    await backups.check(now)
    assert Reason.JOINED in await reasons(backups)


async def test_home_assistants_own_backup_includes_ours(
    hass: HomeAssistant, backups: Backups, entry: MockConfigEntry
) -> None:
    """It finds our hook, and our database is whole in its file then."""
    assert await async_setup_component(hass, "backup", {})
    await hass.async_block_till_done()
    await hass.data[DATA_MANAGER].async_pre_backup_actions()
    assert Reason.HOME_ASSISTANT in await reasons(backups)
    journal = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db-wal"))
    assert _size(journal) == 0
    await hass.data[DATA_MANAGER].async_post_backup_actions()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def test_home_assistants_own_backup_never_fails_for_us(
    hass: HomeAssistant, home: Home, gateway: Gateway, backups: Backups
) -> None:
    home.unplug()
    await until(lambda: not gateway.online)
    await hook.async_pre_backup(hass)
    assert Reason.HOME_ASSISTANT not in await reasons(backups)


async def test_home_assistants_own_backup_does_not_wait_for_a_hung_coordinator(
    hass: HomeAssistant, home: Home, backups: Backups, caplog: pytest.LogCaptureFixture
) -> None:
    home.faults.silent = True
    await hook.async_pre_backup(hass)
    home.faults.clear()
    assert Reason.HOME_ASSISTANT not in await reasons(backups)
    assert "The backup could not be created" in caplog.text


async def test_backup_without_a_network(hass: HomeAssistant) -> None:
    await hook.async_pre_backup(hass)


async def test_action_and_download(
    hass: HomeAssistant, dialogue: Dialogue, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """The response has the backup's id, never its contents."""
    answer = await hass.services.async_call(
        DOMAIN,
        "create_backup",
        {"config_entry_id": entry.entry_id},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    assert answer["reason"] == "asked_for"
    assert home.records.network is not None
    key = home.records.network.key.hex()
    assert key not in json.dumps(answer)
    content = await dialogue.download(f"/api/{DOMAIN}/backups/{entry.entry_id}/{answer['id']}")
    assert json.loads(content)["network_key"]["key"] == key
    assert Backup.parse(content).coordinator == home.ieee


async def test_action_on_a_lost_coordinator(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    home.unplug()
    await until(lambda: not gateway.online)
    with pytest.raises(HomeAssistantError, match="could not be created"):
        await hass.services.async_call(
            DOMAIN, "create_backup", {"config_entry_id": entry.entry_id}, blocking=True
        )


async def test_options_list_links(
    hass: HomeAssistant,
    dialogue: Dialogue,
    hass_client_no_auth: Clients,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    """A link works by itself, for who was given it, and for what it was made for."""
    shown = await dialogue.options(entry.entry_id)
    assert "backups" in shown["menu_options"]
    await dialogue.choose("backups")
    assert "No backups yet" in dialogue.text
    assert plain(entry.title) in dialogue.text
    await dialogue.choose("back_up")
    assert dialogue.shown["step_id"] == "backups"
    (url,) = re.findall(r'href="([^"]+)"', dialogue.text)
    assert "manual" in dialogue.text
    stranger = await hass_client_no_auth()
    response = await stranger.get(url)
    assert response.status == HTTPStatus.OK
    assert "attachment" in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "no-store"
    Backup.parse(await response.read())
    bare = url.partition("?")[0]
    for wrong in (bare, url.replace(entry.entry_id, "x" * 26)):
        assert (await stranger.get(wrong)).status == HTTPStatus.UNAUTHORIZED


async def test_newest_backup_is_downloaded_from_the_menu(
    hass: HomeAssistant,
    dialogue: Dialogue,
    hass_client_no_auth: Clients,
    gateway: Gateway,
    backups: Backups,
    entry: MockConfigEntry,
) -> None:
    """The link is on the first page; without a backup there is none."""
    await dialogue.options(entry.entry_id)
    assert dialogue.text == f"{plain(entry.title)}\n"
    await backups.make(Reason.DAILY)
    newest = await backups.make(Reason.ASKED)
    await dialogue.options(entry.entry_id)
    (url,) = re.findall(r'href="([^"]+)"', dialogue.text)
    assert newest.id in url
    assert "keep it private" in dialogue.text
    response = await (await hass_client_no_auth()).get(url)
    assert response.status == HTTPStatus.OK
    Backup.parse(await response.read())


async def test_options_on_a_lost_coordinator(
    home: Home, dialogue: Dialogue, gateway: Gateway, entry: MockConfigEntry
) -> None:
    home.unplug()
    await until(lambda: not gateway.online)
    await dialogue.options(entry.entry_id)
    shown = await dialogue.choose("backups", "back_up")
    assert (shown["type"], shown["reason"]) == ("abort", "backup_failed")


async def test_download_is_for_administrators(
    hass: HomeAssistant,
    dialogue: Dialogue,
    hass_client: Clients,
    hass_read_only_access_token: str,
    backups: Backups,
    entry: MockConfigEntry,
) -> None:
    kept = await backups.make(Reason.ASKED)
    url = f"/api/{DOMAIN}/backups/{entry.entry_id}/{kept.id}"
    guest = await hass_client(hass_read_only_access_token)
    assert (await guest.get(url)).status == HTTPStatus.UNAUTHORIZED
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    admin = await hass_client()
    for wrong in (
        f"/api/{DOMAIN}/backups/{entry.entry_id}/{'0' * 32}",
        f"/api/{DOMAIN}/backups/{other.entry_id}/{kept.id}",
        f"/api/{DOMAIN}/backups/nothing/{kept.id}",
    ):
        assert (await admin.get(wrong)).status == HTTPStatus.NOT_FOUND
    assert "?authSig=" in link(hass, entry.entry_id, kept)


async def test_old_ones_are_deleted_by_reason(backups: Backups) -> None:
    """A week of daily ones does not push out the one from before the change that went wrong."""
    made = await backups.make(Reason.RESTORE)
    many = [made] + [
        StoredBackup(
            str(number),
            Reason.DAILY,
            made.taken + timedelta(days=number),
            made.channel,
            made.extended_pan_id,
            made.devices,
            made.content,
        )
        for number in range(1, 40)
    ]
    left = _thinned(sorted(many, key=lambda kept: kept.taken, reverse=True))
    assert [kept.id for kept in left] == [*map(str, range(39, 32, -1)), made.id]


async def test_removed_device_does_not_count(
    home: Home, gateway: Gateway, backups: Backups
) -> None:
    """It was removed while it did not respond, so the coordinator still lists it."""
    plug = Plug()
    await join(home, gateway, plug)
    await join(home, gateway, Plug())
    home.faults.mute(plug)
    await gateway.dismiss(plug.ieee, force=True)
    made = await backups.make(Reason.ASKED)
    assert plug.ieee in Backup.of(made.content).addresses
    assert (made.devices, len(gateway.values())) == (1, 1)


async def test_two_backups_of_a_minute_have_different_lines(
    hass: HomeAssistant, backups: Backups
) -> None:
    made = await backups.make(Reason.ASKED)
    texts = await load_texts(hass, "backup")
    lines = {
        line(replace(made, taken=made.taken.replace(second=second)), texts) for second in (1, 58)
    }
    assert len(lines) == 2


async def test_list_is_of_one_network_or_all(
    hass: HomeAssistant, backups: Backups, entry: MockConfigEntry
) -> None:
    kept = await backups.make(Reason.ASKED)
    await BackupList(hass, OVERWRITTEN).add(kept)
    assert {title for title, _ in await everything(hass)} == {entry.title, ""}
    assert await everything(hass, "00:00:00:00:00:00:00:00") == []
    assert kept.content != {}
    assert str(kept.content) not in repr(kept)


async def test_backups_are_deleted_with_the_last_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], home: Home, entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    kept = await entry.runtime_data.own.backups.make(Reason.ASKED)
    await BackupList(hass, OVERWRITTEN).add(kept)
    other = MockConfigEntry(domain=DOMAIN, data={"device": {**DEVICE, "path": "virtual://x"}})
    other.add_to_hass(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    assert f"{DOMAIN}.{entry.entry_id}.backups" not in hass_storage
    assert f"{DOMAIN}.{OVERWRITTEN}.backups" in hass_storage
    await hass.config_entries.async_remove(other.entry_id)
    assert [name for name in hass_storage if name.startswith(DOMAIN)] == []


async def test_removal_leaves_the_network_on_the_coordinator(
    hass: HomeAssistant, hass_storage: dict[str, Any], home: Home, entry: MockConfigEntry
) -> None:
    before = home.records.network
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await entry.runtime_data.own.backups.make(Reason.ASKED)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert home.records.network == before
    assert home.port.line is None
    assert _left(hass) == []
    assert [name for name in hass_storage if name.startswith(DOMAIN)] == []


def _left(hass: HomeAssistant) -> list[str]:
    folder = Path(hass.config.path(".storage"))
    return [file.name for file in folder.iterdir() if file.name.startswith(DOMAIN)]


async def test_staged_files_without_an_entry_are_deleted(hass: HomeAssistant) -> None:
    """Home Assistant was killed in the middle of a move; what an entry waits for stays."""
    for key in ("lost", "wanted"):
        arrival = StagedFiles.of_flow(hass, key)
        await arrival.lay_out({"00:00:00:00:00:00:00:01": {}}, {"x": RegistryDetails("Lamp")})
        await hass.async_add_executor_job(arrival.database.touch)
    entry = MockConfigEntry(domain=DOMAIN, data={"device": DEVICE, CONF_ARRIVAL: "arrival-wanted"})
    entry.add_to_hass(hass)
    await sweep(hass)
    left = await hass.async_add_executor_job(_left, hass)
    assert left
    assert all("arrival-wanted" in name for name in left)
    await hass.config_entries.async_remove(entry.entry_id)
    assert await hass.async_add_executor_job(_left, hass) == []


async def test_list_is_read_once(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Whether the daily backup is due is known without the disk."""
    backups: Backups = entry.runtime_data.own.backups
    now = dt_util.utcnow()
    await backups.check(now)
    assert Reason.DAILY in [kept.reason for kept in await backups.archive.all()]
    with patch.object(backups.archive, "all", side_effect=AssertionError):
        await backups.check(now + timedelta(minutes=1))
    await backups.check(now + timedelta(days=2))
    dailies = [kept for kept in await backups.archive.all() if kept.reason is Reason.DAILY]
    assert len(dailies) == 2
