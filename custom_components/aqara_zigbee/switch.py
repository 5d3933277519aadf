"""Support for switches: contacts, settings, options, and permit join."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.switch import SwitchDeviceClass, SwitchEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .const import DOMAIN, SIGNAL_EXPLAINED
from .core.device import Device
from .core.events import Update
from .core.gateway import MOST_SECONDS, Gateway
from .core.options import FlagOption
from .core.property import Binary
from .entity import TARGETED, CoordinatorEntity, OptionEntity, RowEntity, translated_as
from .platforms import Part, follow
from .runtime import AqaraConfigEntry

if TYPE_CHECKING:
    from .simulation import Simulation

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a switch for every settable binary row and every option that is on or off."""
    runtime = entry.runtime_data
    async_add_entities([PermitJoinSwitch(runtime.gateway)])
    if runtime.own is not None and runtime.own.simulation is not None:
        async_add_entities([VirtualCoordinatorSwitch(runtime.gateway, runtime.own.simulation)])
    follow(entry, async_add_entities, Platform.SWITCH, _make)


def _make(device: Device, row: Part) -> list[Entity]:
    if isinstance(row, FlagOption):
        return [OptionSwitch(device, row)]
    assert isinstance(row, Binary)
    return [AqaraSwitch(device, row)]


class PermitJoinSwitch(CoordinatorEntity, SwitchEntity):
    """Whether devices may join. It switches off when the time is over.

    As for the action `permit_join`, users must be administrators. Automations have no user and are
    allowed.
    """

    _attr_entity_category = EntityCategory.CONFIG

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
        await super().async_added_to_hass()
        self.async_on_remove(self._forget_timer)
        self._set_timer()

    @callback
    @override
    def _changed(self) -> None:
        self._set_timer()
        super()._changed()

    @callback
    def _set_timer(self) -> None:
        """Write the state again when the time is over."""
        self._forget_timer()
        if self.is_on and self.gateway.open_until is not None:
            self._cancel = async_track_point_in_utc_time(
                self.hass, self._time_is_over, self.gateway.open_until
            )

    @callback
    def _time_is_over(self, _now: datetime) -> None:
        self._changed()

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
        await self._check_user()
        with translated_as(translation_domain=DOMAIN, translation_key="permit_failed"):
            await self.gateway.permit(seconds, dt_util.utcnow())

    async def _check_user(self) -> None:
        """Allow administrators, and calls without a user.

        Raises:
            Unauthorized: the user is not an administrator.
            UnknownUser: the user does not exist.
        """
        context = self._context
        if context is None or context.user_id is None:
            return
        user = await self.hass.auth.async_get_user(context.user_id)
        if user is None:
            raise UnknownUser(context=context, entity_id=self.entity_id)
        if not user.is_admin:
            raise Unauthorized(context=context, entity_id=self.entity_id)


class VirtualCoordinatorSwitch(CoordinatorEntity, SwitchEntity):
    """Whether the coordinator of a virtual home is connected, to test its absence."""

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
    """A settable binary property."""

    def __init__(self, device: Device, row: Binary) -> None:
        super().__init__(device, row)
        if row.main:
            self._attr_name = None
            self._attr_translation_key = None
        if row.device_class is not None:
            self._attr_device_class = SwitchDeviceClass(row.device_class)
            self._attr_supported_features = TARGETED

    @callback
    @override
    def _on_update(self, update: Update) -> None:
        super()._on_update(update)
        if self.key in update.explained:
            async_dispatcher_send(self.hass, SIGNAL_EXPLAINED, self.entity_id)

    @property
    @override
    def is_on(self) -> bool | None:
        value = self.known_value
        return value if isinstance(value, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.wish(value=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.wish(value=False)


class OptionSwitch(OptionEntity[FlagOption], SwitchEntity):
    """An option that is on or off."""

    @property
    @override
    def is_on(self) -> bool:
        value: bool = self.device.option(self.key)
        return value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.wish(value=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.wish(value=False)
