"""Support for images: the map of a network."""

from datetime import datetime
from typing import override

from homeassistant.components.image import ImageEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.importlib import async_import_module
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.gateway import Gateway
from .core.network_scan import Scan
from .core.radio import Ieee
from .entity import CoordinatorEntity
from .runtime import AqaraConfigEntry
from .texts import load_texts

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the network map."""
    async_add_entities([NetworkMap(hass, entry)])


class NetworkMap(CoordinatorEntity, ImageEntity):
    """The neighbors found by the last scan. It stays while the coordinator is not connected."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_content_type = "image/svg+xml"

    def __init__(self, hass: HomeAssistant, entry: AqaraConfigEntry) -> None:
        gateway: Gateway = entry.runtime_data.gateway
        CoordinatorEntity.__init__(self, gateway, "network_map")
        ImageEntity.__init__(self, hass)
        self._entry = entry
        self._note(gateway.scanner.last)

    @callback
    def _note(self, scan: Scan | None) -> None:
        self._attr_image_last_updated = scan.time if scan else None

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.gateway.scanner.subscribe(self._scanned))

    @callback
    def _scanned(self, scan: Scan) -> None:
        self._note(scan)
        self.async_write_ha_state()

    @override
    async def async_image(self) -> bytes:
        drawing = await async_import_module(self.hass, f"{__package__}.core.network_drawing")
        texts = await load_texts(self.hass, "network_map")
        scan = self.gateway.scanner.last
        if scan is None:
            lines = [texts["not_scanned"], texts["press"], texts["cost"]]
            picture: str = drawing.draw_message(texts["title"], lines)
        else:
            picture = drawing.draw(scan, self._names(), texts, _written)
        return picture.encode()

    @callback
    def _names(self) -> dict[Ieee, str]:
        """Return the devices' names in Home Assistant."""
        registry = dr.async_get(self.hass)
        return {
            ieee: device.name_by_user or device.name or ieee
            for device in dr.async_entries_for_config_entry(registry, self._entry.entry_id)
            for domain, ieee in device.identifiers
            if domain == DOMAIN
        }


def _written(time: datetime) -> str:
    return f"{dt_util.as_local(time):%Y-%m-%d %H:%M}"
