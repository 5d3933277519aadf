"""The radio's edges: losses and cancellations at bad moments, listeners that fail, devices it has not."""

import asyncio
from collections.abc import Callable
import logging
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.firmware import Firmware
from custom_components.aqara_zigbee.radio import reconnect
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.interview import announced_model
from custom_components.aqara_zigbee.radio.network import RadioError, RadioProblem
from custom_components.aqara_zigbee.radio.reconnect import Reconnector
from custom_components.aqara_zigbee.simulator import Home, Plug, items
from custom_components.aqara_zigbee.simulator.message import Message
from tests.radio.conftest import RecordingListener
from tests.simulator.host import settle, until

STRANGER = "00:15:8d:00:00:00:00:99"


def count_frames(home: Home, call: Callable[[int], object]) -> None:
    """Call a function with the number of frames sent since the port was opened next."""
    opened = home.port.stick.opened

    def reopened(write: Callable[[bytes], None]) -> None:
        count = 0

        def counted(data: bytes) -> None:
            nonlocal count
            write(data)
            count += 1
            call(count)

        home.port.stick.opened = opened  # type: ignore[method-assign]
        opened(counted)

    home.port.stick.opened = reopened  # type: ignore[method-assign]


# -- Starting ------------------------------------------------------------------------------------


async def test_cancelled_start_releases_the_port(home: Home, radio: ZigpyRadio) -> None:
    starting = asyncio.create_task(radio.start())
    await until(lambda: home.port.line)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert home.port.line is None
    assert radio.identity is None
    await radio.start()
    assert radio.identity is not None


@pytest.mark.parametrize("share", [0.002, 0.5, 0.975])
async def test_connection_lost_during_the_start(
    home: Home, radio: ZigpyRadio, listener: RecordingListener, share: float
) -> None:
    """From the first frame to almost the last: started or not, and it can be started again."""
    counts: list[int] = []
    await radio.start()  # once to settle what only a first start writes
    await radio.stop()
    count_frames(home, counts.append)
    await radio.start()
    total = counts[-1]
    await radio.stop()
    cuts: list[int] = []

    def cut(count: int) -> None:
        if count == int(total * share):
            cuts.append(count)
            loop = asyncio.get_running_loop()
            loop.call_soon(home.drop_link, ConnectionResetError("reset by peer"))

    count_frames(home, cut)
    try:
        await radio.start()
    except RadioError as error:
        problem = error.problem
        assert (problem, len(cuts)) == (RadioProblem.FAILED, 1)
        assert home.port.line is None
        assert radio.identity is None
        assert not [each for each in listener.events if each[0] == "lost"], "it never was up"
        await radio.start()
    # Where zigpy-znp was still knocking when the line was cut, it has knocked again.
    assert radio.identity is not None
    assert (await radio.backup()).extended_pan_id == radio.coordinator.extended_pan_id


async def test_another_network_is_refused(home: Home, radio: ZigpyRadio) -> None:
    radio.recognise = lambda identity: False
    with pytest.raises(RadioError) as caught:
        await radio.start()
    assert caught.value.problem is RadioProblem.OTHER_NETWORK
    assert home.port.line is None


# -- What there is not ---------------------------------------------------------------------------


async def test_unknown_devices(radio: ZigpyRadio) -> None:
    await radio.start()
    read = zcl.ReadAttributes(1, zcl.Cluster.ON_OFF, (0,))
    asked: list[Callable[[], Any]] = [
        lambda: radio.request(STRANGER, read),
        lambda: radio.permit(60, STRANGER),
        lambda: radio.remove(STRANGER),
        lambda: radio.remove(STRANGER, force=True),
        lambda: radio.interview(STRANGER),
        lambda: radio.neighbours(STRANGER),
    ]
    for ask in asked:
        with pytest.raises(DeliveryError, match="not on the network"):
            await ask()


async def test_requests_fail_at_once_without_a_network(radio: ZigpyRadio) -> None:
    asked: list[Callable[[], Any]] = [
        lambda: radio.permit(60),
        radio.energy_scan,
        radio.backup,
        radio.addresses,
        lambda: radio.change_channel(20),
        lambda: radio.interview(STRANGER),
    ]
    for ask in asked:
        with pytest.raises(DeliveryError):
            async with asyncio.timeout(60):
                await ask()


async def test_a_coordinator_that_was_erased(home: Home, radio: ZigpyRadio) -> None:
    """Another program has taken its network away; there is nothing to be kept then."""
    await radio.start()
    home.coordinator.nvram.items.update(items.blank_state())
    with pytest.raises(DeliveryError, match="has no network"):
        await radio.backup()


# -- Who listens and fails -----------------------------------------------------------------------


def press(plug: Plug, number: int, *, on: bool) -> None:
    """Report the state of the plug, as itself."""
    frame = bytes((0x18, number, 0x0A, 0, 0, 0x10, on))
    plug.network.uplink(plug, Message(zcl.Cluster.ON_OFF, 1, 1, frame))


def states(listener: RecordingListener) -> list[object]:
    """Return the reported states of plugs."""
    return [
        report[0] for report in listener.frames if report and report.cluster == zcl.Cluster.ON_OFF
    ]


async def test_a_failing_listener_gets_the_next_frame(
    plug: Plug, listener: RecordingListener, caplog: pytest.LogCaptureFixture
) -> None:
    listener.frames.clear()
    listener.fails_at = {"received"}
    for number in range(3):
        press(plug, 200 + number, on=bool(number % 2))
    await until(lambda: len(states(listener)) == 3)
    assert states(listener) == [0, 1, 0]
    failures = [record for record in caplog.records if record.exc_info]
    assert len(failures) == len(listener.frames)
    assert all(plug.ieee in record.getMessage() for record in failures)


@pytest.mark.parametrize("what", ["left", "removed", "sent", "joined", "interviewed"])
async def test_an_error_of_the_listener_is_logged(
    home: Home,
    radio: ZigpyRadio,
    plug: Plug,
    listener: RecordingListener,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    """An exception that zigpy would ignore is logged, and later events still arrive."""
    caplog.set_level(logging.ERROR)
    listener.fails_at = {what}
    listener.events.clear()
    match what:
        case "left":
            plug.leave()
        case "removed":
            await radio.remove(plug.ieee)
        case "sent":
            await radio.permit(60)
        case _:
            node = home.add(Plug())
            await radio.permit(60)
            home.network.search(node)
            await until(lambda: ("interviewed", node.ieee) in listener.events)
    await until(lambda: what in [kind for kind, _ in listener.events])
    assert any(
        record.exc_info and isinstance(record.exc_info[1], ZeroDivisionError)
        for record in caplog.records
    )
    listener.fails_at.clear()
    again = home.add(Plug())
    await radio.permit(60)
    home.network.search(again)
    await until(lambda: ("interviewed", again.ieee) in listener.events)


async def test_an_error_during_an_ota_request(
    radio: ZigpyRadio, plug: Plug, listener: RecordingListener, caplog: pytest.LogCaptureFixture
) -> None:
    """The device still counts as seen, and the next frame is handled."""

    def fail(ieee: str, firmware: Firmware) -> None:
        raise ZeroDivisionError

    radio.firmware.set_listener(fail)
    listener.frames.clear()
    question = bytes.fromhex("01330100" + "5f11" + "0100" + "01000000")
    plug.network.uplink(plug, Message(0x0019, 1, 1, question))
    press(plug, 200, on=True)
    await until(lambda: states(listener))
    assert states(listener) == [1]
    assert None in listener.frames
    await until(  # the first request is processed once its code is imported
        lambda: any("request of" in each.getMessage() for each in caplog.records if each.exc_info)
    )


# -- Sending -------------------------------------------------------------------------------------


async def test_each_frame_gets_its_own_confirmation(
    home: Home, radio: ZigpyRadio, plug: Plug, listener: RecordingListener
) -> None:
    """Devices number their requests alike; what became of one's is not what became of another's."""
    other = home.add(Plug())
    await radio.permit(60)
    home.network.search(other)
    await until(lambda: ("interviewed", other.ieee) in listener.events)
    other.power_off()
    toggle = zcl.Command(1, zcl.Cluster.ON_OFF, 0x02, repeatable=False)
    reached = plug.on[0]
    for number in (10, 20, 30):
        for node in (plug, other):
            radio._device(node.ieee)._send_sequence = number
        results = await asyncio.gather(
            radio.request(other.ieee, toggle),
            radio.request(plug.ieee, toggle),
            return_exceptions=True,
        )
        reached = not reached
        assert isinstance(results[0], DeliveryError)
        assert results[1] is None
        assert plug.on[0] is reached


# -- Losing it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [None, ConnectionResetError("reset by peer")])
async def test_a_loss_is_reported_once(
    home: Home, radio: ZigpyRadio, plug: Plug, listener: RecordingListener, error: Exception | None
) -> None:
    home.drop_link(error)
    await until(lambda: [each for each in listener.events if each[0] == "lost"])
    await settle()
    (told,) = [reason for what, reason in listener.events if what == "lost"]
    assert told
    assert radio.identity is None


async def test_an_attempt_that_fails_unexpectedly_is_followed_by_another(
    home: Home,
    radio: ZigpyRadio,
    listener: RecordingListener,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever it was, giving up would leave the home deaf."""
    monkeypatch.setattr(reconnect, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(reconnect, "_LONGEST_PAUSE", 0.02)
    await radio.start()
    looks: list[object] = []

    def recognise(identity: object) -> bool:
        looks.append(identity)
        if len(looks) < 3:
            raise ZeroDivisionError
        return True

    radio.recognise = recognise
    restarted = asyncio.Event()
    failed: list[RadioError] = []
    seeker = Reconnector(radio, restarted.set, failed.append)
    home.drop_link()
    await until(lambda: radio.identity is None)
    seeker.lost("a test")
    seeker.lost("told twice")
    async with asyncio.timeout(60):
        await restarted.wait()
    assert radio.identity is not None
    assert seeker.attempts == 3
    assert failed == []
    unexpected = [r for r in caplog.records if "failed unexpectedly" in r.getMessage()]
    assert len(unexpected) == 2
    await seeker.stop()


# -- Interviews ----------------------------------------------------------------------------------

MODEL = bytes.fromhex("1801 0a 0500 42")
"""A report of the model identifier, without its value."""


@pytest.mark.parametrize(
    ("cluster", "frame", "model"),
    [
        (0, MODEL + b"\x09lumi.plug", "lumi.plug"),
        (0, MODEL + b"\x0alumi.plug\0", "lumi.plug"),
        (0, MODEL + b"\x00", None),
        (0, MODEL + b"\x01\0", None),
        (0, MODEL + b"\xff", None),
        (0, bytes.fromhex("18010a05002001"), None),  # a number where its name should be
        (0, bytes.fromhex("18010a04002001"), None),
        (0, b"", None),
        (0, b"\x18", None),
        (6, MODEL + b"\x09lumi.plug", None),
    ],
)
def test_announced_model(cluster: int, frame: bytes, model: str | None) -> None:
    assert announced_model(cluster, frame) == model
