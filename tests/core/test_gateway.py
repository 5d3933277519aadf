"""The network's members: joining, leaving, silence and return."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import DeliveryError, RefusedError
from custom_components.aqara_zigbee.core.events import NetworkChange, NetworkEvent, RadioLost
from tests.core.network import IEEE, Home, node

ON = "187a0a00001001"


def events(home: Home) -> list[NetworkEvent]:
    seen: list[NetworkEvent] = []
    home.gateway.subscribe(lambda event, device: seen.append(event))
    return seen


async def test_joining(home: Home) -> None:
    seen = events(home)
    home.gateway.joined(node("", complete=False), home.now)
    home.gateway.interviewed(node("lumi.relay.c2acn01"), home.now)
    await home.settle()
    assert seen == [
        NetworkEvent.JOINED,
        NetworkEvent.INTERVIEW_STARTED,
        NetworkEvent.INTERVIEWED,
        NetworkEvent.AVAILABILITY,
        NetworkEvent.DESCRIBED,
    ]
    device = home.gateway[IEEE]
    assert device.definition is not None
    assert device.definition.model == "LLKZMK11LM"
    # No bind and no reporting configuration (protocol 0.6), but both channels are read.
    assert all(isinstance(request, zcl.ReadAttributes) for request in home.radio.sent)
    assert zcl.ReadAttributes(1, 6, (0,)) in home.radio.sent
    assert zcl.ReadAttributes(2, 6, (0,)) in home.radio.sent


async def test_basic_info_reads_end_when_it_sleeps(home: Home) -> None:
    home.radio.fall_silent()
    home.gateway.interviewed(node("lumi.plug"), home.now)
    await home.settle()
    about = [request for request in home.radio.sent if request.cluster == 0]
    assert len(about) == 1


async def test_basic_info_reads_continue_after_a_refusal(home: Home) -> None:
    def refuse(request: zcl.Request) -> None:
        raise RefusedError("unsupported", 0x86)

    home.radio.answer = refuse
    home.gateway.interviewed(node("lumi.plug"), home.now)
    await home.settle()
    assert len([request for request in home.radio.sent if request.cluster == 0]) == 6


async def test_announcing_again_is_not_a_join(home: Home) -> None:
    home.gateway.known(node("lumi.plug"), home.now)
    seen = events(home)
    home.gateway.joined(node("lumi.plug", nwk=0x4321), home.now)
    await home.settle()
    assert seen == [NetworkEvent.ANNOUNCED, NetworkEvent.AVAILABILITY]
    assert home.gateway[IEEE].node.nwk == 0x4321
    assert zcl.ReadAttributes(1, 6, (0,)) in home.radio.sent


def test_failed_interview_is_reported(home: Home) -> None:
    home.gateway.joined(node("", complete=False), home.now)
    seen = events(home)
    home.gateway.interview_failed(node("", complete=False))
    home.gateway.interview_failed(node("", ieee="00:00:00:00:00:00:00:01"))
    assert seen == [NetworkEvent.INTERVIEW_FAILED]


def test_leaving_and_removal(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.receive(ON, cluster=6)
    seen = events(home)
    home.gateway.left(IEEE)
    assert not device.available
    home.gateway.left("00:00:00:00:00:00:00:01")
    home.gateway.removed(IEEE)
    home.gateway.removed(IEEE)
    assert seen == [NetworkEvent.LEFT, NetworkEvent.AVAILABILITY, NetworkEvent.REMOVED]
    assert len(home.gateway) == 0
    home.receive(ON, cluster=6)


async def test_silent_mains_device_is_read_before_it_is_unavailable(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.receive(ON, cluster=6)
    await home.settle()
    home.radio.sent.clear()
    await home.gateway.check_availability(home.later(minutes=9))
    assert home.radio.sent == []
    await home.gateway.check_availability(home.later(minutes=2))
    assert home.radio.sent == [zcl.ReadAttributes(1, 0, (0,))]
    assert device.available


async def test_mains_device_without_an_answer_is_unavailable(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.receive(ON, cluster=6)
    home.radio.fall_silent()
    await home.gateway.check_availability(home.later(minutes=11))
    assert not device.available


async def test_it_is_back_with_its_next_frame_and_is_read(home: Home) -> None:
    device = home.gateway.known(node("lumi.relay.c2acn01"), home.now)
    home.receive(ON, cluster=6)
    assert device.available
    await home.settle()
    read = {(request.endpoint, request.cluster) for request in home.radio.sent}
    assert {(1, 6), (2, 6), (1, 0x10)} <= read


@pytest.mark.parametrize(
    ("minutes", "silence"), [(None, timedelta(minutes=10)), (3, timedelta(minutes=3)), (0, None)]
)
def test_silence_is_an_option(home: Home, minutes: int | None, silence: timedelta | None) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    if minutes is not None:
        device.options["availability"] = minutes
    assert device.silence == silence


async def test_never_unavailable_with_the_option(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.receive(ON, cluster=6)
    device.options["availability"] = 0
    home.radio.fall_silent()
    await home.gateway.check_availability(home.later(days=400))
    assert device.available


async def test_loss_is_reported_once_and_makes_all_unavailable(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.receive(ON, cluster=6)
    changes: list[NetworkChange] = []
    home.gateway.subscribe_network(changes.append)
    home.gateway.lost("pulled")
    home.gateway.lost("again")
    assert [each for each in changes if isinstance(each, RadioLost)] == [RadioLost("pulled")]
    await home.gateway.check_availability(home.now)
    assert not device.available


def test_failing_listener_does_not_affect_the_others(home: Home) -> None:
    def fail(event: NetworkEvent, device: Device) -> None:
        raise RuntimeError

    home.gateway.subscribe(fail)
    seen = events(home)
    home.gateway.joined(node("", complete=False), home.now)
    assert seen


def test_gateway_is_a_mapping(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    assert dict(home.gateway) == {IEEE: device}
    assert home.gateway.known(node("lumi.plug"), home.now) is device


async def test_refresh_reads_devices_that_listen(home: Home) -> None:
    home.gateway.known(node("lumi.plug"), home.now)
    home.gateway.known(node("stranger", ieee="00:00:00:00:00:00:00:02"), home.now)
    await home.gateway.refresh()
    assert {request.cluster for request in home.radio.sent} == {6, 0x0C}


class _Unanswered:
    """Replaces `ScriptedRadio.request`: no answers until `end` is set.

    Attributes:
        asked: the devices with requests, in order.
        at_once: the maximum number of concurrent requests.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.under_way = 0
        self.at_once = 0
        self.end = asyncio.Event()

    async def request(
        self, ieee: str, request: zcl.Request, *, sleepy: bool = False
    ) -> zcl.Report | None:
        """Send a request without an answer."""
        self.asked.append(ieee)
        self.under_way += 1
        self.at_once = max(self.at_once, self.under_way)
        try:
            await self.end.wait()
        finally:
            self.under_way -= 1
        raise DeliveryError("nobody answers")


async def _breathe() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def _ieee(number: int) -> str:
    return f"00:15:8d:00:00:00:00:{number:02x}"


@pytest.mark.parametrize("work", ["check_availability", "refresh"])
async def test_a_silent_device_does_not_delay_the_others(
    home: Home, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """Several are read concurrently, but not all of a large network."""
    devices = [home.gateway.known(node("lumi.plug", _ieee(n)), home.now) for n in range(6)]
    for device in devices:
        home.receive(ON, cluster=6, ieee=device.ieee)
    await home.settle()
    radio = _Unanswered()
    monkeypatch.setattr(home.radio, "request", radio.request)
    later = home.later(minutes=11)
    asking = asyncio.create_task(
        home.gateway.check_availability(later)
        if work == "check_availability"
        else home.gateway.refresh()
    )
    await _breathe()
    assert radio.asked == [_ieee(n) for n in range(4)]
    radio.end.set()
    await asking
    assert set(radio.asked) == {device.ieee for device in devices}
    assert radio.at_once == 4
    assert {device.available for device in devices} == {work == "refresh"}


async def test_device_with_a_pending_check_is_not_checked_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next check a minute later reads only the others."""
    home.gateway.known(node("lumi.plug"), home.now)
    home.receive(ON, cluster=6)
    await home.settle()
    radio = _Unanswered()
    monkeypatch.setattr(home.radio, "request", radio.request)
    first = asyncio.create_task(home.gateway.check_availability(home.later(minutes=11)))
    await _breathe()
    await home.gateway.check_availability(home.later(minutes=1))
    assert radio.asked == [IEEE]
    radio.end.set()
    await first
    assert not home.gateway[IEEE].available


async def test_device_that_reports_during_a_check_is_available(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost answer is no silence: the device sent something since."""
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.receive(ON, cluster=6)
    await home.settle()
    radio = _Unanswered()
    monkeypatch.setattr(home.radio, "request", radio.request)
    asking = asyncio.create_task(home.gateway.check_availability(home.later(minutes=11)))
    await _breathe()
    home.later(seconds=5)
    home.receive(ON, cluster=6)
    radio.end.set()
    await asking
    assert device.available
