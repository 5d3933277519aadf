"""The host: zigpy and zigpy-znp, as installed."""

import asyncio
from collections.abc import AsyncIterator, Callable
import contextlib
from functools import partial
from typing import Any, NamedTuple

import zigpy.types as t
from zigpy_znp.types.nvids import OsalNvIds
from zigpy_znp.zigbee.application import ControllerApplication

from custom_components.aqara_zigbee.simulator import Home, Node
from custom_components.aqara_zigbee.simulator.devices import Lumi
from custom_components.aqara_zigbee.simulator.nvram import osal

type Config = dict[str, Any]

QUICK: Config = {
    "skip_bootloader": True,
    "connect_rts_pin_states": [],
    "connect_dtr_pin_states": [],
    "led_mode": None,
}
"""zigpy-znp settings without waits: no reset by pins, no LED command, which has no answer."""


def config(path: str, **changes: Any) -> Config:
    """Return zigpy's configuration for a test: no database, no periodic tasks, a given channel."""
    return {
        "device": {"path": path},
        "database_path": None,
        "ota": {"enabled": False},
        "topology_scan_enabled": False,
        "backup_enabled": False,
        "watchdog_enabled": False,
        "network": {"channel": 15},
        "znp_config": QUICK,
        **changes,
    }


class Frame(NamedTuple):
    """A message at zigpy's raw hook."""

    ieee: str
    cluster: int
    endpoint: int
    data: bytes


class FrameRecorder:
    """A listener of a zigpy application."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.happened: list[tuple[str, str]] = []
        self.lost: list[BaseException | None] = []

    def handle_message(
        self, device: Any, _profile: int, cluster: int, endpoint: int, _to: int, data: bytes
    ) -> None:
        """Called for each raw message."""
        self.frames.append(Frame(str(device.ieee), cluster, endpoint, data))

    def device_joined(self, device: Any) -> None:
        """Called for a join or a changed address."""
        self.happened.append(("joined", str(device.ieee)))

    def device_initialized(self, device: Any) -> None:
        """Called at the end of an interview."""
        self.happened.append(("initialized", str(device.ieee)))

    def device_init_failure(self, device: Any) -> None:
        """Called when an interview failed."""
        self.happened.append(("failed", str(device.ieee)))

    def device_left(self, device: Any) -> None:
        """Called for a leave."""
        self.happened.append(("left", str(device.ieee)))

    def connection_lost(self, error: BaseException | None) -> None:
        """Called when the connection is lost."""
        self.lost.append(error)

    def of(self, node: Node, cluster: int | None = None) -> list[bytes]:
        """Return a device's payloads, on one cluster or all except ZDO."""
        return [
            frame.data
            for frame in self.frames
            if frame.ieee == node.ieee and frame.endpoint and cluster in (None, frame.cluster)
        ]


def used_before(home: Home) -> None:
    """Mark the coordinator as used by zigpy-znp before.

    At its first start it reads all rows of the address manager: half a thousand requests.
    """
    home.nvram.items[osal(OsalNvIds.ZIGPY_ZNP_MIGRATION_ID)] = b"\x01"


async def until(condition: Callable[[], object], seconds: float = 90) -> None:
    """Wait until a condition holds; with a long timeout, as the machine may be busy."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def settle() -> None:
    """Let pending messages arrive: many turns of the loop, also on a busy machine."""
    for _ in range(50):
        await asyncio.sleep(0.004)


class Host(NamedTuple):
    """A running application and its listener. zigpy's types end here."""

    app: Any
    recorder: FrameRecorder

    def device(self, node: Node) -> Any:
        """Return zigpy's device of a simulated one."""
        return self.app.get_device(ieee=t.EUI64.convert(node.ieee))

    async def take_in(self, *nodes: Node) -> None:
        """Permit joins, pair devices, wait for their interviews."""
        await self.app.permit(60)
        for node in nodes:
            assert node.join()
        for node in nodes:
            await self.sees("initialized", node)
            if isinstance(
                node, Lumi
            ):  # zigpy sends image notify, and answers the query with "no image available"
                await until(partial(len, node.ota.answers))

    async def sees(self, event: str, node: Node) -> None:
        """Wait for an event of zigpy: joined, initialized, failed, left."""
        await until(lambda: (event, node.ieee) in self.recorder.happened)


@contextlib.asynccontextmanager
async def hosting(path: str, *, auto_form: bool = False, **changes: Any) -> AsyncIterator[Host]:
    """Run zigpy on a port, and shut it down properly."""
    asyncio.get_running_loop().set_debug(False)  # a stack for each timer doubles the time of a test
    app = await ControllerApplication.new(config(path, **changes), start_radio=False)
    recorder = FrameRecorder()
    app.add_listener(recorder)
    await app.startup(auto_form=auto_form)
    try:
        yield Host(app, recorder)
    finally:
        await app.shutdown()
        await end_tasks()


async def end_tasks() -> None:
    """Cancel what remains: waits of 1.3 s after route discoveries, and requests shielded by zigpy-znp."""
    names = ("_discover_route", "ZNP.request_callback_rsp", "CatchingTaskMixin.catching_coro")
    tasks = {
        task
        for task in asyncio.all_tasks()
        if getattr(task.get_coro(), "__qualname__", "").endswith(names)
    }
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=30)


def known(host: Host, home: Home) -> None:
    """Add all devices of a home to zigpy, as from its database."""
    for node in home.devices:
        host.app.add_device(t.EUI64.convert(node.ieee), t.NWK(node.nwk))
