"""A real MQTT broker on loopback, and clients outside Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import json
from pathlib import Path
import socket
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

PROGRAM = Path(__file__).parent.parent.parent / "scripts" / "mosquitto"

CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence {persistence}
persistence_location {folder}/
"""


def free_port() -> int:
    """Return an unused TCP port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """Mosquitto, as Debian packages it.

    Args:
        folder: the folder of its configuration and database.
        persistent: whether retained messages survive a restart.
    """

    def __init__(self, folder: Path, *, persistent: bool = False) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            CONFIGURATION.format(port=self.port, folder=folder, persistence=str(persistent).lower())
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        self._process = await asyncio.create_subprocess_exec(
            str(PROGRAM),
            "-c",
            str(self._config),
            stderr=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            while not await self._listens():
                assert self._process.returncode is None, "scripts/mosquitto says why"
                await asyncio.sleep(0.02)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    async def stop(self, *, kill: bool = False) -> None:
        """Stop it, or kill it."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            (process.kill if kill else process.terminate)()
            await process.wait()


@dataclass(frozen=True)
class Message:
    """A received message."""

    topic: str
    payload: str
    retain: bool
    qos: int

    @property
    def content(self) -> Any:
        """Its decoded JSON."""
        return json.loads(self.payload)


@dataclass
class Client:
    """A client that subscribes to everything below a base topic.

    Attributes:
        messages: all received messages.
    """

    base: str
    messages: list[Message] = field(default_factory=list)
    _paho: paho.Client = field(init=False)

    def send(self, topic: str, payload: object = "", *, retain: bool = False, qos: int = 1) -> None:
        """Publish a message; objects become JSON."""
        data = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        self._paho.publish(f"{self.base}/{topic}", data, qos=qos, retain=retain)

    def said(self, topic: str) -> list[Message]:
        """Return the messages received on a topic."""
        whole = f"{self.base}/{topic}"
        return [message for message in self.messages if message.topic == whole]

    def states(self, name: str) -> list[Any]:
        """Return a device's received states, without the members of every message."""
        return [
            {key: value for key, value in message.content.items() if key != "linkquality"}
            for message in self.said(name)
            if message.payload
        ]

    async def until(self, condition: Callable[[], object], seconds: float = 90) -> None:
        """Wait until a condition holds; with a long timeout, as the machine may be busy."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            received = "\n".join(f"{m.topic} {m.payload[:200]}" for m in self.messages[-20:])
            raise AssertionError(f"it did not come to be; heard last:\n{received}") from None

    async def receive(self, topic: str, count: int = 1, seconds: float = 90) -> Message:
        """Wait for a number of messages on a topic; return the last one."""
        await self.until(lambda: len(self.said(topic)) >= count, seconds)
        return self.said(topic)[count - 1]

    async def request(self, name: str, payload: object = "", seconds: float = 90) -> Any:
        """Send a bridge request; return its response."""
        count = len(self.said(f"bridge/response/{name}"))
        self.send(f"bridge/request/{name}", payload)
        return (await self.receive(f"bridge/response/{name}", count + 1, seconds)).content


@asynccontextmanager
async def client(
    port: int, base: str = "zigbee2mqtt", will: tuple[str, str] | None = None
) -> AsyncGenerator[Client]:
    """A connected client with its subscription; with a last will if given."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    one = Client(base)
    one._paho = paho.Client(CallbackAPIVersion.VERSION2)
    if will is not None:
        one._paho.will_set(f"{base}/{will[0]}", will[1], qos=1, retain=True)

    def connected(*_args: object) -> None:
        one._paho.subscribe(f"{base}/#")

    def subscribed(*_args: object) -> None:
        loop.call_soon_threadsafe(ready.set)

    def received(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        text = message.payload.decode(errors="replace")
        received = Message(message.topic, text, message.retain, message.qos)
        loop.call_soon_threadsafe(one.messages.append, received)

    one._paho.on_connect = connected
    one._paho.on_subscribe = subscribed
    one._paho.on_message = received
    one._paho.connect_async("127.0.0.1", port)
    one._paho.loop_start()
    try:
        await asyncio.wait_for(ready.wait(), 90)
        yield one
    finally:
        one._paho.disconnect()
        await loop.run_in_executor(None, one._paho.loop_stop)
