"""Start Home Assistant on a virtual coordinator, set up as a user would, through its own API."""

import argparse
import asyncio
import contextlib
import json
from pathlib import Path
import shutil
import signal
import sys
import time
from typing import Any

import aiohttp

from scripts.demo_api import Demo, DemoError, Home, HomeAssistant, devices_of, model_of, soon
from scripts.demo_broker import AUTO, KINDS, Broker
from scripts.demo_check import check
from scripts.demo_dashboard import dashboard
from scripts.demo_mqtt import BASE_TOPIC, connect, switch_on
from scripts.demo_process import FOLDER, LOG, ROOT, Process, free_port

DASHBOARD = "demo-home"

DOOR = FOLDER / "control"
"""Holds the port of the home's side door while a demo runs."""

HINT = """\
Let things happen, from another terminal:
  scripts/demo --do press device=plug
  scripts/demo --do add model=lumi.relay.c2acn01 join=true   (after: Configure > Add device)
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
automation: !include_dir_merge_list automations
logger:
  default: warning
  logs:
    custom_components.aqara_zigbee: info
"""

NAMES = {
    "lumi.plug": "Kettle",
    "lumi.relay.c2acn01": "Hall lights",
    "lumi.lock.acn02": "Front door",
    "lumi.lock.aq1": "Garden door",
    "lumi.remote.rkba01": "Knob",
}


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


def prepare(port: int) -> None:
    """A throw-away configuration."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "custom_components").mkdir(parents=True)
    (FOLDER / "custom_components" / "aqara_zigbee").symlink_to(
        ROOT / "custom_components" / "aqara_zigbee"
    )
    (FOLDER / "automations").mkdir()
    (FOLDER / ".storage").mkdir()
    # The later pages of a new installation would set up integrations that talk to the internet.
    stored("onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]})
    stored(
        "http", 2, 2, {"stable": http_settings(port), "pending": None, "yaml_migration_done": True}
    )
    (FOLDER / "configuration.yaml").write_text(CONFIGURATION)


async def join(demo: Demo) -> None:
    """Open the network and wait until all devices of the home are known by their model."""
    await demo.assistant.call("aqara_zigbee", "permit_join", config_entry_id=demo.entry)
    wanted = len((await demo.home.do("list"))["devices"])

    async def known() -> list[dict[str, Any]] | None:
        devices = await devices_of(demo)
        return devices if len(devices) == wanted and all(d["model_id"] for d in devices) else None

    for device in await soon("joining", known):
        model = await model_of(demo, device)
        await demo.assistant.ask(
            "config/device_registry/update", device_id=device["id"], name_by_user=NAMES[model]
        )


async def show(demo: Demo) -> None:
    """Make the dashboard."""
    ask = demo.assistant.ask
    await ask(
        "lovelace/dashboards/create",
        url_path=DASHBOARD,
        title="Aqara Zigbee",
        icon="mdi:zigbee",
        show_in_sidebar=True,
        mode="storage",
    )
    await ask("lovelace/config/save", url_path=DASHBOARD, config=await dashboard(demo))


async def run(options: argparse.Namespace) -> int:
    """Start everything, then check it or wait to be interrupted."""
    began = time.monotonic()
    port = free_port(options.port)
    prepare(port)
    processes: list[Process] = []
    broker = Broker(options.broker, options.mqtt_port)
    try:
        radio = await Process.start(
            sys.executable, "-m", "custom_components.aqara_zigbee.radio.virtual",
            "--port", "0", "--control", "0", log=LOG, pipe=True,
        )  # fmt: skip
        processes.append(radio)
        core = await Process.start(
            str(Path(sys.executable).parent / "hass"),
            "--config",
            str(FOLDER),
            "--skip-pip",
            log=LOG,
        )
        processes.append(core)
        await broker.start()
        stick = (await radio.line()).partition(": ")[2]
        control = int((await radio.line()).rpartition(":")[2])
        async with aiohttp.ClientSession() as session:
            assistant = HomeAssistant(session, f"http://127.0.0.1:{port}")
            await soon("the start of Home Assistant", assistant.onboarding)
            await assistant.sign_in()
            demo = Demo(assistant, Home(control), await assistant.set_up(stick))
            await connect(demo, broker)
            await switch_on(demo)
            await join(demo)
            await show(demo)
            ready = time.monotonic() - began
            print(f"Ready after {ready:.0f} s: {assistant.url}/{DASHBOARD}", flush=True)
            print(f"MQTT: 127.0.0.1:{broker.port}, {BASE_TOPIC}/# ({broker.kind})", flush=True)
            if options.check:
                return await check(demo, broker)
            await demo.home.do("live", factor=60)
            DOOR.write_text(str(control))
            print(HINT, flush=True)
            print("A day passes in 24 minutes. Ctrl-C ends it.", flush=True)
            await core.wait()
            raise DemoError(f"Home Assistant ended; see {LOG}")
    finally:
        for process in reversed(processes):
            await process.stop()
        await broker.stop()


async def do(order: str, *arguments: str) -> int:
    """Let something happen in the home of a demo that runs."""
    if not DOOR.exists():
        raise DemoError("no demo is running")
    named: dict[str, Any] = {}
    for argument in arguments:
        name, _, value = argument.partition("=")
        with contextlib.suppress(ValueError):
            value = json.loads(value)
        named[name] = value
    print(json.dumps(await Home(int(DOOR.read_text())).do(order, **named), indent=2))
    return 0


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="try everything, then end")
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
