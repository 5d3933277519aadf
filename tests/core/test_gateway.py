"""The network's members: joining, leaving, silence and return."""

from datetime import timedelta

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import RefusedError
from custom_components.aqara_zigbee.core.gateway import Event
from tests.core.network import IEEE, Home, node

ON = "187a0a00001001"


def events(home: Home) -> list[Event]:
    seen: list[Event] = []
    home.gateway.subscribe(lambda event, device: seen.append(event))
    return seen


async def test_joining(home: Home) -> None:
    seen = events(home)
    home.gateway.joined(node("", complete=False), home.now)
    home.gateway.interviewed(node("lumi.relay.c2acn01"), home.now)
    await home.settle()
    assert seen == [
        Event.JOINED,
        Event.INTERVIEW_STARTED,
        Event.INTERVIEWED,
        Event.AVAILABILITY,
        Event.DESCRIBED,
    ]
    device = home.gateway[IEEE]
    assert device.definition is not None
    assert device.definition.model == "LLKZMK11LM"
    # No bind and no reporting configuration (contract 0.6), but both channels are read.
    assert all(isinstance(request, zcl.ReadAttributes) for request in home.radio.sent)
    assert zcl.ReadAttributes(1, 6, (0,)) in home.radio.sent
    assert zcl.ReadAttributes(2, 6, (0,)) in home.radio.sent


async def test_questions_about_its_make_end_when_it_sleeps(home: Home) -> None:
    home.radio.fall_silent()
    home.gateway.interviewed(node("lumi.plug"), home.now)
    await home.settle()
    about = [request for request in home.radio.sent if request.cluster == 0]
    assert len(about) == 1


async def test_questions_about_its_make_outlive_a_refusal(home: Home) -> None:
    def refuse(request: zcl.Request) -> None:
        raise RefusedError("unsupported", 0x86)

    home.radio.answer = refuse
    home.gateway.interviewed(node("lumi.plug"), home.now)
    await home.settle()
    assert len([request for request in home.radio.sent if request.cluster == 0]) == 6


async def test_announcing_again_is_no_join(home: Home) -> None:
    home.gateway.known(node("lumi.plug"), home.now)
    seen = events(home)
    home.gateway.joined(node("lumi.plug", nwk=0x4321), home.now)
    await home.settle()
    assert seen == [Event.ANNOUNCED, Event.AVAILABILITY]
    assert home.gateway[IEEE].node.nwk == 0x4321
    assert zcl.ReadAttributes(1, 6, (0,)) in home.radio.sent


def test_failed_interview_is_told(home: Home) -> None:
    home.gateway.joined(node("", complete=False), home.now)
    seen = events(home)
    home.gateway.interview_failed(node("", complete=False))
    home.gateway.interview_failed(node("", ieee="00:00:00:00:00:00:00:01"))
    assert seen == [Event.INTERVIEW_FAILED]


def test_leaving_and_removal(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.hear(ON, cluster=6)
    seen = events(home)
    home.gateway.left(IEEE)
    assert not device.available
    home.gateway.left("00:00:00:00:00:00:00:01")
    home.gateway.removed(IEEE)
    home.gateway.removed(IEEE)
    assert seen == [Event.LEFT, Event.AVAILABILITY, Event.REMOVED]
    assert len(home.gateway) == 0
    home.hear(ON, cluster=6)


async def test_silent_mains_device_is_asked_before_it_is_given_up(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.hear(ON, cluster=6)
    await home.settle()
    home.radio.sent.clear()
    await home.gateway.check_availability(home.later(minutes=9))
    assert home.radio.sent == []
    await home.gateway.check_availability(home.later(minutes=2))
    assert home.radio.sent == [zcl.ReadAttributes(1, 0, (0,))]
    assert device.available


async def test_mains_device_that_does_not_answer_is_given_up(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.hear(ON, cluster=6)
    home.radio.fall_silent()
    await home.gateway.check_availability(home.later(minutes=11))
    assert not device.available


async def test_it_is_back_with_its_next_frame_and_is_read(home: Home) -> None:
    device = home.gateway.known(node("lumi.relay.c2acn01"), home.now)
    home.hear(ON, cluster=6)
    assert device.available
    await home.settle()
    read = {(request.endpoint, request.cluster) for request in home.radio.sent}
    assert {(1, 6), (2, 6), (1, 0x10)} <= read


@pytest.mark.parametrize(
    ("minutes", "silence"), [(None, timedelta(minutes=10)), (3, timedelta(minutes=3)), (0, None)]
)
def test_silence_can_be_tuned(home: Home, minutes: int | None, silence: timedelta | None) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    if minutes is not None:
        device.options["availability"] = minutes
    assert device.silence == silence


async def test_never_unavailable_when_told_so(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.hear(ON, cluster=6)
    device.options["availability"] = 0
    home.radio.fall_silent()
    await home.gateway.check_availability(home.later(days=400))
    assert device.available


async def test_loss_is_told_once_and_makes_all_unavailable(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    home.hear(ON, cluster=6)
    reasons: list[str] = []
    home.gateway.on_lost(reasons.append)
    home.gateway.lost("pulled")
    home.gateway.lost("again")
    assert reasons == ["pulled"]
    await home.gateway.check_availability(home.now)
    assert not device.available


def test_blind_witness_does_not_blind_the_others(home: Home) -> None:
    def fail(event: Event, device: Device) -> None:
        raise RuntimeError

    home.gateway.subscribe(fail)
    seen = events(home)
    home.gateway.joined(node("", complete=False), home.now)
    assert seen


def test_gateway_is_a_mapping(home: Home) -> None:
    device = home.gateway.known(node("lumi.plug"), home.now)
    assert dict(home.gateway) == {IEEE: device}
    assert home.gateway.known(node("lumi.plug"), home.now) is device


async def test_refresh_reads_who_hears_us(home: Home) -> None:
    home.gateway.known(node("lumi.plug"), home.now)
    home.gateway.known(node("stranger", ieee="00:00:00:00:00:00:00:02"), home.now)
    await home.gateway.refresh()
    assert {request.cluster for request in home.radio.sent} == {6, 0x0C}
