"""A simulated home: coordinator, air, devices, time and faults.

Use in a test or a demo:

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

from collections.abc import Callable
import errno
from random import Random
import struct
from types import TracebackType
from typing import Any, Self

from .addresses import readable, wire
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
"""The URL of the integration's own home."""
VERSION = 1
"""Version of the snapshot's layout."""

DAMAGE = (AttributeError, LookupError, TypeError, ValueError, struct.error)
"""Exceptions that a damaged snapshot causes."""


class Home:
    """All parts of one virtual home.

    Args:
        seed: the same seed gives the same addresses, keys and small variations.
        speed: simulated seconds per real second.
        ieee: the coordinator's address; made from the seed if empty.
        firmware: the version that the coordinator reports.

    Attributes:
        clock: the time.
        faults: the failures to simulate.
        network: the air, with all devices.
        coordinator: the coordinator.
        port: the port for the host.
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

    # -- Connecting ------------------------------------------------------------------------------

    def plug_in(self, name: str) -> str:
        """Connect the coordinator in memory and start the clock.

        Returns:
            The address for zigpy: `virtual://NAME`.

        Raises:
            ValueError: the name is taken.
            RuntimeError: no event loop is running.
        """
        self.clock.start()
        return self.port.plug_in(name)

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Serve the coordinator over TCP and start the clock.

        Returns:
            The port number, for `socket://HOST:NUMBER`.
        """
        self.clock.start()
        return await self.port.serve(host, port)

    def unplug(self) -> None:
        """Disconnect the coordinator. It keeps its memory and boots when it is connected again."""
        self.port.unplug(OSError(errno.EIO, "virtual stick was unplugged"))
        self.coordinator.power_up()

    async def close(self) -> None:
        """Disconnect the coordinator and stop the clock. No task, timer or socket is left."""
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
        """Write a network to the coordinator, as if formed before; missing values are random.

        Args:
            channel: 11 to 26.
            pan_id: 16 bits.
            extended_pan: in zigpy's text format.
            key: network key, 16 bytes.
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
        """Add a device to the home, unpaired or as an existing member of the network.

        Raises:
            ValueError: a device with this IEEE address exists.
            RuntimeError: it is to be a member and the coordinator has no network.
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
        """Remove a device from the home, without a message to the network."""
        self.network.remove(node)
        del self._nodes[node.ieee]

    @property
    def devices(self) -> list[Node]:
        """All devices, joined or not, in the order they were added."""
        return list(self._nodes.values())

    def device(self, name: str) -> Node:
        """Return a device by name or IEEE address.

        Raises:
            KeyError: no such device.
        """
        for node in self.devices:
            if name in (node.ieee, node.name):
                return node
        raise KeyError(name)

    # -- Momentary faults --------------------------------------------------------------------------

    def drop_link(self, error: Exception | None = None) -> None:
        """Cut the connection; the port stays available and can be opened again."""
        self.port.drop(error)

    def reset_radio(self) -> None:
        """Crash and boot the firmware: SYS.ResetInd, and no network until the host starts it."""
        self.coordinator.reset()

    def noise(self, data: bytes) -> None:
        """Send bytes to the host that no firmware sends."""
        self.port.to_host(data)

    # -- State as data -----------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Return the whole home as JSON: memory, devices, time."""
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
        cls,
        data: dict[str, Any],
        *,
        speed: float = 1.0,
        firmware: Firmware | None = None,
        on_damage: Callable[[Exception], None] | None = None,
    ) -> Self:
        """Return a home as it was at `snapshot`; the coordinator has just been powered on.

        Args:
            data: the snapshot.
            speed: simulated seconds per real second.
            firmware: the version that the coordinator reports.
            on_damage: called for each device that cannot be restored; it is left out.

        Raises:
            ValueError: another version of the data, or an unknown model.
        """
        if data.get("version") != VERSION:
            raise ValueError(f"a snapshot of version {data.get('version')!r}, not {VERSION}")
        home = cls(seed=data["seed"], speed=speed, ieee=data["ieee"], firmware=firmware)
        home.restore(data, on_damage)
        return home

    def restore(
        self, data: dict[str, Any], on_damage: Callable[[Exception], None] | None = None
    ) -> None:
        """Restore the state of `snapshot`. Existing devices are removed first.

        Args:
            data: the snapshot.
            on_damage: as in `restored`.
        """
        for node in self.devices:
            self.remove(node)
        self.rng.seed(f"{data['seed']}/{data['time']}")
        self.clock.advance(max(data["time"] - self.clock.now(), 0.0))
        self.nvram.restore(self.records.factory(), data["nvram"])
        self.coordinator.power_up()
        there = []
        for saved in data["devices"]:
            try:
                self._restore_device(saved)
            except DAMAGE as error:
                if on_damage is None:
                    raise
                on_damage(error)
            else:
                there.append(saved)
        for saved in there:
            self.network.restore_parent(saved)

    def _restore_device(self, data: dict[str, Any]) -> None:
        if data["model"] not in MODELS:
            raise ValueError(f"no such model: {data['model']!r}")
        ieee = readable(wire(data["ieee"]))
        node = MODELS[data["model"]](ieee=ieee, name=data["name"], **data["options"])
        self.add(node)
        try:
            node.restore(data)
            self.network.restore_membership(data)
        except DAMAGE:
            self.remove(node)
            raise
