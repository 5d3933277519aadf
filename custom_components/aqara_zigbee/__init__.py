"""Aqara locks, knobs, plugs and relays on a TI Z-Stack coordinator.

The composition root: store → radio → gateway → platforms. What a device is stands in
``core/devices``, what the bytes on the air are in ``radio``; this file only puts them together.
"""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from . import registry, repairs
from .const import DOMAIN
from .core.device import Device, Update
from .core.devices import DEFINITIONS
from .core.gateway import Event as Happening, Gateway
from .platforms import PLATFORMS
from .radio.adapter import ZigpyRadio
from .radio.network import Port, RadioError, Trouble
from .runtime import AqaraConfigEntry, Runtime
from .services import MOST_SECONDS, async_setup_services
from .simulation import URL, Simulation
from .store import Memory

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

_AVAILABILITY_INTERVAL = timedelta(minutes=1)

_FINAL = {Trouble.NOT_ZSTACK, Trouble.NOT_FORMED, Trouble.DATABASE, Trouble.DATABASE_NEWER}
"""What does not get better by trying again."""


def database_path(hass: HomeAssistant, entry_id: str) -> Path:
    """Where zigpy keeps who is on the network."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}.db"))


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> bool:
    """Bring a network up.

    Raises:
        ConfigEntryNotReady: the stick is not there or not free; it is tried again.
        ConfigEntryError: the stick is none we can use.
    """
    memory = Memory(hass, entry.entry_id)
    radio = ZigpyRadio(
        Port.from_dict(entry.data["device"]), str(database_path(hass, entry.entry_id))
    )
    simulation = Simulation(hass, entry.entry_id) if _is_virtual(entry) else None

    async def close(_event: Event | None = None) -> None:
        await radio.stop()
        await memory.save()
        if simulation is not None:
            await simulation.unplug()

    # Called when the entry is unloaded, and also when its setup fails.
    entry.async_on_unload(close)
    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, close))

    def spawn(work: Coroutine[Any, Any, None]) -> None:
        entry.async_create_background_task(hass, work, f"{DOMAIN} {entry.title}")

    gateway = Gateway(radio, DEFINITIONS, spawn, await memory.load(), memory.save)
    if simulation is not None:
        await simulation.plug_in()
    try:
        await radio.start(gateway)
    except RadioError as error:
        raise _setup_error(entry, error) from error
    memory.remember(gateway.as_dict)
    entry.runtime_data = Runtime(gateway)
    _keep_states(entry, gateway, memory)
    registry.follow(hass, entry, gateway)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    repairs.follow(hass, entry)
    _watch(hass, entry, gateway)
    spawn(gateway.refresh())
    if simulation is not None:
        await radio.permit(MOST_SECONDS)
        simulation.live()
    return True


def _is_virtual(entry: AqaraConfigEntry) -> bool:
    return str(entry.data["device"]["path"]) == URL


def _setup_error(
    entry: AqaraConfigEntry, error: RadioError
) -> ConfigEntryError | ConfigEntryNotReady:
    kind = ConfigEntryError if error.trouble in _FINAL else ConfigEntryNotReady
    return kind(
        translation_domain=DOMAIN,
        translation_key=error.trouble,
        translation_placeholders={"path": entry.data["device"]["path"], "reason": str(error)},
    )


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
    """Look after silent devices, and start over when the radio is gone."""

    async def look(_now: datetime) -> None:
        await gateway.check_availability(dt_util.utcnow())

    @callback
    def lost(_reason: str) -> None:
        hass.config_entries.async_schedule_reload(entry.entry_id)

    entry.async_on_unload(async_track_time_interval(hass, look, _AVAILABILITY_INTERVAL))
    entry.async_on_unload(gateway.on_lost(lost))


async def async_unload_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> bool:
    """Take a network down and release its port."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: AqaraConfigEntry) -> None:
    """Delete what we wrote. The stick keeps its network."""
    await Memory(hass, entry.entry_id).remove()
    await Simulation(hass, entry.entry_id).remove()
    await hass.async_add_executor_job(_delete_database, database_path(hass, entry.entry_id))


def _delete_database(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink(missing_ok=True)
