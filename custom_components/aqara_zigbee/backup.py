"""Backs networks up: once a day, after changes, before Home Assistant's own backups, on request.

A backup is downloaded through a link in the options flow and not as the response of an action: a
response ends up in traces and in whatever an automation does with it, and it holds the network key.
"""

import asyncio
from contextlib import closing
from datetime import datetime, timedelta
import json
import logging
from pathlib import Path
import sqlite3
from typing import Any

from aiohttp import web
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.components.http.auth import async_sign_path
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import probatio

from .archive import Archive, Kept, Reason
from .const import DOMAIN
from .core.device import Device
from .core.errors import DeliveryError
from .core.gateway import Event, Gateway
from .radio.adapter import ZigpyRadio
from .radio.backup import Backup
from .runtime import AqaraConfigEntry
from .store import database_path

_LOGGER = logging.getLogger(__name__)

SERVICE_CREATE_BACKUP = "create_backup"

_LOOK = timedelta(seconds=30)
_CALM = timedelta(seconds=30)
"""After a change; a join session makes one backup and not ten."""
_DAY = timedelta(days=1)
_PATIENCE = 20.0
"""Seconds that Home Assistant's own backup waits for a stick."""
_LINK_LIFE = timedelta(minutes=10)

_URL = f"/api/{DOMAIN}/backups/{{entry_id}}/{{backup_id}}"
_REASONS = {
    Event.INTERVIEWED: Reason.JOINED,
    Event.LEFT: Reason.LEFT,
    Event.REMOVED: Reason.LEFT,
}


class Backups:
    """Backs one network up at the right moments.

    Attributes:
        archive: what is kept.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, gateway: Gateway, radio: ZigpyRadio):
        self.archive = Archive(hass, entry_id)
        self.entry_id = entry_id
        self._gateway = gateway
        self._radio = radio
        self._lock = asyncio.Lock()
        self._wanted: tuple[Reason, datetime] | None = None
        self._channel = gateway.radio.coordinator.channel
        self._is_over = False

    async def make(self, reason: Reason) -> Kept:
        """Back the network up now. Takes a few seconds on a real stick.

        Raises:
            DeliveryError: the radio is gone, or could not be read.
        """
        async with self._lock:
            network = await self._radio.backup()
            if self._is_over:
                raise DeliveryError("the network was taken down")
            kept = Kept.of(reason, network, dt_util.utcnow())
            await self.archive.add(kept)
            return kept

    @callback
    def soon(self, reason: Reason) -> None:
        """Back the network up when it has calmed down."""
        self._wanted = reason, dt_util.utcnow() + _CALM

    @callback
    def witness(self, event: Event, _device: Device) -> None:
        """Something happened to a device."""
        if reason := _REASONS.get(event):
            self.soon(reason)

    async def look(self, now: datetime) -> None:
        """See whether it is time for one. What cannot be made now is tried again."""
        if not self._gateway.online:
            return
        channel = self._gateway.radio.coordinator.channel
        if channel != self._channel:
            self._channel = channel
            self.soon(Reason.CHANNEL)
        wanted = self._wanted
        if wanted is None and await self._is_daily_due(now):
            wanted = self._wanted = Reason.DAILY, now
        if wanted is None or now < wanted[1]:
            return
        try:
            await self.make(wanted[0])
        except DeliveryError as error:
            _LOGGER.debug("No backup for %s: %s", wanted[0], error)
            return
        if self._wanted == wanted:
            self._wanted = None

    async def _is_daily_due(self, now: datetime) -> bool:
        daily = [kept for kept in await self.archive.all() if kept.reason is Reason.DAILY]
        return not daily or now - daily[0].taken >= _DAY

    @callback
    def stop(self) -> None:
        """Write nothing any more."""
        self._is_over = True


@callback
def follow(
    hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway, radio: ZigpyRadio
) -> Backups:
    """Back a network up while it is up."""
    backups = Backups(hass, entry.entry_id, gateway, radio)
    entry.async_on_unload(gateway.subscribe(backups.witness))
    entry.async_on_unload(async_track_time_interval(hass, backups.look, _LOOK))
    entry.async_on_unload(backups.stop)
    return backups


# Home Assistant's backup


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Back all networks up. Never raises, or Home Assistant would make no backup at all."""
    loaded: list[AqaraConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    await asyncio.gather(*(_prepare(hass, entry.runtime_data.backups) for entry in loaded))


async def _prepare(hass: HomeAssistant, backups: Backups) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await backups.make(Reason.HOME_ASSISTANT)
    except (DeliveryError, TimeoutError) as error:
        _LOGGER.warning("The coordinator could not be backed up: %s", error or "it is silent")
    except Exception:
        _LOGGER.exception("The coordinator could not be backed up")
    await hass.async_add_executor_job(_settle, database_path(hass, backups.entry_id))


def _settle(path: Path) -> None:
    """Bring what zigpy has written lately into the file itself, which is what gets copied."""
    try:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        _LOGGER.debug("%s was not settled: %s", path.name, error)


async def async_post_backup(hass: HomeAssistant) -> None:
    """There is nothing to do afterwards."""


# What an administrator can ask for


@callback
def async_setup_backups(hass: HomeAssistant) -> None:
    """Register the action and the download; they are there whether or not a network is up."""

    async def create_backup(call: ServiceCall) -> ServiceResponse:
        entry: AqaraConfigEntry = service.async_get_config_entry(
            hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
        )
        try:
            kept = await entry.runtime_data.backups.make(Reason.ASKED)
        except DeliveryError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="backup_failed",
                translation_placeholders={"reason": str(error)},
            ) from error
        return kept.facts()

    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_CREATE_BACKUP,
        create_backup,
        probatio.Schema({probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string}),
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.http.register_view(BackupView)


class BackupView(HomeAssistantView):
    """Hands a backup out as a file, to administrators."""

    url = _URL
    name = f"api:{DOMAIN}:backups"

    async def get(self, request: web.Request, entry_id: str, backup_id: str) -> web.Response:
        """The file, in the format that ZHA and Zigbee2MQTT read as well."""
        if not request[KEY_HASS_USER].is_admin:
            raise Unauthorized
        hass = request.app[KEY_HASS]
        entry = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN:
            raise web.HTTPNotFound
        kept = await Archive(hass, entry_id).get(backup_id)
        if kept is None:
            raise web.HTTPNotFound
        content: dict[str, Any] = Backup.of(kept.content).as_open_format()
        return web.Response(
            body=json.dumps(content, indent=4),
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="{kept.filename}"',
                "Cache-Control": "no-store",
            },
        )


@callback
def link(hass: HomeAssistant, entry_id: str, kept: Kept) -> str:
    """Where a backup can be downloaded, for ten minutes, by who asks for the link."""
    path = _URL.format(entry_id=entry_id, backup_id=kept.id)
    return async_sign_path(hass, path, _LINK_LIFE)
