"""Support for updates: firmware over the air, its sources, and the schedule of checks."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, override

from aiohttp import ClientError, ClientTimeout
from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityFeature,
)
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval

from .const import DOMAIN
from .core.device import Device
from .core.events import Update
from .core.firmware import Fetch, ImageSources, Obstacle, UpdateError
from .core.updates import Updates
from .entity import AqaraEntity, translated
from .platforms import follow
from .runtime import AqaraConfigEntry
from .texts import load_texts

PARALLEL_UPDATES = 0
"""A second transfer is refused by the core; here it would wait for hours and seem to run."""


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add an update entity for every device whose firmware can be updated."""
    if (own := entry.runtime_data.own) is None:
        return  # ZHA updates the firmware of its devices
    updates = own.updates

    def firmware(device: Device) -> list[Entity]:
        can = device.definition is not None and device.definition.supports_ota
        return [AqaraFirmware(device, updates)] if can else []

    follow(entry, async_add_entities, Platform.UPDATE, lambda device, row: [], besides=firmware)


class AqaraFirmware(AqaraEntity, UpdateEntity):
    """The firmware of a device, by its file version, a number that increases."""

    _attr_device_class = UpdateDeviceClass.FIRMWARE
    _attr_entity_category = EntityCategory.CONFIG
    _attr_supported_features = (
        UpdateEntityFeature.INSTALL
        | UpdateEntityFeature.PROGRESS
        | UpdateEntityFeature.RELEASE_NOTES
    )

    def __init__(self, device: Device, updates: Updates) -> None:
        super().__init__(device, "firmware", UpdateDeviceClass.FIRMWARE)
        self._updates = updates

    @override
    def _concerns(self, update: Update) -> bool:
        return update.firmware

    @property
    @override
    def installed_version(self) -> str | None:
        running = self.device.upkeep.running
        return None if running is None else str(running.version)

    @property
    @override
    def latest_version(self) -> str | None:
        """Return None while no source of firmware has been checked; the state is then unknown."""
        upkeep = self.device.upkeep
        if upkeep.release is not None:
            return str(upkeep.release.version)
        return self.installed_version if upkeep.is_checked else None

    @property
    @override
    def entity_picture(self) -> None:
        """Return None, so that the icon shows whether there is an update, instead of our logo."""
        return None

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        return int(latest_version) > int(installed_version)

    @property
    @override
    def in_progress(self) -> bool:
        return self.device.upkeep.is_updating

    @property
    @override
    def update_percentage(self) -> int | None:
        return self.device.upkeep.percent

    @override
    async def async_release_notes(self) -> str | None:
        release = self.device.upkeep.release
        if release is None:
            return None
        texts = await load_texts(self.hass, "release_notes")
        sentences = [texts["asleep" if self.device.is_sleepy else "awake"]]
        sentences.append(texts.put("origin", origin=release.origin))
        return "\n\n".join([*sentences, release.notes]).strip()

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        with translated():
            await self._updates.install(self.device)

    async def async_update(self) -> None:
        """Read the version from the device, for the action `homeassistant.update_entity`."""
        with translated():
            await self._updates.check(self.device)


CONF_UPDATES = "updates"
"""The entry's option with `CONF_REMOTE`."""

CONF_REMOTE = "remote"

INTERVAL = timedelta(hours=1)
"""Time between two checks of the folder; the online index is downloaded at most once a day."""

_MOST_BYTES = 8 * 1024 * 1024
_SECONDS = 60.0


def folder(hass: HomeAssistant) -> Path:
    """Return the folder for the user's firmware files. It is never created or deleted here."""
    return Path(hass.config.path(f"{DOMAIN}_ota"))


def is_remote(entry: AqaraConfigEntry) -> bool:
    """Whether firmware may be downloaded from the internet, by default not."""
    return bool(entry.options.get(CONF_UPDATES, {}).get(CONF_REMOTE, False))


def fetcher(hass: HomeAssistant) -> Fetch:
    """Return a function that downloads a URL with Home Assistant's own session."""

    async def fetch(address: str) -> bytes:
        session, content = async_get_clientsession(hass), bytearray()
        try:
            async with session.get(address, timeout=ClientTimeout(_SECONDS)) as response:
                response.raise_for_status()
                stream = response.content
                while part := await stream.read(65536):
                    content += part
                    if len(content) > _MOST_BYTES:
                        raise UpdateError(Obstacle.UNUSABLE, f"{address} is too long")
        except (ClientError, TimeoutError) as error:
            raise UpdateError(Obstacle.UNUSABLE, f"{address}: {error!r}") from error
        return bytes(content)

    return fetch


@callback
def check_regularly(
    hass: HomeAssistant, entry: AqaraConfigEntry, updates: Updates, sources: ImageSources
) -> None:
    """Check for firmware now, every hour, and when the user changes the source."""

    @callback
    def check(_now: datetime | None = None) -> None:
        sources.remote = is_remote(entry)
        work = updates.find_newer_for_all()
        entry.async_create_background_task(hass, work, f"{DOMAIN} look for firmware")

    @callback
    def changed(_change: ConfigEntryChange, other: ConfigEntry) -> None:
        if other is entry and is_remote(entry) is not sources.remote:
            check()

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed))
    entry.async_on_unload(async_track_time_interval(hass, check, INTERVAL))
    entry.async_on_unload(updates.stop)
    check()
