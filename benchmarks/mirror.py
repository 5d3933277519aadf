"""The speed of the MQTT mirror: from reports to messages at another process, over a real broker.

    .venv/bin/python -m benchmarks.mirror [--seconds 10] [--devices 5 200] [--rates 50 500 1000]

Home Assistant's own MQTT client and Mosquitto carry the messages. A report enters where the radio
hands it over (`Gateway.received`), so zigpy is not in these figures; a second process notes when each
message arrives, by the machine's one monotonic clock.
"""

import argparse
import asyncio
from collections.abc import Coroutine
import json
import logging
from pathlib import Path
from statistics import quantiles
import struct
import sys
import tempfile
import time
from typing import Any

from homeassistant.components import mqtt as ha_mqtt
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.aqara_zigbee import mqtt, registry
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.radio import (
    Endpoint,
    Node,
)
from tests.core.network import ScriptedRadio
from tests.e2e.broker import Broker

TICK = 0.01
"""Seconds between two handfuls of reports."""

SETTLE = 1.0

CLIENT = """
import json, sys, time
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

def connected(client, *_):
    client.subscribe("zigbee2mqtt/+")

def received(client, data, message):
    now = time.monotonic_ns()
    power = json.loads(message.payload).get("power")
    if power is not None:
        print(round(power * 100), now)

client = paho.Client(CallbackAPIVersion.VERSION2)
client.on_connect = connected
client.on_subscribe = lambda *_: print("ready", flush=True)
client.on_message = received
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_start()
sys.stdin.read()
client.loop_stop()
"""


def power_report(number: int) -> zcl.Report:
    """Return a plug's report of a power that contains its number: 0.01 W each."""
    value = struct.unpack("<f", struct.pack("<f", number / 100))[0]
    return zcl.Report(2, 0x0C, (zcl.Record(0x0055, 0x39, value),))


class Bench:
    """Home Assistant with a mirrored network of plugs, and a client in another process."""

    def __init__(self, hass: HomeAssistant, broker: Broker, devices: int) -> None:
        self.hass = hass
        self.broker = broker
        self.entry = MockConfigEntry(domain=DOMAIN, title="Bench", unique_id="bench")
        self.entry.add_to_hass(hass)
        self.gateway = Gateway(ScriptedRadio(), DEFINITIONS, self._spawn)
        self.ieees = [
            f"00:15:8d:00:00:00:{number >> 8:02x}:{number & 255:02x}" for number in range(devices)
        ]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.entry.async_create_background_task(self.hass, work, "bench")

    async def begin(self) -> None:
        """Connect, add the network, start the mirror and wait until it publishes."""
        entry = MockConfigEntry(
            domain=ha_mqtt.DOMAIN,
            version=ha_mqtt.CONFIG_ENTRY_VERSION,
            minor_version=ha_mqtt.CONFIG_ENTRY_MINOR_VERSION,
            data={"broker": "127.0.0.1", "port": self.broker.port, "protocol": "5"},
            options={"discovery": False, "birth_message": {}},
        )
        entry.add_to_hass(self.hass)
        assert await self.hass.config_entries.async_setup(entry.entry_id)
        registry.register_coordinator(self.hass, self.entry, self.gateway.radio.coordinator)
        endpoints = {1: Endpoint(0x0104, 0x51, (0, 6), ()), 2: Endpoint(0x0104, 9, (0x0C,), ())}
        for number, ieee in enumerate(self.ieees):
            node = Node(
                ieee, number + 1, "lumi.plug", "LUMI", is_complete=True, endpoints=endpoints
            )
            device = self.gateway.known(node, dt_util.utcnow())
            device.available = True
            device.state |= {"state": True, "energy": 3.14, "device_temperature": 28}
            registry.register(self.hass, self.entry, self.gateway, device)
        options = {"mqtt": {"enabled": True}}
        self.hass.config_entries.async_update_entry(self.entry, options=options)
        mqtt.follow(self.hass, self.entry, self.gateway)
        await asyncio.sleep(3)

    async def measure(self, rate: int, seconds: float) -> tuple[int, list[float]]:
        """Let so many reports come in each second.

        Returns:
            How many came in, and the latency of each message in milliseconds.
        """
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, str(self.broker.port),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
        )  # fmt: skip
        assert client.stdout is not None
        await client.stdout.readline()
        sent: dict[int, int] = {}
        number = 0
        begin = time.monotonic()
        while (passed := time.monotonic() - begin) < seconds:
            while number < passed * rate:
                number += 1
                report, ieee = power_report(number), self.ieees[number % len(self.ieees)]
                now = dt_util.utcnow()
                sent[number] = time.monotonic_ns()
                self.gateway.received(ieee, report, 100, now)
            await asyncio.sleep(TICK if rate < 1 / TICK else TICK / 2)
        await asyncio.sleep(SETTLE)
        output, _ = await client.communicate()
        arrivals = [line.split() for line in output.decode().splitlines()]
        latencies = [
            (int(arrived) - sent[int(which)]) / 1e6
            for which, arrived in arrivals
            if int(which) in sent
        ]
        return len(sent), latencies


async def run(devices: int, rates: list[int], seconds: float) -> list[dict[str, Any]]:
    """Measure one network at several rates."""
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "configuration.yaml").touch()
        (Path(folder) / ".storage").mkdir()
        broker = Broker(Path(folder))
        await broker.start()
        async with async_test_home_assistant(config_dir=folder) as hass:
            logging.disable(logging.WARNING)
            bench = Bench(hass, broker, devices)
            await bench.begin()
            for rate in rates:
                count, latencies = await bench.measure(rate, seconds)
                cuts = quantiles(latencies, n=100)
                results.append(
                    {
                        "devices": devices,
                        "reports_per_second": round(count / seconds),
                        "lost": count - len(latencies),
                        "p50_ms": round(cuts[49], 2),
                        "p99_ms": round(cuts[98], 2),
                    }
                )
                print(json.dumps(results[-1]), flush=True)
            await hass.async_stop(force=True)
        await broker.stop()
    return results


def main() -> None:
    """Measure and print, one line of JSON for each network and rate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--devices", type=int, nargs="+", default=[5, 200])
    parser.add_argument("--rates", type=int, nargs="+", default=[50, 500, 1000, 2000, 3000])
    arguments = parser.parse_args()
    for devices in arguments.devices:
        asyncio.run(run(devices, arguments.rates, arguments.seconds))


if __name__ == "__main__":
    main()
