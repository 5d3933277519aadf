"""kill -9 at any time, then a clean start: the same network, devices and states.

Home Assistant and the virtual coordinator are separate processes here, so that one can die while
the other, like a real coordinator, keeps its memory.
"""

import asyncio
from collections.abc import AsyncGenerator
import contextlib
from pathlib import Path
import sys
from typing import Any

import aiohttp
import pytest

from scripts import demo
from scripts.demo_api import Demo, DemoError, Home, HomeAssistant, devices_of, soon
from scripts.demo_process import Process, free_port

pytestmark = [pytest.mark.usefixtures("socket_enabled"), pytest.mark.timeout(280)]

PLUG = "plug"


class House:
    """A Home Assistant that can be killed and started again.

    Attributes:
        folder: its configuration.
        log: the output of it and of the coordinator.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.log = folder.parent / "output.log"
        self.port = port
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = await Process.start(
            str(Path(sys.executable).parent / "hass"),
            "--config",
            str(self.folder),
            "--skip-pip",
            log=self.log,
        )

    async def kill(self) -> None:
        """Kill it."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Stop it with a signal, as a person would."""
        if self._process is not None:
            await self._process.stop()

    async def has_kept(self, file: str, text: str) -> None:
        """Wait until Home Assistant has written a text to a file, which it delays."""

        async def kept() -> bool | None:
            return True if text in (self.folder / ".storage" / file).read_text() else None

        await soon(f"{text} in {file}", kept)

    def said(self) -> str:
        """Return its output so far."""
        return self.log.read_text()


@pytest.fixture(autouse=True)
def integration() -> None:
    """No Home Assistant in this process, unlike elsewhere in this folder."""


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House]:
    """A new installation that is not running yet."""
    house = House(tmp_path / "config", free_port())
    monkeypatch.setattr(demo, "FOLDER", house.folder)
    demo.prepare(house.port)
    yield house
    await house.stop()


@pytest.fixture
async def stick(house: House) -> AsyncGenerator[tuple[str, Home]]:
    """A virtual coordinator on a TCP port, with five devices that search for a network."""
    process = await Process.start(
        sys.executable,
        "-m",
        "scripts.simulator",
        "--port",
        "0",
        "--control",
        "0",
        log=house.log,
        pipe=True,
    )
    path = (await process.line()).partition(": ")[2]
    control = Home(int((await process.line()).rpartition(":")[2]))
    yield path, control
    await process.stop()


async def known(demo: Demo, at_least: int) -> list[dict[str, Any]]:
    """Wait until a number of devices have a known model."""

    async def enough() -> list[dict[str, Any]] | None:
        devices = [device for device in await devices_of(demo) if device["model_id"]]
        return devices if len(devices) >= at_least else None

    return await soon(f"{at_least} devices", enough)


async def shows(demo: Demo, entity: str, state: str) -> None:
    """Wait until an entity has a state."""

    async def so() -> bool | None:
        return True if (await demo.assistant.states())[entity]["state"] == state else None

    await soon(f"{entity} is {state}", so)


async def entity_of(demo: Demo, ieee: str, key: str) -> str:
    """Return the entity of a device's property."""
    for entity in await demo.assistant.ask("config/entity_registry/list"):
        if entity["platform"] == "aqara_zigbee" and entity["unique_id"] == f"{ieee}-{key}":
            return str(entity["entity_id"])
    raise DemoError(f"no {key} of {ieee}")


async def loaded(demo: Demo) -> None:
    """Wait until the network is running."""

    async def so() -> bool | None:
        entries = await demo.assistant.ask("config_entries/get", domain="aqara_zigbee")
        return True if [entry["state"] for entry in entries] == ["loaded"] else None

    await soon("the network", so)


def _ours(line: str) -> bool:
    return any(name in line for name in ("aqara_zigbee", "zigpy", "serialx"))


def ids_of(devices: list[dict[str, Any]]) -> dict[str, str]:
    """Return Home Assistant's device ids by Zigbee address."""
    return {
        address: device["id"]
        for device in devices
        for kind, address in device["connections"]
        if kind == "zigbee"
    }


async def test_killed_at_any_time(house: House, stick: tuple[str, Home]) -> None:
    """Once while devices join, once while one is switched a hundred times."""
    path, home = stick
    await house.start()
    async with aiohttp.ClientSession() as session:
        assistant = HomeAssistant(session, f"http://127.0.0.1:{house.port}")
        await soon("the start of Home Assistant", assistant.onboarding)
        await assistant.sign_in()
        demo = Demo(assistant, home, await assistant.set_up(path))
        (entry,) = await assistant.ask("config_entries/get", domain="aqara_zigbee")
        await house.has_kept("core.config_entries", demo.entry)
        await assistant.call("aqara_zigbee", "permit_join", config_entry_id=demo.entry)
        await known(demo, 1)
        await house.kill()

        await house.start()
        await loaded(demo)
        await assistant.call("aqara_zigbee", "permit_join", config_entry_id=demo.entry)
        devices = {d["ieee"]: d for d in (await home.do("list"))["devices"]}
        for device in devices.values():
            if device["joined"]:  # a device that was not stored yet joins again with its next frame
                await home.do("heartbeat", device["name"])
        before = ids_of(await known(demo, 5))
        assert set(before) == set(devices)

        nwks = {d["ieee"]: d["nwk"] for d in (await home.do("list"))["devices"]}
        await house.has_kept("core.device_registry", list(before.values())[-1])
        (plug,) = [ieee for ieee, device in devices.items() if device["model"] == "lumi.plug"]
        switch = await entity_of(demo, plug, "state")
        memory = await entity_of(demo, plug, "power_outage_memory")
        await shows(demo, switch, "off")
        await assistant.call("switch", "turn_on", entity_id=memory)  # only we store this state

        async def toggle_for_ever() -> None:
            while True:
                await assistant.call("switch", "toggle", entity_id=switch)

        switching = asyncio.create_task(toggle_for_ever())
        await asyncio.sleep(2)
        await house.kill()
        with contextlib.suppress(aiohttp.ClientError, DemoError):
            await switching

        await house.start()
        await loaded(demo)
        assert ids_of(await devices_of(demo)) == before
        now = {d["ieee"]: d for d in (await home.do("list"))["devices"]}
        assert all(device["joined"] for device in now.values())
        assert {i: d["nwk"] for i, d in now.items()} == nwks
        await shows(demo, memory, "on")
        await assistant.call("switch", "turn_on", entity_id=switch)
        await shows(demo, switch, "on")
        await home.do("press", PLUG)
        await shows(demo, switch, "off")
        (after,) = await assistant.ask("config_entries/get", domain="aqara_zigbee")
        assert after["entry_id"] == entry["entry_id"]
    await house.stop()
    assert not [line for line in house.said().splitlines() if " ERROR " in line and _ours(line)]
