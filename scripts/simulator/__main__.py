"""A virtual coordinator on a TCP port.

    python -m scripts.simulator --port 6638 --control 6639

Point zigpy, ZHA or Zigbee2MQTT at `socket://127.0.0.1:6638`. The coordinator is blank and all
devices search for a network, unless `--formed` is given. `--state FILE` lets the home survive the
end of the process.
"""

import argparse
import asyncio
from dataclasses import replace
import json
import math
from pathlib import Path
import signal
import sys

from custom_components.aqara_zigbee.simulator.chip import Firmware
from custom_components.aqara_zigbee.simulator.devices import Knob, Lock, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.life import Life, event_mode

from .control import Control

SAVE_EVERY = 30.0


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="virtual", description="A virtual TI Z-Stack coordinator on a TCP port."
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: loopback)"
    )
    parser.add_argument("--port", type=int, default=6638, help="TCP port of the stick (0: any)")
    parser.add_argument(
        "--control",
        type=int,
        default=None,
        help="TCP port for JSON lines, always loopback (0: any)",
    )
    parser.add_argument("--state", type=Path, default=None, help="file the home lives on in")
    parser.add_argument("--seed", type=int, default=0, help="another number, another home")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second")
    parser.add_argument(
        "--formed", action="store_true", help="start with a network and the devices in it"
    )
    parser.add_argument(
        "--firmware", type=int, default=Firmware().revision, help="its build date, as YYYYMMDD"
    )
    parser.add_argument(
        "--life", type=float, default=0.0, help="let days pass, this many times as fast (0: none)"
    )
    return parser.parse_args(arguments)


def move_in(options: argparse.Namespace) -> Home:
    """The home of the state file, or a new one."""
    firmware = replace(Firmware(), revision=options.firmware)
    if options.state is not None and options.state.exists():
        stored = json.loads(options.state.read_text())
        return Home.restored(stored, speed=options.speed, firmware=firmware)
    home = Home(seed=options.seed, speed=options.speed, firmware=firmware)
    if options.formed:
        home.form()
    plug, relay = Plug(), Relay()
    # As after some weeks of use.
    plug.energy, relay.energy = 12.4, 31.8
    for node in (plug, relay, LockS2(), Lock(), Knob()):
        home.add(node, joined=options.formed)
    if options.formed:
        event_mode(home)
    return home


def save(home: Home, path: Path) -> None:
    """Write the state file; a crash in the middle leaves the old one."""
    draft = path.with_suffix(path.suffix + ".new")
    draft.write_text(json.dumps(home.snapshot()))
    draft.replace(path)


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    home = move_in(options)
    control = Control(home)
    try:
        port = await home.serve(options.host, options.port)
        sys.stdout.write(f"stick: socket://{options.host}:{port}\n")
        if options.control is not None:
            sys.stdout.write(f"control: 127.0.0.1:{await control.serve(options.control)}\n")
        sys.stdout.flush()
        if options.life:
            control.life = Life(home, factor=options.life, seed=options.seed)
            control.life.start()
        for node in home.devices:
            if not node.joined:
                home.network.search(node, patience=math.inf)
        await _keep(home, options.state, stop)
    finally:
        await control.close()
        await home.close()


async def _keep(home: Home, path: Path | None, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            async with asyncio.timeout(SAVE_EVERY):
                await stop.wait()
        except TimeoutError:
            pass
        if path is not None:
            save(home, path)


if __name__ == "__main__":
    asyncio.run(run(parse()))
