"""Home Assistant's backups, the action that creates one, and the download of one.

A backup is downloaded through a link in the options flow and not as the response of an action: a
response is stored in traces and used by automations, and it contains the network key.
"""

import asyncio
from contextlib import closing
from datetime import timedelta
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
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.service import async_register_admin_service
import probatio

from .const import DOMAIN
from .core.errors import DeliveryError, StorageError
from .runtime import AqaraConfigEntry
from .storage.backup_list import BackupList, Reason, StoredBackup
from .storage.backups import Backups
from .storage.files import database_path, memory_path

_LOGGER = logging.getLogger(__name__)

SERVICE_CREATE_BACKUP = "create_backup"

_PATIENCE = 20.0
"""Seconds that Home Assistant's own backup waits for a coordinator."""
_LINK_LIFE = timedelta(minutes=10)

_URL = f"/api/{DOMAIN}/backups/{{entry_id}}/{{backup_id}}"


# Home Assistant's backup


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Back up all networks. Never raises, or Home Assistant would not create its backup."""
    loaded: list[AqaraConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    own = [entry.runtime_data.own for entry in loaded]
    await asyncio.gather(*(_prepare(hass, each.backups) for each in own if each is not None))
    for entry in loaded:
        await hass.async_add_executor_job(_settle, memory_path(hass, entry.entry_id))


async def _prepare(hass: HomeAssistant, backups: Backups) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await backups.make(Reason.HOME_ASSISTANT)
    except (DeliveryError, StorageError, TimeoutError) as error:
        _LOGGER.warning("The backup could not be created: %s", error or "it does not respond")
    except Exception:
        _LOGGER.exception("The backup could not be created")
    await hass.async_add_executor_job(_settle, database_path(hass, backups.entry_id))


def _settle(path: Path) -> None:
    """Merge the journal into the database file, which is copied."""
    try:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        _LOGGER.debug("%s was not updated: %s", path.name, error)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Nothing to do afterwards."""


# The action and the download, for administrators


@callback
def async_setup_backups(hass: HomeAssistant) -> None:
    """Register the action and the download, whether or not a network is running."""

    async def create_backup(call: ServiceCall) -> ServiceResponse:
        entry: AqaraConfigEntry = service.async_get_config_entry(
            hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
        )
        own = entry.runtime_data.own
        if own is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="belongs_to_zha"
            )
        try:
            kept = await own.backups.make(Reason.ASKED)
        except (DeliveryError, StorageError) as error:
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
    """Downloads a backup as a file, for administrators."""

    url = _URL
    name = f"api:{DOMAIN}:backups"

    async def get(self, request: web.Request, entry_id: str, backup_id: str) -> web.Response:
        """Return the file, in the format that ZHA and Zigbee2MQTT read as well."""
        if not request[KEY_HASS_USER].is_admin:
            raise Unauthorized
        hass = request.app[KEY_HASS]
        entry = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN:
            raise web.HTTPNotFound
        kept = await BackupList(hass, entry_id).get(backup_id)
        if kept is None:
            raise web.HTTPNotFound
        module = await async_import_module(hass, f"{__package__}.radio.backup")
        content: dict[str, Any] = module.Backup.of(kept.content).as_open_format()
        return web.Response(
            body=json.dumps(content, indent=4),
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="{kept.filename}"',
                "Cache-Control": "no-store",
            },
        )


@callback
def link(hass: HomeAssistant, entry_id: str, kept: StoredBackup) -> str:
    """Return a link to a backup, valid for 10 minutes, for the user who requests it."""
    path = _URL.format(entry_id=entry_id, backup_id=kept.id)
    return async_sign_path(hass, path, _LINK_LIFE)
