"""Believed values of a command never override the device's own reports (issue 8, point 3)."""

import asyncio
from collections.abc import Coroutine
from typing import Any, override

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import AqaraError, DeliveryError, RefusedError
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.property import TOGGLE, Wish
from custom_components.aqara_zigbee.core.radio import Ieee
from tests.core.network import Home, ScriptedRadio, node

SILENCE = DeliveryError("it does not answer")


class GatedRadio(ScriptedRadio):
    """A radio whose answers are given by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[asyncio.Future[zcl.Report | None]] = []

    @override
    async def request(
        self, ieee: Ieee, request: zcl.Request, *, sleepy: bool = False
    ) -> zcl.Report | None:
        self.sent.append(request)
        answer: asyncio.Future[zcl.Report | None] = asyncio.get_running_loop().create_future()
        self.waiting.append(answer)
        return await answer

    async def answers(
        self, failure: Exception | None = None, report: zcl.Report | None = None
    ) -> None:
        """Answer the request that waited longest, and let all tasks run."""
        answer = self.waiting.pop(0)
        if failure is None:
            answer.set_result(report)
        else:
            answer.set_exception(failure)
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
def radio(home: Home) -> GatedRadio:
    radio = GatedRadio()
    home.gateway.radio = home.radio = radio
    return radio


@pytest.fixture
def relay(home: Home, radio: GatedRadio) -> Device:
    return home.gateway.known(node("lumi.relay.c2acn01"), home.now)


def reports(home: Home, *, on: bool, channel: int = 1) -> None:
    """Let a channel report its state."""
    home.receive(f"18200a000010{on:02x}", cluster=6, endpoint=channel)


def told(device: Device, name: str) -> list[object]:
    """Return all values of a property in updates."""
    values: list[object] = []

    def observe(update: Update) -> None:
        if name in update.state:
            values.append(update.state[name])

    device.subscribe(observe)
    return values


async def begin[R](work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
    """Start something and let it run until it waits."""
    task = asyncio.create_task(work)
    for _ in range(5):
        await asyncio.sleep(0)
    return task


async def finish[R](radio: GatedRadio, tasks: list[asyncio.Task[R]]) -> list[R]:
    """Answer all there is to answer; what the tasks return."""
    async with asyncio.timeout(60):
        while not all(task.done() for task in tasks):
            if radio.waiting:
                await radio.answers()
            await asyncio.sleep(0)
    return [task.result() for task in tasks]


@pytest.mark.parametrize("wish", [TOGGLE, True, False])
@pytest.mark.parametrize("said", [True, False])
async def test_report_before_the_answer_counts(
    home: Home, radio: GatedRadio, relay: Device, wish: Wish, said: bool
) -> None:
    """Whatever was requested, the device's report counts."""
    reports(home, on=False, channel=2)
    values = told(relay, "state_l2")
    setting = await begin(relay.set("state_l2", wish))
    reports(home, on=said, channel=2)
    await radio.answers()
    await setting
    assert values == [said]
    assert relay.state["state_l2"] is said


@pytest.mark.parametrize(("before", "after"), [(False, True), (True, False), (None, None)])
async def test_toggle_inverts_the_state_from_before_the_request(
    home: Home, radio: GatedRadio, relay: Device, before: bool | None, after: bool | None
) -> None:
    if before is not None:
        reports(home, on=before)
    setting = await begin(relay.set("state_l1", TOGGLE))
    reports(home, on=True, channel=2)  # another property: no reason to believe less
    await radio.answers()
    await setting
    assert relay.state.get("state_l1") is after


async def test_several_wishes_are_believed_each_at_its_time(
    home: Home, radio: GatedRadio, relay: Device
) -> None:
    """The first is believed when it was obeyed, and not over a later report; in one update."""
    one, two = told(relay, "state_l1"), told(relay, "state_l2")
    setting = await begin(relay.set_all({"state_l1": True, "state_l2": True}))
    await radio.answers()
    assert relay.state["state_l1"] is True
    reports(home, on=False, channel=1)
    await radio.answers()
    assert await setting == {}
    assert one == [False]
    assert two == [True]
    assert relay.state["state_l1"] is False


async def test_beliefs_of_one_message_are_in_one_update(
    home: Home, radio: GatedRadio, relay: Device
) -> None:
    updates: list[Update] = []
    relay.subscribe(updates.append)
    setting = await begin(relay.set_all({"state_l1": True, "state_l2": False}))
    await radio.answers()
    await radio.answers()
    await setting
    causes = {"change_cause_l1": "network", "change_cause_l2": "network"}
    assert updates == [Update({"state_l1": True, "state_l2": False, **causes}, believed=True)]


@pytest.mark.parametrize("wish", [True, TOGGLE])
async def test_report_that_equals_the_wish_is_success(
    home: Home, radio: GatedRadio, relay: Device, wish: Wish
) -> None:
    """A missing answer is no missing effect."""
    reports(home, on=False, channel=2)
    setting = await begin(relay.set("state_l2", wish))
    reports(home, on=True, channel=2)
    await radio.answers(SILENCE)
    await setting
    assert relay.state["state_l2"] is True


@pytest.mark.parametrize(
    ("wish", "channel", "said", "failure"),
    [
        (True, 2, False, SILENCE),
        (True, 1, True, SILENCE),
        (TOGGLE, 2, False, SILENCE),
        (True, 2, True, RefusedError("refused", 0x01)),
    ],
)
async def test_other_reports_are_no_success(
    home: Home,
    radio: GatedRadio,
    relay: Device,
    wish: Wish,
    channel: int,
    said: bool,
    failure: DeliveryError,
) -> None:
    """Another value, another channel, or an error status."""
    reports(home, on=False, channel=2)
    setting = await begin(relay.set("state_l2", wish))
    reports(home, on=said, channel=channel)
    await radio.answers(failure)
    with pytest.raises(type(failure)):
        await setting


async def test_report_from_before_the_request_proves_nothing(
    home: Home, radio: GatedRadio, relay: Device
) -> None:
    reports(home, on=True)
    setting = await begin(relay.set("state_l1", wish=True))
    await radio.answers(SILENCE)
    with pytest.raises(DeliveryError):
        await setting


@pytest.mark.parametrize("taken", [True, False])
async def test_lost_answer_of_what_is_read_back(home: Home, taken: bool) -> None:
    """It is read back anyway: the result decides."""
    relay = home.gateway.known(node("lumi.relay.c2acn01"), home.now)

    def answer(request: zcl.Request) -> zcl.Report | None:
        if isinstance(request, zcl.ReadAttributes):
            return zcl.Report(1, 0x10, (zcl.Record(0xFF06, 0x10, int(taken)),))
        raise SILENCE

    home.radio.answer = answer
    failed = await relay.set_all({"interlock": True})
    assert (failed == {}) is taken
    assert relay.state["interlock"] is taken


# Bursts


def frames(radio: GatedRadio, channel: int = 1) -> list[int]:
    """The commands that went to a channel: 0 off, 1 on, 2 toggle."""
    return [
        request.command
        for request in radio.sent
        if isinstance(request, zcl.Command) and request.endpoint == channel
    ]


type Failures = dict[str, AqaraError]


async def burst(relay: Device, wishes: list[dict[str, Wish]]) -> list[asyncio.Task[Failures]]:
    """Set all of it before anything is answered."""
    return [await begin(relay.set_all(each)) for each in wishes]


@pytest.mark.parametrize("count", [2, 3, 30, 300])
async def test_newest_wish_wins_and_arrives(radio: GatedRadio, relay: Device, count: int) -> None:
    """Replaced values need no frame, and their senders get the newest one's outcome."""
    setting = await burst(relay, [{"state_l1": not number % 2} for number in range(count)])
    last = not (count - 1) % 2
    assert await finish(radio, setting) == [{}] * count
    assert frames(radio) == [1, int(last)]
    assert relay.state["state_l1"] is last
    assert not radio.waiting


@pytest.mark.parametrize("count", [1, 2, 3, 4, 29, 30])
async def test_toggles_are_counted(
    home: Home, radio: GatedRadio, relay: Device, count: int
) -> None:
    """Two that wait cancel each other out; none is lost."""
    reports(home, on=False)
    setting = await burst(relay, [{"state_l1": TOGGLE}] * count)
    await finish(radio, setting)
    assert frames(radio) == [2] * (1 if count % 2 else 2)
    assert relay.state["state_l1"] is bool(count % 2)


@pytest.mark.parametrize(
    ("waiting", "sent"),
    [
        ([True, TOGGLE], [0]),
        ([False, TOGGLE, TOGGLE], [0]),
        ([TOGGLE, True], [1]),
        ([TOGGLE, TOGGLE], []),
        ([TOGGLE, TOGGLE, TOGGLE], [2]),
    ],
)
async def test_toggle_of_a_waiting_value(
    radio: GatedRadio, relay: Device, waiting: list[Wish], sent: list[int]
) -> None:
    setting = await burst(relay, [{"state_l1": wish} for wish in [True, *waiting]])
    await finish(radio, setting)
    assert frames(radio)[1:] == sent


async def test_properties_do_not_replace_each_other(radio: GatedRadio, relay: Device) -> None:
    """The newest of each arrives, the very last wish as the last."""
    wishes: list[dict[str, Wish]] = [
        {"state_l1": True},
        {"state_l1": False},
        {"state_l2": True, "state_l1": True},
        {"state_l2": False},
    ]
    setting = await burst(relay, wishes)
    await finish(radio, setting)
    assert frames(radio, 1)[-1] == 1
    assert frames(radio, 2) == [0]
    assert [request.endpoint for request in radio.sent][-1] == 2


async def test_newest_that_fails_fails_for_all_it_replaced(
    radio: GatedRadio, relay: Device
) -> None:
    setting = await burst(relay, [{"state_l1": True}, {"state_l1": False}, {"state_l1": True}])
    await radio.answers()
    await radio.answers(SILENCE)
    assert [await task for task in setting] == [{}, {"state_l1": SILENCE}, {"state_l1": SILENCE}]


async def test_interrupted_wish_leaves_nothing_behind(radio: GatedRadio, relay: Device) -> None:
    """Cancelled values are not sent later, and their waiting senders get an error."""
    first, second, third = await burst(
        relay, [{"state_l1": True}, {"state_l1": False}, {"state_l1": True}]
    )
    third.cancel()
    await radio.answers()
    assert await first == {}
    assert "interrupted" in str((await second)["state_l1"])
    assert frames(radio) == [1]
    sending, waiting = await burst(relay, [{"state_l1": False}, {"state_l2": False}])
    sending.cancel()
    await asyncio.sleep(0)
    radio.waiting.pop(0)
    assert await finish(radio, [waiting]) == [{}]
    assert frames(radio, 2) == [0]


async def test_silent_device_delays_no_other(home: Home, radio: GatedRadio, relay: Device) -> None:
    other = home.gateway.known(node("lumi.plug", ieee="00:00:00:00:00:00:00:02"), home.now)
    stuck = await begin(relay.set("state_l1", wish=True))
    setting = await begin(other.set("state", wish=True))
    radio.waiting.pop().set_result(None)
    await setting
    assert not stuck.done()
    await radio.answers(SILENCE)
    with pytest.raises(DeliveryError):
        await stuck


def of_a_read(endpoint: int, *, on: bool) -> zcl.Report:
    """The answer to a read of a channel."""
    return zcl.Report(endpoint, 6, (zcl.Record(0, 0x10, int(on)),), is_answer=True)


@pytest.mark.parametrize("on", [True, False])
async def test_report_during_a_read_counts(
    home: Home, radio: GatedRadio, relay: Device, *, on: bool
) -> None:
    """An answer from before the change is taken after its report, if both arrive together."""
    reports(home, on=not on)
    values = told(relay, "state_l1")
    reading = await begin(relay.get(["state_l1", "state_l2"]))
    reports(home, on=on)
    await radio.answers(report=of_a_read(1, on=not on))
    await radio.answers(report=of_a_read(2, on=on))
    await reading
    assert values == [on]
    assert relay.state == {"state_l1": on, "state_l2": on, "linkquality": 88}


async def test_another_answer_during_a_read_does_not_count_more(
    home: Home, radio: GatedRadio, relay: Device
) -> None:
    """Of two reads the later one is newer: the device reports nothing in between."""
    first = await begin(relay.get(["interlock"]))
    second = await begin(relay.get(["interlock"]))
    for value in (0, 1):
        record = zcl.Record(0xFF06, 0x10, value)
        await radio.answers(report=zcl.Report(1, 0x10, (record,), is_answer=True))
    await finish(radio, [first, second])
    assert relay.state["interlock"] is True
