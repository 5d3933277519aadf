"""Support for updates: firmware over the air."""

from typing import Any, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityFeature,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device
from .core.events import Update
from .core.updates import Updates
from .entity import AqaraEntity, translated
from .phrases import phrases
from .platforms import follow
from .runtime import AqaraConfigEntry

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
        words = await phrases(self.hass, "release_notes")
        sentences = [words["asleep" if self.device.is_sleepy else "awake"]]
        sentences.append(words.put("origin", origin=release.origin))
        return "\n\n".join([*sentences, release.notes]).strip()

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        with translated():
            await self._updates.install(self.device)

    async def async_update(self) -> None:
        """Read the version from the device, for the action `homeassistant.update_entity`."""
        with translated():
            await self._updates.check(self.device)
