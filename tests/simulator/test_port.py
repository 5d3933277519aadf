"""The serial line: in memory, over TCP, and with other adapters."""

import asyncio
import errno

import pytest
import serialx
from zigpy_znp.api import ZNP
from zigpy_znp.zigbee.application import ControllerApplication

from custom_components.aqara_zigbee.simulator import (
    Chatter,
    EzspAdapter,
    Home,
    MuteAdapter,
    Plug,
    Port,
)
from custom_components.aqara_zigbee.simulator.mt import Deframer, frame
from custom_components.aqara_zigbee.simulator.transport import VirtualSerial

from .host import config, hosting, until

PING = bytes.fromhex("fe00210120")


async def open_port(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await serialx.open_serial_connection(url, baudrate=115200)


# -- In memory -----------------------------------------------------------------------------------


async def test_opening_a_missing_port() -> None:
    with pytest.raises(FileNotFoundError):
        await open_port("virtual://nobody")
    assert not await ControllerApplication.probe({"path": "virtual://nobody"})


async def test_one_host_at_a_time(home: Home) -> None:
    url = home.plug_in("stick")
    async with hosting(url) as host:
        with pytest.raises(OSError, match="already open") as caught:
            await open_port(url)
        assert caught.value.errno == errno.EBUSY
        with pytest.raises(PermissionError, match="locked by another application"):
            async with hosting(url):
                pass
        assert not await ControllerApplication.probe({"path": url})
        assert not host.recorder.lost


async def test_names(home: Home) -> None:
    home.plug_in("one")
    assert home.plug_in("one") == "virtual://one"
    home.plug_in("two")
    async with Home() as other:
        with pytest.raises(ValueError, match="plugged in"):
            other.plug_in("one")
    reader, writer = await open_port("virtual://two/")
    writer.write(PING)
    assert await reader.readexactly(7) == bytes.fromhex("fe0261015906") + bytes(
        [0x02 ^ 0x61 ^ 0x01 ^ 0x59 ^ 0x06]
    )
    writer.close()
    await writer.wait_closed()


async def test_bytes_pass_through_the_loop(home: Home) -> None:
    reader, writer = await open_port(home.plug_in("stick"))
    writer.write(PING)
    assert not reader._buffer  # type: ignore[attr-defined]
    await reader.readexactly(7)
    transport = writer.transport
    assert isinstance(transport, serialx.BaseSerialTransport)
    assert transport.baudrate == 115200
    assert transport.get_write_buffer_size() == 0
    await transport.flush()
    await transport.reconfigure_port(baudrate=9600)
    assert transport.baudrate == 9600
    assert await transport.get_modem_pins() == serialx.ModemPins()
    transport.pause_reading()
    writer.write(PING)
    await asyncio.sleep(0.02)
    assert not reader._buffer  # type: ignore[attr-defined]
    transport.resume_reading()
    await reader.readexactly(7)
    transport.abort()
    transport.close()
    await transport.wait_closed()
    assert home.port.line is None


async def test_writing_to_a_broken_port(home: Home) -> None:
    _, writer = await open_port(home.plug_in("stick"))
    home.drop_link()
    with pytest.raises(OSError, match="unplugged"):
        writer.transport.write(PING)


def test_synchronous_use_is_not_supported() -> None:
    with pytest.raises(serialx.UnsupportedSetting), serialx.serial_for_url("virtual://x"):
        pass
    port = VirtualSerial("virtual://x", baudrate=115200, read_timeout=0.01)
    assert not port.is_open
    assert port.read(1) == b""
    assert port.write(PING) == 0
    assert (port.num_unread_bytes(), port.num_unwritten_bytes()) == (0, 0)
    assert port.get_modem_pins() == serialx.ModemPins()
    port.close()


async def test_pins_reset_the_coordinator(home: Home) -> None:
    home.coordinator.endpoints[7] = Plug().endpoints.setdefault(1, Plug().endpoints[1])
    reader, writer = await open_port(home.plug_in("stick"))
    transport = writer.transport
    assert isinstance(transport, serialx.BaseSerialTransport)
    await transport.set_modem_pins(dtr=False, rts=False)
    await transport.set_modem_pins(dtr=False, rts=True)
    writer.write(PING)
    await asyncio.sleep(0.02)
    assert not reader._buffer  # type: ignore[attr-defined]
    await transport.set_modem_pins(dtr=False, rts=False)
    assert (await reader.readexactly(11))[2:5].hex() == "418000"
    assert 7 not in home.coordinator.endpoints
    writer.close()
    await writer.wait_closed()


# -- Frames --------------------------------------------------------------------------------------


def test_deframer_skips_what_is_not_a_frame() -> None:
    deframer = Deframer()
    good = frame(0x0121, b"")
    stream = b"\xef" * 256 + b"\xfe\xff" + good + b"\xfe\x00\x21\x01\x99" + good + b"junk"
    found = []
    for byte in stream:
        found += list(deframer.feed(bytes([byte])))
    assert found == [(0x0121, b""), (0x0121, b"")]
    assert list(deframer.feed(good[:3])) == []
    deframer.clear()
    assert list(deframer.feed(good)) == [(0x0121, b"")]
    assert list(deframer.feed(frame(0x0121, bytes(250)))) == [(0x0121, bytes(250))]


async def ask(home: Home, request: bytes, length: int) -> bytes:
    reader, writer = await open_port(home.plug_in("stick"))
    writer.write(request)
    try:
        async with asyncio.timeout(60):
            return await reader.readexactly(length)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("header", "data", "code"),
    [
        (0x7721, b"", 2),  # SYS, no such command
        (0x002C, b"", 2),  # no such subsystem
        (0x1321, b"\x01", 4),  # OSALNVLength, half an identifier
        (0x1321, b"\x01\x00\x00", 4),  # … and half too much
        (0x6327, bytes(8), 0),  # UTIL.AssocRemove, which this firmware has
    ],
)
async def test_unknown_commands(home: Home, header: int, data: bytes, code: int) -> None:
    answer = await ask(home, frame(header, data), 6)
    if code:
        assert answer[:5] == bytes([0xFE, 3, 0x60, 0x00, code])
    else:
        assert answer[4] == 0


# -- Over TCP ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("socket_enabled")
async def test_host_over_tcp(home: Home) -> None:
    port = await home.serve()
    plug = home.add(Plug())
    async with hosting(f"socket://127.0.0.1:{port}") as host:
        await host.take_in(plug)
        assert (await host.device(plug).endpoints[1].on_off.on()).status == 0
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""  # a second client is refused
        writer.close()
        assert not host.recorder.lost
    await until(lambda: home.port.line is None)
    found = await ControllerApplication.probe({"path": f"tcp://127.0.0.1:{port}"})
    assert found
    await until(lambda: home.port.line is None)


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("error", [None, ConnectionResetError()], ids=repr)
async def test_tcp_link_drops(home: Home, error: Exception | None) -> None:
    port = await home.serve()
    async with hosting(f"socket://127.0.0.1:{port}") as host:
        home.drop_link(error)
        await until(lambda: host.recorder.lost)
    home.noise(b"nobody is there")


@pytest.mark.usefixtures("socket_enabled")
async def test_tcp_port_closes_with_the_home() -> None:
    async with Home() as home:
        port = await home.serve()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", port)


# -- Other adapters ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MuteAdapter, EzspAdapter, Chatter])
async def test_other_adapters_do_not_answer_a_ping(kind: type[MuteAdapter]) -> None:
    port = Port(kind())
    url = port.plug_in("stranger")
    impatient = config(url)
    impatient["znp_config"] = {"skip_bootloader": False, "sync_request_timeout": 0.1}
    znp = ZNP(ControllerApplication.SCHEMA(impatient))
    with pytest.raises(TimeoutError):
        await znp.connect()
    await port.close()


async def test_ezsp_answers_an_ash_reset() -> None:
    port = Port(EzspAdapter())
    reader, writer = await open_port(port.plug_in("stranger"))
    writer.write(bytes.fromhex("1ac038bc7e"))
    assert (await reader.readexactly(6)).hex() == "c102029b7b7e"
    writer.write(PING)
    assert (await reader.readexactly(6)).hex() == "c2025298de7e"
    await port.close()


async def test_chatter_echoes() -> None:
    port = Port(Chatter())
    reader, writer = await open_port(port.plug_in("stranger"))
    await reader.readuntil(b"boot:0x13\r\n")
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    await port.close()
