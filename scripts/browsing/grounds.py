"""The installation for the browser: the demo, ZHA beside it, and coordinators to set up."""

import asyncio
from collections.abc import AsyncIterator, Iterator
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import fcntl
import json
import os
from pathlib import Path
import sqlite3
import sys
import tty
from typing import Any

from scripts.demo import play, running
from scripts.demo_api import Demo, DemoError, Home, soon
from scripts.demo_broker import AUTO, Broker
from scripts.demo_guest import pair_with_zha
from scripts.demo_process import FOLDER, Process, free_port

DOMAIN = "aqara_zigbee"
ZHA = "zha"

PARTIAL = (
    f"custom_components.{DOMAIN}.radio.restore",
    "CoordinatorContents",
    "lambda network, is_old: known(network.__replace__(is_whole=False), is_old)",
)
"""For `Grounds.replaced`: each coordinator lacks a part of its network."""
OVERWRITTEN = "overwritten"
"""In place of an entry's id: the networks that were overwritten at a setup."""

ZHA_DATABASE = FOLDER / "zigbee.db"


def _failing(module: str, error: str, *arguments: str) -> str:
    """An expression for a function that raises one of our errors."""
    made = f"sys.modules['custom_components.{DOMAIN}.{module}'].{error}{arguments!r}"
    return f"lambda *_: (_ for _ in ()).throw({made})"


READ_ERRORS = {
    key: _failing("radio.network", "RadioError", key)
    for key in (
        "no_answer",
        "not_zstack",
        "port_busy",
        "port_not_permitted",
        "radio_failed",
        "memory_unreadable",
        "memory_corrupt",
        "formation_failed",
    )
}
"""Errors of reading a coordinator; and for `Grounds.replaced`, what raises them."""

WRITE_ERRORS = {
    "write_failed": _failing("radio.restore", "WriteError"),
    "backup_too_many_devices": _failing("radio.backup", "BackupError", "backup_too_many_devices"),
    "backup_link_keys": _failing("radio.backup", "BackupError", "backup_link_keys"),
    "storage_failed": _failing("core.errors", "StorageError", "no space left"),
}
"""Errors of writing a network to a coordinator, likewise."""

_LOG = FOLDER.with_name("coordinators.log")
_ZHA_SEED = 7

_DISCOVERY = """
from ipaddress import ip_address
from homeassistant.core import async_get_hass
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

hass = async_get_hass()
address = ip_address("127.0.0.1")
info = ZeroconfServiceInfo(
    ip_address=address,
    ip_addresses=[address],
    port={port},
    hostname="coordinator.local.",
    type="_zigbee-coordinator._tcp.local.",
    name="{name}._zigbee-coordinator._tcp.local.",
    properties={{"radio_type": "znp", "serial_number": "{name}"}},
)
hass.loop.call_soon_threadsafe(
    lambda: hass.async_create_task(
        hass.config_entries.flow.async_init("{domain}", context={{"source": "zeroconf"}}, data=info)
    )
)
"""
"""Python for Home Assistant's process: a service in the local network is found."""


@dataclass
class Coordinator:
    """A simulated coordinator that can be set up.

    Attributes:
        url: its port.
        home: its side door.
    """

    url: str
    home: Home
    _process: Process

    async def stop(self) -> None:
        """End it."""
        await self._process.stop()


async def start_coordinator(
    *,
    seed: int,
    port: int = 0,
    is_formed: bool = False,
    state: Path | None = None,
    firmware: int | None = None,
) -> Coordinator:
    """Start a coordinator with five devices around it.

    Args:
        seed: another number, other addresses.
        port: where it listens.
        is_formed: whether it has a network with these devices.
        state: the home it is in, as a simulator has saved it.
        firmware: its build date, as YYYYMMDD; None for that of a current one.
    """
    process = await Process.start(
        sys.executable, "-m", "scripts.simulator",
        "--port", str(port), "--control", "0", "--seed", str(seed),
        *(["--formed"] if is_formed else []),
        *(["--state", str(state)] if state else []),
        *(["--firmware", str(firmware)] if firmware else []),
        log=_LOG, pipe=True,
    )  # fmt: skip
    url = (await process.line()).partition(": ")[2]
    control = int((await process.line()).rpartition(":")[2])
    return Coordinator(url, Home(control), process)


@contextlib.asynccontextmanager
async def coordinator(**how: Any) -> AsyncIterator[Coordinator]:
    """A coordinator that ends with the context; see `start_coordinator`."""
    started = await start_coordinator(**how)
    try:
        yield started
    finally:
        await started.stop()


@contextlib.asynccontextmanager
async def other_program(greeting: bytes, port: int = 0) -> AsyncIterator[str]:
    """A device at a port that is not a coordinator and sends always the same; its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(greeting)
            while await reader.read(256):
                writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", free_port(port))
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"socket://127.0.0.1:{port}"
    finally:
        server.close()


class Line:
    """A serial port of this machine; what is behind it can be exchanged.

    Attributes:
        path: of the port.
    """

    def __init__(self) -> None:
        self._end, self._other = os.openpty()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self.path = os.ttyname(self._other)
        tty.setraw(self._other)
        asyncio.get_running_loop().add_reader(self._end, self._on_data)

    def _on_data(self) -> None:
        data = os.read(self._end, 4096)
        if self._writer is not None:
            self._writer.write(data)

    async def connect(self, used: Coordinator) -> None:
        """Connect a coordinator in place of the one before."""
        self._disconnect()
        port = int(used.url.rpartition(":")[2])
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(4096):
            os.write(self._end, data)

    def _disconnect(self) -> None:
        if self._writer is not None and self._reading is not None:
            self._reading.cancel()
            self._writer.close()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Use the port, as another program does, as long as the context lasts."""
        other = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(other)

    def close(self) -> None:
        """Remove the port."""
        self._disconnect()
        asyncio.get_running_loop().remove_reader(self._end)
        os.close(self._end)
        os.close(self._other)


@contextlib.contextmanager
def line() -> Iterator[Line]:
    """A serial port that ends with the context."""
    made = Line()
    try:
        yield made
    finally:
        made.close()


def stored(entry: str, end: str) -> Path:
    """The path of a file that the integration has stored for an entry."""
    return FOLDER / ".storage" / f"{DOMAIN}.{entry}.{end}"


def newest_backup(entry: str) -> str:
    """The newest stored backup of an entry, as a file that can be uploaded."""
    backups = json.loads(stored(entry, "backups").read_text())["data"]["backups"]
    return json.dumps(backups[0]["content"])


def damage(path: Path) -> None:
    """Overwrite an SQLite database whose entry is disabled."""
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(bytes(range(256)) * 256)


def delete_uploads() -> None:
    """Delete the files that were uploaded in a form which is not submitted yet."""
    for file in (FOLDER / "tmp").glob("home-assistant-file_upload/*/*"):
        file.unlink()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let nothing be written to an SQLite database as long as the context lasts."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def instead(path: Path, content: bytes | None) -> Iterator[None]:
    """Put a file in the place of another one as long as the context lasts.

    Args:
        path: of the file; those of SQLite beside it are moved, too.
        content: of the other one; None for a folder, which can neither be read nor be written.
    """
    kept = path.with_name(f"kept-{path.name}")
    for file in path.parent.glob(f"{path.name}*"):
        file.rename(file.with_name(f"kept-{file.name}"))
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    try:
        yield
    finally:
        if content is None:
            path.rmdir()
        else:
            path.unlink()
        for file in path.parent.glob(f"{kept.name}*"):
            file.rename(file.with_name(file.name.removeprefix("kept-")))


@dataclass
class Grounds:
    """All that runs while the browser walks.

    Attributes:
        demo: Home Assistant with an own coordinator and the five devices of the demo.
        broker: of the demo's MQTT mirror.
        zha: ZHA's coordinator.
        zha_entry: the id of ZHA's config entry.
        core: Home Assistant's process.
    """

    demo: Demo
    broker: Broker
    zha: Coordinator
    zha_entry: str
    core: Process

    async def entries(self, domain: str = DOMAIN) -> dict[str, dict[str, Any]]:
        """Config entries by their id."""
        found = await self.demo.assistant.ask("config_entries/get", domain=domain)
        return {entry["entry_id"]: entry for entry in found}

    async def loaded(self, domain: str, entry: str) -> None:
        """Wait until an entry is loaded."""

        async def is_loaded() -> bool | None:
            return (await self.entries(domain))[entry]["state"] == "loaded" or None

        await soon(f"loading {domain}", is_loaded)

    async def others(self) -> list[dict[str, Any]]:
        """The entries that a walk has made."""
        entries = await self.entries()
        return [entry for key, entry in entries.items() if key != self.demo.entry]

    async def delete_others(self) -> None:
        """Delete the entries that a walk has made."""
        for entry in await self.others():
            await self.demo.assistant.delete_entry(entry["entry_id"])

    async def disable(self, entry: str, *, disabled: bool) -> None:
        """Disable an entry, or enable it again."""
        await self.demo.assistant.ask(
            "config_entries/disable",
            entry_id=entry,
            disabled_by="user" if disabled else None,
        )

    async def zha_is_loaded(self) -> None:
        """Wait until ZHA runs."""
        await self.loaded(ZHA, self.zha_entry)

    async def issue(self, key: str) -> dict[str, Any] | None:
        """A repair issue of ours by the key of its texts; None while there is none."""
        issues = (await self.demo.assistant.ask("repairs/list_issues"))["issues"]
        return next(
            (
                issue
                for issue in issues
                if issue["domain"] == DOMAIN
                and key in (issue["translation_key"], issue["issue_id"])
            ),
            None,
        )

    async def inside(self, lines: str) -> None:
        """Run Python in Home Assistant's process, for what cannot be provoked from outside."""
        script = FOLDER / "inside.py"
        script.write_text(f"{lines}\nimport os\nos.unlink({str(script)!r})\n")
        sys.remote_exec(self.core.pid, str(script))

        async def is_done() -> bool | None:
            return not script.exists() or None

        await soon("running Python in Home Assistant", is_done)

    @contextlib.asynccontextmanager
    async def replaced(self, module: str, name: str, other: str) -> AsyncIterator[None]:
        """Replace a function in Home Assistant as long as the context lasts.

        Args:
            module: which uses the function.
            name: of the function.
            other: an expression for the other function, in which `known` is the real one.
        """
        begin = f"import asyncio, sys, {module}\nmodule = sys.modules[{module!r}]\n"
        await self.inside(f"{begin}known = module._known = module.{name}\nmodule.{name} = {other}")
        try:
            yield
        finally:
            await self.inside(f"{begin}module.{name} = module.__dict__.pop('_known')")

    async def discover(self, port: int, name: str) -> None:
        """Let Home Assistant discover a coordinator in the local network, as its zeroconf would."""
        await self.inside(_DISCOVERY.format(domain=DOMAIN, port=port, name=name))

    def date_back(self, ieee: str, silence: timedelta) -> None:
        """Let the last frame of a device be so long ago; the demo's entry must be disabled."""
        path = stored(self.demo.entry, "states.db")
        with contextlib.closing(sqlite3.connect(path)) as states, states:
            (text,) = states.execute("SELECT content FROM row WHERE name = ?", (ieee,)).fetchone()
            seen = {"last_seen": (datetime.now(UTC) - silence).isoformat()}
            content = json.dumps(json.loads(text) | seen)
            states.execute("UPDATE row SET content = ? WHERE name = ?", (content, ieee))

    async def entity(self, device: str, key: str) -> str:
        """The id of an entity by the name of its device and the end of its unique id."""
        ask = self.demo.assistant.ask
        devices = {
            each["id"]: each["name_by_user"] or each["name"]
            for each in await ask("config/device_registry/list")
        }
        for entity in await ask("config/entity_registry/list"):
            is_named = devices.get(entity["device_id"]) == device
            if is_named and entity["unique_id"].endswith(f"-{key}"):
                return str(entity["entity_id"])
        raise DemoError(f"{device} has no {key}")

    async def entity_of_entry(self, entry: str, key: str) -> str:
        """The id of an entity of a coordinator by the end of its unique id."""
        for entity in await self.demo.assistant.ask("config/entity_registry/list"):
            if entity["config_entry_id"] == entry and entity["unique_id"].endswith(f"-{key}"):
                return str(entity["entity_id"])
        raise DemoError(f"there is no {key}")


@contextlib.asynccontextmanager
async def grounds(port: int) -> AsyncIterator[Grounds]:
    """Start all of it; it ends with the context.

    Args:
        port: of the web page, if it is free.

    Raises:
        DemoError: something did not come up.
    """
    broker = Broker(AUTO, free_port())
    async with (
        coordinator(seed=_ZHA_SEED) as zha,
        running(port, broker, zha_stick=zha.url) as home,
    ):
        assistant = home.demo.assistant
        # The owner's first token is good for half an hour.
        token = await assistant.ask(
            "auth/long_lived_access_token", client_name="Browser", lifespan=1
        )
        assistant.use(token)
        beside = Demo(assistant, zha.home)
        await pair_with_zha(beside)
        await play(home.demo)
        yield Grounds(home.demo, broker, zha, await assistant.loaded(ZHA), home.core)
