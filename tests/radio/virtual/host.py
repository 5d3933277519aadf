"""The host: zigpy and zigpy-znp, as installed."""

import asyncio
from collections.abc import AsyncIterator, Callable
import contextlib
from functools import partial
from typing import Any, NamedTuple

import zigpy.types as t
from zigpy_znp.zigbee.application import ControllerApplication

from custom_components.aqara_zigbee.radio.virtual import Home, Node
from custom_components.aqara_zigbee.radio.virtual.devices import Lumi

type Config = dict[str, Any]

QUICK: Config = {
    "skip_bootloader": True,
    "connect_rts_pin_states": [],
    "connect_dtr_pin_states": [],
    "led_mode": None,
}
"""zigpy-znp settings that leave out waiting: no reset by pins, no LED that never answers."""


def config(path: str, **changes: Any) -> Config:
    """Zigpy's configuration for a test: no database, nothing periodic, a given channel."""
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
    """A message as zigpy's raw hook gives it."""

    ieee: str
    cluster: int
    endpoint: int
    data: bytes


class Ear:
    """Listens to a zigpy application."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.happened: list[tuple[str, str]] = []
        self.lost: list[BaseException | None] = []

    def handle_message(
        self, device: Any, _profile: int, cluster: int, endpoint: int, _to: int, data: bytes
    ) -> None:
        """The raw hook."""
        self.frames.append(Frame(str(device.ieee), cluster, endpoint, data))

    def device_joined(self, device: Any) -> None:
        """A join, or an address that changed."""
        self.happened.append(("joined", str(device.ieee)))

    def device_initialized(self, device: Any) -> None:
        """The end of an interview."""
        self.happened.append(("initialized", str(device.ieee)))

    def device_init_failure(self, device: Any) -> None:
        """An interview that failed."""
        self.happened.append(("failed", str(device.ieee)))

    def device_left(self, device: Any) -> None:
        """A leave."""
        self.happened.append(("left", str(device.ieee)))

    def connection_lost(self, error: BaseException | None) -> None:
        """The end of the line."""
        self.lost.append(error)

    def of(self, node: Node, cluster: int | None = None) -> list[bytes]:
        """What a device has said, on one cluster or all but ZDO."""
        return [
            frame.data
            for frame in self.frames
            if frame.ieee == node.ieee and frame.endpoint and cluster in (None, frame.cluster)
        ]


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class Host(NamedTuple):
    """A running application and its ear. zigpy's types end here."""

    app: Any
    ear: Ear

    def device(self, node: Node) -> Any:
        """Zigpy's device for ours."""
        return self.app.get_device(ieee=t.EUI64.convert(node.ieee))

    async def take_in(self, *nodes: Node) -> None:
        """Open the network, let devices pair, wait for their interviews."""
        await self.app.permit(60)
        for node in nodes:
            assert node.join()
        for node in nodes:
            await self.sees("initialized", node)
            if isinstance(
                node, Lumi
            ):  # zigpy tells it of firmware, it asks, and is told there is none
                await until(partial(len, node.ota.answers))

    async def sees(self, event: str, node: Node) -> None:
        """Wait until zigpy tells of an event: joined, initialized, failed, left."""
        await until(lambda: (event, node.ieee) in self.ear.happened)


@contextlib.asynccontextmanager
async def hosting(path: str, *, auto_form: bool = False, **changes: Any) -> AsyncIterator[Host]:
    """Run zigpy on a port, and shut it down properly."""
    asyncio.get_running_loop().set_debug(False)  # a stack for each timer doubles the time of a test
    app = await ControllerApplication.new(config(path, **changes), start_radio=False)
    ear = Ear()
    app.add_listener(ear)
    await app.startup(auto_form=auto_form)
    try:
        yield Host(app, ear)
    finally:
        await app.shutdown()
        await drop_route_discoveries()


async def drop_route_discoveries() -> None:
    """End what is left behind: zigpy-znp waits 1.3 s after each route discovery, zigpy answers on."""
    for task in asyncio.all_tasks():
        name = getattr(task.get_coro(), "__qualname__", "")
        if name.endswith(("_discover_route", "CatchingTaskMixin.catching_coro")):
            task.cancel()
    await asyncio.sleep(0)


def known(host: Host, home: Home) -> None:
    """Tell zigpy of all devices of a home, as its database would."""
    for node in home.devices:
        host.app.add_device(t.EUI64.convert(node.ieee), t.NWK(node.nwk))
