"""A mirror with test doubles: a broker, a clock and a Home Assistant, no radio."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
import json
from typing import Any, override

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.radio import Endpoint, Ieee, Neighbour, Node
from custom_components.aqara_zigbee.mirror.mirror import LISTEN_SECONDS, Mirror
from custom_components.aqara_zigbee.mirror.ports import Broker, Cancel, Clock, Hook, MirrorHost
from custom_components.aqara_zigbee.mirror.settings import Settings
from tests.core.network import NOON, Home, ScriptedRadio

IEEE = "00:15:8d:00:01:a1:b2:c4"
OTHER = "00:15:8d:00:01:a1:b2:c5"
ADDRESS = "0x00158d0001a1b2c4"
IDENTITY = "entry"

ON, OFF = "187a0a00001001", "187b0a00001000"
"""On/Off of endpoint 1."""


@dataclass(frozen=True)
class Message:
    """A published message."""

    topic: str
    payload: str
    qos: int = 0
    retain: bool = False

    @property
    def content(self) -> Any:
        """Its decoded JSON."""
        return json.loads(self.payload)


class Record(Broker):
    """A broker that records messages."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    @override
    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        self.messages.append(Message(topic, payload, qos, retain))


class HandClock(Clock):
    """A clock that is advanced by hand."""

    def __init__(self) -> None:
        self.time = NOON
        self._timers: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(timezone(timedelta(hours=1)))

    @override
    def call_later(self, seconds: float, then: Callable[[], None]) -> Cancel:
        self._count += 1
        timer = (self.time + timedelta(seconds=seconds), self._count, then)
        self._timers.append(timer)
        return lambda: self._timers.remove(timer) if timer in self._timers else None

    def pass_(self, seconds: float) -> None:
        """Advance the time, running timers that fall due."""
        end = self.time + timedelta(seconds=seconds)
        while due := [timer for timer in self._timers if timer[0] <= end]:
            timer = min(due, key=lambda timer: timer[:2])
            self._timers.remove(timer)
            self.time = timer[0]
            timer[2]()
        self.time = end

    @property
    def is_idle(self) -> bool:
        """Whether no timer is running."""
        return not self._timers


@dataclass
class HandHouse(MirrorHost):
    """A Home Assistant made of a few dictionaries."""

    names: dict[Ieee, str] = field(default_factory=dict)
    work: list[Coroutine[Any, Any, None]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    restarts: int = 0
    foreign: bool | None = None

    @override
    def name_of(self, device: Device) -> str:
        return self.names.get(device.ieee, device.ieee)

    @override
    async def rename(self, device: Device, name: str) -> None:
        self.names[device.ieee] = name

    @override
    async def configure(self, settings: Mapping[str, Any]) -> None:
        self.settings |= settings

    @override
    def restart(self) -> None:
        self.restarts += 1

    @override
    def vitals(self) -> Mapping[str, Any]:
        return {"os": {"version": "x"}, "os_health": {}, "process_health": {}}

    @override
    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.work.append(work)

    @override
    def report_other_bridge(self, *, is_there: bool) -> None:
        self.foreign = is_there


class Radio(ScriptedRadio):
    """A radio whose devices accept writes and return them in reads."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = self._obey
        self.memory: dict[tuple[int, int, int], zcl.Record] = {}
        self.permits: list[tuple[int, Ieee | None]] = []
        self.removed: list[tuple[Ieee, bool]] = []
        self.interviewed: list[Ieee] = []
        self.is_deaf = False
        self.tables: dict[Ieee, list[Neighbour]] = {}
        self.remembered: dict[Ieee, int] = {}

    def _obey(self, request: zcl.Request) -> zcl.Report | None:
        match request:
            case zcl.WriteAttributes():
                for record in request.records:
                    key = (request.endpoint, request.cluster, record.attribute)
                    self.memory[key] = record
            case zcl.ReadAttributes():
                records = tuple(
                    found
                    for number in request.attributes
                    if (found := self.memory.get((request.endpoint, request.cluster, number)))
                )
                if records:
                    return zcl.Report(request.endpoint, request.cluster, records, is_answer=True)
            case _:
                pass
        return None

    def _listen(self) -> None:
        if self.is_deaf:
            raise DeliveryError("nobody answers")

    @override
    async def permit(self, seconds: int, via: Ieee | None = None) -> None:
        self._listen()
        self.permits.append((seconds, via))

    @override
    async def remove(self, ieee: Ieee, *, force: bool = False) -> None:
        if not force:
            self._listen()
        self.removed.append((ieee, force))

    @override
    async def neighbours(self, ieee: Ieee) -> Sequence[Neighbour]:
        if ieee not in self.tables:
            raise DeliveryError("nobody answers")
        return self.tables[ieee]

    @override
    async def addresses(self) -> Mapping[Ieee, int]:
        self._listen()
        return self.remembered

    @override
    async def interview(self, ieee: Ieee) -> None:
        self._listen()
        self.interviewed.append(ieee)


class Stage:
    """A network and its mirror."""

    def __init__(
        self,
        hooks: Mapping[str, Hook] | None = None,
        memory: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.home = Home(memory)
        self.radio = Radio()
        self.home.radio = self.radio
        self.home.gateway.radio = self.radio
        self.gateway = self.home.gateway
        self.clock = HandClock()
        self.house = HandHouse()
        self.broker: Record = Record()
        self.settings = Settings.of(settings)
        self.mirror = self._make(hooks)

    def _make(self, hooks: Mapping[str, Hook] | None) -> Mirror:
        return Mirror(
            self.gateway,
            self.settings,
            IDENTITY,
            broker=self.broker,
            clock=self.clock,
            house=self.house,
            hooks=hooks,
        )

    # The network

    def add(self, model: str, name: str = "device", ieee: Ieee = IEEE, **options: Any) -> Device:
        """Add a device that was on the network before the mirror started."""
        self.house.names[ieee] = name
        device = self.gateway.known(member(model, ieee), self.clock.now())
        device.options |= options
        device.available = True
        return device

    def receive(
        self, frame: str, cluster: int, endpoint: int = 1, ieee: Ieee = IEEE, link: int | None = 88
    ) -> None:
        """Let a device send a frame."""
        report = zcl.read_report(endpoint, cluster, bytes.fromhex(frame))
        assert report is not None
        self.gateway.received(ieee, report, link, self.clock.now())

    # The broker

    def begin(self) -> None:
        """Start the mirror and discard its first messages."""
        self.mirror.start()
        self.mirror.connected()
        self.clock.pass_(LISTEN_SECONDS)
        self.forget()

    def forget(self) -> None:
        """Discard all messages until now, once pending ones are published."""
        self.clock.pass_(5)
        self.broker.messages.clear()

    def send(self, topic: str, payload: object = "", *, retained: bool = False) -> None:
        """Publish a message to the mirror; objects become JSON."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        self.mirror.received(
            f"{self.settings.base_topic}/{topic}", text.encode(), retained=retained
        )

    async def settle(self) -> None:
        """Wait until all pending work is done."""
        while self.house.work or self.home.work:
            while self.house.work:
                await self.house.work.pop(0)
            await self.home.settle()

    async def ask(self, topic: str, payload: object = "") -> None:
        """Publish a message and wait until it was handled."""
        self.send(topic, payload)
        await self.settle()

    async def request(self, name: str, payload: object = "") -> Any:
        """Send a bridge request; return its response."""
        await self.ask(f"bridge/request/{name}", payload)
        (response,) = self.said(f"bridge/response/{name}")
        self.broker.messages = [
            message for message in self.broker.messages if "/bridge/response/" not in message.topic
        ]
        return response.content

    def said(self, topic: str) -> list[Message]:
        """Return the messages published on a topic."""
        whole = f"{self.settings.base_topic}/{topic}"
        return [message for message in self.broker.messages if message.topic == whole]

    def states(self, name: str = "device") -> list[Any]:
        """Return a device's published states, without the members of every message."""
        return [
            {key: value for key, value in message.content.items() if key != "linkquality"}
            for message in self.said(name)
            if message.payload
        ]

    @property
    def errors(self) -> list[str]:
        """Return the errors on ``bridge/logging``."""
        return self.logged("error")

    def logged(self, *levels: str) -> list[str]:
        """Entries on ``bridge/logging``, without the namespace that each begins with."""
        entries = [message.content for message in self.said("bridge/logging")]
        assert all(entry["message"].startswith(f"{entry['namespace']}: ") for entry in entries)
        return [
            entry["message"].removeprefix("z2m: ")
            for entry in entries
            if not levels or entry["level"] in levels
        ]

    def close(self) -> None:
        """Stop everything."""
        self.mirror.stop()
        self.home.close()
        while self.house.work:
            self.house.work.pop().close()


def member(model: str, ieee: Ieee = IEEE, nwk: int = 0x1234, *, complete: bool = True) -> Node:
    """Return a device as the network knows it, with one or two endpoints."""
    endpoints = {
        1: Endpoint(0x0104, 0x0051, (0, 4, 3, 6, 0x10, 5, 10, 1, 2), (0x19, 10)),
        2: Endpoint(0x0104, 0x0051, (0x0C, 0xABCD), ()),
    }
    return Node(ieee, nwk, model, "LUMI\0", complete, endpoints=endpoints)
