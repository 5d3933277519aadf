"""The control port and the command line."""

import asyncio
from collections.abc import AsyncIterator
import json
from pathlib import Path
import signal
import sys
from typing import Any

import pytest

from custom_components.aqara_zigbee.simulator import Home, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.chip import Firmware
from scripts.simulator import __main__ as program
from scripts.simulator.__main__ import move_in, parse, save
from scripts.simulator.control import LONGEST_LINE, MOST_GUESTS, Control

from .host import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def control(home: Home) -> Control:
    home.add(Plug(), joined=True)
    home.add(LockS2(), joined=True)
    return Control(home)


def tell(control: Control, **request: Any) -> dict[str, Any]:
    return control.answer(json.dumps(request).encode())


def test_list(control: Control) -> None:
    answer = tell(control, do="list")
    assert answer["ok"]
    plug, lock = answer["devices"]
    assert plug["model"] == "lumi.plug"
    assert plug["actions"]["set_load"] == {"watts": "float", "channel": "int"}
    assert lock["actions"]["finger"] == {"user": "int", "admin": "bool"}
    assert not lock["awake"]
    json.dumps(answer)


def test_actions(control: Control, home: Home) -> None:
    plug, lock = home.device("plug"), home.device("locks2")
    assert isinstance(plug, Plug)
    assert isinstance(lock, LockS2)
    assert tell(control, do="press", device="plug") == {"ok": True}
    assert tell(control, do="set_load", device=plug.ieee, watts=40) == {"ok": True}
    assert (plug.on, plug.loads) == ([True], [40.0])
    assert tell(control, do="happen", device="locks2", event=2, bolt=21) == {"ok": True}
    assert lock.bolt == 21
    assert tell(control, do="rejoin", device="locks2", parent="plug") == {
        "ok": True, "result": False,
    }  # fmt: skip
    assert tell(control, do="wake", device="locks2", seconds=None) == {"ok": True}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"", "not understood"),
        (b"\xff\xfe", "not understood"),
        (b"[" * 4000, "not understood"),
        (b"[]", "not an object"),
        (b"{}", "missing"),
        (b'{"do": 1}', "missing"),
        (b'{"do": "press"}', "which device is missing. There are: locks2, plug"),
        (b'{"do": "press", "device": ["x"]}', "no device"),
        (b'{"do": "press", "device": "toaster"}', "no device 'toaster'. There are: locks2, plug"),
        (b'{"do": "lst"}', "'lst' is unknown. Known: add, "),
        (b'{"do": "attach", "device": "plug"}', "'attach' is unknown"),
        (b'{"do": "finger", "device": "plug", "user": 1}', "plug cannot finger. It can: announce, "),
        (b'{"do": "__init__", "device": "plug"}', "is unknown"),
        (b'{"do": "press", "device": "plug", "force": 1}', "no argument force"),
        (b'{"do": "set_load", "device": "plug"}', "watts missing"),
        (b'{"do": "set_load", "device": "plug", "watts": "many"}', "watts is to be float"),
        (b'{"do": "set_load", "device": "plug", "watts": true}', "watts is to be float"),
        (b'{"do": "set_load", "device": "plug", "watts": -1}', "not understood: no load"),
        (b'{"do": "press", "device": "plug", "channel": 1.5}', "channel is to be int"),
        (b'{"do": "finger", "device": "locks2", "user": 900}', "user is 0 to 255"),
        (b'{"do": "add_password", "device": "locks2", "user": -1}', "user is 0 to 255"),
        (b'{"do": "wrong_finger", "device": "locks2", "tries": 256}', "tries is 0 to 255"),
        (b'{"do": "add", "model": "lumi.nothing"}', "unknown. Models are lumi."),
        (b'{"do": "add", "model": "lumi.plug", "options": []}', "options are to be"),
        (b'{"do": "add", "model": "lumi.plug", "options": {"x": 1}}', "no option x"),
        (b'{"do": "confirm", "status": "bad"}', "status is to be int"),
        (b'{"do": "live", "factor": -1}', "factor"),
    ],
)  # fmt: skip
def test_bad_requests_are_answered(control: Control, line: bytes, error: str) -> None:
    answer = control.answer(line)
    assert answer["ok"] is False
    assert error in answer["error"]


def test_requests_to_the_home(control: Control, home: Home) -> None:
    added = tell(
        control, do="add", model="lumi.relay.c2acn01", options={"version": 47}, name="hall"
    )
    assert added["device"]["name"] == "hall"
    relay = home.device("hall")
    assert isinstance(relay, Relay)
    assert relay.lies
    assert not tell(control, do="add", model="lumi.plug", join=True)["joined"]
    assert tell(control, do="confirm", status=17, times=1, device="plug") == {"ok": True}
    assert home.faults.confirmation(home.device("plug").ieee) == 17
    for order, name in (("silence", "silent"), ("half_open", "half_open")):
        tell(control, do=order)
        assert getattr(home.faults, name)
        tell(control, do=order, on=False)
        assert not getattr(home.faults, name)
    tell(control, do="silence")
    tell(control, do="heal")
    assert not home.faults.silent
    assert tell(control, do="drop_link") == tell(control, do="reset") == {"ok": True}
    assert tell(control, do="snapshot")["snapshot"]["version"] == 1
    lives = []
    for factor in (60, 0):
        tell(control, do="live", factor=factor)
        lives.append(control.life is not None)
    assert lives == [True, False]
    assert tell(control, do="remove", device="hall") == {"ok": True}
    assert not tell(control, do="remove", device="hall")["ok"]


# -- Over TCP ------------------------------------------------------------------------------------


@pytest.fixture
async def door(control: Control, socket_enabled: None) -> AsyncIterator[int]:
    port = await control.serve()
    yield port
    await control.close()


async def test_conversation(door: int, home: Home) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door)
    writer.write(b'{"do": "press", "device": "plug"}\nnonsense\n')
    assert json.loads(await reader.readline()) == {"ok": True}
    assert not json.loads(await reader.readline())["ok"]
    plug = home.device("plug")
    assert isinstance(plug, Plug)
    assert plug.on == [True]
    writer.write(b"x" * (LONGEST_LINE * 2) + b"\n")
    assert "bytes in a line" in json.loads(await reader.readline())["error"]
    assert await reader.read() == b""
    writer.close()


async def test_clients_are_limited(door: int) -> None:
    guests = [await asyncio.open_connection("127.0.0.1", door) for _ in range(MOST_GUESTS + 1)]
    for reader, writer in guests[:-1]:
        writer.write(b'{"do": "list"}\n')
        assert json.loads(await reader.readline())["ok"]
    assert await guests[-1][0].read() == b""
    for _, writer in guests:
        writer.close()


async def test_a_client_that_disconnects(door: int, control: Control) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", door)
    writer.write(b'{"do": "snapshot"}\n' * 50)
    writer.transport.abort()
    await asyncio.sleep(0.05)
    assert tell(control, do="list")["ok"]


# -- Command line --------------------------------------------------------------------------------


def test_devices_that_join(tmp_path: Path) -> None:
    state = tmp_path / "home.json"
    arguments = ["--state", str(state), "--formed", "--seed", "4"]
    home = move_in(parse(arguments))
    assert len(home.devices) == 5
    assert all(node.joined for node in home.devices)
    save(home, state)
    again = move_in(parse(arguments))
    assert again.snapshot()["devices"] == home.snapshot()["devices"]
    blank = move_in(parse([]))
    assert blank.records.network is None
    assert not any(node.joined for node in blank.devices)


@pytest.mark.parametrize("is_restored", [False, True])
def test_firmware(tmp_path: Path, is_restored: bool) -> None:
    state = tmp_path / "home.json"
    if is_restored:
        save(move_in(parse([])), state)
    arguments = ["--state", str(state), "--firmware", "20200211"]
    assert move_in(parse(arguments)).coordinator.firmware.revision == 20200211
    assert move_in(parse(["--state", str(state)])).coordinator.firmware == Firmware()


@pytest.mark.usefixtures("socket_enabled")
async def test_program(tmp_path: Path) -> None:
    state = tmp_path / "home.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.simulator",
        "--port", "0", "--control", "0", "--state", str(state), "--formed", "--life", "600",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(60):
        stick = (await process.stdout.readline()).decode().strip()
        port = int((await process.stdout.readline()).decode().rpartition(":")[2])
        assert stick.startswith("stick: socket://127.0.0.1:")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"do": "list"}\n')
        devices = json.loads(await reader.readline())["devices"]
        assert {each["model"] for each in devices} >= {"lumi.plug", "lumi.lock.aq1"}
        writer.close()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert len(json.loads(state.read_text())["devices"]) == 5


@pytest.mark.usefixtures("socket_enabled")
async def test_program_with_defaults() -> None:
    """A blank coordinator, no state, no control port; Ctrl-C ends it without an error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.simulator", "--port", "0",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(60):
        stick = (await process.stdout.readline()).decode()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(stick.rpartition(":")[2]))
        writer.write(bytes.fromhex("fe00210120"))
        assert (await reader.readexactly(7)).hex().startswith("fe026101")
        writer.close()
        process.send_signal(signal.SIGINT)
        rest, errors = await process.communicate()
    assert process.returncode == 0
    assert (rest, errors) == (b"", b"")


async def test_home_is_saved_at_intervals(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut loses at most 30 seconds; the last save is at the end."""
    monkeypatch.setattr(program, "SAVE_EVERY", 0.02)
    state, draft, stop = tmp_path / "home.json", tmp_path / "home.json.new", asyncio.Event()
    keeping = asyncio.create_task(program._keep(home, state, stop))
    await until(state.exists)
    home.add(Plug(), joined=True)
    await until(lambda: len(json.loads(state.read_text())["devices"]) == 1)
    assert not keeping.done()
    home.add(Plug(), joined=True)
    stop.set()
    await keeping
    assert len(json.loads(state.read_text())["devices"]) == 2
    assert not draft.exists()


@pytest.mark.usefixtures("socket_enabled")
async def test_unplugged_network_coordinator() -> None:
    """TCP connections to an unplugged coordinator fail; plugged in again, it answers."""
    home = Home(seed=1)
    control = Control(home)
    try:
        port = await home.serve()
        assert control.answer(b'{"do": "unplug"}') == {"ok": True}
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read(1) == b""
        writer.close()
        assert control.answer(b'{"do": "plug_in"}') == {"ok": True}
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes.fromhex("fe00210120"))  # SYS.Ping
        async with asyncio.timeout(60):
            assert (await reader.readexactly(4))[:1] == b"\xfe"
        writer.close()
    finally:
        await home.close()
