"""Data that survives a restart: states, last seen, waiting values, options of every device.

Each config entry has a SQLite database in Home Assistant's storage folder, with one row for each
device. zigpy's database only has the devices of the network; if it is lost, names and histories are
not.
"""

import asyncio
from collections.abc import Callable, Mapping
import logging
import sqlite3
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.json import json_bytes
from homeassistant.util.json import json_loads

from ..const import DOMAIN
from ..core.device import Device
from ..core.errors import StorageError
from ..core.events import NetworkEvent, Update
from ..core.gateway import Gateway
from ..core.radio import Ieee
from ..runtime import AqaraConfigEntry
from .files import Database, DurableStore, delete_database, memory_path

_LOGGER = logging.getLogger(__name__)

_JSON_VERSION = 1
"""Version of the JSON file of earlier versions."""

_SOON_SECONDS = 30.0
_RETRY_SECONDS = 30.0

_NETWORK = "network"
"""The key of the network's row."""

_IN_EVERY_FRAME = {"linkquality"}
"""Properties of every frame, which need not be written at once."""

type Row = Callable[[Ieee | None], Mapping[str, Any] | None]
"""Returns the data of a device, or of the network (None), to store; None deletes the row."""


class Memory:
    """The stored states of one config entry.

    Acknowledged changes are written by `save` before. Reports are written by `save_soon`. Only
    changed rows are written. Failed writes are repeated until they succeed.

    Attributes:
        was_damaged: whether `load` found a damaged database and kept its readable rows.
        on_result: called after each write, with the reason of its failure or None.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self.was_damaged = False
        self.on_result: Callable[[str | None], None] = lambda reason: None
        self._hass = hass
        self._database = Database(memory_path(hass, entry_id))
        self._json = DurableStore(hass, _JSON_VERSION, f"{DOMAIN}.{entry_id}")
        self._row: Row = lambda ieee: None
        self._due: set[str] = set()
        self._written: dict[str, str | None] = {}
        self._lock = asyncio.Lock()
        self._cancel: CALLBACK_TYPE | None = None
        self._writing: asyncio.Task[None] | None = None
        self._is_urgent = False
        self._is_closed = False

    async def load(self) -> dict[str, Any]:
        """Return the stored data, as of `Gateway.as_dict`; empty the first time.

        Raises:
            StorageError: it cannot be read, or not be migrated from the file of an older version.
        """
        try:
            rows = await self._load()
        except (OSError, sqlite3.Error) as error:
            raise StorageError(str(error)) from error
        self._written = dict(rows)
        content = {name: _parsed(name, text) for name, text in rows.items()}
        network = content.pop(_NETWORK, None)
        if not isinstance(network, Mapping):
            network = {}
        return {**network, "devices": content} if rows else {}

    async def _load(self) -> dict[str, str]:
        run = self._hass.async_add_executor_job
        try:
            is_complete = await run(self._database.is_complete)
            rows = await run(self._database.read) if is_complete else None
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            _LOGGER.exception("%s is damaged", self._database.path)
            self.was_damaged = True
            rows = dict(await run(self._database.salvage))
            await run(self._database.write, rows)
        if rows is None:
            rows = await self._take_over()
        await self._json.async_remove()
        return rows

    async def _take_over(self) -> dict[str, str]:
        """Migrate the data of an older version, whose file is deleted once the copy is on disk."""
        stored = await self._json.load()
        if not stored:
            return {}
        rows = _rows(stored)
        await self._hass.async_add_executor_job(self._database.write, rows)
        return rows

    async def write(self, content: Mapping[str, Any]) -> None:
        """Write all data, as of `load`.

        Raises:
            StorageError: it was not written.
        """
        try:
            await self._hass.async_add_executor_job(self._database.write, _rows(content))
        except (OSError, sqlite3.Error) as error:
            raise StorageError(str(error)) from error

    @callback
    def follow(self, row: Row) -> None:
        """Set the function that returns the data of rows."""
        self._row = row

    @callback
    def save_soon(self, ieee: Ieee | None, *, at_once: bool = False) -> None:
        """Write a device's row, or the network's, in the background.

        Args:
            ieee: the device; None for the network.
            at_once: whether to start now, for values that cannot be read again; else within 30
                seconds.
        """
        if self._is_closed:
            return
        self._due.add(ieee or _NETWORK)
        if not at_once:
            self._write_later(_SOON_SECONDS)
            return
        self._is_urgent = True
        if self._writing is None or self._writing.done():
            self._writing = self._hass.async_create_task(
                self._write_at_once(), f"{DOMAIN} states", eager_start=False
            )

    async def _write_at_once(self) -> None:
        while self._is_urgent:
            self._is_urgent = False
            await self._write()

    async def save(self, ieee: Ieee | None = None) -> None:
        """Write a device's row, or the network's, to the disk.

        Raises:
            StorageError: it was not written. The write is repeated.
        """
        name = ieee or _NETWORK
        self._due.add(name)
        failed = await self._write()
        if name in failed:
            raise StorageError(failed[name])

    @callback
    def _write_later(self, seconds: float) -> None:
        if self._cancel is None and not self._is_closed:
            self._cancel = async_call_later(self._hass, seconds, self._on_time)

    async def _on_time(self, _now: object) -> None:
        self._cancel = None
        await self._write()

    async def _write(self) -> dict[str, str]:
        """Write the due rows in one transaction; return the reasons of failures by name."""
        async with self._lock:
            due, self._due = self._due, set()
            try:
                failed = await self._write_rows(due)
            except BaseException:
                self._due |= due
                raise
            self._due |= failed.keys()
            if self._is_closed:
                await self._hass.async_add_executor_job(self._database.close)
            elif self._due:
                self._write_later(_RETRY_SECONDS)
            elif self._cancel is not None:
                self._cancel()
                self._cancel = None
            return failed

    async def _write_rows(self, names: set[str]) -> dict[str, str]:
        failed: dict[str, str] = {}
        rows: dict[str, str | None] = {}
        for name in names:
            try:
                text = self._text(name)
            except (TypeError, ValueError) as error:
                _LOGGER.exception("The state of %s cannot be written", name)
                failed[name] = str(error)
            else:
                if text != self._written.get(name):
                    rows[name] = text
        if not rows:
            return failed
        try:
            await self._hass.async_add_executor_job(self._database.write, rows)
        except (OSError, sqlite3.Error) as error:
            self.on_result(str(error))
            return failed | dict.fromkeys(rows, str(error))
        self._written |= rows
        self.on_result(None)
        return failed

    def _text(self, name: str) -> str | None:
        content = self._row(None if name == _NETWORK else name)
        return None if content is None else json_bytes(content).decode()

    async def close(self) -> None:
        """Write the rows that are due and close the file."""
        self._is_closed = True
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        await self._write()

    async def remove(self) -> None:
        """Delete the stored data."""
        await self.close()
        await self._json.async_remove()
        await self._hass.async_add_executor_job(delete_database, self._database.path)


def _rows(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the rows of `Gateway.as_dict`. One that cannot be written is dropped and logged."""
    devices = content.get("devices")
    network = {name: value for name, value in content.items() if name != "devices"}
    rows = {}
    for name, value in {
        **(devices if isinstance(devices, Mapping) else {}),
        _NETWORK: network,
    }.items():
        try:
            rows[name] = json_bytes(value).decode()
        except TypeError, ValueError:
            _LOGGER.exception("The stored state of %s cannot be used", name)
    return rows


def _parsed(name: str, text: str) -> Any:
    try:
        return json_loads(text)
    except ValueError:
        _LOGGER.exception("The stored state of %s cannot be read", name)
        return None


@callback
def keep_states(entry: AqaraConfigEntry, gateway: Gateway, memory: Memory) -> None:
    """Store states when they change.

    Those of sleepy devices are stored at once, as they cannot be read again.
    """
    followed: set[str] = set()

    @callback
    def follow(device: Device) -> None:
        @callback
        def on_update(update: Update) -> None:
            is_news = bool(update.gone or update.state.keys() - _IN_EVERY_FRAME)
            memory.save_soon(device.ieee, at_once=is_news and device.is_sleepy)

        if device.ieee not in followed:
            followed.add(device.ieee)
            device.subscribe(on_update)

    @callback
    def on_event(event: NetworkEvent, device: Device) -> None:
        memory.save_soon(None)
        memory.save_soon(device.ieee, at_once=event is not NetworkEvent.AVAILABILITY)
        if event is NetworkEvent.REMOVED:
            followed.discard(device.ieee)
        elif event is NetworkEvent.JOINED:
            follow(device)

    for device in gateway.values():
        follow(device)
    entry.async_on_unload(gateway.subscribe(on_event))
