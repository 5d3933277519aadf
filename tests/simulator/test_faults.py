"""Each fault, as zigpy sees it."""

import asyncio
import errno

import pytest
from zigpy.exceptions import DeliveryError

from custom_components.aqara_zigbee.simulator import Home, Plug
from custom_components.aqara_zigbee.simulator.faults import LOST, Faults
from custom_components.aqara_zigbee.simulator.mt import c

from .host import Host, hosting, settle, until


@pytest.fixture
async def plug(home: Home, host: Host) -> Plug:
    plug = home.add(Plug())
    await host.take_in(plug)
    return plug


@pytest.mark.parametrize(
    "error", [None, OSError(errno.EIO, "gone"), ConnectionResetError()], ids=repr
)
async def test_dropped_link(home: Home, host: Host, error: Exception | None) -> None:
    home.drop_link(error)
    await until(lambda: host.recorder.lost)
    assert host.recorder.lost == [error]
    assert home.port.line is None
    async with hosting("virtual://test") as again:  # it can be opened again at once
        assert again.app.state.network_info.channel == 15


async def test_many_losses_with_traffic(home: Home) -> None:
    plug = home.add(Plug(), joined=True)
    url = home.plug_in("test")
    for _ in range(10):
        async with hosting(url) as host:
            plug.press()
            await host.sees("joined", plug)
            plug.press()
            home.drop_link(OSError(errno.EIO, "gone"))
            plug.press()
            async with asyncio.timeout(60):
                while not host.recorder.lost:
                    await asyncio.sleep(0)
    assert plug.joined


async def test_silent_firmware(home: Home, host: Host) -> None:
    home.faults.silent = True
    with pytest.raises(TimeoutError):
        await host.app._znp.request(c.SYS.Ping.Req(), timeout=0.1)
    home.faults.silent = False
    await host.app._znp.request(c.SYS.Ping.Req(), timeout=60)


async def test_half_open_link(home: Home, host: Host, plug: Plug) -> None:
    home.faults.half_open = True
    before = len(host.recorder.frames)
    plug.press()
    with pytest.raises(TimeoutError):
        await host.app._znp.request(c.SYS.Ping.Req(), timeout=0.1)
    assert len(host.recorder.frames) == before
    assert host.recorder.lost == []
    home.faults.clear()
    await host.app._znp.request(c.SYS.Ping.Req(), timeout=60)


async def test_watchdog_detects_a_dead_coordinator(home: Home) -> None:
    async with hosting(home.plug_in("test"), watchdog_enabled=True) as host:
        host.app._watchdog_period = 0.05
        home.faults.silent = True
        task = asyncio.create_task(host.app.watchdog_feed())
        await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_lost_and_late_replies(home: Home, host: Host) -> None:
    znp = host.app._znp
    home.faults.lose_reply("SYS.Ping", times=1)
    with pytest.raises(TimeoutError):
        await znp.request(c.SYS.Ping.Req(), timeout=0.1)
    await znp.request(c.SYS.Ping.Req(), timeout=60)
    home.faults.delay_reply(1.0, "SYS.Ping", times=1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await znp.request(c.SYS.Ping.Req(), timeout=60)
    assert loop.time() - began >= 0.15  # one second of a clock that runs 5 times as fast
    home.faults.lose_reply("*", times=None)
    with pytest.raises(TimeoutError):
        await znp.request(c.SYS.Version.Req(), timeout=0.05)


@pytest.mark.parametrize("status", [225, 17, 233, 183])
async def test_failed_confirmations(home: Home, host: Host, plug: Plug, status: int) -> None:
    home.faults.confirm(status, times=1)
    on_off = host.device(plug).endpoints[1].on_off
    with pytest.raises(DeliveryError) as caught:
        await on_off.on(retries=0)
    assert caught.value.status == status
    assert (await on_off.on(retries=0)).status == 0


async def test_no_route_is_repaired_by_zigpy_znp(home: Home, host: Host, plug: Plug) -> None:
    home.faults.confirm(205, node=plug, times=1)
    assert (await host.device(plug).endpoints[1].on_off.on(retries=0)).status == 0
    home.faults.confirm(205, node=plug)
    with pytest.raises(DeliveryError) as caught:
        await host.device(plug).endpoints[1].on_off.on(retries=0)
    assert caught.value.status == 205


async def test_refused_immediately(home: Home, host: Host, plug: Plug) -> None:
    """BUFFER_FULL, as under too much traffic."""
    home.faults.refuse(17)
    with pytest.raises(DeliveryError) as caught:
        await host.device(plug).endpoints[1].on_off.on(retries=0)
    assert caught.value.status == 17
    home.faults.clear()
    assert (await host.device(plug).endpoints[1].on_off.on(retries=0)).status == 0


async def test_duplicates_reach_the_raw_hook(home: Home, host: Host, plug: Plug) -> None:
    home.clock.advance(5)
    await settle()
    before = len(host.recorder.of(plug, 0x0006))
    home.faults.duplicates = 1
    plug.press()
    await until(lambda: len(host.recorder.of(plug, 0x0006)) == before + 2)
    first, second = host.recorder.of(plug, 0x0006)[-2:]
    assert first == second


async def test_noise_on_the_line(home: Home, host: Host, plug: Plug) -> None:
    for noise in (b"\xfe", b"\xfe\x03\x61", b"\x00\xff\xfe\xff", b"\xfe\x00\x45\xc9\x00garbage"):
        home.noise(noise)
        home.noise(bytes(300))
        plug.press()
    await until(lambda: len(host.recorder.of(plug, 0x0006)) >= 2)
    assert (await host.device(plug).endpoints[1].on_off.on()).status == 0


async def test_fragments(home: Home, host: Host, plug: Plug) -> None:
    home.faults.fragment = 1
    plug.press()
    await until(lambda: host.recorder.of(plug, 0x0006))
    assert (await host.device(plug).endpoints[1].on_off.on()).status == 0


async def test_slow_device(home: Home, host: Host, plug: Plug) -> None:
    home.faults.slow(plug, 2.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await host.device(plug).endpoints[1].on_off.on()).status == 0
    assert loop.time() - began > 0.35


def test_rules_run_out() -> None:
    faults = Faults()
    assert faults.confirmation("x") is None
    faults.confirm(1, times=2)
    assert [faults.confirmation("x") for _ in range(3)] == [1, 1, None]
    faults.refuse(5, times=1)
    assert [faults.refusal() for _ in range(2)] == [5, None]
    faults.lose_reply("SYS.Ping")
    assert [faults.reply("SYS.Version"), faults.reply("SYS.Ping"), faults.reply("SYS.Ping")] == [
        0.0,
        LOST,
        0.0,
    ]
    faults.delay_reply(2, times=None)
    assert faults.reply("AF.Register") == 2
    faults.silent = True
    faults.clear()
    assert (faults.reply("AF.Register"), faults.silent) == (0.0, False)
