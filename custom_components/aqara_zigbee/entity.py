"""The one base of all entities, and how wishes of users end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import override

from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity

from .const import DOMAIN
from .core.device import Device, Update
from .core.errors import ConversionError, DeliveryError, RefusedError, UnknownProperty
from .core.firmware import UpdateError
from .core.gateway import Gateway
from .core.property import Property, Scalar, Wish


class AqaraEntity(Entity):
    """One thing of one device.

    Its name is the property's name: translation key and unique-id suffix at once.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, device: Device, name: str) -> None:
        self.device = device
        self.key = name
        self._attr_unique_id = f"{device.ieee}-{name}"
        self._attr_translation_key = name
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device.ieee)})
        self._shown_available = device.available

    @property
    @override
    def available(self) -> bool:
        return self.device.available

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self.device.subscribe(self._heard))

    @callback
    def _heard(self, update: Update) -> None:
        """Write the state when it concerns this entity."""
        if self._concerns(update) or self._shown_available is not self.device.available:
            self._shown_available = self.device.available
            self.async_write_ha_state()

    def _concerns(self, update: Update) -> bool:
        return self.key in update.state or self.key in update.gone

    async def wish(self, value: Wish) -> None:
        """Set what this entity shows.

        Raises:
            ServiceValidationError, HomeAssistantError: as `translated`.
        """
        with translated():
            await self.device.set(self.key, value)


class CoordinatorEntity(Entity):
    """Something of the network itself, shown with its coordinator."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, gateway: Gateway, name: str) -> None:
        self.gateway = gateway
        ieee = gateway.radio.coordinator.ieee
        self._attr_unique_id = f"{ieee}-{name}"
        self._attr_translation_key = name
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, ieee)})


class RowEntity[R: Property](AqaraEntity):
    """An entity that shows a row of the device's table."""

    def __init__(self, device: Device, row: R) -> None:
        super().__init__(device, row.name)
        self.row = row
        self._attr_entity_registry_enabled_default = row.enabled
        if row.category is not None:
            self._attr_entity_category = EntityCategory(row.category)

    @property
    def value(self) -> Scalar:
        """The property's value, None while it is not known."""
        return self.device.state.get(self.row.name)

    async def async_update(self) -> None:
        """Read the property, for the action `homeassistant.update_entity`."""
        if self.row.read is not None and self.row.told:
            with translated():
                await self.device.get((self.row.name,))


@contextmanager
def translated() -> Iterator[None]:
    """Say in the user's language what went wrong with a wish.

    Raises:
        ServiceValidationError: it was no value of this property.
        HomeAssistantError: it did not reach the device, the device refused, or was not updated.
    """
    try:
        yield
    except (ConversionError, UnknownProperty) as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_a_value",
            translation_placeholders={"reason": str(error)},
        ) from error
    except DeliveryError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="refused" if isinstance(error, RefusedError) else "not_delivered",
            translation_placeholders={"reason": str(error)},
        ) from error
    except UpdateError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=error.obstacle,
            translation_placeholders={"reason": error.detail},
        ) from error
