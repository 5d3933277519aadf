"""Backups that come at a bad moment: nothing is written twice, late, or instead of an error."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee import backup as hook
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.runtime import Runtime
from custom_components.aqara_zigbee.storage.backup_list import Reason
from custom_components.aqara_zigbee.storage.backups import Backups
from custom_components.aqara_zigbee.storage.files import database_path
from tests.core.network import Home
from tests.radio.test_backup import theirs


@pytest.fixture
def read() -> AsyncMock:
    """Reads the coordinator."""
    return AsyncMock(return_value=Backup.of(theirs()))


@pytest.fixture
def backups(hass: HomeAssistant, entry: MockConfigEntry, read: AsyncMock) -> Backups:
    return made(hass, entry, read)


def made(hass: HomeAssistant, entry: MockConfigEntry, read: AsyncMock) -> Backups:
    """Return a network's backups, as after a start."""
    radio: Any = SimpleNamespace(backup=read)
    return Backups(hass, entry.entry_id, Home().gateway, radio)


async def reasons(backups: Backups) -> list[Reason]:
    return [kept.reason for kept in await backups.archive.all()]


async def test_daily_backup_is_not_repeated_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, backups: Backups, read: AsyncMock
) -> None:
    now = dt_util.utcnow()
    await backups.check(now)
    again = made(hass, entry, read)
    await again.check(now + timedelta(hours=23))
    assert await reasons(again) == [Reason.DAILY]
    await again.check(now + timedelta(hours=25))
    assert await reasons(again) == [Reason.DAILY, Reason.DAILY]


async def test_change_while_a_backup_is_made_gets_its_own(
    backups: Backups, read: AsyncMock
) -> None:
    """The backup that is being read may lack it."""
    now = dt_util.utcnow()
    await backups.check(now)
    backups.soon(Reason.JOINED)

    async def leave() -> Backup:
        backups.soon(Reason.LEFT)
        return Backup.of(theirs())

    read.side_effect = leave
    await backups.check(now + timedelta(minutes=1))
    read.side_effect = None
    await backups.check(now + timedelta(minutes=2))
    assert sorted(await reasons(backups)) == sorted([Reason.DAILY, Reason.JOINED, Reason.LEFT])


async def test_no_backup_of_a_lost_coordinator(backups: Backups, read: AsyncMock) -> None:
    backups._gateway.lost("unplugged")
    await backups.check(dt_util.utcnow())
    read.assert_not_called()


async def test_nothing_is_written_for_an_unloaded_entry(backups: Backups, read: AsyncMock) -> None:
    """It may be removed meanwhile, and its backups with it."""

    async def last() -> Backup:
        backups.stop()
        return Backup.of(theirs())

    read.side_effect = last
    with pytest.raises(DeliveryError, match="network was stopped"):
        await backups.make(Reason.ASKED)
    assert await reasons(backups) == []


# Home Assistant's own backup


@pytest.fixture
def loaded(
    hass: HomeAssistant, entry: MockConfigEntry, backups: Backups
) -> Iterator[MockConfigEntry]:
    """A running entry."""
    entry.mock_state(hass, ConfigEntryState.LOADED)
    entry.runtime_data = Runtime(backups._gateway, cast("Any", SimpleNamespace(backups=backups)))
    yield entry
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)


async def test_home_assistants_backup_survives_any_error_of_ours(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    read: AsyncMock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And a database that is none; both are only logged."""
    read.side_effect = ZeroDivisionError("of ours")
    path = database_path(hass, loaded.entry_id)
    await hass.async_add_executor_job(_spoil, path)
    await hook.async_pre_backup(hass)
    await hook.async_post_backup(hass)
    assert "The backup could not be created" in caplog.text
    assert "of ours" in caplog.text
    assert f"{path.name} was not updated" in caplog.text
    caplog.clear()


def _spoil(path: Path) -> None:
    path.write_text("this is no database " * 100)


async def test_network_of_zha_is_backed_up_by_zha(
    hass: HomeAssistant, loaded: MockConfigEntry, read: AsyncMock
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    loaded.runtime_data = Runtime(loaded.runtime_data.gateway, None)
    data = {"config_entry_id": loaded.entry_id}
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "create_backup", data, blocking=True)
    assert error.value.translation_key == "belongs_to_zha"
    await hook.async_pre_backup(hass)
    read.assert_not_called()
