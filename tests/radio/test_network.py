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
    RadioProblem,
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
    ("error", "problem"),
    [
        (RadioError(RadioProblem.OTHER_NETWORK), RadioProblem.OTHER_NETWORK),
        (NetworkNotFormed(), RadioProblem.NOT_FORMED),
        (PermissionError("The port is locked by another application"), RadioProblem.BUSY),
        (PermissionError(errno.EACCES, "Permission denied"), RadioProblem.NOT_PERMITTED),
        (FileNotFoundError(errno.ENOENT, "No such file"), RadioProblem.NOT_FOUND),
        (ConnectionRefusedError(), RadioProblem.NOT_FOUND),
        (socket.gaierror(-2, "Name or service not known"), RadioProblem.NOT_FOUND),
        (ValueError("no such scheme"), RadioProblem.NOT_FOUND),
        (serialx.UnsupportedSetting("baud rate"), RadioProblem.NOT_FOUND),
        (sqlite3.DatabaseError("file is not a database"), RadioProblem.DATABASE),
        (CorruptDatabase("corrupt"), RadioProblem.DATABASE),
        (CommandNotRecognized("SYS.Version"), RadioProblem.NOT_ZSTACK),
        (caused(TransientConnectionError(), ConnectionRefusedError()), RadioProblem.NOT_FOUND),
        (caused(TransientConnectionError(), PermissionError("locked")), RadioProblem.BUSY),
        (caused(TransientConnectionError(), ConnectionResetError()), RadioProblem.FAILED),
        (caused(CannotWriteNetworkSettings(), ValueError("an inner one")), RadioProblem.FAILED),
        (ValueError("Data is too short, must be at least 116 bytes"), RadioProblem.MEMORY),
        (ValueError("Data is too short to contain 2 bytes"), RadioProblem.MEMORY),
        (
            caused(FormationFailure("too much RF interference"), TimeoutError()),
            RadioProblem.NOT_FORMING,
        ),
        (FormationFailure("Network formation failed: NVRAM is corrupted"), RadioProblem.CORRUPT),
        (OSError(errno.EIO, "Input/output error"), RadioProblem.FAILED),
    ],
    ids=repr,
)
async def test_reasons(error: Exception, problem: RadioProblem) -> None:
    found = await diagnose(NOWHERE, error)
    assert found.problem is problem
    assert str(found).startswith(problem)


async def test_a_known_reason_is_kept() -> None:
    error = RadioError(RadioProblem.DATABASE_NEWER, "15 is newer than 14")
    assert await diagnose(NOWHERE, error) is error


@pytest.mark.parametrize(
    ("stick", "problem"),
    [
        (MuteAdapter, RadioProblem.SILENT),
        (EzspAdapter, RadioProblem.NOT_ZSTACK),
        (Chatter, RadioProblem.NOT_ZSTACK),
    ],
)
async def test_a_silent_port_is_listened_to(
    stick: type[MuteAdapter], problem: RadioProblem
) -> None:
    port = VirtualPort(stick())
    found = await diagnose(Port(port.plug_in("stranger")), TimeoutError())
    assert found.problem is problem
    assert port.line is None
    await port.close()


async def test_a_silent_port_that_answers_later() -> None:
    """A Z-Stack it is; that it did not come up has another reason."""
    async with Home(seed=1, speed=20) as home:
        found = await diagnose(Port(home.plug_in("stick")), TimeoutError())
        assert found.problem is RadioProblem.FAILED
        assert home.port.line is None


async def test_a_silent_port_that_is_disconnected_before_the_check() -> None:
    assert (await diagnose(NOWHERE, TimeoutError())).problem is RadioProblem.NOT_FOUND


async def test_a_silent_port_that_is_disconnected_during_the_check() -> None:
    """The second greeting cannot be written."""
    port = VirtualPort(Leaver())
    Leaver.port = port
    found = await diagnose(Port(port.plug_in("stranger")), TimeoutError())
    assert found.problem is RadioProblem.SILENT
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
    assert caught.value.problem is RadioProblem.NOT_FOUND


async def test_a_file_that_is_not_a_port(tmp_path: Path) -> None:
    path = tmp_path / "ttyUSB0"
    path.touch()
    with pytest.raises(RadioError) as caught:
        async with opened(Port(str(path))):
            pytest.fail("it was opened")
    assert caught.value.problem in RadioProblem


async def test_errors_release_the_port() -> None:
    async with Home(seed=1, speed=20) as home:
        port = Port(home.plug_in("stick"))
        with pytest.raises(RadioError) as caught:
            async with opened(port):
                raise NetworkNotFormed
        assert caught.value.problem is RadioProblem.NOT_FORMED
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
        assert caught.value.problem is RadioProblem.FAILED
        assert home.port.line is None


def test_databases(tmp_path: Path) -> None:
    path = tmp_path / "zigbee.db"
    check_database(str(path))
    assert not path.exists()
    path.write_bytes(b"\xff" * 4096)
    with pytest.raises(RadioError) as caught:
        check_database(str(path))
    assert caught.value.problem is RadioProblem.DATABASE
    path.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA user_version = 9999")
    with pytest.raises(RadioError) as caught:
        check_database(str(path))
    assert caught.value.problem is RadioProblem.DATABASE_NEWER


def test_port_in_a_config_entry() -> None:
    port = Port("socket://192.168.1.20:6638", 57600, "hardware")
    assert Port.from_dict(port.as_dict()) == port
    assert Port.from_dict({"path": "/dev/ttyUSB0"}) == Port("/dev/ttyUSB0", 115200, None)
