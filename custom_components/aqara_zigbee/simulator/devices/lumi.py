"""The base of all Lumi devices: manufacturer code, heartbeat of tags, first reports."""

from collections.abc import Sequence
import struct
from typing import TYPE_CHECKING, ClassVar, override

from ..actions import action
from ..node import Node
from ..ota import DAY, OtaClient
from ..zcl import Frame, Reply, Type, Value, encode

if TYPE_CHECKING:
    from ..network import Network

CODE = 0x115F
"""Manufacturer code of every manufacturer-specific frame (protocol 0.2)."""
JENNIC = 0x1037
"""The chip maker's code, which older models have in their node descriptor."""

BASIC, POWER, TEMPERATURE, ON_OFF, TIME, ANALOG, BINARY_OUTPUT, MULTISTATE, OTA = (
    0x0000, 0x0001, 0x0002, 0x0006, 0x000A, 0x000C, 0x0010, 0x0012, 0x0019,
)  # fmt: skip

TAGS = 0xFF01
"""The attribute of the Basic cluster that carries the tag list."""
IMAGE_TYPE = 257
"""The OTA image type of all models here, and of others (captures, firmware facts)."""
SECRET = 0xFFF0
"""Basic attribute through which a hub and a device exchange undocumented commands."""

type Tag = tuple[int, int, Value]


def pack(tags: Sequence[Tag]) -> bytes:
    """Return a tag list (protocol 0.3): tag, ZCL type, value."""
    return b"".join(bytes([tag, kind]) + encode(kind, value) for tag, kind, value in tags)


class Lumi(Node):
    """A Lumi device.

    Attributes:
        restarts: how often it has started; tag 5 carries it.
        heartbeat_every: seconds between two heartbeats; 0 for none. A change applies after the next
            one.
        ota: its OTA client.
    """

    VENDOR = "LUMI"
    HEARTBEAT: ClassVar[float] = 3000.0
    STATE: ClassVar[tuple[str, ...]] = ("restarts", "file_version")
    ota: OtaClient

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.restarts = 1
        self._application = 0
        self.heartbeat_every = self.HEARTBEAT

    def basic(
        self,
        *,
        zcl: int,
        application: int,
        stack: int,
        hardware: int,
        source: int,
        date: str = "",
        build: bytes = b"",
    ) -> None:
        """Declare the Basic cluster's attributes; those that are not given are unsupported."""
        for attribute, kind, value in (
            (0x0000, Type.U8, zcl),
            (0x0001, Type.U8, lambda: self._application),
            (0x0002, Type.U8, stack),
            (0x0003, Type.U8, hardware),
            (0x0004, Type.STRING, self.VENDOR.encode()),
            (0x0005, Type.STRING, self.MODEL.encode()),
            (0x0006, Type.STRING, date.encode()),
            (0x0007, Type.ENUM8, source),
            (0x4000, Type.STRING, build),
        ):
            if value != b"":
                self.has(1, BASIC, attribute, kind, value)
        self._application = application

    # -- Firmware --------------------------------------------------------------------------------

    def ota_client(self, version: int) -> None:
        """Add an OTA client."""
        self.ota = OtaClient(self, manufacturer=CODE, image_type=IMAGE_TYPE, version=version)

    @property
    def file_version(self) -> int:
        """The file version of its firmware."""
        return self.ota.version

    @file_version.setter
    def file_version(self, version: int) -> None:
        if version != self.ota.version:
            self.ota.version = version
            self.on_firmware(version)

    def on_firmware(self, version: int) -> None:
        """Called with the version of new firmware."""
        self._application = version

    def restart(self, version: int) -> None:
        """Restart with this firmware."""
        self.power_off()
        self.file_version = version
        self.power_on()

    @action
    def ask_for_firmware(self) -> None:
        """Query the next image, as it does once a day."""
        self.ota.query()

    def _check_daily(self) -> None:
        if self._network is None:
            return
        has_client = any(OTA in each.outputs for each in self.endpoints.values())
        if has_client and self.powered and self.joined:
            self.ota.query()
        self.clock.later(DAY, self._check_daily)

    @override
    def on_command(self, endpoint: int, cluster: int, frame: Frame) -> Reply:
        if cluster == OTA and frame.from_server:
            return self.ota.handle(frame)
        return super().on_command(endpoint, cluster, frame)

    @override
    def on_power_lost(self) -> None:
        self.ota.stop()

    # -- Reports ---------------------------------------------------------------------------------

    @override
    def knows_manufacturer(self, code: int | None) -> bool:
        return code in (None, CODE)

    @override
    def attach(self, network: Network) -> None:
        super().attach(network)
        self.clock.later(DAY, self._check_daily)
        if self.heartbeat_every:
            self.clock.later(self.heartbeat_every, self._beat)

    def _beat(self) -> None:
        if self._network is None:
            return
        if self.powered and self.joined:
            self.heartbeat()
        if self.heartbeat_every:
            self.clock.later(self.heartbeat_every, self._beat)

    @override
    def on_joined(self) -> None:
        """Report its model and application version, and shortly afterwards its tags."""
        self.introduce()
        self.later(1.5, self.heartbeat)

    @action
    def introduce(self) -> None:
        """Report the model identifier, as after a short press of the button."""
        self.report(
            BASIC,
            (0x0005, Type.STRING, self.MODEL.encode()),
            (0x0001, Type.U8, self._application),
        )

    @override
    def on_power_up(self) -> None:
        self.restarts += 1
        super().on_power_up()
        self.later(2.0, self.heartbeat)

    def tags(self) -> list[Tag]:
        """The tags of the next heartbeat."""
        return []

    @action
    def heartbeat(self) -> None:
        """Report the tag list: code 0x115F, attribute 0xFF01, as a character string."""
        self._send_tags(pack(self.tags()))

    def _send_tags(self, content: bytes, length: int | None = None) -> None:
        declared = len(content) if length is None else length
        payload = struct.pack("<HBB", TAGS, Type.STRING, declared) + content
        self.report_bytes(BASIC, payload, manufacturer=CODE)
