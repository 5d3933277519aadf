"""Ports and networks: detecting a coordinator's firmware, and forming its network.

Every function here opens the port itself and releases it before it returns or raises.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
import socket
import sqlite3
from typing import Any, Literal, override

from serialx import SerialException
from zigpy.appdb import DB_VERSION
from zigpy.application import ControllerApplication
from zigpy.backups import NetworkBackup
import zigpy.config
from zigpy.exceptions import (
    CorruptDatabase,
    FormationFailure,
    NetworkNotFormed,
    RadioException,
    ZigbeeException,
)
from zigpy.serial import SerialProtocol, create_serial_connection
from zigpy_znp.exceptions import CommandNotRecognized

from ..core.identity import Identity
from ..core.radio import Coordinator
from .application import Application

_PING = bytes.fromhex("fe00210120")  # SYS_PING, TI's monitor and test API
_PING_ANSWER = bytes.fromhex("fe026101")
_EZSP_RESET = bytes.fromhex("1ac038bc7e")  # ASH reset; a Silicon Labs radio answers 1a c1 …
_LISTEN_SECONDS = 1.5


type FlowControl = Literal["hardware", "software"] | None


class RadioProblem(StrEnum):
    """Reasons why a port gives no network; the values are translation keys."""

    NOT_FOUND = "port_not_found"
    BUSY = "port_busy"
    NOT_PERMITTED = "port_not_permitted"
    SILENT = "no_answer"
    NOT_ZSTACK = "not_zstack"
    NOT_FORMED = "not_formed"
    DATABASE = "database_unusable"
    DATABASE_NEWER = "database_newer"
    OTHER_NETWORK = "other_network"
    FAILED = "radio_failed"
    MEMORY = "memory_unreadable"
    NOT_FORMING = "formation_failed"
    CORRUPT = "memory_corrupt"


class RadioError(Exception):
    """The radio cannot be used.

    Attributes:
        problem: the reason.
        detail: the library's message, or the kind if it is empty.
    """

    def __init__(self, problem: RadioProblem, detail: object = "") -> None:
        super().__init__(f"{problem}: {detail}" if detail else str(problem))
        self.problem = problem
        self.detail = str(detail) or str(problem)


@dataclass(frozen=True, slots=True)
class Port:
    """The coordinator's port: a device path or a URL such as ``socket://192.168.1.20:6638``.

    Attributes:
        baudrate: bits per second; 115200 for all TI coordinators on the market.
        flow_control: None, "hardware" or "software".
    """

    path: str
    baudrate: int = 115200
    flow_control: FlowControl = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Port:
        """Create the port of a config entry's ``device``."""
        return cls(data["path"], data.get("baudrate", 115200), data.get("flow_control"))

    def as_dict(self) -> dict[str, Any]:
        """The config entry's data, in ZHA's layout, so that Home Assistant recognizes the owner."""
        return {
            "path": self.path,
            "baudrate": self.baudrate,
            "flow_control": self.flow_control,
        }


def application_config(port: Port, database: str | None = None) -> dict[str, Any]:
    """Return zigpy's configuration, without features that use the internet or send unrequested."""
    return {
        zigpy.config.CONF_DEVICE: port.as_dict(),
        zigpy.config.CONF_DATABASE: database,
        # Values are stored by us; zigpy stores joins, which must survive a power cut.
        "database_commit_interval": 0,
        zigpy.config.CONF_OTA: {zigpy.config.CONF_OTA_ENABLED: False},
        # Responses come within milliseconds or never; 15 seconds would delay the detection of a
        # failure.
        "znp_config": {"sync_request_timeout": 10},
        # Locks claim to be routers and never answer a scan.
        zigpy.config.CONF_TOPO_SCAN_ENABLED: False,
        # We keep our own backups, with a reason in each.
        zigpy.config.CONF_NWK_BACKUP_ENABLED: False,
    }


def coordinator_of(app: ControllerApplication) -> Coordinator:
    """Return the coordinator and its network, once they are loaded."""
    node, network = app.state.node_info, app.state.network_info
    return Coordinator(
        ieee=str(node.ieee),
        model=node.model or "",
        manufacturer=node.manufacturer or "",
        firmware=node.version or "",
        channel=int(network.channel),
        pan_id=int(network.pan_id),
        extended_pan_id=str(network.extended_pan_id),
    )


def identity_of(network: NetworkBackup) -> Identity:
    """Return a network's identity, with a fingerprint of its key."""
    info = network.network_info
    key = network.as_dict()["network_info"]["network_key"]["key"]
    return Identity(
        coordinator=str(network.node_info.ieee),
        extended_pan_id=str(info.extended_pan_id),
        pan_id=int(info.pan_id),
        channel=int(info.channel),
        update_id=int(info.nwk_update_id),
        key=sha256(f"aqara_zigbee {key}".encode()).hexdigest(),
    )


def check_database(path: str) -> None:
    """Check zigpy's database before zigpy opens it, which would not close an unreadable one.

    Raises:
        RadioError: the file is not a database, or one of a newer zigpy.
    """
    if not Path(path).exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise RadioError(RadioProblem.DATABASE, error) from error
    if version > DB_VERSION:
        raise RadioError(RadioProblem.DATABASE_NEWER, f"{version} is newer than {DB_VERSION}")


class _Listener(SerialProtocol):
    """Collects the bytes from a port."""

    def __init__(self) -> None:
        super().__init__()
        self.received = bytearray()

    @override
    def data_received(self, data: bytes) -> None:
        self.received += data

    def write(self, data: bytes) -> None:
        """Write to the port, if it is still open."""
        if self._transport is not None:
            self._transport.write(data)


async def _listen(port: Port) -> RadioProblem:
    """Return the kind of radio at a port that did not start as a Z-Stack."""
    protocol = _Listener()
    try:
        await create_serial_connection(
            asyncio.get_running_loop(),
            lambda: protocol,
            port.path,
            baudrate=port.baudrate,
            flow_control=port.flow_control,
        )
    except OSError, TimeoutError, ValueError:
        return RadioProblem.NOT_FOUND
    try:
        for greeting in (_PING, _EZSP_RESET):
            protocol.write(greeting)
            await asyncio.sleep(_LISTEN_SECONDS)
            if _PING_ANSWER in protocol.received:
                return RadioProblem.FAILED
            if protocol.received:
                return RadioProblem.NOT_ZSTACK
    finally:
        await protocol.disconnect()
    return RadioProblem.SILENT


def advice_of(error: BaseException) -> RadioProblem | None:
    """Return the problem that zigpy or zigpy-znp describe in a message, if any."""
    match error:
        case _ if "NVRAM is corrupted" in str(error):
            return RadioProblem.CORRUPT
        case FormationFailure():
            return RadioProblem.NOT_FORMING
        case ValueError() if "too short" in str(error):
            # zigpy's message for a truncated structure in the coordinator's memory.
            return RadioProblem.MEMORY
        case _:
            return None


async def diagnose(port: Port, error: BaseException) -> RadioError:
    """Return the reason why a port did not start; a silent one is listened to once more."""
    if (advice := advice_of(error)) is not None:
        return RadioError(advice, error)
    match error:
        case RadioError():
            return error
        case NetworkNotFormed():
            return RadioError(RadioProblem.NOT_FORMED)
        case PermissionError() if "locked" in str(error):
            return RadioError(RadioProblem.BUSY, error)
        case PermissionError():
            return RadioError(RadioProblem.NOT_PERMITTED, error)
        case TimeoutError():
            return RadioError(await _listen(port), error)
        case FileNotFoundError() | ConnectionRefusedError() | socket.gaierror() | ValueError():
            return RadioError(RadioProblem.NOT_FOUND, error)
        case SerialException():  # an unknown kind of path
            return RadioError(RadioProblem.NOT_FOUND, error)
        case sqlite3.Error() | CorruptDatabase():
            return RadioError(RadioProblem.DATABASE, error)
        case CommandNotRecognized():
            return RadioError(RadioProblem.NOT_ZSTACK, error)
        case _ if isinstance(error.__cause__, OSError):
            return await diagnose(port, error.__cause__)
        case _:
            return RadioError(RadioProblem.FAILED, repr(error))


FAILURES = (
    RadioException,
    ZigbeeException,
    CommandNotRecognized,
    OSError,  # includes TimeoutError
    ValueError,
    SerialException,
    sqlite3.Error,
    *(AttributeError, KeyError, RuntimeError),  # of zigpy-znp, when the line fails during the start
)
"""Exceptions of zigpy and zigpy-znp when a radio cannot be used; `diagnose` interprets them."""


def is_z_stack_1(app: Application) -> bool:
    """Whether a connected coordinator runs Z-Stack Home 1.2, which stores no link keys."""
    znp: Any = app._znp  # noqa: SLF001 - without a network it has no version elsewhere
    return bool(znp.version < 3.0)


@asynccontextmanager
async def opened(port: Port) -> AsyncGenerator[Application]:
    """Open a radio without starting its network; it is released in the end."""
    app = Application(application_config(port))
    try:
        await app.connect()  # type: ignore[no-untyped-call]
        yield app
    except FAILURES as error:
        await app.shutdown()
        raise await diagnose(port, error) from error
    finally:
        await app.shutdown()


async def form(port: Port) -> Coordinator:
    """Form a new network with random settings on a quiet channel.

    The coordinator's previous network is overwritten.

    Raises:
        RadioError: no Z-Stack was reached, or it failed.
    """
    async with opened(port) as app:
        await app.form_network()
        await app.load_network_info()
        return coordinator_of(app)
