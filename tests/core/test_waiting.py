"""Values waiting for a device: those it needs after joining, and those set while it was asleep."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
import json
from typing import override

import pytest

from custom_components.aqara_zigbee.core import device as device_module, zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import DeliveryError, RefusedError
from custom_components.aqara_zigbee.core.events import NetworkEvent, Update
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.radio import Ieee
from custom_components.aqara_zigbee.core.source import Attribute
from custom_components.aqara_zigbee.core.value import Type
from custom_components.aqara_zigbee.core.zcl import Cluster
from tests.core.network import IEEE, Home, ScriptedRadio, node

KNOB, PLUG = "lumi.remote.rkba01", "lumi.plug"
PRESS = ("18440a5500210100", Cluster.MULTISTATE_INPUT)
MODE = (1, 0xFCC0, (0x0009,))
SECRET = Attribute(Cluster.BASIC, 0xFFF0, type=Type.OCTET_STRING, manufacturer=0x115F)


def event_mode(request: zcl.Request) -> zcl.Report | None:
    """A knob that accepts its mode and returns it in reads."""
    if isinstance(request, zcl.ReadAttributes) and request.attributes == (0x0009,):
        return zcl.Report(1, 0xFCC0, (zcl.Record(0x0009, Type.UINT8, 1),))
    return None


def writes(home: Home) -> list[zcl.Request]:
    return [request for request in home.radio.sent if isinstance(request, zcl.WriteAttributes)]


def reads(home: Home) -> list[tuple[int, int, tuple[int, ...]]]:
    return [
        (request.endpoint, request.cluster, request.attributes)
        for request in home.radio.sent
        if isinstance(request, zcl.ReadAttributes)
    ]


async def fall_asleep_while_joining(home: Home, model: str) -> Device:
    home.radio.fall_silent()
    home.gateway.interviewed(node(model), home.now)
    await home.settle()
    return home.gateway[IEEE]


async def test_need_waits_until_the_device_confirms_it(home: Home) -> None:
    """It sleeps at once: the mode waits, is shown, and is sent at each frame until confirmed."""
    knob = await fall_asleep_while_joining(home, KNOB)
    assert knob.pending == {"operation_mode": "event"}
    assert home.kept
    for _ in range(3):
        home.radio.sent.clear()
        home.receive(*PRESS)
        await home.settle()
        assert writes(home)
        assert knob.pending == {"operation_mode": "event"}
    home.radio.answer = event_mode
    home.receive(*PRESS)
    await home.settle()
    assert knob.pending == {}
    assert knob.state["operation_mode"] == "event"
    home.radio.sent.clear()
    home.receive(*PRESS)
    await home.settle()
    assert home.radio.sent == []


async def test_write_without_confirmation_keeps_waiting(home: Home) -> None:
    """It accepted the write, but fell asleep before its confirmation."""

    def takes_writes(request: zcl.Request) -> zcl.Report | None:
        if isinstance(request, zcl.ReadAttributes):
            raise DeliveryError("it sleeps")
        return None

    knob = await fall_asleep_while_joining(home, KNOB)
    home.radio.answer = takes_writes
    home.receive(*PRESS)
    await home.settle()
    assert knob.pending == {"operation_mode": "event"}
    home.receive("1c5f11450a090020" + "01", 0xFCC0)  # its own report confirms it as well
    assert knob.pending == {}


@pytest.mark.parametrize("joins_again", [False, True])
async def test_what_was_just_confirmed_is_not_read_again(home: Home, joins_again: bool) -> None:
    """The read that confirms the mode is enough; the rest is read as always."""
    home.radio.answer = event_mode
    home.gateway.interviewed(node(KNOB), home.now)
    await home.settle()
    if joins_again:
        home.radio.sent.clear()
        home.gateway.rejoined(node(KNOB), home.now)
        await home.settle()
    asked = [each for each in reads(home) if each[1] == 0xFCC0]
    assert asked == [MODE, (1, 0xFCC0, (0x0234,))]
    assert home.gateway[IEEE].state["operation_mode"] == "event"


@pytest.mark.parametrize("model", [KNOB, PLUG])
async def test_needs_survive_a_restart(
    home: Home, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Also those of other models, and those that set no property."""
    needs = (*DEFINITIONS[model].on_join, SECRET.write(b"\1"), SECRET.write(b"\2"))
    monkeypatch.setitem(DEFINITIONS.loaded, model, replace(DEFINITIONS[model], on_join=needs))
    await fall_asleep_while_joining(home, model)
    again = Home(json.loads(json.dumps(home.gateway.as_dict())))
    device = again.gateway.known(node(model), again.now)
    assert device.is_waited_for
    again.radio.answer = event_mode
    again.receive("18850a00001801", cluster=0x0406)
    await again.settle()
    assert set(needs) <= set(again.radio.sent)
    assert not device.is_waited_for


async def test_refused_need_does_not_wait(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(request: zcl.Request) -> zcl.Report | None:
        raise RefusedError("status 0x86", 0x86)

    needy = replace(DEFINITIONS[PLUG], on_join=(SECRET.write(b"\1"),))
    monkeypatch.setitem(DEFINITIONS.loaded, PLUG, needy)
    home.radio.answer = refuse
    home.gateway.interviewed(node(PLUG), home.now)
    await home.settle()
    assert not home.gateway[IEEE].is_waited_for
    assert "rejected its settings" in caplog.text


async def test_users_setting_replaces_a_need(home: Home) -> None:
    knob = await fall_asleep_while_joining(home, KNOB)
    await knob.set("operation_mode", "command")
    assert knob.pending == {"operation_mode": "command"}


async def test_refused_setting_is_reported(home: Home) -> None:
    """Once it was refused, it waits no longer, and observers learn why."""
    error = RefusedError("the device refused: status 0x87", 0x87)

    def refuse(request: zcl.Request) -> zcl.Report | None:
        raise error

    knob = home.gateway.known(node(KNOB), home.now)
    await knob.set("sensitivity", "high")
    updates: list[Update] = []
    knob.subscribe(updates.append)
    home.radio.answer = refuse
    home.receive(*PRESS)
    await home.settle()
    assert knob.pending == {}
    assert [update.failed for update in updates if update.failed] == [{"sensitivity": error}]


async def test_setting_without_a_row(home: Home) -> None:
    stored = {"pending": {"long_gone": "high"}}
    home = Home({"devices": {IEEE: stored}})
    knob = home.gateway.known(node(KNOB), home.now)
    home.receive(*PRESS)
    await home.settle()
    assert knob.pending == {}


# A device that has just sent something may still be awake


@pytest.mark.parametrize(("seconds", "is_tried"), [(0, True), (4, True), (6, False), (3600, False)])
async def test_setting_is_tried_at_once_shortly_after_a_frame(
    home: Home, seconds: float, is_tried: bool
) -> None:
    home.gateway = Gateway(home.radio, DEFINITIONS, home.work.append, None, clock=lambda: home.now)
    knob = home.gateway.known(node(KNOB), home.now)
    home.receive(*PRESS)
    await home.settle()
    home.radio.sent.clear()
    home.later(seconds=seconds)
    await knob.set("operation_mode", "event")
    assert knob.pending == {"operation_mode": "event"}, "it returns at once, and is shown"
    home.radio.answer = event_mode
    await home.settle()
    assert bool(writes(home)) is is_tried
    assert (knob.pending == {}) is is_tried


async def test_failed_attempt_keeps_waiting(home: Home) -> None:
    home.gateway = Gateway(home.radio, DEFINITIONS, home.work.append, None, clock=lambda: home.now)
    knob = home.gateway.known(node(KNOB), home.now)
    home.receive(*PRESS)
    await home.settle()
    home.radio.fall_silent()
    await knob.set("operation_mode", "event")
    await home.settle()
    assert knob.pending == {"operation_mode": "event"}


# A device that sends a frame while the radio still repeats an earlier request


class BusyRadio(ScriptedRadio):
    """Keeps each request until it is cancelled, or the device is awake.

    Attributes:
        trying: the pending requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hears = asyncio.Event()
        self.trying: list[zcl.Request] = []

    @override
    async def request(
        self, ieee: Ieee, request: zcl.Request, *, sleepy: bool = False
    ) -> zcl.Report | None:
        self.trying.append(request)
        try:
            await self.hears.wait()
        finally:
            self.trying.remove(request)
        return await super().request(ieee, request, sleepy=sleepy)


@pytest.fixture
async def busy() -> AsyncGenerator[tuple[Home, BusyRadio]]:
    """A network whose requests are under way until they are given up."""
    home, radio = Home(), BusyRadio()
    tasks: set[asyncio.Task[None]] = set()
    home.gateway = Gateway(
        radio, DEFINITIONS, lambda work: tasks.add(asyncio.create_task(work)), None
    )
    home.radio = radio
    yield home, radio
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def pause() -> None:
    """Let everything happen that needs no time, and what is waited for in vain be given up."""
    await asyncio.sleep(2 * device_module._ANSWER_SECONDS)


async def test_unreceived_values_are_sent_again_with_the_next_frame(
    busy: tuple[Home, BusyRadio],
) -> None:
    """A radio tries for up to 16 s; the device, which has sent something, would be asleep again."""
    home, radio = busy
    knob = home.gateway.known(node(KNOB), home.now)
    knob.pending["sensitivity"] = "high"
    home.receive(*PRESS)
    await pause()
    (first,) = radio.trying
    home.later(seconds=0.3)
    home.receive(*PRESS)
    await pause()
    assert radio.trying == [first], "it may be answered yet"
    home.later(seconds=5)
    home.receive(*PRESS)
    radio.hears.set()
    radio.answer = lambda request: (
        zcl.Report(1, 0xFCC0, (zcl.Record(0x0234, Type.UINT16, 180),), is_answer=True)
        if isinstance(request, zcl.ReadAttributes)
        else None
    )
    await pause()
    assert knob.pending == {}
    assert knob.state["sensitivity"] == "high"


async def test_an_overtaken_request_is_cancelled(busy: tuple[Home, BusyRadio]) -> None:
    home, radio = busy
    knob = home.gateway.known(node(KNOB), home.now)
    knob.pending["sensitivity"] = "high"
    home.receive(*PRESS)
    await pause()
    knob.pending["sensitivity"] = "low"
    before = list(radio.trying)
    home.later(seconds=2)
    home.receive(*PRESS)
    await pause()
    assert len(radio.trying) == 1
    assert radio.trying != before


async def test_a_mains_device_is_not_interrupted_by_its_own_reports(
    busy: tuple[Home, BusyRadio],
) -> None:
    home, radio = busy
    plug = home.gateway.known(node(PLUG), home.now)
    plug.pending["state"] = False
    home.receive("18440a00001001", Cluster.ON_OFF)
    await pause()
    before = [id(request) for request in radio.trying]
    assert before
    for _ in range(3):
        home.later(seconds=2)
        home.receive("18440a00001001", Cluster.ON_OFF)
        await pause()
    assert [id(request) for request in radio.trying] == before


async def test_only_the_newest_question_is_answered(busy: tuple[Home, BusyRadio]) -> None:
    """Answers to questions of before would be in the way of what waits."""
    home, radio = busy
    home.gateway.known(node(KNOB), home.now).available = True
    for _ in range(5):
        home.later(seconds=3)
        home.receive("1c5f11450af0ff4109aa1005418701011000", Cluster.BASIC)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(radio.trying) == 1
    assert isinstance(radio.trying[0], zcl.WriteAttributes)


# A known device joins again


@pytest.mark.parametrize("announces", [False, True])
@pytest.mark.parametrize("model", [KNOB, PLUG, "lumi.relay.c2acn01"])
async def test_rejoin_is_not_an_interview(home: Home, model: str, announces: bool) -> None:
    """It gets the requests of a new device, is read once, and there is no event of an interview."""
    device = home.gateway.known(node(model), home.now)
    seen: list[NetworkEvent] = []
    home.gateway.subscribe(lambda event, device: seen.append(event))
    home.radio.answer = event_mode
    moved = node(model, nwk=0x4321)
    home.gateway.rejoined(moved, home.now)
    if announces:
        home.gateway.joined(moved, home.now)
    await home.settle()
    assert device.node.nwk == 0x4321
    assert seen == [NetworkEvent.AVAILABILITY, *([NetworkEvent.ANNOUNCED] if announces else [])]
    assert device.definition is not None
    assert writes(home) == list(device.definition.on_join)
    asked = [request for request in reads(home) if request != MODE]
    assert len(asked) == len(set(asked)) > 0


async def test_device_that_announces_itself_later_is_read_again(home: Home) -> None:
    """It may have lost its power in between."""
    home.gateway.known(node(PLUG), home.now)
    for _ in range(2):
        home.radio.sent.clear()
        home.gateway.joined(node(PLUG), home.later(minutes=1))
        await home.settle()
        assert (1, 6, (0,)) in reads(home)


async def test_rejoin_before_an_interview_is_one(home: Home) -> None:
    home.gateway.joined(node("", complete=False), home.now)
    seen: list[NetworkEvent] = []
    home.gateway.subscribe(lambda event, device: seen.append(event))
    home.gateway.rejoined(node(PLUG), home.now)
    assert NetworkEvent.INTERVIEWED in seen


async def test_removed_device_that_rejoins_is_removed_again(home: Home) -> None:
    home.gateway = Gateway(home.radio, DEFINITIONS, home.work.append, {"dismissed": [IEEE]})
    device = home.gateway.known(node(PLUG), home.now)
    home.gateway.rejoined(node(PLUG, nwk=0x4321), home.now + timedelta(hours=1))
    assert not device.available
    assert len(home.work) == 1
