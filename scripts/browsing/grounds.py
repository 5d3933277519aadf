"""The installation for the browser: the demo, ZHA beside it, and coordinators to set up."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sqlite3
import sys
from typing import Any

from scripts.demo import play, running
from scripts.demo_api import Demo, DemoError, Home, soon
from scripts.demo_broker import AUTO, Broker
from scripts.demo_guest import pair_with_zha
from scripts.demo_process import FOLDER, Process, free_port

DOMAIN = "aqara_zigbee"
ZHA = "zha"

_LOG = FOLDER.with_name("coordinators.log")
_ZHA_SEED = 7


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
    *, seed: int, port: int = 0, is_formed: bool = False, state: Path | None = None
) -> Coordinator:
    """Start a coordinator with five devices around it.

    Args:
        seed: another number, other addresses.
        port: where it listens.
        is_formed: whether it has a network with these devices.
        state: the home it is in, as a simulator has saved it.
    """
    process = await Process.start(
        sys.executable, "-m", "scripts.simulator",
        "--port", str(port), "--control", "0", "--seed", str(seed),
        *(["--formed"] if is_formed else []),
        *(["--state", str(state)] if state else []),
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


def stored(entry: str, end: str) -> Path:
    """The path of a file that the integration has stored for an entry."""
    return FOLDER / ".storage" / f"{DOMAIN}.{entry}.{end}"


def damage(path: Path) -> None:
    """Overwrite an SQLite database whose entry is disabled."""
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(bytes(range(256)) * 256)


@dataclass
class Grounds:
    """All that runs while the browser walks.

    Attributes:
        demo: Home Assistant with an own coordinator and the five devices of the demo.
        broker: of the demo's MQTT mirror.
        zha: ZHA's coordinator.
        zha_entry: the id of ZHA's config entry.
    """

    demo: Demo
    broker: Broker
    zha: Coordinator
    zha_entry: str

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
        yield Grounds(home.demo, broker, zha, await assistant.loaded(ZHA))
