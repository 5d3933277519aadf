"""Aqara locks, knobs, plugs and relays on a TI Z-Stack coordinator.

The composition root: store → radio → gateway → platforms → mirror. The devices' definitions are in
``core/devices``, their frames in ``radio``; this file only puts the parts together.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.components import usb
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from . import backup, mqtt, ports, registry, update
from .const import DOMAIN, VIRTUAL_PORT
from .core.device import Device
from .core.errors import StorageError
from .core.events import NetworkChange, NetworkEvent, RadioLost
from .core.firmware import ImageSources
from .core.gateway import Gateway
from .core.gateway_devices import Spawn
from .core.models import DEFINITIONS
from .core.updates import Updates
from .entity import owner_of, translated_as
from .event import fire_bus_events
from .platforms import PLATFORMS
from .radio.adapter import ZigpyRadio
from .radio.network import Port, RadioError, RadioProblem
from .radio.reconnect import Reconnector
from .runtime import (
    CONF_DISABLED,
    SIGNAL_DEVICE_EVENT,
    ZHA,
    AqaraConfigEntry,
    OwnNetwork,
    Runtime,
    is_guest,
)
from .services import async_setup_services
from .storage import backup_list, backups, unwritten
from .storage.files import CONF_ARRIVAL, database_path, delete_database, make_private, staged_names
from .storage.network import KnownNetwork, forget_scan, load_scan
from .storage.store import Memory, keep_states
from .watch import issues, repairs_monitor
from .watch.zigpy_version import installed, is_newer_than_known, tested

_LOGGER = logging.getLogger(__name__)

if TYPE_CHECKING:
    from types import ModuleType

    from .guest import Attachment
    from .radio.guest import GuestRadio
    from .simulation import Simulation

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

_AVAILABILITY_INTERVAL = timedelta(minutes=1)

_FINAL = {RadioProblem.DATABASE, RadioProblem.DATABASE_NEWER}
"""Problems that a retry cannot solve. A port can have the right coordinator the next time."""


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and everything that does not belong to a network."""
    async_setup_services(hass)
    backup.async_setup_backups(hass)
    async_at_started(hass, _copy_blueprints)
    await _watch_zha(hass)
    _watch_ports(hass)
    if await hass.async_add_executor_job(staged_names, hass):
        await (await _load_staged_files(hass)).sweep(hass)
    await _log_newer_zigpy(hass)
    return True


async def _copy_blueprints(hass: HomeAssistant) -> None:
    module = await async_import_module(hass, f"{__name__}.blueprint_files")
    await module.copy_blueprints(hass)


@callback
def _watch_ports(hass: HomeAssistant) -> None:
    """Retry a start that waits for its coordinator as soon as a USB device appears."""

    @callback
    def reappeared(added: set[usb.USBDevice], removed: set[usb.USBDevice]) -> None:
        for entry in hass.config_entries.async_entries(DOMAIN):
            if added and entry.state is ConfigEntryState.SETUP_RETRY:
                hass.config_entries.async_schedule_reload(entry.entry_id)

    usb.async_register_port_event_callback(hass, reappeared)


async def _watch_zha(hass: HomeAssistant) -> None:
    """Load `guest.py` as soon as there is an entry of ZHA, or one that uses its network."""

    async def begin() -> None:
        (await _load_guest(hass)).async_setup(hass)

    @callback
    def changed(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if _has_zha(hass):
            unsubscribe()
            hass.async_create_task(begin(), f"{DOMAIN} ZHA")

    if _has_zha(hass):
        await begin()
    else:
        unsubscribe = async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)


def _has_zha(hass: HomeAssistant) -> bool:
    entries = hass.config_entries
    return entries.async_has_entries(ZHA, include_ignore=False) or any(
        is_guest(entry) for entry in entries.async_entries(DOMAIN)
    )


async def _load_guest(hass: HomeAssistant) -> ModuleType:
    """Import `guest.py`, which uses ZHA's network."""
    return await async_import_module(hass, f"{__name__}.guest")


async def _load_staged_files(hass: HomeAssistant) -> ModuleType:
    """Import what moves the files of a config flow to its entry."""
    return await async_import_module(hass, f"{__name__}.storage.staged_files")


async def async_setup_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> bool:
    """Start a network.

    Raises:
        ConfigEntryNotReady: the coordinator is missing or in use; the start is retried.
        ConfigEntryError: the coordinator cannot be used.
    """
    if is_guest(entry):
        return await _set_up_guest(hass, entry)
    simulation = await _simulation(hass, entry)
    memory, stored = await _open_memory(hass, entry)
    images = ImageSources(update.folder(hass), update.fetcher(hass))
    radio = _radio(hass, entry, images)
    gateway = _gateway(hass, entry, radio, memory, stored)
    link = _reconnector(hass, entry, radio, gateway)
    _close_at_the_end(hass, entry, partial(_close, link, gateway, radio, memory, simulation))
    if simulation is not None:
        await simulation.open()
        simulation.reappeared = link.reappeared
    await _start(hass, entry, radio)
    own = _own_network(hass, entry, gateway, radio, simulation)
    entry.runtime_data = Runtime(gateway, own)
    _send_events(hass, entry, gateway)
    await _show(hass, entry, gateway, memory)
    own.watch.start()
    mqtt.follow(hass, entry, gateway, own.updates)
    update.check_regularly(hass, entry, own.updates, images)
    _check_availability(hass, entry, gateway)
    _reconnect_when_lost(hass, entry, gateway, link)
    await ports.settle(hass, entry)
    _spawner(hass, entry)(gateway.refresh())
    if simulation is not None:
        await simulation.move_in(entry, gateway)
    return True


async def _set_up_guest(hass: HomeAssistant, entry: AqaraConfigEntry) -> bool:
    """Use ZHA's running network. Only listeners are started here.

    Raises:
        ConfigEntryNotReady: ZHA is not running; the start is retried when it is.
    """
    guest = await _load_guest(hass)
    await hass.async_add_import_executor_job(DEFINITIONS.load)
    memory, stored = await _open_memory(hass, entry)
    radio: GuestRadio = guest.radio_for(hass, entry, stored)
    gateway = _gateway(hass, entry, radio, memory, stored)

    async def close(_event: Event | None = None) -> None:
        await gateway.shut(dt_util.utcnow())
        radio.detach()
        await memory.close()

    _close_at_the_end(hass, entry, close)
    attachment: Attachment = guest.Attachment(hass, entry, radio, gateway, memory)
    attachment.attach()
    entry.runtime_data = Runtime(gateway, None)
    attachment.copy_places()
    await _show(hass, entry, gateway, memory)
    registry.remove_entities_of_owner(hass, entry, gateway)
    issues.follow_devices(hass, entry, gateway)
    repairs_monitor.log_zha(entry, gateway)
    mqtt.follow(hass, entry, gateway)
    _check_availability(hass, entry, gateway)
    attachment.follow()
    attachment.welcome()
    _spawner(hass, entry)(gateway.refresh())
    return True


def _spawner(hass: HomeAssistant, entry: AqaraConfigEntry) -> Spawn:
    """Return a function that starts background tasks, which end with the entry."""

    def spawn(work: Coroutine[Any, Any, None]) -> None:
        entry.async_create_background_task(hass, work, f"{DOMAIN} {entry.title}")

    return spawn


def _radio(hass: HomeAssistant, entry: AqaraConfigEntry, images: ImageSources) -> ZigpyRadio:
    """Return the coordinator, not started."""
    port = Port.from_dict(entry.data["device"])
    database = str(database_path(hass, entry.entry_id))
    return ZigpyRadio(port, database, DEFINITIONS, images)


def _gateway(
    hass: HomeAssistant,
    entry: AqaraConfigEntry,
    radio: ZigpyRadio | GuestRadio,
    memory: Memory,
    stored: dict[str, Any],
) -> Gateway:
    """Return the devices of a network, with their stored data."""
    spawn = _spawner(hass, entry)
    gateway = Gateway(radio, DEFINITIONS, spawn, stored, memory.save, dt_util.utcnow)
    memory.follow(gateway.row)
    radio.set_listener(gateway)
    return gateway


@callback
def _close_at_the_end(
    hass: HomeAssistant, entry: AqaraConfigEntry, close: Callable[..., Coroutine[Any, Any, None]]
) -> None:
    """Close when the entry is unloaded, when its setup fails, and when Home Assistant stops."""
    entry.async_on_unload(close)
    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, close))


async def _close(
    link: Reconnector,
    gateway: Gateway,
    radio: ZigpyRadio,
    memory: Memory,
    simulation: Simulation | None,
    _event: Event | None = None,
) -> None:
    """Stop a network on our own coordinator, and write pending data."""
    await link.stop()
    await gateway.shut(dt_util.utcnow())
    await radio.stop()
    await memory.close()
    if simulation is not None:
        await simulation.close()


def _reconnector(
    hass: HomeAssistant, entry: AqaraConfigEntry, radio: ZigpyRadio, gateway: Gateway
) -> Reconnector:
    return Reconnector(
        radio, lambda: gateway.found(dt_util.utcnow()), partial(_start_over, hass, entry)
    )


@callback
def _reconnect_when_lost(
    hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway, link: Reconnector
) -> None:
    """Reconnect a lost coordinator, at once when a USB device appears."""

    @callback
    def changed(change: NetworkChange) -> None:
        if isinstance(change, RadioLost):
            link.lost(change.reason)

    @callback
    def reappeared(added: set[usb.USBDevice], removed: set[usb.USBDevice]) -> None:
        if added:
            link.reappeared()

    entry.async_on_unload(gateway.subscribe_network(changed))
    entry.async_on_unload(usb.async_register_port_event_callback(hass, reappeared))


def _own_network(
    hass: HomeAssistant,
    entry: AqaraConfigEntry,
    gateway: Gateway,
    radio: ZigpyRadio,
    simulation: Simulation | None,
) -> OwnNetwork:
    """Return the parts of a network on our own coordinator."""
    return OwnNetwork(
        _updates(hass, entry, gateway, radio),
        backups.follow(hass, entry, gateway, radio),
        repairs_monitor.RepairsMonitor(hass, entry, gateway),
        simulation,
    )


def _updates(
    hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway, radio: ZigpyRadio
) -> Updates:
    """Return firmware updates; the device registry shows the devices' versions."""

    def learned(device: Device) -> None:
        registry.register(hass, entry, gateway, device)

    return Updates(gateway, radio.firmware, _spawner(hass, entry), learned)


@callback
def _send_events(hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
    """Send the events of devices, for devices that leave ZHA's network (`newcomers`)."""

    @callback
    def on_event(event: NetworkEvent, device: Device) -> None:
        async_dispatcher_send(hass, SIGNAL_DEVICE_EVENT, entry, event, device)

    entry.async_on_unload(gateway.subscribe(on_event))


async def _show(
    hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway, memory: Memory
) -> None:
    """Store states, and register devices and entities, also of devices that join later."""
    keep_states(entry, gateway, memory)
    registry.follow(hass, entry, gateway)
    unwritten.follow(hass, entry, gateway)
    fire_bus_events(hass, entry, gateway)
    repairs_monitor.log_devices(hass, entry, gateway)
    await load_scan(hass, entry, gateway)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)


async def _simulation(hass: HomeAssistant, entry: AqaraConfigEntry) -> Simulation | None:
    """Return the simulated coordinator of a virtual entry; for others it is not even loaded."""
    if is_guest(entry) or entry.data["device"]["path"] != VIRTUAL_PORT:
        return None
    module = await async_import_module(hass, f"{__name__}.simulation")
    simulation: Simulation = module.Simulation(hass, entry.entry_id)
    return simulation


async def _open_memory(
    hass: HomeAssistant, entry: AqaraConfigEntry
) -> tuple[Memory, dict[str, Any]]:
    """Return the devices' stored data, in files that only Home Assistant's user can read.

    Raises:
        ConfigEntryNotReady: the disk cannot be read or written.
    """
    memory = Memory(hass, entry.entry_id)
    memory.on_result = partial(repairs_monitor.report_storage, hass, entry)
    try:
        if CONF_ARRIVAL in entry.data:
            await (await _load_staged_files(hass)).settle(hass, entry)
        stored = await memory.load()
        await hass.async_add_executor_job(make_private, database_path(hass, entry.entry_id))
    except (StorageError, OSError) as error:
        await memory.close()
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="storage_unusable",
            translation_placeholders={"reason": str(error)},
        ) from error
    except BaseException:
        await memory.close()
        raise
    if memory.was_damaged:
        issues.report(hass, entry, repairs_monitor.STORAGE_DAMAGED)
    return memory, stored


async def _start(hass: HomeAssistant, entry: AqaraConfigEntry, radio: ZigpyRadio) -> None:
    """Start the coordinator's network, if it is the entry's.

    Raises:
        ConfigEntryNotReady, ConfigEntryError: as `async_setup_entry`.
    """
    known = KnownNetwork(hass, entry)
    await known.load()
    radio.recognise = known.is_ours
    try:
        await radio.start()
    except RadioError as error:
        await repairs_monitor.report_start_failure(hass, entry, error.problem)
        _LOGGER.debug("%s: %s", entry.title, error)
        failure = ConfigEntryError if error.problem in _FINAL else ConfigEntryNotReady
        raise failure(
            translation_domain=DOMAIN,
            translation_key=error.problem,
            translation_placeholders={
                "path": entry.data["device"]["path"],
                "reason": error.detail,
            },
        ) from error
    if radio.identity is not None:
        with suppress(StorageError):  # it is stored later
            await known.remember(radio.identity)
    known.follow(hass, lambda: radio.identity)


@callback
def _start_over(hass: HomeAssistant, entry: AqaraConfigEntry, error: RadioError) -> None:
    """Reload the entry, which shows the problem, when another coordinator is at its port."""
    if error.problem is RadioProblem.OTHER_NETWORK:
        hass.config_entries.async_schedule_reload(entry.entry_id)


async def _log_newer_zigpy(hass: HomeAssistant) -> None:
    """Log zigpy's version if it is newer than the tested ones."""
    zigpy = (await hass.async_add_executor_job(installed))["zigpy"]
    if is_newer_than_known(zigpy):
        _LOGGER.info("Home Assistant has zigpy %s; tested are %s", zigpy, tested())


@callback
def _check_availability(hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
    """Check once a minute which devices were silent for too long."""

    async def check(_now: datetime) -> None:
        await gateway.check_availability(dt_util.utcnow())

    entry.async_on_unload(async_track_time_interval(hass, check, _AVAILABILITY_INTERVAL))


async def async_unload_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> bool:
    """Stop a network and release its port."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: AqaraConfigEntry, device_entry: dr.DeviceEntry
) -> bool:
    """Remove a device permanently, when it is deleted in the user interface.

    Raises:
        HomeAssistantError: it is the coordinator, or the network is not running.
    """
    if entry.state is not ConfigEntryState.LOADED:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="network_not_running",
            translation_placeholders={"title": entry.title},
        )
    gateway = entry.runtime_data.gateway
    for domain, ieee in device_entry.identifiers:
        if domain == DOMAIN and ieee == gateway.radio.coordinator.ieee:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="coordinator_stays")
        if domain == DOMAIN and ieee in gateway:
            owner_of(gateway)
            with translated_as(translation_domain=DOMAIN, translation_key="remove_failed"):
                await gateway.dismiss(ieee, force=True)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> None:
    """Delete the entry's files. The coordinator keeps its network."""
    if CONF_DISABLED in entry.data:
        (await _load_guest(hass)).doubles.take_back(hass, entry)
    memory = Memory(hass, entry.entry_id)
    with suppress(StorageError):
        await mqtt.forget(hass, entry, await memory.load())
    await memory.remove()
    if simulation := await _simulation(hass, entry):
        await simulation.remove()
    await backup_list.forget(hass, entry)
    await KnownNetwork(hass, entry).forget()
    await forget_scan(hass, entry)
    issues.forget(hass, entry)
    if CONF_ARRIVAL in entry.data:
        await (await _load_staged_files(hass)).forget(hass, entry)
    await hass.async_add_executor_job(delete_database, database_path(hass, entry.entry_id))
