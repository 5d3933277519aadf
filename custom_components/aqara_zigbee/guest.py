"""Uses ZHA's network while ZHA runs: attaches to it, detaches, and attaches again.

ZHA keeps the coordinator, joining, backups, firmware and all other devices.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
import logging
from typing import Any

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryState,
    ConfigFlowContext,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr, discovery_flow
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from . import doubles, host
from .const import DOMAIN
from .core.device import Device
from .core.events import NetworkEvent
from .core.gateway import Gateway
from .core.identity import extended_pan_id_in, unique_id
from .core.models import DEFINITIONS
from .core.radio import Ieee
from .flows.previous import places
from .newcomers import async_setup_newcomers
from .radio.guest import GuestRadio
from .registry import owner_of_device, register_with_details, registered_device
from .runtime import ZHA, AqaraConfigEntry, is_guest
from .storage.store import Memory
from .watch import issues

_LOGGER = logging.getLogger(__name__)

CHANGED = "zha_changed"
"""The issue about an unknown version of ZHA."""

_EXPIRY_INTERVAL = timedelta(hours=6)

_COPIED = {"name_by_user", "area_id", "labels"}
"""Data of a device that is copied from ZHA's until it is changed here."""


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Follow ZHA, for entries that use its network and to offer it."""
    async_setup_retries(hass)
    doubles.async_setup_release(hass)
    async_setup_offers(hass)
    async_setup_newcomers(hass)


@callback
def async_setup_retries(hass: HomeAssistant) -> None:
    """Retry a start that waits for ZHA as soon as ZHA is running."""

    @callback
    def changed() -> None:
        if not hass.config_entries.async_loaded_entries(ZHA):
            return
        for entry in hass.config_entries.async_entries(DOMAIN):
            if is_guest(entry) and entry.state is ConfigEntryState.SETUP_RETRY:
                hass.config_entries.async_schedule_reload(entry.entry_id)

    host.follow(hass, changed)
    changed()


@callback
def async_setup_offers(hass: HomeAssistant) -> None:
    """Offer ZHA's network once our devices are on it and no entry uses it."""

    @callback
    def look() -> None:
        with suppress(host.HostChangedError):
            found = host.running(hass)
            if found is None or DEFINITIONS.keys().isdisjoint(found.models.values()):
                return
            wanted = unique_id(found.extended_pan_id)
            if all(
                entry.unique_id != wanted for entry in hass.config_entries.async_entries(DOMAIN)
            ):
                context = ConfigFlowContext(source=SOURCE_INTEGRATION_DISCOVERY)
                discovery_flow.async_create_flow(hass, DOMAIN, context, {})

    @callback
    def registered(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        device = dr.async_get(hass).async_get(event.data["device_id"])
        if event.data["action"] != "create" or not isinstance(device, dr.DeviceEntry):
            return
        if any(identifier[0] == ZHA for identifier in device.identifiers):
            look()

    host.follow(hass, look)
    hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, registered)
    look()


def radio_for(
    hass: HomeAssistant, entry: AqaraConfigEntry, stored: Mapping[str, Any]
) -> GuestRadio:
    """The radio of an entry that uses ZHA's network, with the stored models of its devices."""
    radio = GuestRadio(DEFINITIONS, partial(_is_free, hass, entry))
    radio.on_bypassed = partial(issues.report, hass, entry, CHANGED)
    radio.remembered |= stored_models(stored)
    return radio


def stored_models(stored: Mapping[str, Any]) -> dict[Ieee, str]:
    """Return the models of stored devices (`Gateway.as_dict`)."""
    devices = stored.get("devices")
    found: dict[Ieee, str] = {}
    for ieee, device in devices.items() if isinstance(devices, dict) else ():
        node = device.get("node") if isinstance(device, dict) else None
        if isinstance(node, dict) and isinstance(node.get("model"), str):
            found[ieee] = node["model"]
    return found


@callback
def _is_free(hass: HomeAssistant, entry: AqaraConfigEntry, ieee: Ieee) -> bool:
    """Whether no other entry of ours has a device; its entities would have the same unique ids."""
    return owner_of_device(hass, ieee) in (None, entry.entry_id)


class Attachment:
    """Keeps a guest's radio attached to ZHA's application while it is running."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AqaraConfigEntry,
        radio: GuestRadio,
        gateway: Gateway,
        memory: Memory,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._radio = radio
        self._gateway = gateway
        self._memory = memory

    @callback
    def attach(self) -> None:
        """Attach for the first time.

        Raises:
            ConfigEntryNotReady: ZHA is not running, or has another network.
        """
        issues.take_back(self._hass, self._entry, CHANGED)
        found = self._find()
        if found is None:
            raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="zha_not_running")
        self._radio.attach(found.app, found.reinterview, found.radio_type)
        self._note_absent()

    def _note_absent(self) -> None:
        """Remove devices that were removed in ZHA while this entry was not running."""
        for ieee in self._gateway.note_absent(dt_util.utcnow()):
            self._memory.save_soon(ieee, at_once=True)
            if registered := registered_device(self._hass, self._entry.entry_id, ieee):
                dr.async_get(self._hass).async_remove_device(registered.id)
        self._expire()

    @callback
    def _expire(self, _now: object = None) -> None:
        for ieee in self._gateway.expire(dt_util.utcnow()):
            self._memory.save_soon(ieee, at_once=True)

    @callback
    def follow(self) -> None:
        """Follow ZHA until the entry is unloaded."""
        doubles.follow(self._hass, self._entry, self._gateway)
        self._entry.async_on_unload(
            async_track_time_interval(
                self._hass, self._expire, _EXPIRY_INTERVAL, cancel_on_shutdown=True
            )
        )
        self._entry.async_on_unload(self._gateway.subscribe(self._forget))
        self._entry.async_on_unload(host.follow(self._hass, self._changed))
        self._entry.async_on_unload(
            self._hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._copy_changes)
        )

    @callback
    def _forget(self, event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.REMOVED:
            self._radio.forget(device.ieee)

    def _find(self) -> host.ZhaHost | None:
        """Return ZHA, while it is running with the entry's network."""
        try:
            found = host.running(self._hass)
        except host.HostChangedError as error:
            _LOGGER.warning("This version of ZHA is not supported: %s", error)
            issues.report(self._hass, self._entry, CHANGED)
            return None
        wanted = extended_pan_id_in(self._entry.unique_id)
        if found is not None and found.extended_pan_id.lower() != wanted:
            _LOGGER.debug("ZHA runs another network: %s", found.extended_pan_id)
            return None
        return found

    @callback
    def _changed(self) -> None:
        found = self._find()
        if found is None:
            self._radio.detach()
            self._gateway.lost("ZHA is not running")
        elif found.app is not self._radio.app:
            self._radio.attach(found.app, found.reinterview, found.radio_type)
            self._forget_removed()
            self._gateway.found(dt_util.utcnow())

    def _forget_removed(self) -> None:
        """Delete devices that were removed in ZHA while it was not followed."""
        members = self._radio.members
        for ieee in tuple(self._gateway):
            if ieee not in members:
                self._gateway.removed(ieee)

    @callback
    def welcome(self) -> None:
        """Configure devices that were paired with ZHA before and are new here."""
        now = dt_util.utcnow()
        for device in tuple(self._gateway.values()):
            if device.last_seen is None:
                self._gateway.interviewed(device.node, self._radio.last_seen(device.ieee) or now)

    # Names, areas and labels

    @callback
    def copy_places(self) -> None:
        """Copy names, areas and labels from ZHA's devices to new ones here."""
        new = [
            ieee
            for ieee in self._gateway
            if registered_device(self._hass, self._entry.entry_id, ieee) is None
        ]
        for ieee, place in places(self._hass, ZHA, new).items():
            register_with_details(
                self._hass,
                self._entry,
                ieee,
                name=place.name,
                area=place.area,
                labels=place.labels,
            )

    @callback
    def _copy_changes(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        """Follow a change of ZHA's device, unless the user has set another value here."""
        if event.data["action"] != "update":
            return
        registry = dr.async_get(self._hass)
        theirs = registry.async_get(event.data["device_id"])
        if not isinstance(theirs, dr.DeviceEntry):
            return
        for domain, ieee in theirs.identifiers:
            ours = registered_device(self._hass, self._entry.entry_id, ieee)
            if domain != ZHA or ours is None:
                continue
            for name in _COPIED & event.data["changes"].keys():
                if getattr(ours, name) == event.data["changes"][name]:
                    change: dict[str, Any] = {name: getattr(theirs, name)}
                    registry.async_update_device(ours.id, **change)
