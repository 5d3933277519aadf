"""The demo's MQTT broker: Mosquitto where it can be had, else one that is written in Python.

python -m scripts.demo_broker PORT    run the second one (it must be on PYTHONPATH)
"""

import asyncio
import logging
import sys

from scripts.demo_api import DemoError
from scripts.demo_process import FOLDER, LOG, ROOT, Process, free_port

AUTO, MOSQUITTO, EMBEDDED = KINDS = ("auto", "mosquitto", "embedded")

PACKAGES = ROOT / ".venv" / "broker"
REQUIREMENTS = ROOT / "requirements" / "broker.txt"

PATIENCE = 60.0
"""Seconds to come up; Mosquitto may have to be unpacked first."""

CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
"""


class Broker:
    """A broker on loopback that can be ended and started again.

    Attributes:
        port: where it listens, also after a restart.
        kind: MOSQUITTO or EMBEDDED, once it runs.
    """

    def __init__(self, kind: str = AUTO, port: int = 1883) -> None:
        self.kind = kind
        self.port = free_port(port)
        self._process: Process | None = None

    @property
    def protocol(self) -> str:
        """The MQTT version for Home Assistant; the embedded broker does not support MQTT 5."""
        return "3.1.1" if self.kind == EMBEDDED else "5"

    async def start(self) -> None:
        """Start it and wait until it listens; without Mosquitto the embedded one takes its place.

        Raises:
            DemoError: there is no broker to be had.
        """
        if self.kind != EMBEDDED and await self._run(*self._mosquitto()):
            self.kind = MOSQUITTO
            return
        if self.kind == MOSQUITTO:
            raise DemoError(f"Mosquitto did not start; see {LOG}")
        self.kind = EMBEDDED
        await _install()
        if not await self._run("env", f"PYTHONPATH={PACKAGES}", *_self(str(self.port))):
            raise DemoError(f"the embedded broker did not start; see {LOG}")

    def _mosquitto(self) -> tuple[str, ...]:
        path = FOLDER / "mosquitto.conf"
        path.write_text(CONFIGURATION.format(port=self.port))
        return str(ROOT / "scripts" / "mosquitto"), "-c", str(path)

    async def _run(self, *command: str) -> bool:
        """Start a program; whether it listens before it ends or our patience does."""
        self._process = process = await Process.start(*command, log=LOG)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not process.ended and asyncio.get_running_loop().time() < deadline:
            if await _listens(self.port):
                return True
            await asyncio.sleep(0.05)
        await process.stop()
        return False

    async def stop(self) -> None:
        """End it."""
        if self._process is not None:
            await self._process.stop()


def _self(*arguments: str) -> tuple[str, ...]:
    return sys.executable, "-m", "scripts.demo_broker", *arguments


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _install() -> None:
    """Install the embedded broker, unless it is installed.

    Raises:
        DemoError: it is in no index.
    """
    stamp = PACKAGES / ".requirements"
    wanted = REQUIREMENTS.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing an MQTT broker into .venv/broker", flush=True)
    pip = await Process.start(
        sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check",
        "--root-user-action=ignore", "--upgrade", "--target", str(PACKAGES),
        "-r", str(REQUIREMENTS), log=LOG,
    )  # fmt: skip
    await pip.wait()
    if not (PACKAGES / "amqtt").is_dir():
        raise DemoError(f"no broker: neither Mosquitto nor amqtt is to be had; see {LOG}")
    stamp.write_text(wanted)


async def serve(port: int) -> None:
    """Be the embedded broker, until the process is ended."""
    from amqtt.broker import Broker as Amqtt  # type: ignore[import-not-found]  # noqa: PLC0415

    anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    broker = Amqtt(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {anonymous: {"allow_anonymous": True}},
        }
    )
    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(int(sys.argv[1])))
