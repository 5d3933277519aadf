"""Nothing of ours is left after an entry is down, however it came down."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
import sqlite3
import threading
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.events import NetworkEvent
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import LockS2, Plug
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.port import Port
from custom_components.aqara_zigbee.simulator.stranger import EzspAdapter
from custom_components.aqara_zigbee.storage.files import Database
from custom_components.aqara_zigbee.storage.store import Memory
from tests.ha.conftest import NAME, join, until

OURS = ("aqara_zigbee", "zigpy", "zigpy_znp", "serialx", "aiosqlite")


def _origin(thing: object) -> str:
    """Return the source of a coroutine or callback."""
    while (inner := getattr(thing, "func", None)) is not None:
        thing = inner
    code = getattr(thing, "cr_code", None) or getattr(thing, "__code__", None)
    owner = getattr(thing, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return _origin(owner.get_coro())
    return code.co_filename if code else type(owner).__module__.replace(".", "/")


def _is_of(file: str, packages: tuple[str, ...]) -> bool:
    return any(f"/{package}/" in f"/{file}/" for package in packages) and "/tests/" not in file


def _virtual(file: str) -> bool:
    return "/simulator/" in file


def traces(folder: Path, packages: tuple[str, ...] = OURS) -> set[str]:
    """Tasks, timers, threads and open files of packages, but not of the virtual home."""
    loop = asyncio.get_running_loop()
    found = set()
    for task in asyncio.all_tasks():
        origin = _origin(task.get_coro())
        if _is_of(origin, packages) and not _virtual(origin):
            found.add(f"task {task.get_name()} of {origin}")
    for timer in loop._scheduled:  # type: ignore[attr-defined]
        origin = _origin(timer._callback)
        if not timer.cancelled() and _is_of(origin, packages) and not _virtual(origin):
            found.add(f"timer {timer!r}")
    for thread in threading.enumerate():
        of_sqlite = "aiosqlite" in packages and "sqlite" in thread.name.lower()
        if of_sqlite or _is_of(type(thread).__module__.replace(".", "/"), packages):
            found.add(f"thread {thread.name}")
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith(str(folder)) and DOMAIN in target:
            found.add(f"file {target}")
    return found


def bus(hass: HomeAssistant) -> dict[str, int]:
    """Return the number of listeners by event, except Home Assistant's own for pending writes."""
    counts = hass.bus.async_listeners()
    return {
        str(event): n for event, n in counts.items() if event != EVENT_HOMEASSISTANT_FINAL_WRITE
    }


async def nothing_is_left(hass: HomeAssistant, listeners: dict[str, int]) -> None:
    """The proof. zigpy-znp lets a route discovery end by itself, a second after its shutdown."""
    await hass.async_block_till_done()
    folder = Path(hass.config.config_dir)
    try:
        await until(lambda: not traces(folder))
    except TimeoutError:
        assert traces(folder) == set()
    assert all(count <= listeners.get(event, 0) for event, count in bus(hass).items())


@pytest.fixture
async def listeners(hass: HomeAssistant, home: Home, entry: MockConfigEntry) -> dict[str, int]:
    """The listeners while no entry is loaded; the first set-up adds permanent ones."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    return bus(hass)


type StartProblem = Callable[[Home, Path], Awaitable[Home | Port | None]]


async def missing(home: Home, _database: Path) -> Home | Port | None:
    """Nothing is plugged in."""
    home.unplug()
    return None


async def silent(home: Home, _database: Path) -> Home | Port | None:
    """The firmware hangs."""
    home.faults.silent = True
    return None


async def blank(home: Home, _database: Path) -> Home | Port | None:
    """A coordinator without a network."""
    home.unplug()
    other = Home(seed=3, speed=20)
    other.plug_in(NAME)
    return other


async def foreign(home: Home, _database: Path) -> Home | Port | None:
    """An adapter with another radio."""
    home.unplug()
    other = Port(EzspAdapter())
    other.plug_in(NAME)
    return other


async def dropped(home: Home, _database: Path) -> Home | Port | None:
    """The connection breaks while the firmware is probed."""
    home.faults.lose_reply("SYS.Version", times=None)
    asyncio.get_running_loop().call_later(0.5, home.drop_link)
    return None


async def unusable(home: Home, database: Path) -> Home | Port | None:
    """A file that is no database."""
    await asyncio.to_thread(database.write_text, "this is no database " * 100)
    return None


async def newer(home: Home, database: Path) -> Home | Port | None:
    """A database of a zigpy of the future."""

    def write() -> None:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("PRAGMA user_version = 99")

    await asyncio.to_thread(write)
    return None


@pytest.mark.parametrize("problem", [missing, silent, blank, foreign, dropped, unusable, newer])
async def test_failed_start(
    hass: HomeAssistant,
    listeners: dict[str, int],
    home: Home,
    entry: MockConfigEntry,
    problem: StartProblem,
) -> None:
    """A start that fails leaves what a start that never was leaves."""
    other = await problem(home, Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db")))
    try:
        await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state in (ConfigEntryState.SETUP_ERROR, ConfigEntryState.SETUP_RETRY)
        await hass.config_entries.async_unload(entry.entry_id)
        await nothing_is_left(hass, listeners)
        assert home.port.line is None
    finally:
        if other is not None:
            await other.close()


async def quietly(home: Home, gateway: Gateway) -> None:
    """Nothing special."""
    await join(home, gateway, Plug())


async def while_open(home: Home, gateway: Gateway) -> None:
    """Devices may join."""
    await gateway.radio.permit(254)


async def while_lost(home: Home, gateway: Gateway) -> None:
    """The coordinator is disconnected, and reconnecting."""
    await join(home, gateway, Plug())
    home.unplug()
    await until(lambda: not gateway.online)


async def while_hanging(home: Home, gateway: Gateway) -> None:
    """The firmware hangs, not detected yet."""
    await join(home, gateway, Plug())
    home.faults.silent = True


async def while_interviewing(home: Home, gateway: Gateway) -> None:
    """A device is being interviewed, and does not answer yet."""
    plug = home.add(Plug())
    home.faults.slow(plug, 60)
    begun = asyncio.Event()

    def on_event(event: NetworkEvent, _device: object) -> None:
        if event is NetworkEvent.INTERVIEW_STARTED:
            begun.set()

    gateway.subscribe(on_event)
    await gateway.radio.permit(254)
    home.network.search(plug)
    await begun.wait()


async def while_writing(home: Home, gateway: Gateway) -> None:
    """A sleeper and a silent device are being written to."""
    plug = Plug()
    device = await join(home, gateway, plug)
    await join(home, gateway, LockS2())
    home.faults.mute(plug)
    setting = asyncio.create_task(device.set("state", wish=True))
    await asyncio.sleep(0.1)
    assert not setting.done()
    setting.add_done_callback(lambda task: task.cancelled() or task.exception())


@pytest.mark.parametrize(
    "moment", [quietly, while_open, while_lost, while_hanging, while_interviewing, while_writing]
)
async def test_unload(
    hass: HomeAssistant,
    listeners: dict[str, int],
    home: Home,
    entry: MockConfigEntry,
    moment: Callable[[Home, Gateway], Awaitable[None]],
) -> None:
    """Whatever is under way when an entry is unloaded ends."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await moment(home, entry.runtime_data.gateway)
    assert traces(Path(hass.config.config_dir))
    assert await hass.config_entries.async_unload(entry.entry_id)
    await nothing_is_left(hass, listeners)
    assert home.port.line is None


async def test_start_that_is_cancelled_while_states_are_read(
    hass: HomeAssistant, listeners: dict[str, int], entry: MockConfigEntry
) -> None:
    """As when Home Assistant stops: the file is closed once the thread that reads it is done."""
    memory = Memory(hass, entry.entry_id)
    await memory.write({"devices": {}})
    await memory.close()
    is_read, may_end = threading.Event(), threading.Event()
    read = Database.read

    def slow(database: Database) -> dict[str, str]:
        rows = read(database)
        is_read.set()
        assert may_end.wait(60)
        return rows

    with patch.object(Database, "read", slow):
        start = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
        await until(is_read.is_set)
        start.cancel()
        await asyncio.sleep(0)
        may_end.set()
        await asyncio.wait((start,))
    assert entry.state is not ConfigEntryState.LOADED
    await nothing_is_left(hass, listeners)
