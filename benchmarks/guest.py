"""The cost of a frame on ZHA's network, without and with this integration as its guest.

    PYTHONPATH=.venv/zha .venv/bin/python -m benchmarks.guest [--rounds 100] [--frames 25] [--devices 5]

Real Home Assistant and real ZHA run on the virtual coordinator. Frames enter where the radio library
hands them over (`packet_received`); the figures are the processor's time, of all threads, for all that
Home Assistant does with one: zigpy's reading, ZHA's handling, ours, and the states that both write. The
recorder and the frontend are not there. A round is some frames both ways, the other way first each
time: we are attached to ZHA's application, or detached as when ZHA is not running. The figures are the
medians of the rounds, and the median of what a round costs more.
"""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import gc
import json
import logging
from pathlib import Path
from statistics import median
import struct
import tempfile
import time
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)
import zigpy.types as t

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.simulator.devices import Knob, Plug, Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.node import Node


@dataclass(frozen=True)
class Kind:
    """A kind of frame.

    Attributes:
        name: what it is called in the results.
        node: who sends it.
        cluster, endpoint: where.
        content: what follows the head of the report of a number; no two of 65536 are the same.
    """

    name: str
    node: Node
    cluster: int
    endpoint: int
    content: Callable[[int], bytes]


def on_off(number: int) -> bytes:
    """On/Off, and the plug's own counter."""
    return struct.pack("<HBB", 0x0000, 0x10, number % 2) + struct.pack("<HBI", 0xF000, 0x23, number)


def power(number: int) -> bytes:
    """Watts."""
    return struct.pack("<HBf", 0x0055, 0x39, number / 10)


def heartbeat(number: int) -> bytes:
    """The tags of a plug's 0xFF01."""
    tags = (
        struct.pack("<BBb", 0x03, 0x28, 20 + number % 20)
        + struct.pack("<BBH", 0x05, 0x21, 3)
        + struct.pack("<BBB", 0x64, 0x10, number % 2)
        + struct.pack("<BBf", 0x95, 0x39, number / 1000)
        + struct.pack("<BBf", 0x98, 0x39, number / 10)
    )
    return struct.pack("<HBB", 0xFF01, 0x42, len(tags)) + tags


def press(number: int) -> bytes:
    """A press of the knob, and a record that makes the frame another one."""
    return struct.pack("<HBH", 0x0055, 0x21, 1) + struct.pack("<HBH", 0x0100, 0x21, number)


def temperature(number: int) -> bytes:
    """Hundredths of a degree."""
    return struct.pack("<HBh", 0x0000, 0x29, 2000 + number % 1000) + struct.pack(
        "<HBH", 0x0100, 0x21, number
    )


class Bench:
    """Home Assistant with ZHA, and with this integration every other time."""

    def __init__(self, hass: HomeAssistant, home: Home) -> None:
        self.hass = hass
        self.home = home
        self.guest = MockConfigEntry(domain=DOMAIN, title="Guest", data={"host": "zha"})
        self.number = 0

    @property
    def app(self) -> Any:
        """ZHA's zigpy application."""
        from homeassistant.components.zha.helpers import get_zha_gateway  # noqa: PLC0415

        return get_zha_gateway(self.hass).application_controller

    async def begin(self, nodes: list[Node]) -> None:
        """Start ZHA and let the devices join."""
        zha = MockConfigEntry(
            domain="zha",
            version=5,
            minor_version=2,
            data={
                "device": {"path": "virtual://bench", "baudrate": 115200, "flow_control": None},
                "radio_type": "znp",
            },
            options={"custom_configuration": {"zha_options": {"enable_identify_on_join": False}}},
        )
        zha.add_to_hass(self.hass)
        config = {"zha": {"zigpy_config": {"ota": {"enabled": False}}}}
        assert await async_setup_component(self.hass, "homeassistant", {})
        assert await async_setup_component(self.hass, "zha", config)
        self.guest.add_to_hass(self.hass)
        self.hass.config_entries.async_update_entry(self.guest, unique_id=zha.unique_id)
        for node in nodes:
            self.home.add(node)
            self.home.network.search(node)
            await self.app.permit(60)
            async with asyncio.timeout(60):
                while not self.is_known(node):  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.05)
        await asyncio.sleep(3)
        assert await self.hass.config_entries.async_setup(self.guest.entry_id)
        async with asyncio.timeout(60):
            while waiting := self.waiting():
                for node in nodes:
                    if node.ieee in waiting and isinstance(node, Knob):
                        node.press_five_times()
                await asyncio.sleep(2)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def waiting(self) -> set[str]:
        """The devices of ours that have not been set up yet: they sleep, and each frame is a try."""
        devices = self.guest.runtime_data.gateway.values()
        return {device.ieee for device in devices if device.is_waited_for}

    def is_known(self, node: Node) -> bool:
        """Whether its interview has ended."""
        device = self.app.devices.get(t.EUI64.convert(node.ieee))
        return device is not None and device.is_initialized and device.model is not None

    def attend(self, *, is_there: bool) -> None:
        """Attach to ZHA's application, or detach from it."""
        radio = self.guest.runtime_data.gateway.radio
        if is_there:
            radio.attach(self.app)
        else:
            radio.detach()

    async def measure(self, kind: Kind, frames: int) -> float:
        """Microseconds of the processor for a frame."""
        packets = []
        for _ in range(frames):
            self.number = (self.number + 1) % 65536
            frame = bytes([0x18, self.number % 256, 0x0A]) + kind.content(self.number)
            packets.append(
                t.ZigbeePacket(
                    src=t.AddrModeAddress(t.AddrMode.NWK, t.NWK(kind.node.nwk)),
                    src_ep=t.uint8_t(kind.endpoint),
                    dst=t.AddrModeAddress(t.AddrMode.NWK, t.NWK(0)),
                    dst_ep=t.uint8_t(1),
                    profile_id=t.uint16_t(260),
                    cluster_id=t.uint16_t(kind.cluster),
                    data=t.SerializableBytes(frame),
                    lqi=t.uint8_t(120),
                )
            )
        begin = time.process_time_ns()
        for packet in packets:
            self.app.packet_received(packet)
        await self.hass.async_block_till_done()
        return (time.process_time_ns() - begin) / frames / 1000

    async def compare(self, kind: Kind, rounds: int, frames: int) -> dict[str, float]:
        """Microseconds of the processor for a frame, both ways."""
        found: dict[bool, list[float]] = {False: [], True: []}
        gc.disable()
        for number in range(rounds + 2):
            if number % 10 == 0:
                gc.collect()
            for is_there in (number % 2 == 0, number % 2 == 1):
                self.attend(is_there=is_there)
                await self.hass.async_block_till_done()
                spent = await self.measure(kind, frames)
                if number >= 2:  # those before fill caches
                    found[is_there].append(spent)
        gc.enable()
        more = median(b - a for a, b in zip(found[False], found[True], strict=True))
        without = median(found[False])
        return {
            "without_us": round(without),
            "with_us": round(median(found[True])),
            "more_us": round(more),
            "more_percent": round(100 * more / without, 1),
        }


async def run(rounds: int, frames: int, devices: int) -> None:
    """Measure all kinds of frames both ways, and print one line of JSON for each."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "configuration.yaml").touch()
        (Path(folder) / ".storage").mkdir()
        async with (
            Home(seed=1, speed=20) as home,
            async_test_home_assistant(config_dir=folder) as hass,
        ):
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            logging.disable(logging.WARNING)
            home.form()
            home.plug_in("bench")
            plugs: list[Node] = [Plug() for _ in range(devices - 1)]
            knob, other = Knob(), Thermometer()
            bench = Bench(hass, home)
            await bench.begin([*plugs, knob, other])
            kinds = [
                Kind("another device: temperature", other, 0x0402, 1, temperature),
                Kind("plug: on/off", plugs[0], 0x0006, 1, on_off),
                Kind("plug: power", plugs[0], 0x000C, 2, power),
                Kind("plug: 0xFF01", plugs[0], 0x0000, 1, heartbeat),
                Kind("knob: press", knob, 0x0012, 1, press),
            ]
            for kind in kinds:
                result = await bench.compare(kind, rounds, frames)
                facts = {"frame": kind.name, "devices_of_ours": devices, **result}
                print(json.dumps(facts), flush=True)
            await hass.async_stop(force=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--frames", type=int, default=25)
    parser.add_argument("--devices", type=int, default=5, help="of ours")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.rounds, arguments.frames, arguments.devices))


if __name__ == "__main__":
    main()
