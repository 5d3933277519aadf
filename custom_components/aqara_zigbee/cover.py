"""Support for covers: curtains, blinds and shades with a motor."""

from typing import Any, override

from homeassistant.components.cover import (
    ATTR_POSITION,
    CoverDeviceClass,
    CoverEntity,
    CoverEntityFeature,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device
from .core.events import Update
from .core.group import CLOSE, CLOSING, OPEN, OPENING, STOP, Cover
from .core.property import Enum, Scalar, Wish
from .entity import AqaraEntity, translated
from .platforms import Part, follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a cover for every cover group."""
    follow(entry, async_add_entities, Platform.COVER, _make)


def _make(device: Device, part: Part) -> list[Entity]:
    assert isinstance(part, Cover)
    return [AqaraCover(device, part)]


class AqaraCover(AqaraEntity, CoverEntity):
    """A cover: commands, position and movement, as far as the device reports them."""

    def __init__(self, device: Device, group: Cover) -> None:
        super().__init__(device, group.name)
        assert device.definition is not None
        self._group = group
        if len(device.definition.groups) == 1:
            self._attr_name = None
            self._attr_translation_key = None
        if group.device_class is not None:
            self._attr_device_class = CoverDeviceClass(group.device_class)
        self._attr_supported_features = CoverEntityFeature.OPEN | CoverEntityFeature.CLOSE
        state = device.definition[group.state]
        if isinstance(state, Enum) and STOP in state.values:
            self._attr_supported_features |= CoverEntityFeature.STOP
        if group.position is not None:
            self._attr_supported_features |= CoverEntityFeature.SET_POSITION

    @override
    def _concerns(self, update: Update) -> bool:
        rows = {*self._group.members, self._group.motor}
        return update.options or not rows.isdisjoint(update.state.keys() | update.gone)

    def _known(self, name: str | None) -> Scalar:
        return None if name is None else self.device.state.get(name)

    @property
    @override
    def current_cover_position(self) -> int | None:
        position = self._known(self._group.position)
        return round(position) if isinstance(position, int | float) else None

    @property
    @override
    def is_closed(self) -> bool | None:
        if self._group.position is not None:
            position = self.current_cover_position
            return None if position is None else position == 0
        state = self._known(self._group.state)
        return None if state is None else state == CLOSE

    @property
    @override
    def is_opening(self) -> bool:
        return self._motor_is(OPENING, CLOSING)

    @property
    @override
    def is_closing(self) -> bool:
        return self._motor_is(CLOSING, OPENING)

    def _motor_is(self, word: str, inverted: str) -> bool:
        option = self._group.inverted_by
        is_inverted = option is not None and self.device.option(option)
        return self._known(self._group.motor) == (inverted if is_inverted else word)

    @override
    async def async_open_cover(self, **kwargs: Any) -> None:
        await self._set(self._group.state, OPEN)

    @override
    async def async_close_cover(self, **kwargs: Any) -> None:
        await self._set(self._group.state, CLOSE)

    @override
    async def async_stop_cover(self, **kwargs: Any) -> None:
        await self._set(self._group.state, STOP)

    @override
    async def async_set_cover_position(self, **kwargs: Any) -> None:
        assert self._group.position is not None
        await self._set(self._group.position, kwargs[ATTR_POSITION])

    async def _set(self, name: str, value: Wish) -> None:
        with translated():
            await self.device.set(name, value)

    async def async_update(self) -> None:
        """Read the position, for the action `homeassistant.update_entity`."""
        definition = self.device.definition
        names = [n for n in self._group.members if definition and definition[n].read is not None]
        with translated():
            await self.device.get(names[:1])
