"""Contacts and settings that are on or off."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.switch import SwitchDeviceClass, SwitchEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .core.device import Device
from .core.gateway import MOST_SECONDS, Gateway
from .core.options import Option
from .core.property import Binary, Row
from .entity import CoordinatorEntity, RowEntity, translated
from .platforms import follow
from .runtime import AqaraConfigEntry
from .simulation import Simulation

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a switch for every settable binary row."""
    runtime = entry.runtime_data
    async_add_entities([PermitJoinSwitch(runtime.gateway)])
    if runtime.simulation is not None:
        async_add_entities([StickSwitch(runtime.gateway, runtime.simulation)])
    follow(entry, async_add_entities, Platform.SWITCH, _make)


def _make(device: Device, row: Row | Option) -> list[Entity]:
    assert isinstance(row, Binary)
    return [AqaraSwitch(device, row)]


class PermitJoinSwitch(CoordinatorEntity, SwitchEntity):
    """Whether devices may join. It goes off by itself, and the network with it."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway, "permit_join")
        self._cancel: CALLBACK_TYPE | None = None

    @property
    @override
    def available(self) -> bool:
        return self.gateway.online

    @property
    @override
    def is_on(self) -> bool:
        return self.gateway.is_open(dt_util.utcnow())

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self.gateway.on_permit(self._changed))
        self.async_on_remove(self._forget_timer)

    @callback
    def _changed(self, _now: datetime | None = None) -> None:
        """Show it, and look again when the time is over."""
        self._forget_timer()
        if self.is_on and self.gateway.open_until is not None:
            self._cancel = async_track_point_in_utc_time(
                self.hass, self._changed, self.gateway.open_until
            )
        self.async_write_ha_state()

    @callback
    def _forget_timer(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._permit(MOST_SECONDS)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._permit(0)

    async def _permit(self, seconds: int) -> None:
        with translated():
            await self.gateway.permit(seconds, dt_util.utcnow())


class StickSwitch(CoordinatorEntity, SwitchEntity):
    """Whether the stick of a virtual home is in its port; to see what happens when it is not."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, gateway: Gateway, simulation: Simulation) -> None:
        super().__init__(gateway, "plugged_in")
        self._simulation = simulation

    @property
    @override
    def is_on(self) -> bool:
        return self._simulation.is_plugged_in

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        if not self.is_on:
            self._simulation.push_in()
            self.async_write_ha_state()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        if self.is_on:
            self._simulation.pull_out()
            self.async_write_ha_state()


class AqaraSwitch(RowEntity[Binary], SwitchEntity):
    """A binary property that can be set."""

    def __init__(self, device: Device, row: Binary) -> None:
        super().__init__(device, row)
        if row.main:
            self._attr_name = None
        if row.toggle is not None:
            self._attr_device_class = (
                SwitchDeviceClass.OUTLET if row.main else SwitchDeviceClass.SWITCH
            )

    @property
    @override
    def is_on(self) -> bool | None:
        value = self.value
        return value if isinstance(value, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.wish(value=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.wish(value=False)
