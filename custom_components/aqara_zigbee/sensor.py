"""Support for sensors: readings, enumerations, texts, figures of the network, and last seen."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, assert_never, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core import meter
from .core.device import Device
from .core.device_settings import People
from .core.events import Update
from .core.gateway import Gateway
from .core.group import Cover
from .core.health import BUFFER_FULL, CHANNEL_ACCESS_FAILURE
from .core.options import Option
from .core.property import (
    Action,
    Binary,
    Enum,
    Numeric,
    Text,
)
from .entity import TARGETED, AqaraEntity, CoordinatorEntity, RowEntity, StoredEntity
from .platforms import Part, follow, meters_of
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0

SCAN_INTERVAL = timedelta(minutes=1)


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for every numeric, enumeration and text row that cannot be set."""
    gateway = entry.runtime_data.gateway
    if gateway.owner is not None:  # messages of other devices on ZHA's network are not counted
        async_add_entities(CoordinatorSensor(gateway, *figure) for figure in FIGURES)
    follow(entry, async_add_entities, Platform.SENSOR, _make, besides=_besides)


def _make(device: Device, row: Part) -> list[Entity]:
    match row:
        case Numeric():
            return [NumericSensor(device, row)]
        case Enum():
            return [EnumSensor(device, row)]
        case Text() if row.name == _person_row(device):
            return [PersonSensor(device, row)]
        case Text():
            return [TextSensor(device, row)]
        case Binary() | Action() | Option() | Cover():
            raise TypeError(row)
        case _:
            assert_never(row)


def _person_row(device: Device) -> str | None:
    """Return the property with the user of a lock."""
    action = device.definition.action if device.definition else None
    return action.join.person if action is not None and action.join is not None else None


def _besides(device: Device) -> list[Entity]:
    return [
        LastSeenSensor(device),
        *(TallySensor(device, row) for row in meters_of(device.definition)),
        *([PendingSensor(device)] if has_pending(device) else []),
    ]


def has_pending(device: Device) -> bool:
    """Whether a device's settings can wait until it wakes up."""
    rows = device.definition.properties if device.definition else ()
    return device.is_sleepy and any(row.settable for row in rows)


class NumericSensor(RowEntity[Numeric], SensorEntity):
    """A numeric reading."""

    def __init__(self, device: Device, row: Numeric) -> None:
        super().__init__(device, row, row.quantity.device_class)
        quantity = row.quantity
        self._attr_native_unit_of_measurement = quantity.unit
        if quantity.device_class is not None:
            self._attr_device_class = SensorDeviceClass(quantity.device_class)
        if quantity.state_class is not None:
            self._attr_state_class = SensorStateClass(quantity.state_class)

    @property
    @override
    def native_value(self) -> int | float | None:
        value = self.known_value
        return value if isinstance(value, int | float) else None


class TallySensor(AqaraEntity, SensorEntity):
    """The energy since the user's last reset."""

    _attr_entity_registry_enabled_default = False
    _attr_state_class = SensorStateClass.TOTAL

    def __init__(self, device: Device, row: Numeric) -> None:
        super().__init__(device, f"{row.name}_since_reset")
        self._row = row
        self._attr_native_unit_of_measurement = row.quantity.unit
        if row.quantity.device_class is not None:
            self._attr_device_class = SensorDeviceClass(row.quantity.device_class)

    @override
    def _concerns(self, update: Update) -> bool:
        return self._row.name in update.state or update.options

    @callback
    @override
    def _on_update(self, update: Update) -> None:
        meter.mend(self.device, self._row)
        super()._on_update(update)

    @property
    @override
    def last_reset(self) -> datetime | None:
        return meter.began(self.device, self._row)

    @property
    @override
    def native_value(self) -> float | None:
        return meter.counted(self.device, self._row)


class EnumSensor(RowEntity[Enum], SensorEntity):
    """An enumeration."""

    _attr_device_class = SensorDeviceClass.ENUM

    def __init__(self, device: Device, row: Enum) -> None:
        super().__init__(device, row)
        self._attr_options = list(row.values)

    @property
    @override
    def native_value(self) -> str | None:
        value = self.known_value
        return value if isinstance(value, str) else None


class TextSensor(RowEntity[Text], SensorEntity):
    """A text."""

    @property
    @override
    def native_value(self) -> str | None:
        value = self.known_value
        return value if isinstance(value, str) else None


class PersonSensor(TextSensor):
    """The last user who opened a lock. Its options allow people to be chosen in automations."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_supported_features = TARGETED

    @property
    @override
    def options(self) -> list[str]:
        """Return the named users, and the current user without a name."""
        known = People.from_options(self.device.options).known
        current = [self.native_value] if self.native_value is not None else []
        return sorted({*known, *current}, key=str.casefold)

    @override
    def _concerns(self, update: Update) -> bool:
        return super()._concerns(update) or update.options


# Figures of the network: name, function, and whether it only increases.
FIGURES: tuple[tuple[str, Callable[[Gateway], int], bool], ...] = (
    ("channel", lambda gateway: gateway.radio.coordinator.channel, False),
    ("connection_losses", lambda gateway: gateway.health.losses, True),
    (
        "channel_access_failures",
        lambda gateway: gateway.health.failures[CHANNEL_ACCESS_FAILURE],
        True,
    ),
    ("buffer_full_failures", lambda gateway: gateway.health.failures[BUFFER_FULL], True),
    (
        "unavailable_devices",
        lambda gateway: sum(not device.available for device in gateway.values()),
        False,
    ),
)


class CoordinatorSensor(CoordinatorEntity, SensorEntity):
    """A figure of the network. It is polled, as it is not urgent."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False
    _attr_should_poll = True

    def __init__(
        self, gateway: Gateway, name: str, read: Callable[[Gateway], int], grows: bool
    ) -> None:
        super().__init__(gateway, name)
        self._read = read
        if grows:
            self._attr_state_class = SensorStateClass.TOTAL_INCREASING

    @property
    @override
    def native_value(self) -> int:
        return self._read(self.gateway)


class LastSeenSensor(StoredEntity, SensorEntity):
    """The time of the device's last frame. It changes with every frame, so it is polled."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    def __init__(self, device: Device) -> None:
        super().__init__(device, "last_seen")

    @override
    def _concerns(self, update: Update) -> bool:
        return update.received

    @property
    @override
    def native_value(self) -> datetime | None:
        return self.device.last_seen


class PendingSensor(StoredEntity, SensorEntity):
    """Whether changes of settings wait for the device to wake up; its attributes list them."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, device: Device) -> None:
        super().__init__(device, "pending_changes")
        self._attr_options = ["none", "waiting"]

    @override
    def _concerns(self, update: Update) -> bool:
        return bool(update.pending)

    @property
    @override
    def native_value(self) -> str:
        return "waiting" if self.device.pending else "none"

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the waiting values by property."""
        return dict(self.device.pending)
