"""Frames that are cut short, and a coordinator that does not answer: nothing of it is an error here."""

import asyncio
from collections.abc import AsyncGenerator
import gc
import logging
from typing import Any

import pytest
from zigpy.util import CatchingTaskMixin
from zigpy_znp.frames import GeneralFrame, TransportFrame
from zigpy_znp.types import Bytes, CommandHeader
from zigpy_znp.zigbee import application as znp_application

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.radio import application
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.frames import MOST_ANSWERS
from custom_components.aqara_zigbee.simulator import Home, Plug
from custom_components.aqara_zigbee.simulator.message import Message
from tests.radio.conftest import RecordingListener
from tests.simulator.host import until

ON = zcl.Command(1, zcl.Cluster.ON_OFF, 0x01)
ZDO_CLUSTERS = (
    0x0000,
    0x0001,
    0x0006,
    0x0013,
    0x0036,
    0x8000,
    0x8001,
    0x8002,
    0x8004,
    0x8034,
    0x7777,
)


@pytest.fixture
async def errors(caplog: pytest.LogCaptureFixture) -> AsyncGenerator[list[str]]:
    """The errors logged by asyncio and others."""
    found: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: found.append(str(context)))
    yield found
    await asyncio.sleep(0)
    gc.collect()
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    found += [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert found == []


async def count_a_good_frame(plug: Plug, listener: RecordingListener, number: int) -> None:
    """Send a good frame and see that it is counted."""
    listener.reports.clear()
    frame = bytes((0x18, number, 0x0A, 0, 0, 0x10, 1))
    plug.network.uplink(plug, Message(zcl.Cluster.ON_OFF, 1, 1, frame))
    await until(lambda: any(said and said.cluster == 6 for _, said in listener.reports))


@pytest.mark.parametrize("length", range(1, 8))
async def test_short_zdo_frames(
    plug: Plug, listener: RecordingListener, errors: list[str], length: int
) -> None:
    for cluster in ZDO_CLUSTERS:
        plug.network.uplink(plug, Message(cluster, 0, 0, bytes(range(length))))
    await count_a_good_frame(plug, listener, 0xC0 + length)


@pytest.mark.parametrize("known", [True, False])
async def test_short_zcl_frames(
    home: Home,
    radio: ZigpyRadio,
    plug: Plug,
    listener: RecordingListener,
    errors: list[str],
    known: bool,
) -> None:
    """From a device of ours, and from one whose interview cannot end."""
    sender = plug
    if not known:
        sender = Plug()
        home.add(sender)
        home.faults.mute(sender)
        await radio.permit(60)
        home.network.search(sender)
        await until(lambda: ("joined", sender.ieee) in listener.events)
    for cluster in (0x0000, 0x0006, 0x000A, 0x0019, 0x0020, 0x0021, 0xFCC0):
        for frame in ("", "00", "01", "0442", "055f", "010203", "184200", "190102", "1c5f110a"):
            sender.network.uplink(sender, Message(cluster, 1, 1, bytes.fromhex(frame)))
    await count_a_good_frame(plug, listener, 0xD0)
    await until(lambda: not CatchingTaskMixin._tasks)  # zigpy's answers


def questions(plug: Plug, count: int) -> None:
    """Let a device send requests that zigpy answers: attributes of a cluster, each time others."""
    for number in range(count):
        frame = bytes((0x10, number, 0x00)) + number.to_bytes(2, "little")
        plug.network.uplink(plug, Message(0x0000, 1, 1, frame))


async def test_answers_end_with_the_radio(
    home: Home, radio: ZigpyRadio, plug: Plug, listener: RecordingListener, errors: list[str]
) -> None:
    """Zigpy repeats an answer that the radio could not send, and drops the task."""
    await until(lambda: not CatchingTaskMixin._tasks)
    home.faults.confirm(0xE9, node=plug)  # MAC_NO_ACK
    questions(plug, 3 * MOST_ANSWERS)
    await until(lambda: CatchingTaskMixin._tasks)
    await count_a_good_frame(plug, listener, 0xD1)
    assert len(CatchingTaskMixin._tasks) <= MOST_ANSWERS
    tasks = tuple(CatchingTaskMixin._tasks)
    assert tasks
    await radio.stop()
    assert all(task.done() for task in tasks)


@pytest.mark.parametrize("failure", [RuntimeError("line"), OSError("line"), AttributeError("line")])
async def test_failed_answers_are_not_logged(
    radio: ZigpyRadio,
    plug: Plug,
    listener: RecordingListener,
    errors: list[str],
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
) -> None:
    """On a line that breaks zigpy-znp raises whatever comes first."""
    await until(lambda: not CatchingTaskMixin._tasks)
    failed: list[Exception] = []

    async def fail(*_args: object, **_options: object) -> None:
        failed.append(failure)
        raise failure

    monkeypatch.setattr(radio._app, "request", fail)
    questions(plug, 1)
    await until(lambda: failed)
    await until(lambda: not CatchingTaskMixin._tasks)


@pytest.mark.parametrize(
    ("command", "data"), [(0xC145, "33b831"), (0xC145, "00" * 20), (0x775F, "01")]
)
async def test_unreadable_frames_of_the_coordinator(
    home: Home, plug: Plug, listener: RecordingListener, errors: list[str], command: int, data: str
) -> None:
    """A truncated or too long announcement (ZDO.EndDeviceAnnceInd), and an unknown command."""
    frame = GeneralFrame(CommandHeader(command), Bytes(bytes.fromhex(data)))
    assert home.port.line is not None
    home.port.line.deliver(TransportFrame(frame).serialize())
    await count_a_good_frame(plug, listener, 0xD2)


async def test_a_silent_coordinator_is_detected_during_other_requests(
    home: Home,
    radio: ZigpyRadio,
    plug: Plug,
    listener: RecordingListener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A ping waits for the requests before it, each of which may take 15 s: that counts, too."""
    assert application.Application._watchdog_period + application._PING_SECONDS <= 30
    monkeypatch.setattr(application.Application, "_watchdog_period", 0.1)
    monkeypatch.setattr(application, "_PING_SECONDS", 300)  # a busy machine starts slowly
    await radio.stop()
    await radio.start()
    monkeypatch.setattr(application, "_PING_SECONDS", 0.3)
    home.faults.silent = True
    with pytest.raises(DeliveryError):
        await radio.request(plug.ieee, ON)
    await until(lambda: ("lost", "it does not respond") in listener.events)


async def test_a_request_without_a_response_is_not_logged(
    home: Home,
    radio: ZigpyRadio,
    plug: Plug,
    errors: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It continues in zigpy-znp without a waiting task."""
    for name in ("DATA_CONFIRM_TIMEOUT", "EXTENDED_DATA_CONFIRM_TIMEOUT"):
        monkeypatch.setattr(znp_application, name, 0.1)
    znp: Any = radio._app._znp  # type: ignore[union-attr]
    monkeypatch.setitem(znp._znp_config, "sync_request_timeout", 0.3)
    home.faults.silent = True
    with pytest.raises(DeliveryError):
        await radio.request(plug.ieee, ON, sleepy=True)
    await asyncio.sleep(0.5)
    home.faults.silent = False
