"""Neighbors and stored addresses, over the virtual coordinator and unmodified zigpy-znp."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.events import NetworkEvent
from custom_components.aqara_zigbee.core.firmware import ImageSources
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.network import Port
from custom_components.aqara_zigbee.simulator import Home, Knob, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.devices import Lumi
from tests.simulator.host import until

COORDINATOR, ROUTER, END_DEVICE = range(3)
PARENT, CHILD, SIBLING = range(3)


@pytest.fixture
async def home() -> AsyncGenerator[Home]:
    """A home whose coordinator has a network and is plugged in."""
    async with Home(seed=1, speed=20) as home:
        home.form()
        home.plug_in("test")
        yield home


class Net(NamedTuple):
    """A home, our radio on its coordinator, and its listener."""

    home: Home
    radio: ZigpyRadio
    gateway: Gateway

    async def join[N: Lumi](self, node: N) -> N:
        """Let a device join, and wait until all is known of it."""
        described: list[str] = []

        def listener(event: NetworkEvent, device: Device) -> None:
            if event is NetworkEvent.DESCRIBED:
                described.append(device.ieee)

        stop = self.gateway.subscribe(listener)
        self.home.add(node)
        await self.radio.permit(60)
        self.home.network.search(node)
        await until(lambda: node.ieee in described)
        stop()
        return node


@pytest.fixture
async def net(home: Home, tmp_path: Path) -> AsyncGenerator[Net]:
    """All of it, up."""
    work: set[asyncio.Task[None]] = set()

    def spawn(coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        work.add(task)
        task.add_done_callback(work.discard)

    radio = ZigpyRadio(Port("virtual://test"), None, DEFINITIONS, ImageSources(tmp_path))
    gateway = Gateway(radio, DEFINITIONS, spawn)
    radio.set_listener(gateway)
    await radio.start()
    yield Net(home, radio, gateway)
    await radio.stop()
    if work:
        await asyncio.wait(work)


async def test_tables(net: Net) -> None:
    plug = await net.join(Plug())
    lock = await net.join(LockS2())
    relay = await net.join(Relay())
    rows = {row.ieee: row for row in await net.radio.neighbours(net.radio.coordinator.ieee)}
    assert {ieee: (row.kind, row.nwk) for ieee, row in rows.items()} == {
        plug.ieee: (ROUTER, plug.nwk),
        relay.ieee: (ROUTER, relay.nwk),
        lock.ieee: (rows[lock.ieee].kind, lock.nwk),
    }
    rows = {row.ieee: row for row in await net.radio.neighbours(plug.ieee)}
    assert rows[net.home.ieee].kind == COORDINATOR
    assert rows[net.home.ieee].relation == PARENT
    assert rows[relay.ieee].relation == SIBLING
    assert all(0 < row.link_quality < 255 for row in rows.values())
    back = {row.ieee: row for row in await net.radio.neighbours(relay.ieee)}
    assert back[plug.ieee].link_quality == rows[relay.ieee].link_quality


async def test_a_table_of_several_pages(net: Net) -> None:
    plugs = [await net.join(Plug()) for _ in range(9)]
    received = await net.radio.neighbours(net.radio.coordinator.ieee)
    assert sorted(row.ieee for row in received) == sorted(plug.ieee for plug in plugs)


async def test_device_without_a_table(net: Net) -> None:
    knob = await net.join(Knob())
    knob.listens_for = 60
    knob.press()
    with pytest.raises(DeliveryError):
        await net.radio.neighbours(knob.ieee)
    with pytest.raises(DeliveryError, match="is not on the network"):
        await net.radio.neighbours("00:15:8d:00:00:00:00:99")


async def test_addresses_of_the_coordinator(net: Net) -> None:
    plug = await net.join(Plug())
    assert (await net.radio.addresses())[plug.ieee] == plug.nwk
    net.home.drop_link()
    await until(lambda: net.radio._lost)
    with pytest.raises(DeliveryError):
        await net.radio.addresses()
    with pytest.raises(DeliveryError):
        await net.radio.neighbours(plug.ieee)
