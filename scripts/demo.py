"""Start Home Assistant on a virtual coordinator, set up as a user would, through its own API."""

import argparse
import asyncio
from collections.abc import AsyncIterator
import contextlib
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import signal
import sys
import time
from typing import Any

import aiohttp

from custom_components.aqara_zigbee.simulator.devices import Lock, LockS2, Plug, Relay
from scripts.demo_api import Demo, DemoError, Home, HomeAssistant, devices_of, model_of, soon
from scripts.demo_broker import AUTO, KINDS, Broker
from scripts.demo_check import Watcher, check, name_user, watchers
from scripts.demo_dashboard import dashboard
from scripts.demo_do import CONTROL, do
from scripts.demo_guest import (
    PACKAGES,
    ZHA_CONFIGURATION,
    check_guest,
    pair_with_zha,
    use_zha,
    zha_entry,
)
from scripts.demo_mqtt import BASE_TOPIC, connect, switch_on
from scripts.demo_process import FOLDER, LOCK, LOG, ROOT, Process, claim, free_port
from tests.firmware import put

DASHBOARD = "demo-home"
LAMP = "light.lamp"

HINT = """\
Let things happen, from another terminal:
  scripts/demo --do press device=plug
  scripts/demo --do add model=lumi.relay.c2acn01 join=true   (after: Add device on the page of the integration)
  scripts/demo --do unplug        scripts/demo --do plug_in
  scripts/demo --do list          all devices, and what each can do"""

CONFIGURATION = """\
homeassistant:
  name: Demo
  latitude: 50.1
  longitude: 8.7
  time_zone: Europe/Berlin
  unit_system: metric
  currency: EUR
  country: DE
  auth_providers:
    - type: trusted_networks
      trusted_networks: ["127.0.0.1"]
      allow_bypass_login: true
    - type: homeassistant
frontend:
config:
history:
logbook:
recorder:
  commit_interval: 1
automation: !include automations.yaml
template:
  - light:
      - name: Lamp
        unique_id: demo_lamp
        turn_on: []
        turn_off: []
        set_level: []
        set_temperature: []
logger:
  default: warning
  logs:
    custom_components.aqara_zigbee: info
"""

NAMES = {
    "lumi.plug": ("Kettle", "Kitchen"),
    "lumi.relay.c2acn01": ("Hall lights", "Hall"),
    "lumi.lock.acn02": ("Front door", "Hall"),
    "lumi.lock.aq1": ("Garden door", "Living Room"),
    "lumi.remote.rkba01": ("Knob", "Living Room"),
}
"""Names and areas of the devices."""

LAMP_AREA = "Living Room"


def stored(key: str, version: int, minor: int, data: dict[str, Any]) -> None:
    """Write one of Home Assistant's own files, as it would after the user had answered its questions."""
    whole = {"version": version, "minor_version": minor, "key": key, "data": data}
    (FOLDER / ".storage" / key).write_text(json.dumps(whole))


def http_settings(port: int) -> dict[str, Any]:
    """Loopback only, confirmed once and for all."""
    return {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": None,
        "error": None,
        "error_message": None,
    }


def prepare(port: int, zha_stick: str | None = None) -> None:
    """A new configuration in place of the last demo's.

    Args:
        port: of the web page.
        zha_stick: the coordinator that ZHA is set up with; None for no ZHA.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        elif old.name != LOCK:
            old.unlink()
    (FOLDER / "tmp").mkdir()
    (FOLDER / "custom_components").mkdir()
    (FOLDER / "custom_components" / "aqara_zigbee").symlink_to(
        ROOT / "custom_components" / "aqara_zigbee"
    )
    (FOLDER / "automations.yaml").write_text("[]\n")
    for device in (Plug(), Relay(), LockS2(), Lock()):
        # What it runs already: its firmware is then known to be the newest.
        put(FOLDER / "aqara_zigbee_ota", device.MODEL, device.file_version)
    (FOLDER / ".storage").mkdir()
    # The later pages of a new installation would set up integrations that talk to the internet.
    stored("onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]})
    stored(
        "http", 2, 2, {"stable": http_settings(port), "pending": None, "yaml_migration_done": True}
    )
    (FOLDER / "configuration.yaml").write_text(CONFIGURATION)
    if zha_stick is not None:
        (FOLDER / "configuration.yaml").write_text(CONFIGURATION + ZHA_CONFIGURATION)
        stored("core.config_entries", 1, 1, {"entries": [zha_entry(zha_stick)]})


async def set_up(demo: Demo, stick: str) -> None:
    """Use the coordinator, and let all devices of the home join."""
    demo.entry = await demo.assistant.set_up(stick)
    await demo.assistant.call("aqara_zigbee", "permit_join", config_entry_id=demo.entry)
    await name_devices(demo, await joined(demo))


async def joined(demo: Demo) -> list[dict[str, Any]]:
    """Our devices in Home Assistant, once all of the home are known by their model."""
    wanted = len((await demo.home.do("list"))["devices"])

    async def known() -> list[dict[str, Any]] | None:
        devices = await devices_of(demo)
        return devices if len(devices) == wanted and all(d["model_id"] for d in devices) else None

    return await soon("joining", known)


async def set_up_beside_zha(demo: Demo) -> None:
    """Let all devices join ZHA and name them there, then use its network."""
    await name_devices(demo, await pair_with_zha(demo))
    await use_zha(demo)
    await joined(demo)


async def name_devices(demo: Demo, devices: list[dict[str, Any]]) -> None:
    """Give devices their names and areas."""
    areas = await make_areas(demo)
    for device in devices:
        name, area = NAMES[await model_of(demo, device)]
        await rename(demo, device["id"], name, areas[area])


async def make_areas(demo: Demo) -> dict[str, str]:
    """Make the areas, and put the lamp into its own; their ids by name."""
    ask = demo.assistant.ask
    areas = {area["name"]: area["area_id"] for area in await ask("config/area_registry/list")}
    for name in sorted({LAMP_AREA, *(area for _, area in NAMES.values())} - areas.keys()):
        areas[name] = (await ask("config/area_registry/create", name=name))["area_id"]
    await ask("config/entity_registry/update", entity_id=LAMP, area_id=areas[LAMP_AREA])
    return areas


async def rename(demo: Demo, device_id: str, name: str, area: str) -> None:
    """Name a device, form its entity ids again, as its page offers, and put it into an area."""
    ask = demo.assistant.ask
    await ask("config/device_registry/update", device_id=device_id, name_by_user=name)
    entities = await ask("config/entity_registry/list")
    own = [each["entity_id"] for each in entities if each["device_id"] == device_id]
    wanted = await ask("config/entity_registry/get_automatic_entity_ids", entity_ids=own)
    for entity_id, new in wanted.items():
        if new != entity_id:
            await ask("config/entity_registry/update", entity_id=entity_id, new_entity_id=new)
    # Last: entity ids that are formed in an area begin with its name.
    await ask("config/device_registry/update", device_id=device_id, area_id=area)


async def automate(demo: Demo) -> None:
    """Make two automations of the blueprints, as their editor does."""
    ids = {await model_of(demo, device): device["id"] for device in await devices_of(demo)}

    async def installed() -> bool | None:
        found = await demo.assistant.ask("blueprint/list", domain="automation")
        return True if "aqara_zigbee/knob_light.yaml" in found else None

    await soon("installing the blueprints", installed)
    await demo.assistant.automation(
        "knob_dims_lamp",
        alias="The knob dims the lamp",
        use_blueprint={
            "path": "aqara_zigbee/knob_light.yaml",
            "input": {"knob": ids["lumi.remote.rkba01"], "light": LAMP},
        },
    )
    await demo.assistant.automation(
        "front_door_opened",
        alias="Say who opened the front door",
        use_blueprint={
            "path": "aqara_zigbee/lock_notify.yaml",
            "input": {"lock": ids["lumi.lock.acn02"]},
        },
    )


async def play(demo: Demo) -> None:
    """Let a few things happen, and set what has no state before, so that there is something to see."""
    found = await watchers(demo)
    front, garden = found["lumi.lock.acn02"], found["lumi.lock.aq1"]
    kettle, lights, knob = (
        found[model] for model in ("lumi.plug", "lumi.relay.c2acn01", "lumi.remote.rkba01")
    )
    await name_user(demo, front, 3, "Ann")
    await name_user(demo, garden, 1, "Ben")
    for each in (kettle, lights):
        await each.set("switch", "turn_on", "power_outage_memory")
    for device, order, arguments in (
        (garden, "wrong_finger", {"tries": 1}),
        (garden, "finger", {"user": 1}),
        (garden, "ring", {}),
        (front, "battery_alarm", {"mask": 0}),
        (front, "ring", {}),
        (front, "finger", {"user": 3}),
        (knob, "press", {}),
        (knob, "turn", {"degrees": 90}),
        (kettle, "set_load", {"watts": 1200}),
        (kettle, "press", {}),
        (lights, "set_load", {"watts": 38}),
        (lights, "set_load", {"watts": 61.5, "channel": 2}),
        (lights, "press", {"channel": 1}),
        (lights, "press", {"channel": 2}),
        (lights, "heartbeat", {}),
    ):
        await device.do(order, **arguments)
        await asyncio.sleep(0.3)
    await _until(front, "state", "on")  # a lock reports who opened it before it reports the bolts
    await front.do("close_door")
    await asyncio.sleep(0.3)
    await front.do("lock")
    await _until(front, "state", "off")
    await demo.assistant.call("aqara_zigbee", "scan_network", config_entry_id=demo.entry)


async def _until(device: Watcher, key: str, value: str) -> None:
    """Wait until an entity of a device has a state."""
    is_so = device.shows(key, value)

    async def attempt() -> bool | None:
        return await is_so() or None

    await soon(f"{key} {value} of {device.name}", attempt)


async def show(demo: Demo, *, is_live: bool) -> None:
    """Make the dashboard; it explains whether days pass."""
    ask = demo.assistant.ask
    await ask(
        "lovelace/dashboards/create",
        url_path=DASHBOARD,
        title="Aqara Zigbee",
        icon="mdi:zigbee",
        show_in_sidebar=True,
        mode="storage",
    )
    await ask(
        "lovelace/config/save",
        url_path=DASHBOARD,
        config=await dashboard(demo, LAMP, is_live=is_live),
    )


@dataclass
class Running:
    """A demo that runs.

    Attributes:
        core: Home Assistant.
        control: the port of the simulator's control interface.
    """

    demo: Demo
    core: Process
    control: int


@contextlib.asynccontextmanager
async def running(
    port: int,
    broker: Broker,
    *,
    is_guest: bool = False,
    is_live: bool = False,
    zha_stick: str | None = None,
) -> AsyncIterator[Running]:
    """Home Assistant with the integration, the devices and automations; all of it ends with the context.

    Args:
        port: of the web page, if it is free.
        broker: for the MQTT mirror.
        is_guest: whether the integration uses the network of ZHA.
        is_live: whether the caller will let days pass.
        zha_stick: the coordinator of a ZHA beside it; None for no ZHA.

    Raises:
        DemoError: something did not come up.
    """
    lock = claim(FOLDER)
    port = free_port(port)
    processes: list[Process] = []
    try:
        radio = await Process.start(
            sys.executable, "-m", "scripts.simulator",
            # The virtual coordinator that a user may add has the devices of seed 0.
            "--port", "0", "--control", "0", "--seed", "1", log=LOG, pipe=True,
        )  # fmt: skip
        processes.append(radio)
        stick = (await radio.line()).partition(": ")[2]
        control = int((await radio.line()).rpartition(":")[2])
        zha = stick if is_guest else zha_stick
        prepare(port, zha)
        core = await Process.start(
            # Home Assistant has one folder for uploads on a machine, and deletes it at its end.
            "env",
            f"TMPDIR={FOLDER / 'tmp'}",
            *((f"PYTHONPATH={PACKAGES}",) if zha else ()),
            str(Path(sys.executable).parent / "hass"),
            "--config",
            str(FOLDER),
            "--skip-pip",
            log=LOG,
        )
        processes.append(core)
        await broker.start()
        async with aiohttp.ClientSession() as session:
            assistant = HomeAssistant(session, f"http://127.0.0.1:{port}")
            await soon("the start of Home Assistant", assistant.onboarding)
            await assistant.sign_in()
            demo = Demo(assistant, Home(control))
            await (set_up_beside_zha(demo) if is_guest else set_up(demo, stick))
            await connect(demo, broker)
            await switch_on(demo)
            await automate(demo)
            await show(demo, is_live=is_live)
            yield Running(demo, core, control)
    finally:
        for process in reversed(processes):
            await process.stop()
        await broker.stop()
        os.close(lock)


async def run(options: argparse.Namespace) -> int:
    """Start everything, then check it or wait to be interrupted."""
    began = time.monotonic()
    broker = Broker(options.broker, options.mqtt_port)
    async with running(
        options.port, broker, is_guest=options.guest, is_live=not options.check
    ) as home:
        ready = time.monotonic() - began
        print(f"Ready after {ready:.0f} s: {home.demo.assistant.url}/{DASHBOARD}", flush=True)
        print(f"MQTT: 127.0.0.1:{broker.port}, {BASE_TOPIC}/# ({broker.kind})", flush=True)
        if options.check:
            return await (check_guest(home.demo) if options.guest else check(home.demo, broker))
        await play(home.demo)
        await home.demo.home.do("live", factor=60)
        CONTROL.write_text(str(home.control))
        try:
            print(HINT, flush=True)
            print("A day passes in 24 minutes. Ctrl-C ends it.", flush=True)
            await home.core.wait()
        finally:
            CONTROL.unlink(missing_ok=True)
        raise DemoError(f"Home Assistant ended; see {LOG}")


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="try everything, then end")
    parser.add_argument(
        "--guest", action="store_true", help="on the network of the real ZHA, which is set up too"
    )
    parser.add_argument(
        "--do", nargs="+", metavar="WORD", help="let something happen in a demo that runs"
    )
    parser.add_argument("--port", type=int, default=8123, help="of the web page (default: 8123)")
    parser.add_argument("--mqtt-port", type=int, default=1883, help="of the broker (default: 1883)")
    parser.add_argument(
        "--broker",
        choices=KINDS,
        default=AUTO,
        help="Mosquitto, or one from PyPI (default: the first that can be had)",
    )
    options = parser.parse_args()
    # Whoever ends us by pid ends what we started, too.
    # A shell that starts us in the background has SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return asyncio.run(do(*options.do) if options.do else run(options))
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
