"""Firmware of a network: version requests, releases, one update at a time, failures."""

from typing import override

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import DeliveryError, RefusedError
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.firmware import BasicInfo, Firmware, Obstacle, UpdateError
from custom_components.aqara_zigbee.core.radio import Ieee
from custom_components.aqara_zigbee.core.updates import Updates
from tests.core.network import IEEE, Home, ScriptedRadio, node
from tests.core.programmer import ScriptedProgrammer

OTHER = "00:15:8d:00:01:a1:b2:c5"
ON = "187a0a00001001"


class Workshop:
    """A network whose firmware is watched."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.programmer = ScriptedProgrammer()
        self.learned: list[Device] = []
        self.updates = Updates(home.gateway, self.programmer, home.work.append, self.learned.append)

    async def add(self, model: str = "lumi.plug", ieee: Ieee = IEEE) -> Device:
        """Let a device join."""
        self.home.gateway.interviewed(node(model, ieee), self.home.now)
        await self.home.settle()
        return self.home.gateway[ieee]

    async def speak(self, device: Device, **later: float) -> None:
        """Let a device send a frame, some time later."""
        self.home.later(**later)
        self.home.receive(ON, 6, ieee=device.ieee)
        await self.home.settle()


@pytest.fixture
def shop(home: Home) -> Workshop:
    """A workshop without devices."""
    return Workshop(home)


def told(device: Device) -> list[int | None]:
    """Return the percentages of further updates."""
    percents: list[int | None] = []

    def received(update: Update) -> None:
        if update.firmware:
            percents.append(device.upkeep.percent)

    device.subscribe(received)
    return percents


# Learning


async def test_version_is_requested_at_joining_and_hourly(shop: Workshop) -> None:
    device = await shop.add()
    assert shop.programmer.asked == [IEEE]
    await shop.speak(device, minutes=59)
    assert shop.programmer.asked == [IEEE]
    await shop.speak(device, minutes=1)
    assert shop.programmer.asked == [IEEE, IEEE]
    shop.programmer.answers(device, 90)
    await shop.speak(device, minutes=60)
    assert device.upkeep.running == Firmware(0x115F, 257, 90)
    await shop.speak(device, hours=60)
    assert len(shop.programmer.asked) == 3
    assert shop.learned == [device]


async def test_version_is_requested_at_the_first_frame_after_a_start(home: Home) -> None:
    """Known devices are not woken; their version is requested with their next frame."""
    device = home.gateway.known(node("lumi.plug"), home.now)
    shop = Workshop(home)
    assert shop.programmer.asked == []
    await shop.speak(device)
    assert shop.programmer.asked == [IEEE]


async def test_version_survives_a_restart(shop: Workshop) -> None:
    device = await shop.add()
    shop.programmer.reports(device, 90)
    home = Home(shop.home.gateway.as_dict())
    again = home.gateway.known(node("lumi.plug"), home.now)
    workshop = Workshop(home)
    assert again.upkeep.running == Firmware(0x115F, 257, 90)
    assert again.upkeep.release is None
    await workshop.speak(again)
    assert workshop.programmer.asked == []
    home.close()


async def test_only_changes_are_reported(shop: Workshop) -> None:
    device = await shop.add()
    received = told(device)
    for version in (90, 90, 91):
        shop.programmer.reports(device, version)
    await shop.home.settle()
    assert len(received) == 2
    assert shop.learned == [device, device]


async def test_unknown_models_are_not_asked(shop: Workshop) -> None:
    """The knob has an OTA client and no firmware; unknown models are not touched."""
    for model, ieee in (("lumi.remote.rkba01", IEEE), ("lumi.unknown", OTHER)):
        device = await shop.add(model, ieee)
        shop.programmer.reports(device, 1)
        assert device.upkeep.running is None
        for refused in (shop.updates.check, shop.updates.install):
            with pytest.raises(UpdateError) as error:
                await refused(device)
            assert error.value.obstacle is Obstacle.NOTHING_NEW
    assert shop.programmer.asked == []


async def test_removed_device_is_deleted(shop: Workshop) -> None:
    device = await shop.add()
    shop.home.gateway.removed(IEEE)
    shop.programmer.reports(device, 90)
    shop.programmer.asked.clear()
    await shop.updates.find_newer_for_all()
    assert device.upkeep.running is None
    again = await shop.add()
    assert again is not device
    assert shop.programmer.asked == [IEEE]


async def test_no_requests_after_stop(shop: Workshop) -> None:
    device = await shop.add()
    shop.updates.stop()
    await shop.speak(device, hours=2)
    shop.programmer.reports(device, 90)
    await shop.add(ieee=OTHER)
    assert shop.programmer.asked == [IEEE]
    assert device.upkeep.running is None


# Finding


def offered(device: Device) -> int | None:
    """The version that is offered."""
    release = device.upkeep.release
    return None if release is None else release.version


async def test_releases_appear_and_disappear(shop: Workshop) -> None:
    device = await shop.add()
    await shop.updates.find_newer_for_all()  # its version is unknown
    assert offered(device) is None
    shop.programmer.offer(92)
    shop.programmer.reports(device, 90)
    await shop.home.settle()
    assert offered(device) == 92
    received = told(device)
    await shop.updates.find_newer_for_all()
    assert received == []
    shop.programmer.offer(None)
    await shop.updates.find_newer_for_all()
    assert received == [None]
    assert offered(device) is None


async def test_check_requests_the_version_first(shop: Workshop) -> None:
    device = await shop.add()
    with pytest.raises(UpdateError) as error:
        await shop.updates.check(device)
    assert error.value.obstacle is Obstacle.SILENT
    shop.programmer.answers(device, 90)
    assert await shop.updates.check(device) is None
    shop.programmer.offer(92)
    shop.programmer.answers(device, None)  # its last version is used
    release = await shop.updates.check(device)
    assert release is not None
    assert release.version == 92


async def test_check_of_a_sleepy_device_asks_to_wake_it(shop: Workshop) -> None:
    device = await shop.add("lumi.lock.acn02")
    with pytest.raises(UpdateError) as error:
        await shop.updates.check(device)
    assert error.value.obstacle is Obstacle.ASLEEP


# Updating


async def ready(shop: Workshop, model: str = "lumi.plug", ieee: Ieee = IEEE) -> Device:
    """A device for which there is something new."""
    device = await shop.add(model, ieee)
    shop.programmer.offer(92)
    shop.programmer.reports(device, 90)
    await shop.home.settle()
    shop.programmer.asked.clear()
    shop.home.radio.sent.clear()
    return device


async def test_install(shop: Workshop) -> None:
    device = await ready(shop)
    received = told(device)
    await shop.updates.install(device)
    assert received == [None, 0, 50, 100, 100, None, None]
    assert shop.programmer.updated == [(IEEE, 92, False)]
    assert device.upkeep.running == Firmware(0x115F, 257, 92)
    assert device.upkeep.release is None
    assert not device.upkeep.is_updating
    await shop.home.settle()
    assert shop.home.radio.interviewed == [IEEE]


async def test_sleepy_device_is_waited_for(shop: Workshop) -> None:
    device = await ready(shop, "lumi.lock.acn02")
    await shop.updates.install(device)
    assert shop.programmer.updated == [(IEEE, 92, True)]


async def test_firmware_information_is_read_again(shop: Workshop) -> None:
    """A sleeper is not interviewed; what it refuses is skipped, silence ends it."""
    device = await ready(shop, "lumi.lock.acn02")
    device.about = BasicInfo(application_version=22, date_code="02-28-2017")

    def answer(request: zcl.Request) -> zcl.Report | None:
        assert isinstance(request, zcl.ReadAttributes)
        if request.attributes == (0x0001,):
            raise RefusedError("refused", 0x86)
        if request.attributes != (0x0006,):
            return None
        frame = bytes.fromhex("18010106000042083031303232303236")
        return zcl.read_report(1, 0, frame)

    shop.home.radio.answer = answer
    await shop.updates.install(device)
    await shop.home.settle()
    assert shop.home.radio.interviewed == []
    assert device.about.date_code == "01022026"
    assert [r.attributes for r in shop.home.radio.sent if isinstance(r, zcl.ReadAttributes)] == [
        (0x0001,),
        (0x0002,),
        (0x0003,),
        (0x0006,),
        (0x0007,),
        (0x4000,),
    ]
    assert device.about.application_version is None
    shop.home.radio.sent.clear()
    shop.home.radio.fall_silent()
    shop.programmer.offer(93)
    await shop.updates.find_newer(device)
    await shop.updates.install(device)
    await shop.home.settle()
    assert len(shop.home.radio.sent) == 1


class Deaf(ScriptedRadio):
    """Interviews fail."""

    @override
    async def interview(self, ieee: Ieee) -> None:
        raise DeliveryError("nobody answers")


async def test_an_update_succeeds_even_if_the_interview_fails(shop: Workshop) -> None:
    device = await ready(shop)
    shop.home.gateway.radio = Deaf()
    await shop.updates.install(device)
    assert device.upkeep.running == Firmware(0x115F, 257, 92)


@pytest.mark.parametrize(
    "error", [UpdateError(Obstacle.STALLED, "36 %"), DeliveryError("the radio is gone")]
)
async def test_failure_changes_nothing(shop: Workshop, error: UpdateError | DeliveryError) -> None:
    device = await ready(shop)
    before = device.upkeep.release
    shop.programmer.error = error
    with pytest.raises(type(error)):
        await shop.updates.install(device)
    assert device.upkeep.running == Firmware(0x115F, 257, 90)
    assert device.upkeep.release == before
    assert not device.upkeep.is_updating
    assert device.upkeep.percent is None
    shop.programmer.error = None
    await shop.updates.install(device)
    assert device.upkeep.running == Firmware(0x115F, 257, 92)


async def test_one_at_a_time(shop: Workshop) -> None:
    device, other = await ready(shop), await ready(shop, "lumi.relay.c2acn01", OTHER)
    refused: list[Obstacle] = []

    def interfere() -> None:
        for each in (device, other):
            work = shop.updates.install(each)
            with pytest.raises(UpdateError) as error:
                work.send(None)
            refused.append(error.value.obstacle)

    shop.programmer.during = interfere
    await shop.updates.install(device)
    assert refused == [Obstacle.BUSY, Obstacle.BUSY]
    shop.programmer.during = lambda: None
    await shop.updates.install(other)
    assert [ieee for ieee, *_ in shop.programmer.updated] == [IEEE, OTHER]


async def test_nothing_to_install(shop: Workshop) -> None:
    device = await shop.add()
    with pytest.raises(UpdateError) as error:
        await shop.updates.install(device)
    assert error.value.obstacle is Obstacle.NOTHING_NEW
    assert shop.programmer.updated == []


async def test_no_version_request_during_an_update(shop: Workshop) -> None:
    """It is busy; available images are still checked."""
    device = await ready(shop)
    shop.programmer.during = lambda: shop.home.gateway.interviewed(node("lumi.plug"), shop.home.now)
    await shop.updates.install(device)
    await shop.home.settle()
    assert shop.programmer.asked == []


async def test_check_during_an_update_sends_nothing(shop: Workshop) -> None:
    device = await ready(shop)
    device.upkeep.is_updating = True
    await shop.updates.check(device)
    assert shop.programmer.asked == []


async def test_unconfirmed_version_is_requested_at_the_next_frame(shop: Workshop) -> None:
    device = await ready(shop)
    shop.programmer.error = UpdateError(Obstacle.UNCONFIRMED)
    with pytest.raises(UpdateError):
        await shop.updates.install(device)
    await shop.speak(device, minutes=1)
    await shop.speak(device, minutes=1)
    assert shop.programmer.asked == [IEEE]
    shop.programmer.answers(device, 92)
    await shop.speak(device, hours=1)
    assert device.upkeep.running == Firmware(0x115F, 257, 92)
    assert device.upkeep.release is None


def test_errors_have_details() -> None:
    assert str(UpdateError(Obstacle.BUSY)) == "update_busy"
    assert str(UpdateError(Obstacle.STALLED, "36 %")) == "update_stalled: 36 %"
