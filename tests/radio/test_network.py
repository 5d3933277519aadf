"""Ports without a network: each reason is distinguished, and every port is released."""

from contextlib import closing
import errno
from pathlib import Path
import socket
import sqlite3
from typing import override

import pytest
import serialx
from zigpy.exceptions import (
    CannotWriteNetworkSettings,
    CorruptDatabase,
    FormationFailure,
    NetworkNotFormed,
    TransientConnectionError,
)
from zigpy_znp.exceptions import CommandNotRecognized

from custom_components.aqara_zigbee.radio.network import (
    Port,
    RadioError,
    Trouble,
    check_database,
    diagnose,
    form,
    opened,
)
from custom_components.aqara_zigbee.simulator import Home
from custom_components.aqara_zigbee.simulator.port import Port as VirtualPort
from custom_components.aqara_zigbee.simulator.stranger import Chatter, EzspAdapter, MuteAdapter

NOWHERE = Port("virtual://nowhere")


def caused(error: Exception, cause: BaseException) -> Exception:
    """An error with what led to it."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (RadioError(Trouble.OTHER_NETWORK), Trouble.OTHER_NETWORK),
        (NetworkNotFormed(), Trouble.NOT_FORMED),
        (PermissionError("The port is locked by another application"), Trouble.BUSY),
        (PermissionError(errno.EACCES, "Permission denied"), Trouble.NOT_PERMITTED),
        (FileNotFoundError(errno.ENOENT, "No such file"), Trouble.NOT_FOUND),
        (ConnectionRefusedError(), Trouble.NOT_FOUND),
        (socket.gaierror(-2, "Name or service not known"), Trouble.NOT_FOUND),
        (ValueError("no such scheme"), Trouble.NOT_FOUND),
        (serialx.UnsupportedSetting("baud rate"), Trouble.NOT_FOUND),
        (sqlite3.DatabaseError("file is not a database"), Trouble.DATABASE),
        (CorruptDatabase("corrupt"), Trouble.DATABASE),
        (CommandNotRecognized("SYS.Version"), Trouble.NOT_ZSTACK),
        (caused(TransientConnectionError(), ConnectionRefusedError()), Trouble.NOT_FOUND),
        (caused(TransientConnectionError(), PermissionError("locked")), Trouble.BUSY),
        (caused(TransientConnectionError(), ConnectionResetError()), Trouble.FAILED),
        (caused(CannotWriteNetworkSettings(), ValueError("an inner one")), Trouble.FAILED),
        (ValueError("Data is too short, must be at least 116 bytes"), Trouble.MEMORY),
        (ValueError("Data is too short to contain 2 bytes"), Trouble.MEMORY),
        (caused(FormationFailure("too much RF interference"), TimeoutError()), Trouble.NOT_FORMING),
        (FormationFailure("Network formation failed: NVRAM is corrupted"), Trouble.CORRUPT),
        (OSError(errno.EIO, "Input/output error"), Trouble.FAILED),
    ],
    ids=repr,
)
async def test_reasons(error: Exception, trouble: Trouble) -> None:
    found = await diagnose(NOWHERE, error)
    assert found.trouble is trouble
    assert str(found).startswith(trouble)


async def test_a_known_reason_is_kept() -> None:
    error = RadioError(Trouble.DATABASE_NEWER, "15 is newer than 14")
    assert await diagnose(NOWHERE, error) is error


@pytest.mark.parametrize(
    ("stick", "trouble"),
    [
        (MuteAdapter, Trouble.SILENT),
        (EzspAdapter, Trouble.NOT_ZSTACK),
        (Chatter, Trouble.NOT_ZSTACK),
    ],
)
async def test_a_silent_port_is_listened_to(stick: type[MuteAdapter], trouble: Trouble) -> None:
    port = VirtualPort(stick())
    found = await diagnose(Port(port.plug_in("stranger")), TimeoutError())
    assert found.trouble is trouble
    assert port.line is None
    await port.close()


async def test_a_silent_port_that_answers_later() -> None:
    """A Z-Stack it is; that it did not come up has another reason."""
    async with Home(seed=1, speed=20) as home:
        found = await diagnose(Port(home.plug_in("stick")), TimeoutError())
        assert found.trouble is Trouble.FAILED
        assert home.port.line is None


async def test_a_silent_port_that_is_disconnected_before_the_check() -> None:
    assert (await diagnose(NOWHERE, TimeoutError())).trouble is Trouble.NOT_FOUND


async def test_a_silent_port_that_is_disconnected_during_the_check() -> None:
    """The second greeting cannot be written."""
    port = VirtualPort(Leaver())
    Leaver.port = port
    found = await diagnose(Port(port.plug_in("stranger")), TimeoutError())
    assert found.trouble is Trouble.SILENT
    assert port.line is None
    await port.close()


class Leaver(MuteAdapter):
    """Is unplugged at the first byte."""

    port: VirtualPort

    @override
    def received(self, data: bytes) -> None:
        super().received(data)
        self.port.unplug()


@pytest.mark.parametrize("path", ["virtual://nowhere", "/dev/nowhere", "nonsense://", ""])
async def test_missing_port(path: str) -> None:
    with pytest.raises(RadioError) as caught:
        async with opened(Port(path)):
            pytest.fail("it was opened")
    assert caught.value.trouble is Trouble.NOT_FOUND


async def test_a_file_that_is_not_a_port(tmp_path: Path) -> None:
    path = tmp_path / "ttyUSB0"
    path.touch()
    with pytest.raises(RadioError) as caught:
        async with opened(Port(str(path))):
            pytest.fail("it was opened")
    assert caught.value.trouble in Trouble


async def test_errors_release_the_port() -> None:
    async with Home(seed=1, speed=20) as home:
        port = Port(home.plug_in("stick"))
        with pytest.raises(RadioError) as caught:
            async with opened(port):
                raise NetworkNotFormed
        assert caught.value.trouble is Trouble.NOT_FORMED
        assert home.port.line is None
        with pytest.raises(LookupError):  # ours, not the radio's: raised unchanged
            async with opened(port):
                raise LookupError
        assert home.port.line is None


async def test_forming() -> None:
    async with Home(seed=1, speed=20) as home:
        port = Port(home.plug_in("stick"))
        first = await form(port)
        assert home.port.line is None
        held = home.records.network
        assert held is not None
        assert first.ieee == home.ieee
        assert first.channel == held.channel
        second = await form(port)
        assert second.extended_pan_id != first.extended_pan_id
        home.faults.nv_writes_fail = True
        with pytest.raises(RadioError) as caught:
            await form(port)
        assert caught.value.trouble is Trouble.FAILED
        assert home.port.line is None


def test_databases(tmp_path: Path) -> None:
    path = tmp_path / "zigbee.db"
    check_database(str(path))
    assert not path.exists()
    path.write_bytes(b"\xff" * 4096)
    with pytest.raises(RadioError) as caught:
        check_database(str(path))
    assert caught.value.trouble is Trouble.DATABASE
    path.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA user_version = 9999")
    with pytest.raises(RadioError) as caught:
        check_database(str(path))
    assert caught.value.trouble is Trouble.DATABASE_NEWER


def test_port_in_a_config_entry() -> None:
    port = Port("socket://192.168.1.20:6638", 57600, "hardware")
    assert Port.from_dict(port.as_dict()) == port
    assert Port.from_dict({"path": "/dev/ttyUSB0"}) == Port("/dev/ttyUSB0", 115200, None)
