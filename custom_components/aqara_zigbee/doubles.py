"""Disables ZHA's entities of our devices, if this is chosen, and enables only those again.

An entity is checked once: later changes by the user are kept. Firmware updates stay enabled, as
there are none of ours on ZHA's network. While our entry is disabled, ZHA's are enabled.
"""

from collections.abc import Iterator
import copy

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN
from .core.device import Device
from .core.events import NetworkEvent
from .core.gateway import Gateway
from .core.radio import Ieee
from .platforms import is_covered_by_zha, parts_of, platform_of
from .runtime import CONF_DISABLED, ZHA, AqaraConfigEntry, disables_zha

_SOON_SECONDS = 1.0
"""Seconds after which an entity that was registered has been added, too."""

_BY_US = er.RegistryEntryDisabler.INTEGRATION


@callback
def async_setup_release(hass: HomeAssistant) -> None:
    """Enable ZHA's entities when our entry, for which they were disabled, is disabled."""

    @callback
    def changed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if change is ConfigEntryChange.UPDATED and entry.domain == DOMAIN and entry.disabled_by:
            _release(hass, entry)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)
    for entry in hass.config_entries.async_entries(DOMAIN):
        changed(ConfigEntryChange.UPDATED, entry)


@callback
def follow(hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
    """Keep ZHA's entities disabled while this is chosen, until the entry is unloaded."""
    doubles = _Doubles(hass, entry, gateway)
    unload = entry.async_on_unload
    unload(gateway.subscribe(doubles.on_event))
    unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, doubles.changed))
    unload(hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, doubles.registered))
    unload(doubles.stop)
    doubles.apply()


class _Doubles:
    def __init__(self, hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._registry = er.async_get(hass)
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def stop(self) -> None:
        """Stop disabling entities."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    @callback
    def apply(self, _now: object = None) -> None:
        """Disable unchecked entities; enable them again if this is not chosen any more."""
        self.stop()
        if self._entry.disabled_by is not None:
            return  # `async_setup_release` does it
        if not disables_zha(self._entry):
            take_back(self._hass, self._entry)
            _remember(self._hass, self._entry, {})
            return
        seen = _disabled_in(self._entry)
        new = [
            each
            for ieee in self._gateway
            for each in entities_of(self._hass, ieee)
            if each.id not in seen and each.domain != Platform.UPDATE
        ]
        # First, so that none is lost.
        _remember(self._hass, self._entry, {**seen, **{each.id: not each.disabled for each in new}})
        for each in new:
            if not each.disabled:
                self._registry.async_update_entity(each.entity_id, disabled_by=_BY_US)

    @callback
    def changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Called when the choice may have changed."""
        if change is ConfigEntryChange.UPDATED and entry is self._entry:
            if disables_zha(entry) and not _disabled_in(entry):
                self._enable_ours()
            self.apply()

    @callback
    def registered(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Called when an entity was added or removed, possibly ZHA's."""
        entity_id = event.data["entity_id"]
        if event.data["action"] == "remove":
            self._enable_for_return(entity_id)
        elif event.data["action"] == "create":
            entry = self._registry.async_get(entity_id)
            if entry is not None and entry.platform == ZHA:
                self._apply_soon()

    @callback
    def on_event(self, event: NetworkEvent, device: Device) -> None:
        """Called when a device is new, possibly only here."""
        if event is NetworkEvent.INTERVIEWED:
            self._apply_soon()

    def _apply_soon(self) -> None:
        if disables_zha(self._entry):
            self.stop()
            self._cancel = async_call_later(self._hass, _SOON_SECONDS, self.apply)

    def _enable_for_return(self, entity_id: str) -> None:
        """Enable a removed entity for its return, should its device be paired again."""
        seen = _disabled_in(self._entry)
        for found in tuple(self._registry.deleted_entities.values()):
            if found.entity_id == entity_id and found.id in seen:
                if seen.pop(found.id):
                    _enable_removed(self._registry, found.id)
                _remember(self._hass, self._entry, seen)

    def _enable_ours(self) -> None:
        """Enable entities that were disabled here because ZHA has equivalent ones."""
        for device in self._gateway.values():
            for part in parts_of(device.definition) if device.definition else ():
                if not is_covered_by_zha(device, part):
                    continue
                unique_id = f"{device.ieee}-{part.name}"
                entity_id = self._registry.async_get_entity_id(platform_of(part), DOMAIN, unique_id)
                found = self._registry.async_get(entity_id) if entity_id else None
                if found is not None and found.disabled_by is _BY_US:
                    self._registry.async_update_entity(found.entity_id, disabled_by=None)


@callback
def entities_of(hass: HomeAssistant, ieee: Ieee) -> Iterator[er.RegistryEntry]:
    """Yield ZHA's entities of a device."""
    devices = dr.async_get(hass)
    for entry in hass.config_entries.async_entries(ZHA, include_ignore=False):
        device = devices.async_get_device_by_identifier((ZHA, ieee), entry.entry_id)
        if device is not None:
            yield from er.async_entries_for_device(
                er.async_get(hass), device.id, include_disabled_entities=True
            )


@callback
def take_back(hass: HomeAssistant, entry: AqaraConfigEntry) -> None:
    """Enable the entities of ZHA that were disabled here and not changed by the user since."""
    for number, by_us in _disabled_in(entry).items():
        if by_us:
            _enable(hass, number)


@callback
def _release(hass: HomeAssistant, entry: AqaraConfigEntry) -> None:
    """Enable the entities that were disabled here, so that they are disabled again with the entry.

    Those changed by the user stay recorded.
    """
    seen = _disabled_in(entry)
    registry = er.async_get(hass)
    touched = {
        number: by_us
        for number, by_us in seen.items()
        if not by_us or not _is_disabled_by_us(registry, number)
    }
    if touched != seen:
        take_back(hass, entry)
        _remember(hass, entry, touched)


@callback
def _is_disabled_by_us(registry: er.EntityRegistry, number: str) -> bool:
    found = registry.entities.get_entry(number)
    if found is not None:
        return found.platform == ZHA and found.disabled_by is _BY_US
    return next(_removed_by_us(registry, number), None) is not None


def _disabled_in(entry: AqaraConfigEntry) -> dict[str, bool]:
    return dict(entry.data.get(CONF_DISABLED, {}))


@callback
def _remember(hass: HomeAssistant, entry: AqaraConfigEntry, seen: dict[str, bool]) -> None:
    data = {key: value for key, value in entry.data.items() if key != CONF_DISABLED}
    if seen:
        data[CONF_DISABLED] = seen
    hass.config_entries.async_update_entry(entry, data=data)


@callback
def _enable(hass: HomeAssistant, number: str) -> None:
    """Enable an entity of ZHA, by its id in the registry. Home Assistant reloads ZHA for that."""
    registry = er.async_get(hass)
    found = registry.entities.get_entry(number)
    if found is None:
        _enable_removed(registry, number)
    elif found.platform == ZHA and found.disabled_by is _BY_US:
        registry.async_update_entity(
            found.entity_id, disabled_by=_otherwise_disabled_by(hass, found)
        )


def _otherwise_disabled_by(
    hass: HomeAssistant, entity: er.RegistryEntry
) -> er.RegistryEntryDisabler | None:
    """Return who else would disable an entity."""
    entry = hass.config_entries.async_get_entry(entity.config_entry_id or "")
    if entry is not None and entry.disabled_by is not None:
        return er.RegistryEntryDisabler.CONFIG_ENTRY
    device = dr.async_get(hass).async_get(entity.device_id or "")
    if device is not None and device.disabled_by is not None:
        return er.RegistryEntryDisabler.DEVICE
    return None


def _removed_by_us(
    registry: er.EntityRegistry, number: str
) -> Iterator[tuple[tuple[str, str, str], er.DeletedRegistryEntry]]:
    """Yield ZHA's entity with this id, if it was disabled here and removed since."""
    for key, found in tuple(registry.deleted_entities.items()):
        if found.id == number and found.platform == ZHA and found.disabled_by is _BY_US:
            yield key, found


def _enable_removed(registry: er.EntityRegistry, number: str) -> None:
    """Enable a removed entity for its return in the registry."""
    for key, found in _removed_by_us(registry, number):
        registry.deleted_entities[key] = copy.replace(
            found,  # type: ignore[arg-type]  # the stubs do not know that it can be replaced
            disabled_by=None,
        )
        registry.async_schedule_save()
