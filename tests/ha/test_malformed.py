"""Noise on the air: nothing raises, nothing stops, nothing changes that must not."""

import asyncio
import json
import logging
from random import Random

from homeassistant.core import HomeAssistant
import pytest
from zigpy.zcl import foundation

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.source import Address, Attribute, Element, Tag
from custom_components.aqara_zigbee.simulator.devices import Lumi, Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests import examples
from tests.examples import MODELS, Example
from tests.ha.conftest import join, simulated, until

MUTATIONS = 10_000

# What a cluster of an endpoint may change at all, written by hand from docs/protocol.md.
HEARTBEAT = {"device_temperature", "power_outage_count", "energy", "voltage", "power", "current"}
MAY_CHANGE: dict[str, dict[tuple[int, int], set[str]]] = {
    "lumi.plug": {
        (0x0006, 1): {"state", "change_cause"},
        (0x000C, 2): {"power"},
        (0x0000, 1): {"state", "change_cause", *HEARTBEAT},
    },
    "lumi.relay.c2acn01": {
        (0x0006, 1): {"state_l1", "change_cause_l1"},
        (0x0006, 2): {"state_l2", "change_cause_l2"},
        (0x000C, 1): {"power"},
        (0x0010, 1): {"interlock"},
        (0x0000, 1): {
            "state_l1",
            "state_l2",
            "change_cause_l1",
            "change_cause_l2",
            *HEARTBEAT,
        },
    },
    "lumi.lock.acn02": {
        (0x0101, 1): {"state", "reverse", "last_opened_by", "user", "repeat", "encrypted"},
        (0x0001, 1): {"battery_low"},
        (0x0000, 1): {"battery", "voltage", "device_temperature", "power_outage_count"},
    },
    "lumi.lock.aq1": {(0x0101, 1): {"last_opened_by", "user", "repeat", "data"}},
    "lumi.remote.rkba01": {
        (0xFCC0, 1): {"operation_mode", "sensitivity", "battery", "voltage"},
        (0x0000, 1): {"battery", "voltage"},
    },
}


def may_change(model: str) -> dict[tuple[int, int], set[str]]:
    """The same for a model that is not in the list: from the sources of its rows."""
    if model in MAY_CHANGE:
        return MAY_CHANGE[model]
    found: dict[tuple[int, int], set[str]] = {}
    for row in DEFINITIONS[model].properties:
        for source in row.sources:
            for place in places(source.address):
                found.setdefault(place, set()).add(row.name)
    return found


def may_be_read(model: str) -> set[str]:
    """Return the attributes read from a model that is not in the list when it reports."""
    definition = DEFINITIONS[model]
    if model in MAY_CHANGE or not definition.replies:
        return set()
    asked = {row.read for row in definition.properties if row.read is not None}
    return {
        row.name
        for row in definition.properties
        if any(source.address in asked for source in row.sources)
    }


def places(address: Address) -> list[tuple[int, int]]:
    """Clusters and endpoints in which an address can occur (protocol 0.3)."""
    match address:
        case Attribute():
            return [(address.cluster, address.endpoint)]
        case Tag():
            return [(0x0000, 1), (0xFCC0, 1)]
        case Element():
            return [(0x0000, 1)]


def mutated(generator: Random, frame: bytes) -> bytes:
    """A frame with some of what happens to frames: cut, flipped, stretched, shuffled, repeated."""
    data = bytearray(frame)
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        place = generator.randrange(len(data) or 1)
        match generator.randrange(6):
            case 0:
                del data[place:]
            case 1 if data:
                data[place] = generator.randrange(256)
            case 2 if data:
                data[place] ^= 1 << generator.randrange(8)
            case 3:
                data[place:place] = generator.randbytes(generator.randrange(1, 5))
            case 4:
                del data[place : place + generator.randrange(1, 5)]
            case _:
                data += data[place:]
    return bytes(data[:100])


def is_report(frame: bytes) -> bool:
    """Whether zigpy, too, sees a report or a read answer in its head."""
    try:
        header, _ = foundation.ZCLHeader.deserialize(frame)
    except ValueError:
        return False
    general = header.frame_control.frame_type == foundation.FrameType.GLOBAL_COMMAND
    return general and header.command_id in (0x01, 0x0A)


@pytest.mark.parametrize("model", MODELS)
async def test_mutations_of_real_frames(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    model: str,
) -> None:
    """Ten thousand of them, over the air, each followed sooner or later by a good frame."""
    found = [example for example in examples.load(model) if example.frame]
    node = simulated(found[0].zigbee_model)
    assert isinstance(node, Lumi)
    node.heartbeat_every = 0  # nothing of its own accord
    device = await join(home, gateway, node)
    home.clock.speed = 0
    for _ in range(60):  # until all its frames have arrived
        home.clock.advance(1)
        await asyncio.sleep(0.01)
    caplog.set_level(logging.WARNING)
    caplog.clear()
    generator = Random(20261120)
    for number in range(MUTATIONS // len(MODELS)):
        await feed(generator, node, device, generator.choice(found))
        if number % 100 == 0:
            await good_frame_counts(node, device, found[0], number // 100 + 128)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


async def feed(generator: Random, node: Node, device: Device, example: Example) -> None:
    """Send one mutated frame and look what changed."""
    endpoint = generator.choice((example.endpoint, example.endpoint, 1, 2, 3, 71, 72, 200))
    cluster = generator.choice((example.cluster, example.cluster, 0, 6, 0x0C, 0x101, 0xFCC0))
    frame = mutated(generator, example.frame)
    before = dict(device.state)
    await send(node, cluster, endpoint, frame)
    changed = {
        name
        for name in device.state.keys() | before.keys()
        if device.state.get(name) != before.get(name)
    } - {"linkquality"}
    allowed = may_change(example.zigbee_model).get((cluster, endpoint), set())
    expected = (allowed if is_report(frame) else set()) | may_be_read(example.zigbee_model)
    assert changed <= expected, (cluster, endpoint, frame.hex(), before, device.state)
    json.dumps(device.state, allow_nan=False)


async def send(node: Node, cluster: int, endpoint: int, frame: bytes) -> None:
    """Put a frame on the air and let it arrive."""
    node.network.uplink(node, Message(cluster, endpoint, 1, frame))
    node.clock.advance(1)
    for _ in range(20):
        await asyncio.sleep(0)


async def good_frame_counts(node: Node, device: Device, example: Example, number: int) -> None:
    """After all that, a good frame is taken in as ever."""
    device.options = dict(example.options)
    frame = bytearray(example.frame)
    place = 3 if example.frame[0] & 4 else 1
    frame[place] = (frame[place] + number) % 256  # no duplicate of the one before
    received: list[Update] = []
    unsubscribe = device.subscribe(received.append)
    await send(node, example.cluster, example.endpoint, bytes(frame))
    await until(lambda: any(each.action is not None or len(each.state) > 1 for each in received))
    unsubscribe()


async def test_unknown_sender(
    hass: HomeAssistant, home: Home, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """A device without an interview, of an unknown model."""
    stranger = Thermometer()
    home.add(stranger)
    home.network.search(stranger)
    await gateway.radio.permit(60)
    await until(lambda: stranger.ieee in gateway and gateway[stranger.ieee].node.is_complete)
    device = gateway[stranger.ieee]
    assert device.definition is None
    stranger.network.uplink(stranger, Message(6, 1, 1, bytes.fromhex("187a0a00001001")))
    await until(lambda: any(report.cluster == 6 for _, report in device.frames))
    assert device.state == {}
