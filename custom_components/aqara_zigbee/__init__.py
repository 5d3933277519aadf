"""Aqara locks, knobs, plugs and relays on a TI Z-Stack coordinator.

The composition root: store → radio → gateway → platforms → mirror. What a device is stands in
``core/devices``, what the bytes on the air are in ``radio``; this file only puts them together.
"""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from homeassistant.components import usb
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from . import archive, arrival, backup, firmware, issues, mqtt, registry, troubles
from .const import DOMAIN
from .core.device import Device, Update
from .core.devices import DEFINITIONS
from .core.gateway import MOST_SECONDS, Event as Happening, Gateway
from .core.updates import Updates
from .entity import translated
from .known_network import KnownNetwork
from .mirror.firmware import FirmwareRequests
from .platforms import PLATFORMS
from .radio.adapter import ZigpyRadio
from .radio.library import Library
from .radio.link import Link
from .radio.network import Port, RadioError, Trouble
from .runtime import AqaraConfigEntry, Runtime
from .services import async_setup_services
from .simulation import URL, Simulation
from .store import Memory, database_path, delete_database
from .versions import installed, is_newer_than_known

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

_AVAILABILITY_INTERVAL = timedelta(minutes=1)

_FINAL = {
    Trouble.NOT_ZSTACK,
    Trouble.NOT_FORMED,
    Trouble.DATABASE,
    Trouble.DATABASE_NEWER,
    Trouble.OTHER_NETWORK,
}
"""What does not get better by trying again."""


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    backup.async_setup_backups(hass)
    _watch_ports(hass)
    await arrival.sweep(hass)
    return True


@callback
def _watch_ports(hass: HomeAssistant) -> None:
    """Where a start waits for its stick, try again as soon as one is plugged in."""

    @callback
    def reappeared(added: set[usb.USBDevice], removed: set[usb.USBDevice]) -> None:
        for entry in hass.config_entries.async_entries(DOMAIN):
            if added and entry.state is ConfigEntryState.SETUP_RETRY:
                hass.config_entries.async_schedule_reload(entry.entry_id)

    usb.async_register_port_event_callback(hass, reappeared)


async def async_setup_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> bool:
    """Bring a network up.

    Raises:
        ConfigEntryNotReady: the stick is not there or not free; it is tried again.
        ConfigEntryError: the stick is none we can use.
    """
    await arrival.settle(hass, entry)
    memory = Memory(hass, entry.entry_id)
    library = Library(firmware.folder(hass), firmware.fetcher(hass))
    radio = ZigpyRadio(
        Port.from_dict(entry.data["device"]),
        str(database_path(hass, entry.entry_id)),
        DEFINITIONS,
        library,
    )
    simulation = Simulation(hass, entry.entry_id) if _is_virtual(entry) else None

    def spawn(work: Coroutine[Any, Any, None]) -> None:
        entry.async_create_background_task(hass, work, f"{DOMAIN} {entry.title}")

    gateway = Gateway(radio, DEFINITIONS, spawn, await memory.load(), memory.save)
    radio.tell(gateway)
    link = Link(radio, lambda: gateway.found(dt_util.utcnow()), partial(_start_over, hass, entry))

    async def close(_event: Event | None = None) -> None:
        await link.stop()
        await gateway.shut(dt_util.utcnow())
        await radio.stop()
        await memory.save()
        if simulation is not None:
            await simulation.close()

    # Called when the entry is unloaded, and also when its setup fails.
    entry.async_on_unload(close)
    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, close))

    @callback
    def reappeared(added: set[usb.USBDevice], removed: set[usb.USBDevice]) -> None:
        if added:
            link.reappeared()

    if simulation is not None:
        await simulation.open()
        simulation.reappeared = link.reappeared
    await _start(hass, entry, radio)
    memory.remember(gateway.as_dict)
    updates = Updates(
        gateway,
        radio.firmware,
        spawn,
        lambda device: registry.register(hass, entry, gateway, device),
    )
    entry.runtime_data = Runtime(
        gateway,
        updates,
        backup.follow(hass, entry, gateway, radio),
        troubles.Watch(hass, entry, gateway, await _newer_zigpy(hass)),
        simulation,
    )
    _keep_states(entry, gateway, memory)
    registry.follow(hass, entry, gateway)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.runtime_data.watch.start()
    mqtt.follow(hass, entry, gateway, FirmwareRequests(updates).hooks)
    firmware.follow(hass, entry, updates, library)
    _watch(hass, entry, gateway)
    entry.async_on_unload(gateway.on_lost(link.lost))
    entry.async_on_unload(usb.async_register_port_event_callback(hass, reappeared))
    spawn(gateway.refresh())
    if simulation is not None:
        await _move_in(entry, gateway, simulation)
    return True


def _is_virtual(entry: AqaraConfigEntry) -> bool:
    return str(entry.data["device"]["path"]) == URL


async def _move_in(entry: AqaraConfigEntry, gateway: Gateway, simulation: Simulation) -> None:
    """Let the simulated devices in when they are new, and let their days pass."""

    @callback
    def witness(_event: Happening, _device: Device) -> None:
        simulation.save_soon()

    entry.async_on_unload(gateway.subscribe(witness))
    if simulation.is_new:
        simulation.look_for_network()
        await gateway.permit(MOST_SECONDS, dt_util.utcnow())
    simulation.live()


def _setup_error(
    entry: AqaraConfigEntry, error: RadioError
) -> ConfigEntryError | ConfigEntryNotReady:
    kind = ConfigEntryError if error.trouble in _FINAL else ConfigEntryNotReady
    return kind(
        translation_domain=DOMAIN,
        translation_key=error.trouble,
        translation_placeholders={"path": entry.data["device"]["path"], "reason": str(error)},
    )


async def _start(hass: HomeAssistant, entry: AqaraConfigEntry, radio: ZigpyRadio) -> None:
    """Start the stick's network, if it is the one we know.

    Raises:
        ConfigEntryNotReady, ConfigEntryError: as `async_setup_entry`.
    """
    known = KnownNetwork(hass, entry)
    await known.load()
    radio.recognise = known.is_ours
    try:
        await radio.start()
    except RadioError as error:
        await troubles.tell_why(hass, entry, error.trouble)
        raise _setup_error(entry, error) from error
    if radio.identity is not None:
        await known.remember(radio.identity)
    known.follow(hass, lambda: radio.identity)


@callback
def _start_over(hass: HomeAssistant, entry: AqaraConfigEntry, error: RadioError) -> None:
    """Set the entry up anew, which says what is wrong, when another stick is where ours was."""
    if error.trouble is Trouble.OTHER_NETWORK:
        hass.config_entries.async_schedule_reload(entry.entry_id)


async def _newer_zigpy(hass: HomeAssistant) -> str | None:
    """The version of zigpy if it is newer than those this was tried with."""
    zigpy = (await hass.async_add_executor_job(installed))["zigpy"]
    return zigpy if is_newer_than_known(zigpy) else None


@callback
def _keep_states(entry: AqaraConfigEntry, gateway: Gateway, memory: Memory) -> None:
    """Write states down as they change."""

    @callback
    def heard(_update: Update) -> None:
        memory.save_soon()

    @callback
    def witness(event: Happening, device: Device) -> None:
        memory.save_soon()
        if event is Happening.JOINED:
            device.subscribe(heard)

    for device in gateway.values():
        device.subscribe(heard)
    entry.async_on_unload(gateway.subscribe(witness))
    entry.async_on_unload(memory.forget_timer)


@callback
def _watch(hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
    """Look after silent devices."""

    async def look(_now: datetime) -> None:
        await gateway.check_availability(dt_util.utcnow())

    entry.async_on_unload(async_track_time_interval(hass, look, _AVAILABILITY_INTERVAL))


async def async_unload_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> bool:
    """Take a network down and release its port."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: AqaraConfigEntry, device_entry: dr.DeviceEntry
) -> bool:
    """Send a device away for good, for who deletes it in the user interface.

    Raises:
        HomeAssistantError: it is the coordinator, or the network is not up.
    """
    gateway = entry.runtime_data.gateway
    for domain, ieee in device_entry.identifiers:
        if domain == DOMAIN and ieee == gateway.radio.coordinator.ieee:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="coordinator_stays")
        if domain == DOMAIN and ieee in gateway:
            with translated():
                await gateway.dismiss(ieee, force=True)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> None:
    """Delete what we wrote. The stick keeps its network."""
    memory = Memory(hass, entry.entry_id)
    await mqtt.forget(hass, entry, await memory.load())
    await memory.remove()
    await Simulation(hass, entry.entry_id).remove()
    await archive.forget(hass, entry)
    await KnownNetwork(hass, entry).forget()
    issues.forget(hass, entry)
    await arrival.forget(hass, entry)
    await hass.async_add_executor_job(delete_database, database_path(hass, entry.entry_id))
