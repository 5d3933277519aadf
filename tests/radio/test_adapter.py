"""The radio's edges: losses and cancellations at bad moments, listeners that fail, devices it has not."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
import logging
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.devices import DEFINITIONS
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.firmware import Firmware
from custom_components.aqara_zigbee.core.radio import Node
from custom_components.aqara_zigbee.radio import link
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.interview import announced_model
from custom_components.aqara_zigbee.radio.link import Link
from custom_components.aqara_zigbee.radio.network import Port, RadioError, Trouble
from custom_components.aqara_zigbee.radio.virtual import Home, Plug, items
from custom_components.aqara_zigbee.radio.virtual.message import Message
from custom_components.aqara_zigbee.radio.virtual.nvram import osal
from tests.radio.virtual.host import until

STRANGER = "00:15:8d:00:00:00:00:99"


class Witness:
    """Listens to a radio; fails at what it is told to fail at.

    Attributes:
        heard: what it was told, in order.
        fails_at: the kinds of news at which it raises, after having noted them.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.frames: list[zcl.Report | None] = []
        self.fails_at: set[str] = set()

    def _note(self, what: str, about: str) -> None:
        self.heard.append((what, about))
        if what in self.fails_at:
            raise ZeroDivisionError(what)

    def known(self, node: Node, now: datetime) -> None:
        """From before."""
        self._note("known", node.ieee)

    def joined(self, node: Node, now: datetime) -> None:
        """For the first time, or back."""
        self._note("joined", node.ieee)

    def interviewed(self, node: Node, now: datetime) -> None:
        """All is known of it."""
        self._note("interviewed", node.ieee)

    def interview_failed(self, node: Node) -> None:
        """It fell silent."""
        self._note("interview_failed", node.ieee)

    def left(self, ieee: str) -> None:
        """Of its own accord."""
        self._note("left", ieee)

    def removed(self, ieee: str) -> None:
        """By us."""
        self._note("removed", ieee)

    def received(
        self, ieee: str, report: zcl.Report | None, link_quality: int | None, now: datetime
    ) -> None:
        """It said something."""
        self.frames.append(report)
        self._note("received", ieee)

    def sent(self, status: int | None, now: datetime) -> None:
        """A frame went out, or did not."""
        self._note("sent", str(status))

    def lost(self, reason: str) -> None:
        """The radio is gone."""
        self._note("lost", reason)


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """A home whose stick has a network and is plugged in."""
    async with Home(seed=1, speed=20) as home:
        home.form()
        home.plug_in("test")
        yield home


@pytest.fixture
def witness() -> Witness:
    """Who listens to the radio."""
    return Witness()


@pytest.fixture
async def radio(home: Home, witness: Witness) -> AsyncGenerator[ZigpyRadio]:
    """A radio that is not up yet, and is not left up."""
    radio = ZigpyRadio(Port("virtual://test"), None, DEFINITIONS)
    radio.tell(witness)
    yield radio
    await radio.stop()


@pytest.fixture
async def plug(home: Home, radio: ZigpyRadio, witness: Witness) -> Plug:
    """A plug on a radio that is up."""
    await radio.start()
    plug = home.add(Plug())
    await radio.permit(60)
    home.network.look_for(plug)
    await until(lambda: ("interviewed", plug.ieee) in witness.heard)
    return plug


def count_frames(home: Home, call: Callable[[int], object]) -> None:
    """Tell how many frames a stick has sent since its port was opened the next time."""
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
async def test_line_cut_while_it_is_started(
    home: Home, radio: ZigpyRadio, witness: Witness, share: float
) -> None:
    """From the first frame to almost the last: up with a stick or not at all, and it can be started again."""
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
        trouble = error.trouble
        assert (trouble, len(cuts)) == (Trouble.FAILED, 1)
        assert home.port.line is None
        assert radio.identity is None
        assert not [each for each in witness.heard if each[0] == "lost"], "it never was up"
        await radio.start()
    # Where zigpy-znp was still knocking when the line was cut, it has knocked again.
    assert radio.identity is not None
    assert (await radio.backup()).extended_pan_id == radio.coordinator.extended_pan_id


async def test_another_network_is_refused(home: Home, radio: ZigpyRadio) -> None:
    radio.recognise = lambda identity: False
    with pytest.raises(RadioError) as caught:
        await radio.start()
    assert caught.value.trouble is Trouble.OTHER_NETWORK
    assert home.port.line is None


# -- What there is not ---------------------------------------------------------------------------


async def test_devices_it_has_not(radio: ZigpyRadio) -> None:
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


async def test_everything_fails_at_once_when_it_is_not_up(radio: ZigpyRadio) -> None:
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
            async with asyncio.timeout(1):
                await ask()


async def test_a_stick_that_has_been_erased_meanwhile(home: Home, radio: ZigpyRadio) -> None:
    """Another program has taken its network away; there is nothing to be kept then."""
    await radio.start()
    home.coordinator.nvram[osal(items.ON_A_NETWORK)] = b"\0"
    with pytest.raises(DeliveryError, match="holds no network"):
        await radio.backup()


# -- Who listens and fails -----------------------------------------------------------------------


def press(plug: Plug, number: int, *, on: bool) -> None:
    """Report the state of the plug, as itself."""
    frame = bytes((0x18, number, 0x0A, 0, 0, 0x10, on))
    plug.network.uplink(plug, Message(zcl.Cluster.ON_OFF, 1, 1, frame))


def states(witness: Witness) -> list[object]:
    """The states of plugs that were heard."""
    return [
        report[0] for report in witness.frames if report and report.cluster == zcl.Cluster.ON_OFF
    ]


async def test_a_listener_that_fails_hears_the_next_frame(
    plug: Plug, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    witness.frames.clear()
    witness.fails_at = {"received"}
    for number in range(3):
        press(plug, 200 + number, on=bool(number % 2))
    await until(lambda: len(states(witness)) == 3)
    assert states(witness) == [0, 1, 0]
    failures = [record for record in caplog.records if record.exc_info]
    assert len(failures) == len(witness.frames)
    assert all(plug.ieee in record.getMessage() for record in failures)


@pytest.mark.parametrize("what", ["left", "removed", "sent", "joined", "interviewed"])
async def test_a_listener_that_fails_at_news_is_named(
    home: Home,
    radio: ZigpyRadio,
    plug: Plug,
    witness: Witness,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    """What zigpy would swallow is logged, and what comes next arrives all the same."""
    caplog.set_level(logging.ERROR)
    witness.fails_at = {what}
    witness.heard.clear()
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
            home.network.look_for(node)
            await until(lambda: ("interviewed", node.ieee) in witness.heard)
    await until(lambda: what in [kind for kind, _ in witness.heard])
    assert any(
        record.exc_info and isinstance(record.exc_info[1], ZeroDivisionError)
        for record in caplog.records
    )
    witness.fails_at.clear()
    again = home.add(Plug())
    await radio.permit(60)
    home.network.look_for(again)
    await until(lambda: ("interviewed", again.ieee) in witness.heard)


async def test_a_question_about_firmware_that_cannot_be_taken_in(
    radio: ZigpyRadio, plug: Plug, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts as a sign of life all the same, and the next frame is heard."""

    def fail(ieee: str, firmware: Firmware) -> None:
        raise ZeroDivisionError

    radio.firmware.tell(fail)
    witness.frames.clear()
    question = bytes.fromhex("01330100" + "5f11" + "0100" + "01000000")
    plug.network.uplink(plug, Message(0x0019, 1, 1, question))
    press(plug, 200, on=True)
    await until(lambda: states(witness))
    assert states(witness) == [1]
    assert None in witness.frames
    assert any("question" in record.getMessage() for record in caplog.records if record.exc_info)


# -- Losing it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [None, ConnectionResetError("reset by peer")])
async def test_a_loss_is_told_once(
    home: Home, radio: ZigpyRadio, plug: Plug, witness: Witness, error: Exception | None
) -> None:
    home.drop_link(error)
    await until(lambda: [each for each in witness.heard if each[0] == "lost"])
    await asyncio.sleep(0.05)
    (told,) = [reason for what, reason in witness.heard if what == "lost"]
    assert told
    assert radio.identity is None


async def test_an_attempt_that_fails_unexpectedly_is_followed_by_another(
    home: Home,
    radio: ZigpyRadio,
    witness: Witness,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever it was, giving up would leave the home deaf."""
    monkeypatch.setattr(link, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(link, "_LONGEST_PAUSE", 0.02)
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
    seeker = Link(radio, restarted.set, failed.append)
    home.drop_link()
    await until(lambda: radio.identity is None)
    seeker.lost("a test")
    seeker.lost("told twice")
    async with asyncio.timeout(20):
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
