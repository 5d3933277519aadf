"""Base classes of all entities, and translated errors of writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import override

from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity

from .const import DOMAIN
from .core.device import Device
from .core.errors import (
    ConversionError,
    DeliveryError,
    ObeyedNotStoredError,
    RefusedError,
    StorageError,
    UnknownProperty,
)
from .core.events import Update
from .core.firmware import UpdateError
from .core.gateway import Gateway
from .core.options import Option
from .core.property import Property, Scalar, Wish
from .core.radio import Owner

TARGETED = 1
"""`LockEntityFeature.OPEN`, by which triggers.yaml and conditions.yaml recognize our entities.

Home Assistant has no features for the domains event, sensor and switch, and the frontend shows none.
"""

_NAMED_BY_CLASS = {("state", "lock")}
"""Properties whose name differs from a device class with the same meaning."""


def translation_key(name: str, device_class: str | None) -> str | None:
    """Return the translation key of an entity's name, icon and states.

    None if Home Assistant's own name and icon of the device class are sufficient; they exist in all
    its languages.
    """
    is_same = name == device_class or (name, device_class) in _NAMED_BY_CLASS
    return None if is_same else name


class AqaraEntity(Entity):
    """An entity of a device.

    Its unique id ends with the property's name, which is also the key of its own texts.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, device: Device, name: str, device_class: str | None = None) -> None:
        self.device = device
        self.key = name
        self._attr_unique_id = f"{device.ieee}-{name}"
        self._attr_translation_key = translation_key(name, device_class)
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device.ieee)})
        self._shown_available = False

    def disable_by_default(self) -> None:
        """Disable the entity when it is registered for the first time."""
        self._attr_entity_registry_enabled_default = False

    @property
    @override
    def available(self) -> bool:
        return self.device.available

    @override
    async def async_added_to_hass(self) -> None:
        self._shown_available = self.available
        self.async_on_remove(self.device.subscribe(self._on_update))

    @callback
    def _on_update(self, update: Update) -> None:
        """Write the state if the update concerns this entity."""
        if self._concerns(update) or self._shown_available is not self.available:
            self._shown_available = self.available
            self.async_write_ha_state()

    def _concerns(self, update: Update) -> bool:
        return self.key in update.state or self.key in update.gone

    async def wish(self, value: Wish) -> None:
        """Write the property of this entity.

        Raises:
            ServiceValidationError, HomeAssistantError: as `translated`.
        """
        with translated():
            await self.device.set(self.key, value)


class CoordinatorEntity(Entity):
    """An entity of the network, on the coordinator's device.

    Its state is written when the coordinator is disconnected or connected, and when joining is
    permitted or ends.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, gateway: Gateway, name: str, device_class: str | None = None) -> None:
        self.gateway = gateway
        ieee = gateway.radio.coordinator.ieee
        self._attr_unique_id = f"{ieee}-{name}"
        self._attr_translation_key = translation_key(name, device_class)
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, ieee)})

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self.gateway.subscribe_network(lambda _change: self._changed()))

    @callback
    def _changed(self) -> None:
        """Write the state."""
        self.async_write_ha_state()


class RowEntity[R: Property](AqaraEntity):
    """An entity that shows a row of the device's definition."""

    def __init__(self, device: Device, row: R, device_class: str | None = None) -> None:
        super().__init__(device, row.name, device_class)
        self.row = row
        self._attr_entity_registry_enabled_default = row.enabled
        if row.category is not None:
            self._attr_entity_category = EntityCategory(row.category)

    @property
    def known_value(self) -> Scalar:
        """The property's value, None while it is unknown."""
        return self.device.state.get(self.row.name)

    async def async_update(self) -> None:
        """Read the property, for the action `homeassistant.update_entity`."""
        if self.row.read is not None and self.row.reported:
            with translated():
                await self.device.get((self.row.name,))


class StoredEntity(AqaraEntity):
    """An entity of a device whose state is stored here: available even if the device is not."""

    @property
    @override
    def available(self) -> bool:
        return True


class OptionEntity[O: Option](StoredEntity):
    """An option of a device: stored here, it applies to the next report or command."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, device: Device, option: O) -> None:
        super().__init__(device, option.name)
        self._attr_entity_registry_enabled_default = option.enabled

    @override
    def _concerns(self, update: Update) -> bool:
        return update.options


def owner_of(gateway: Gateway) -> Owner:
    """Return the radio of a network on our own coordinator.

    Raises:
        ServiceValidationError: it is ZHA's network, where only ZHA can do this.
    """
    if gateway.owner is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="belongs_to_zha")
    return gateway.owner


@contextmanager
def translated() -> Iterator[None]:
    """Translate errors of a write.

    Raises:
        ServiceValidationError: the value is invalid for the property.
        HomeAssistantError: the device did not confirm or refused it, it could not be stored, or the
            firmware was not updated.
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
    except StorageError as error:
        is_obeyed = isinstance(error, ObeyedNotStoredError)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="obeyed_not_stored" if is_obeyed else "not_stored",
            translation_placeholders={"reason": error.reason},
        ) from error
    except UpdateError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=error.obstacle,
            translation_placeholders={"reason": error.detail},
        ) from error


@contextmanager
def translated_as(*, translation_domain: str, translation_key: str) -> Iterator[None]:
    """Translate errors of a request to the network itself, with the given key.

    Raises:
        HomeAssistantError: the coordinator or a device did not carry it out, or it could not be stored.
    """
    try:
        yield
    except (DeliveryError, StorageError) as error:
        raise HomeAssistantError(
            translation_domain=translation_domain,
            translation_key=translation_key,
            translation_placeholders={"reason": str(error)},
        ) from error
