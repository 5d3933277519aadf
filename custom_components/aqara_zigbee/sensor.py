"""Readings, words and the time of the last frame."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core import tally
from .core.device import Device, Update
from .core.gateway import Gateway
from .core.health import BUFFER_FULL, CHANNEL_ACCESS_FAILURE
from .core.options import Option
from .core.property import (
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Text,
)
from .entity import AqaraEntity, CoordinatorEntity, RowEntity
from .platforms import follow, meters_of
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0
SCAN_INTERVAL = timedelta(minutes=1)


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for every number, word and text that cannot be set."""
    gateway = entry.runtime_data.gateway
    async_add_entities(CoordinatorSensor(gateway, *figure) for figure in FIGURES)
    follow(entry, async_add_entities, Platform.SENSOR, _make, besides=_besides)


def _make(device: Device, row: Row | Option) -> list[Entity]:
    match row:
        case Numeric():
            return [NumericSensor(device, row)]
        case Enum():
            return [EnumSensor(device, row)]
        case Text():
            return [TextSensor(device, row)]
        case Binary() | Action() | Option():
            raise TypeError(row)
        case _:
            assert_never(row)


def _besides(device: Device) -> list[Entity]:
    return [
        LastSeenSensor(device),
        *(TallySensor(device, row) for row in meters_of(device.definition)),
    ]


class NumericSensor(RowEntity[Numeric], SensorEntity):
    """A reading."""

    def __init__(self, device: Device, row: Numeric) -> None:
        super().__init__(device, row)
        quantity = row.quantity
        self._attr_native_unit_of_measurement = quantity.unit
        if quantity.device_class is not None:
            self._attr_device_class = SensorDeviceClass(quantity.device_class)
        if quantity.state_class is not None:
            self._attr_state_class = SensorStateClass(quantity.state_class)

    @property
    @override
    def native_value(self) -> int | float | None:
        value = self.value
        return value if isinstance(value, int | float) else None


class TallySensor(AqaraEntity, SensorEntity):
    """What a meter has counted since its owner set it back."""

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
        return self._row.name in update.state or not update.state

    @callback
    @override
    def _heard(self, update: Update) -> None:
        tally.mend(self.device, self._row)
        super()._heard(update)

    @property
    @override
    def last_reset(self) -> datetime | None:
        began = tally.Tally.of(self.device, self._row)
        return began.since if began else None

    @property
    @override
    def native_value(self) -> float | None:
        return tally.counted(self.device, self._row)


class EnumSensor(RowEntity[Enum], SensorEntity):
    """One of a few words."""

    _attr_device_class = SensorDeviceClass.ENUM

    def __init__(self, device: Device, row: Enum) -> None:
        super().__init__(device, row)
        self._attr_options = list(row.values)

    @property
    @override
    def native_value(self) -> str | None:
        value = self.value
        return value if isinstance(value, str) else None


class TextSensor(RowEntity[Text], SensorEntity):
    """Free words."""

    @property
    @override
    def native_value(self) -> str | None:
        value = self.value
        return value if isinstance(value, str) else None


# How the radio is doing: name, what to read, and whether it only ever grows.
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
    """A figure of the network. It is looked at now and then; nobody has to know it at once."""

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


class LastSeenSensor(AqaraEntity, SensorEntity):
    """When the device's last frame came. It changes with every frame, so it has to be asked for."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    def __init__(self, device: Device) -> None:
        super().__init__(device, "last_seen")

    @property
    @override
    def available(self) -> bool:
        """It is most wanted when the device is gone."""
        return True

    @override
    def _concerns(self, update: Update) -> bool:
        return True

    @property
    @override
    def native_value(self) -> datetime | None:
        return self.device.last_seen
