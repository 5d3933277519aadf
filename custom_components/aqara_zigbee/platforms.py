"""Assigns rows to platforms, and adds entities for current and new devices."""

from collections.abc import Callable, Iterator
from typing import assert_never

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.definition import Definition
from .core.device import Device
from .core.events import NetworkEvent, Update
from .core.group import Cover, Group
from .core.options import AnyOption, ChoiceOption, FlagOption, NumberOption, Option
from .core.property import (
    Action,
    Binary,
    Enum,
    Numeric,
    Property,
    Row,
    Shown,
    Text,
)
from .core.quantity import ENERGY
from .entity import AqaraEntity
from .runtime import AqaraConfigEntry, disables_zha, is_guest

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.COVER,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]


type Part = Row | AnyOption | Group
"""The source of an entity: a row, an option, or a group of rows."""

type MakeEntities = Callable[[Device, Part], list[Entity]]
"""Creates the entities of a part of a device."""


def platform_of(row: Part) -> Platform:
    """Return the platform of a part, from its type."""
    match row:
        case Action():
            return Platform.EVENT
        case Binary():
            return Platform.SWITCH if row.settable else Platform.BINARY_SENSOR
        case Enum():
            if not row.settable:
                return Platform.SENSOR
            return Platform.BUTTON if len(row.values) == 1 else Platform.SELECT
        case Numeric():
            return Platform.NUMBER if row.settable else Platform.SENSOR
        case Text():
            return Platform.SENSOR
        case NumberOption():
            return Platform.NUMBER
        case FlagOption():
            return Platform.SWITCH
        case ChoiceOption():
            return Platform.SELECT
        case Cover():
            return Platform.COVER
        case _:
            assert_never(row)


def parts_of(definition: Definition) -> Iterator[Part]:
    """Yield all sources of entities: rows that have their own, groups and options."""
    for row in definition.properties:
        if Shown.HOME in row.shown and definition.group_of(row.name) is None:
            yield row
    yield from definition.groups
    yield from definition.options


def meters_of(definition: Definition | None) -> list[Numeric]:
    """Return the rows that count energy endlessly and can be reset."""
    rows = definition.properties if definition else ()
    return [row for row in rows if isinstance(row, Numeric) and row.quantity is ENERGY]


@callback
def follow(
    entry: AqaraConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    platform: Platform,
    make: MakeEntities,
    besides: Callable[[Device], list[Entity]] = lambda device: [],
) -> None:
    """Add entities for all current and new devices.

    Args:
        entry: the config entry.
        add: Home Assistant's callback.
        platform: the platform.
        make: creates the entities of a part.
        besides: creates entities of a device without a row.
    """
    gateway = entry.runtime_data.gateway
    met: set[str] = set()
    made = _beside_zha(make) if is_guest(entry) and not disables_zha(entry) else make

    @callback
    def add_device(device: Device) -> None:
        if device.definition is None or device.ieee in met:
            return
        met.add(device.ieee)
        rows = [row for row in parts_of(device.definition) if platform_of(row) is platform]
        later = [row for row in rows if _is_missing(device, row)]
        add(besides(device) + [e for row in rows if row not in later for e in made(device, row)])
        if later:
            _wait_for(entry, device, later, lambda row: add(made(device, row)))

    @callback
    def on_event(event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.INTERVIEWED:
            add_device(device)
        elif event is NetworkEvent.REMOVED:
            met.discard(device.ieee)

    for device in gateway.values():
        add_device(device)
    entry.async_on_unload(gateway.subscribe(on_event))


def _beside_zha(make: MakeEntities) -> MakeEntities:
    """Disable the created entities by default where ZHA has equivalent ones."""

    def made(device: Device, part: Part) -> list[Entity]:
        entities = make(device, part)
        if is_covered_by_zha(device, part):
            for entity in entities:
                assert isinstance(entity, AqaraEntity)
                entity.disable_by_default()
        return entities

    return made


def is_covered_by_zha(device: Device, part: Part) -> bool:
    """Whether ZHA has an equivalent entity."""
    if isinstance(part, Option) or device.definition is None:
        return False
    rows = (
        [part] if isinstance(part, Property) else map(device.definition.__getitem__, part.members)
    )
    return all(row.zha for row in rows)


def _is_missing(device: Device, row: Part) -> bool:
    return isinstance(row, Property) and row.sparse and row.name not in device.state


@callback
def _wait_for(
    entry: AqaraConfigEntry,
    device: Device,
    rows: list[Part],
    found: Callable[[Part], None],
) -> None:
    """Add entities of rows that only some devices have, once a value shows that it has them."""

    @callback
    def on_update(update: Update) -> None:
        for row in [row for row in rows if row.name in update.state]:
            rows.remove(row)
            found(row)

    entry.async_on_unload(device.subscribe(on_update))
