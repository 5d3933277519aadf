"""Hostile frames in great numbers: what joins is bounded, and good frames of known devices count on."""

import asyncio
from collections.abc import Iterator
import logging
from random import Random

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.joiners import MOST_JOINERS
from custom_components.aqara_zigbee.simulator import Home, LockS2, Plug, zdo
from custom_components.aqara_zigbee.simulator.addresses import wire
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests.radio.conftest import RecordingListener
from tests.simulator.host import until

FRAMES = 3000
MOST_TASKS = 300
"""Of zigpy and of ours, at any time."""

ZDO = (0x0000, 0x0001, 0x0002, 0x0006, 0x0013, 0x001F, 0x0036, 0x0038, 0x8000, 0x8001, 0x8002)
MORE_ZDO = (0x8004, 0x8005, 0x8031, 0x8032, 0x8034, 0x8038, 0x7777)
ZCL = (0x0000, 0x0006, 0x000A, 0x000C, 0x0019, 0x0020, 0x0021, 0x0101, 0xFCC0)


def some(generator: Random, ours: list[Node]) -> tuple[bytes, bytes]:
    """A network and an IEEE address, of our devices or random, maybe of different devices."""
    nwk = generator.choice(
        (*(node.nwk for node in ours), 0xFFFE, 0xFFFF, 0xFFFD, 0, generator.randrange(0x10000))
    )
    ieee = generator.choice((*(wire(node.ieee) for node in ours), generator.randbytes(8)))
    return nwk.to_bytes(2, "little"), ieee


def hostile(generator: Random, ours: list[Node]) -> Iterator[tuple[int, Message]]:
    """Frames, each with the network address it comes from."""
    while True:
        nwk, ieee = some(generator, ours)
        sequence = generator.randbytes(1)
        source = generator.choice(
            (
                *(node.nwk for node in ours),
                int.from_bytes(nwk, "little"),
                generator.randrange(65536),
            )
        )
        match generator.randrange(5):
            case 0:
                payload = sequence + nwk + ieee + generator.randbytes(1)
                yield source, Message(zdo.ZdoCommand.DEVICE_ANNCE, 0, 0, payload)
            case 1:
                payload = sequence + b"\0" + ieee + nwk + generator.choice((b"", b"\0\0"))
                yield source, Message(generator.choice((0x8000, 0x8001)), 0, 0, payload)
            case 2:
                payload = generator.randbytes(generator.randrange(1, 20))
                yield source, Message(generator.choice((*ZDO, *MORE_ZDO)), 0, 0, payload)
            case _:
                payload = bytes((generator.choice((0, 1, 4, 8, 0x10, 0x18, 0x1C)),))
                payload += generator.randbytes(generator.randrange(24))
                yield source, Message(generator.choice(ZCL), generator.choice((1, 2)), 1, payload)


async def attack(home: Home, ours: list[Node], frames: int) -> int:
    """Send hostile frames; the most tasks there were at once."""
    generator, most = Random(8), 0
    for number, (source, message) in enumerate(hostile(generator, ours)):
        if number == frames:
            return most
        ours[0].network.hub.deliver(
            ours[0], source, message, group=0, broadcast=bool(generator.randrange(2))
        )
        if number % 10 == 0:
            await asyncio.sleep(0.002)
            most = max(most, len(asyncio.all_tasks()))
    raise AssertionError


async def is_heard(node: Node, listener: RecordingListener, message: Message) -> bool:
    """Let a device send a frame repeatedly, as it does for hours, until it is handled."""
    listener.reports.clear()
    head = bytearray(message.data)
    for number in range(40):
        head[1 if message.data[0] != 0x1C else 3] = number
        node.network.uplink(node, Message(message.cluster, 1, 1, bytes(head)))
        for _ in range(50):
            await asyncio.sleep(0.01)
            if any(who == node.ieee and said is not None for who, said in listener.reports):
                return True
    return False


async def test_good_frames_count_after_hostile_ones(
    home: Home,
    radio: ZigpyRadio,
    plug: Plug,
    listener: RecordingListener,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of a plug and of a lock that sleeps, whose addresses the frames give to others and others to them."""
    this_test = asyncio.current_task()
    lock = LockS2()
    home.add(lock)
    await radio.permit(60)
    home.network.search(lock)
    await until(lambda: ("interviewed", lock.ieee) in listener.events, 60)
    caplog.set_level(logging.ERROR)
    most = await attack(home, [plug, lock], FRAMES)
    assert most < MOST_TASKS
    assert radio._app is not None
    unknown = [device for device in radio._app.devices.values() if not device.is_initialized]
    assert len(unknown) <= MOST_JOINERS
    assert len(radio._app._join_announce_tasks) <= 3 * MOST_JOINERS
    assert await is_heard(plug, listener, Message(6, 1, 1, bytes.fromhex("18000a00001001")))
    opened = bytes.fromhex("1c5f11000af6ff421002") + bytes(15)
    assert await is_heard(lock, listener, Message(0x0101, 1, 1, opened))
    await radio.request(plug.ieee, zcl.Command(1, zcl.Cluster.ON_OFF, 0x01))
    assert plug.on[0]
    await radio.stop()
    # zigpy repeats its answers to the frames for some tenths of a second, though nothing is sent.
    await until(lambda: asyncio.all_tasks() == {this_test}, 60)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []
