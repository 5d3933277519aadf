"""From rows to platforms, and from devices that appear to entities."""

from collections.abc import Callable, Iterator
from typing import assert_never

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.definition import Definition
from .core.device import Device, Update
from .core.gateway import Event
from .core.options import Option
from .core.property import (
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Shown,
    Text,
)
from .core.quantity import ENERGY
from .runtime import AqaraConfigEntry

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]


def platform_of(row: Row | Option) -> Platform:
    """Where a row is shown; it follows from its kind."""
    match row:
        case Action():
            return Platform.EVENT
        case Binary():
            return Platform.SWITCH if row.settable else Platform.BINARY_SENSOR
        case Enum():
            return Platform.SELECT if row.settable else Platform.SENSOR
        case Numeric():
            return Platform.NUMBER if row.settable else Platform.SENSOR
        case Text():
            return Platform.SENSOR
        case Option():
            return Platform.NUMBER
        case _:
            assert_never(row)


def rows_of(device: Device, platform: Platform) -> Iterator[Row | Option]:
    """The rows of a device that a platform shows."""
    if device.definition is None:
        return
    for row in (*device.definition.properties, *device.definition.options):
        shown = isinstance(row, Option) or Shown.HOME in row.shown
        if shown and platform_of(row) is platform:
            yield row


def meters_of(definition: Definition | None) -> list[Numeric]:
    """The rows that count energy for ever, and can be counted anew."""
    rows = definition.properties if definition else ()
    return [row for row in rows if isinstance(row, Numeric) and row.quantity is ENERGY]


@callback
def follow(
    entry: AqaraConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    platform: Platform,
    make: Callable[[Device, Row | Option], list[Entity]],
    besides: Callable[[Device], list[Entity]] = lambda device: [],
) -> None:
    """Make entities for all devices there are and for those that appear.

    Args:
        entry: whose devices.
        add: Home Assistant's callback.
        platform: the platform that asks.
        make: makes the entities of a row.
        besides: makes entities of a device that no row describes.
    """
    gateway = entry.runtime_data.gateway
    met: set[str] = set()

    @callback
    def meet(device: Device) -> None:
        if device.definition is None or device.ieee in met:
            return
        met.add(device.ieee)
        rows = list(rows_of(device, platform))
        later = [row for row in rows if _is_missing(device, row)]
        add(besides(device) + [e for row in rows if row not in later for e in make(device, row)])
        if later:
            _wait_for(entry, device, later, lambda row: add(make(device, row)))

    @callback
    def witness(event: Event, device: Device) -> None:
        if event is Event.INTERVIEWED:
            meet(device)
        elif event is Event.REMOVED:
            met.discard(device.ieee)

    for device in gateway.values():
        meet(device)
    entry.async_on_unload(gateway.subscribe(witness))


def _is_missing(device: Device, row: Row | Option) -> bool:
    return not isinstance(row, Option) and row.sparse and row.name not in device.state


@callback
def _wait_for(
    entry: AqaraConfigEntry,
    device: Device,
    rows: list[Row | Option],
    found: Callable[[Row | Option], None],
) -> None:
    """Show rows that only some devices have once a first value proves that this one does."""

    @callback
    def heard(update: Update) -> None:
        for row in [row for row in rows if row.name in update.state]:
            rows.remove(row)
            found(row)

    entry.async_on_unload(device.subscribe(heard))
