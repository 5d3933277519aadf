"""Each report that wants a default response gets one, by zigpy or by us (ZCL revision 8, 2.5.12.2)."""

from typing import override

from homeassistant.core import HomeAssistant
import pytest
import zigpy.types as t

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator import zdo
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests.ha.conftest import send_frame, until
from tests.zha.test_guest import app_of, join_both

BASIC = 0x0000
DEFAULT_RESPONSE = 0x0B

FRAMES = {
    Plug: [
        (0x0006, 1, "00f00a0000 10 01", True),  # zigpy parses it
        (0x0006, 1, "08f10a0000 10 00", True),
        (0x0006, 1, "00f20a0000", True),  # a record cut short
        (0x0006, 1, "10f40a0000 10 01", False),  # it wants none
        (0xFC77, 1, "00f50a5500 21 0100", True),  # a cluster that was not declared
    ],
    Relay: [
        (0x0000, 1, "0c5f11f00a01ff 42 050121bd", True),  # a text shorter than its length
        (0x0010, 2, "00f10a5500 10 01", True),
    ],
    Knob: [
        (0x000C, 71, "00f00a5500 39 00004041", True),  # an endpoint that was not declared
        (0x0012, 1, "00f10a5500 21 0100", True),
        (0xFCC0, 1, "0c5f11f20af700 41 0401210b0b", True),
    ],
    LockS2: [
        (0x0101, 1, "00f00a0000 20 01", True),
        (0x0000, 1, "0c5f11f10af6ff 41 0401020304", True),
        (0x0101, 1, "00f20a0000 fe 01", True),  # an unknown type
    ],
}
"""Cluster, endpoint, frame, and whether it wants an answer."""


def answers_to(frame: bytes, sent: list[Message]) -> list[Message]:
    """The default responses to a frame."""
    at = 3 if frame[0] & 0x04 else 1
    found = []
    for message in sent:
        skip = 3 if message.data[0] & 0x04 else 1
        if message.data[skip : skip + 2] == bytes([frame[at], DEFAULT_RESPONSE]):
            found.append(message)
    return found


async def check(
    hass: HomeAssistant,
    sent: list[Message],
    node: Node,
    device: Device,
    case: tuple[int, int, str, bool],
) -> None:
    """Let a device send a frame twice, as when the first acknowledgement is lost."""
    cluster, endpoint, content, is_wanted = case
    frame = bytes.fromhex(content)
    for again in (False, True):
        node.wake(60)
        if again:
            node.network.uplink(node, Message(cluster, endpoint, 1, frame))
        else:
            sent.clear()
            await send_frame(hass, node, device, cluster, endpoint, frame)
        if is_wanted:
            await until(lambda: answers_to(frame, sent), 30)
        await hass.async_block_till_done(wait_background_tasks=True)
    # When the next one has been answered, what was to come for this one has come.
    marker = bytes([0, frame[3 if frame[0] & 0x04 else 1] - 0x80]) + bytes.fromhex("0a0100 20 01")
    await send_frame(hass, node, device, BASIC, 1, marker)
    await until(lambda: answers_to(marker, sent), 30)
    await hass.async_block_till_done(wait_background_tasks=True)
    found = answers_to(frame, sent)
    assert len(found) == is_wanted, (content, found)
    assert all((each.cluster, each.destination) == (cluster, endpoint) for each in found)


async def test_each_report_gets_one(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    sent: list[Message],
    subtests: pytest.Subtests,
) -> None:
    for kind, cases in FRAMES.items():
        node = kind()
        device = await join_both(hass, home, gateway, node)
        await hass.async_block_till_done(wait_background_tasks=True)
        for case in cases:
            with subtests.test(f"{node.MODEL} {case[2]}"):
                await check(hass, sent, node, device, case)


async def test_report_that_makes_zigpy_fail(
    hass: HomeAssistant, home: Home, gateway: Gateway, sent: list[Message]
) -> None:
    """A text where zigpy wants a truth value: it parses the frame and falls over it."""
    plug = Plug()
    device = await join_both(hass, home, gateway, plug)
    await hass.async_block_till_done(wait_background_tasks=True)
    frame = bytes.fromhex("00f30a0000 42 026869")
    packet = t.ZigbeePacket(
        src=t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=t.NWK(device.node.nwk)),
        src_ep=t.uint8_t(1),
        dst=t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=t.NWK(0)),
        dst_ep=t.uint8_t(1),
        profile_id=t.uint16_t(260),
        cluster_id=t.uint16_t(6),
        data=t.SerializableBytes(frame),
        lqi=t.uint8_t(99),
    )
    sent.clear()
    with pytest.raises(KeyError):
        app_of(hass).packet_received(packet)
    await until(lambda: answers_to(frame, sent), 30)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(answers_to(frame, sent)) == 1


class Slow(Relay):
    """A relay that describes its second endpoint only when the test lets it."""

    is_slow = False

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Message] = []

    @override
    def _answer_zdo(self, message: Message, *, broadcast: bool) -> Message | None:
        answer = super()._answer_zdo(message, broadcast=broadcast)
        if self.is_slow and message.cluster == zdo.ZdoCommand.SIMPLE_DESC and message.data[-1] == 2:
            assert answer is not None
            self.held.append(answer)
            return None
        return answer


async def test_report_during_another_interview(
    hass: HomeAssistant, home: Home, gateway: Gateway, sent: list[Message]
) -> None:
    """Of a new device, zigpy reads reports about its model, and responses, but nothing else."""
    relay = Slow()
    device = await join_both(hass, home, gateway, relay)
    await hass.async_block_till_done(wait_background_tasks=True)
    relay.is_slow = True
    interview = hass.async_create_task(gateway.radio.interview(relay.ieee))
    await until(lambda: relay.held, 30)
    assert not app_of(hass).devices[t.EUI64.convert(relay.ieee)].is_initialized
    frames = {BASIC: bytes.fromhex("00f70a0100 20 01"), 0x0010: bytes.fromhex("00f80a5500 10 01")}
    for cluster, frame in frames.items():
        seen: list[Update] = []
        unsubscribe = device.subscribe(seen.append)
        relay.network.uplink(relay, Message(cluster, 1, 1, frame))
        await until(lambda: seen)  # noqa: B023
        unsubscribe()
    relay.is_slow = False
    relay.network.uplink(relay, relay.held[0])
    await interview
    await until(lambda: all(answers_to(frame, sent) for frame in frames.values()), 30)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [len(answers_to(frame, sent)) for frame in frames.values()] == [1, 1]
