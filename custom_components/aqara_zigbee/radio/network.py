"""Ports and networks: what a stick is, what it holds, and how it comes to hold a network.

Every function here opens the port for itself and has released it when it returns or raises.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
import socket
import sqlite3
from typing import Any, Literal, override

from serialx import SerialException
from zigpy.appdb import DB_VERSION
import zigpy.config
from zigpy.exceptions import (
    CorruptDatabase,
    NetworkNotFormed,
    RadioException,
    ZigbeeException,
)
from zigpy.serial import SerialProtocol, create_serial_connection
from zigpy_znp.exceptions import CommandNotRecognized

from ..core.radio import Coordinator
from .application import Application

_PING = bytes.fromhex("fe00210120")  # SYS_PING, TI's monitor and test API
_PING_ANSWER = bytes.fromhex("fe026101")
_EZSP_RESET = bytes.fromhex("1ac038bc7e")  # ASH reset; a Silicon Labs stick answers 1a c1 …
_LISTEN_SECONDS = 1.5


type FlowControl = Literal["hardware", "software"] | None


class Trouble(StrEnum):
    """Why a port gives no network; the values are translation keys."""

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


class RadioError(Exception):
    """The radio cannot be used.

    Attributes:
        trouble: what is wrong with it, in one word.
    """

    def __init__(self, trouble: Trouble, detail: object = "") -> None:
        super().__init__(f"{trouble}: {detail}" if detail else str(trouble))
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Port:
    """Where the stick is: a device path or a URL such as ``socket://192.168.1.20:6638``.

    Attributes:
        baudrate: bits per second; 115200 for every TI stick sold.
        flow_control: None, "hardware" or "software".
    """

    path: str
    baudrate: int = 115200
    flow_control: FlowControl = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Port:
        """The port of a config entry's ``device``."""
        return cls(data["path"], data.get("baudrate", 115200), data.get("flow_control"))

    def as_dict(self) -> dict[str, Any]:
        """What a config entry keeps, in ZHA's layout, so that Home Assistant knows the owner."""
        return {
            "path": self.path,
            "baudrate": self.baudrate,
            "flow_control": self.flow_control,
        }


def application_config(port: Port, database: str | None = None) -> dict[str, Any]:
    """The configuration of zigpy; what talks to others by itself is off."""
    return {
        zigpy.config.CONF_DEVICE: port.as_dict(),
        zigpy.config.CONF_DATABASE: database,
        # Values are kept by us; what zigpy stores are joins, which must survive a power cut.
        "database_commit_interval": 0,
        zigpy.config.CONF_OTA: {zigpy.config.CONF_OTA_ENABLED: False},
        # Answers come within milliseconds or never; fifteen seconds would hide a dead stick.
        "znp_config": {"sync_request_timeout": 10},
        # The locks claim to be routers and never answer a scan.
        zigpy.config.CONF_TOPO_SCAN_ENABLED: False,
        # We keep our own, with a reason in each.
        zigpy.config.CONF_NWK_BACKUP_ENABLED: False,
    }


def coordinator_of(app: Application) -> Coordinator:
    """The stick and its network, once they are loaded."""
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


def check_database(path: str) -> None:
    """Look at zigpy's database before zigpy does, which would not let go of one it cannot read.

    Raises:
        RadioError: the file is no database, or one of a newer zigpy.
    """
    if not Path(path).exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise RadioError(Trouble.DATABASE, error) from error
    if version > DB_VERSION:
        raise RadioError(Trouble.DATABASE_NEWER, f"{version} is newer than {DB_VERSION}")


class _Listener(SerialProtocol):
    """Keeps what a port says."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = bytearray()

    @override
    def data_received(self, data: bytes) -> None:
        self.heard += data

    def say(self, data: bytes) -> None:
        """Write to the port, if it is still there."""
        if self._transport is not None:
            self._transport.write(data)


async def _listen(port: Port) -> Trouble:
    """What kind of radio hangs on a port that did not come up as a Z-Stack."""
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
        return Trouble.NOT_FOUND
    try:
        for greeting in (_PING, _EZSP_RESET):
            protocol.say(greeting)
            await asyncio.sleep(_LISTEN_SECONDS)
            if _PING_ANSWER in protocol.heard:
                return Trouble.FAILED
            if protocol.heard:
                return Trouble.NOT_ZSTACK
    finally:
        await protocol.disconnect()
    return Trouble.SILENT


async def diagnose(port: Port, error: BaseException) -> RadioError:
    """Put into one word why a port did not come up; a silent one is listened to once more."""
    match error:
        case RadioError():
            return error
        case NetworkNotFormed():
            return RadioError(Trouble.NOT_FORMED)
        case PermissionError() if "locked" in str(error):
            return RadioError(Trouble.BUSY, error)
        case PermissionError():
            return RadioError(Trouble.NOT_PERMITTED, error)
        case TimeoutError():
            return RadioError(await _listen(port), error)
        case FileNotFoundError() | ConnectionRefusedError() | socket.gaierror() | ValueError():
            return RadioError(Trouble.NOT_FOUND, error)
        case SerialException():  # an address of a kind that nobody knows
            return RadioError(Trouble.NOT_FOUND, error)
        case sqlite3.Error() | CorruptDatabase():
            return RadioError(Trouble.DATABASE, error)
        case CommandNotRecognized():
            return RadioError(Trouble.NOT_ZSTACK, error)
        case _ if isinstance(error.__cause__, OSError):
            return await diagnose(port, error.__cause__)
        case _:
            return RadioError(Trouble.FAILED, repr(error))


FAILURES = (
    RadioException,
    ZigbeeException,
    CommandNotRecognized,
    OSError,  # TimeoutError is one
    ValueError,
    SerialException,
    sqlite3.Error,
    *(AttributeError, KeyError, RuntimeError),  # of zigpy-znp, whose line broke while it started
)
"""What zigpy and zigpy-znp raise when a radio cannot be used; `diagnose` sorts them."""


@asynccontextmanager
async def opened(port: Port) -> AsyncGenerator[Application]:
    """A radio without a network on top, released in the end."""
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
    """Give a stick a new network with random settings on a quiet channel.

    Whatever network it held before is gone.

    Raises:
        RadioError: there is no Z-Stack to be reached, or it refused.
    """
    async with opened(port) as app:
        await app.form_network()
        await app.load_network_info()
        return coordinator_of(app)
