"""A home that is not there: a stick, the air, devices, time, trouble.

How a test, or a demo, uses one:

    home = Home(seed=1)
    home.form()
    plug = home.add(Plug(), joined=True)
    url = home.plug_in("kitchen")           # "virtual://kitchen", for zigpy
    plug.set_load(1200)
    plug.press()
    home.faults.confirm(225, times=3)
    saved = home.snapshot()
    await home.close()
"""

from __future__ import annotations

import errno
from random import Random
from types import TracebackType
from typing import Any, Self

from .addresses import wire
from .chip import Firmware
from .clock import Clock
from .coordinator import Coordinator
from .devices import MODELS
from .faults import Faults
from .network import Network
from .node import Node
from .nvram import NvRam
from .port import SCHEME, Port
from .records import Records, Settings

URL = SCHEME + "home"
"""Where the integration plugs in a home of its own."""
VERSION = 1
"""Of the snapshot's layout."""


class Home:
    """Everything of one virtual home.

    Args:
        seed: The same seed gives the same addresses, keys and small variations.
        speed: Simulated seconds per real second.
        ieee: The coordinator's address; made from the seed if empty.
        firmware: What the stick claims to run.

    Attributes:
        clock: Its time.
        faults: What is to go wrong.
        network: The air, with all devices.
        coordinator: The stick.
        port: Where the host plugs in.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        speed: float = 1.0,
        ieee: str = "",
        firmware: Firmware | None = None,
    ) -> None:
        self.seed = seed
        self.rng = Random(seed)  # noqa: S311 - repeatable on purpose
        self.clock = Clock(speed=speed)
        self.faults = Faults()
        self.network = Network(self.clock, self.rng, self.faults)
        self.ieee = ieee or self._invent_address("00:12:4b:00")
        self.nvram = NvRam(self.faults)
        self.records = Records(self.nvram, wire(self.ieee), self.rng)
        self.coordinator = Coordinator(
            clock=self.clock,
            network=self.network,
            nvram=self.nvram,
            records=self.records,
            faults=self.faults,
            firmware=firmware or Firmware(),
            rng=self.rng,
        )
        self.port = Port(self.coordinator, self.faults)
        self._nodes: dict[str, Node] = {}

    def _invent_address(self, prefix: str) -> str:
        return prefix + ":" + self.rng.randbytes(4).hex(":")

    # -- Plugging in -----------------------------------------------------------------------------

    def plug_in(self, name: str) -> str:
        """Plug the stick in, in memory, and let time run.

        Returns:
            The address for zigpy: `virtual://NAME`.

        Raises:
            ValueError: The name is taken.
            RuntimeError: No event loop is running.
        """
        self.clock.start()
        return self.port.plug_in(name)

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Offer the stick over TCP, and let time run.

        Returns:
            The port number, for `socket://HOST:NUMBER`.
        """
        self.clock.start()
        return await self.port.serve(host, port)

    def unplug(self) -> None:
        """Pull the stick out. It forgets nothing; plugged in again it boots."""
        self.port.unplug(OSError(errno.EIO, "virtual stick was unplugged"))
        self.coordinator.power_up()

    async def close(self) -> None:
        """Pull the stick out and stop time. No task, timer or socket is left."""
        await self.port.close()
        self.clock.close()

    async def __aenter__(self) -> Self:
        self.clock.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # -- Network and devices -----------------------------------------------------------------------

    def form(
        self,
        *,
        channel: int = 15,
        pan_id: int | None = None,
        extended_pan: str = "",
        key: bytes = b"",
    ) -> Settings:
        """Give the stick a network, as if formed long ago by a host; what is not given is invented.

        Args:
            channel: 11 to 26.
            pan_id: 16 bits.
            extended_pan: In zigpy's spelling.
            key: Network key, 16 bytes.
        """
        settings = Settings(
            channel,
            self.rng.randrange(0x0001, 0x3FFF) if pan_id is None else pan_id,
            wire(extended_pan or self._invent_address("00:12:4b:00")),
            key or self.rng.randbytes(16),
        )
        self.records.network = settings
        self.records.save_counter(settings.extended_pan, 0)
        return settings

    def add[N: Node](self, node: N, *, joined: bool = False, parent: Node | None = None) -> N:
        """Bring a device into the home, in nobody's network or a member of ours of old.

        Raises:
            ValueError: There is one with this IEEE address.
            RuntimeError: It was to be a member and the stick has no network.
        """
        node.ieee = node.ieee or self._invent_address(node.PREFIX)
        node.name = node.name or self._free_name(type(node).__name__.lower())
        self.network.add(node)
        self._nodes[node.ieee] = node
        if joined:
            self.network.enrol(node, parent)
        return node

    def _free_name(self, kind: str) -> str:
        taken = {node.name for node in self.devices}
        number = 2
        name = kind
        while name in taken:
            name, number = f"{kind}-{number}", number + 1
        return name

    def remove(self, node: Node) -> None:
        """Carry a device out of the home, without a word to anyone."""
        self.network.remove(node)
        del self._nodes[node.ieee]

    @property
    def devices(self) -> list[Node]:
        """All devices, joined or not, in the order they came."""
        return list(self._nodes.values())

    def device(self, name: str) -> Node:
        """A device by name or IEEE address.

        Raises:
            KeyError: There is none.
        """
        for node in self.devices:
            if name in (node.ieee, node.name):
                return node
        raise KeyError(name)

    # -- Trouble of a moment -----------------------------------------------------------------------

    def drop_link(self, error: Exception | None = None) -> None:
        """Cut the line; the stick stays plugged in and can be opened again."""
        self.port.drop(error)

    def reset_radio(self) -> None:
        """The firmware crashes and boots: SYS.ResetInd, and no network until the host starts it."""
        self.coordinator.reset()

    def noise(self, data: bytes) -> None:
        """Put bytes on the line that no firmware sent."""
        self.port.to_host(data)

    # -- State as data -----------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The whole home as JSON: memory, devices, time."""
        return {
            "version": VERSION,
            "seed": self.seed,
            "time": self.clock.now(),
            "ieee": self.ieee,
            "nvram": self.nvram.snapshot(self.records.factory()),
            "devices": [node.snapshot() for node in self.devices],
        }

    @classmethod
    def restored(
        cls, data: dict[str, Any], *, speed: float = 1.0, firmware: Firmware | None = None
    ) -> Self:
        """A home as it was when `snapshot` was taken; the stick has just got power.

        Raises:
            ValueError: The data are of another version, or of a model nobody knows.
        """
        if data.get("version") != VERSION:
            raise ValueError(f"a snapshot of version {data.get('version')!r}, not {VERSION}")
        home = cls(seed=data["seed"], speed=speed, ieee=data["ieee"], firmware=firmware)
        home.restore(data)
        return home

    def restore(self, data: dict[str, Any]) -> None:
        """Become what `snapshot` described. Devices that are here now are carried out first."""
        for node in self.devices:
            self.remove(node)
        self.rng.seed(f"{data['seed']}/{data['time']}")
        self.clock.advance(max(data["time"] - self.clock.now(), 0.0))
        self.nvram.restore(self.records.factory(), data["nvram"])
        self.coordinator.power_up()
        for saved in data["devices"]:
            if saved["model"] not in MODELS:
                raise ValueError(f"no such model: {saved['model']!r}")
            node = MODELS[saved["model"]](
                ieee=saved["ieee"], name=saved["name"], **saved["options"]
            )
            self.add(node)
            node.restore(saved)
        for saved in data["devices"]:
            self.network.restore_membership(saved)
