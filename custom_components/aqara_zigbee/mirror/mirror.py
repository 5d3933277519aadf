"""The conversation: when we speak, and what becomes of messages that come in."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import partial

from ..core.device import Device
from ..core.gateway import Gateway
from .bounds import Bucket, Lanes
from .bridge import INFO, Bridge, retained_topics
from .bulletin import Bulletin
from .commands import Commands
from .journal import Journal
from .line import Gate, Line
from .members import Members, state_payload
from .names import Names
from .neighbour import Neighbour
from .payload import LONGEST, dump
from .ports import Broker, Cancel, Clock, Hook, House
from .requests import HOOKED, Requests
from .settings import Settings
from .topics import Command, Notice, Request, Topics

HEALTH_SECONDS = 600.0
LISTEN_SECONDS = 1.0
"""How long to listen before speaking; a broker tells what it retains at once."""

PATIENCE_SECONDS = 300.0
"""How long another bridge may be gone before we look whether to take its place; one that restarts
comes back."""

ANSWER_SECONDS = 5.0
"""How long another bridge may take to say that it lives."""

MOST_KEPT = 64
"""Messages kept while we listen."""

LONGEST_LANE = 16
"""Messages that may wait for one device."""

BURST, RATE = 200, 50
"""Messages we read at once and per second."""


_HEALTH_CHECK = "request/health_check"


class Phase(Enum):
    """Where the conversation stands."""

    SILENT = auto()
    LISTENING = auto()
    SPEAKING = auto()
    REFUSED = auto()


class Mirror:
    """One network on MQTT.

    Its owner subscribes to `filters`, calls `start` once, `connected` and `disconnected` as the
    broker comes and goes, `received` for every message, `renamed` when Home Assistant's name of a
    device may have changed, and at last `stop`.

    Attributes:
        phase: where the conversation stands.
    """

    def __init__(
        self,
        gateway: Gateway,
        settings: Settings,
        identity: str,
        *,
        broker: Broker,
        clock: Clock,
        house: House,
        hooks: Mapping[str, Hook] | None = None,
    ) -> None:
        """Make a mirror that is still silent.

        Args:
            gateway: the network; its radio must be up.
            settings: how to speak.
            identity: tells this mirror from any other, also the next time it runs.
            broker: where messages go.
            clock: time and timers.
            house: Home Assistant.
            hooks: what answers requests of `requests.HOOKED`.
        """
        topics, gate = Topics(settings.base_topic), Gate(broker)
        names, journal = Names(house), Journal(topics, gate, settings.log_level)
        self._line = line = Line(topics, settings, names, gate, clock, journal)
        self._gateway = gateway
        self._house = house
        bridge = Bridge(gateway, line, house, identity)
        self._bulletin = Bulletin(line, bridge.documents)
        self._members = Members(gateway, line, bridge, self._bulletin)
        self._neighbour = Neighbour(bridge.is_ours, identity)
        self._broker = broker
        self._lanes = Lanes(house.spawn, LONGEST_LANE)
        self._bucket = Bucket(clock, BURST, RATE)
        self._commands = Commands(line, self._lanes)
        self._requests = Requests(gateway, line, self._members, house, hooks or {})
        self.phase = Phase.SILENT
        self._undo: list[Cancel] = []
        self._timers: dict[str, Cancel] = {}
        self._kept: list[tuple[Command | Request, bytes]] = []
        self._received = 0

    @property
    def filters(self) -> tuple[str, ...]:
        """The topics to subscribe to."""
        return self._line.topics.filters

    # Begin and end

    def start(self) -> None:
        """Name the devices and follow the network; nothing is said yet."""
        self._undo = [
            self._members.start(),
            self._gateway.on_permit(self._permitted),
            self._gateway.on_lost(lambda _reason: self._say_state()),
            self._gateway.on_found(self._say_state),
        ]

    def stop(self, *, withdraw: bool = False) -> None:
        """Say goodbye.

        Args:
            withdraw: whether also to take back all that the broker retains of us.
        """
        self._say_state(is_over=True)
        if withdraw:
            for topic in retained_topics(self._line.settings.base_topic, self._members.names):
                self._line.gate.publish(topic, "", retain=True)
        self._be_silent()
        self._members.stop()
        while self._undo:
            self._undo.pop()()

    def connected(self) -> None:
        """The broker is there and knows what we want to hear."""
        if self.phase in (Phase.SILENT, Phase.LISTENING):
            self.phase = Phase.LISTENING
            self._after("listen", LISTEN_SECONDS, self._listened)

    def disconnected(self) -> None:
        """The broker is gone; there is nobody to speak to."""
        self._be_silent()
        self._neighbour.forget()

    def renamed(self, device: Device) -> None:
        """Home Assistant's name of a device may have changed."""
        self._members.renamed(device)

    def _be_silent(self) -> None:
        self.phase = Phase.SILENT
        self._line.gate.is_open = False
        self._kept.clear()
        self._bulletin.stop()
        for name in tuple(self._timers):
            self._cancel(name)

    def _after(self, name: str, seconds: float, callback: Callable[[], None]) -> None:
        """Call back later, instead of an earlier call of that name."""
        self._cancel(name)
        self._timers[name] = self._line.clock.call_later(seconds, callback)

    def _cancel(self, name: str) -> None:
        if cancel := self._timers.pop(name, None):
            cancel()

    # Who speaks

    def _listened(self) -> None:
        """Speak, unless somebody else does."""
        if self._neighbour.is_there:
            self._ask()
        else:
            self._speak()

    def _ask(self) -> None:
        """Ask another bridge whether it lives; if it does not answer, we speak."""
        self._broker.publish(self._line.topics.bridge(_HEALTH_CHECK), self._neighbour.question)
        self._after("answer", ANSWER_SECONDS, self._speak)

    def _speak(self) -> None:
        """Say all that is to stay with the broker, then do what was asked for meanwhile."""
        self.phase = Phase.SPEAKING
        self._line.gate.is_open = True
        self._house.tell_foreign(is_there=False)
        self._say_state()
        self._bulletin.say_all()
        self._permitted()
        self._members.speak()
        self._say_health()
        kept, self._kept = self._kept, []
        for incoming, payload in kept:
            self._do(incoming, payload)

    def _refuse(self) -> None:
        """Be silent while another bridge is there."""
        self._be_silent()
        self.phase = Phase.REFUSED
        self._after("patience", PATIENCE_SECONDS, self._ask)
        self._house.tell_foreign(is_there=True)

    def _hear_bridge(self, name: str, payload: str) -> None:
        """Take in what a bridge says of itself; most of the time it is our own echo."""
        self._neighbour.heard(name, payload)
        match self.phase, name:
            case Phase.SPEAKING, "info" if self._neighbour.has_spoken:
                self._refuse()
            case Phase.SPEAKING, "state" if self._neighbour.has_left and self._gateway.online:
                # The last will of a bridge that is no more. Slowly, lest we quarrel with somebody.
                self._after("correct", LISTEN_SECONDS, self._say_state)
            case Phase.REFUSED, "state":
                self._after("patience", PATIENCE_SECONDS, self._ask)
            case Phase.LISTENING | Phase.REFUSED, "response/health_check":
                if self._neighbour.is_about_us(payload):
                    self._refuse()
            case _:
                pass

    # What comes in

    def received(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Take in a message; `retained` says that the broker had kept it."""
        self._received += 1
        match self._line.topics.read(topic):
            case Notice(name):
                self._hear_bridge(name, payload.decode(errors="replace"))
            case None:
                pass
            case Request("health_check") if self._neighbour.is_about_us(
                payload.decode(errors="replace")
            ):
                pass  # our own question
            case _ if retained:
                # It was for who ran when it was sent, and would be obeyed at every start.
                self._line.journal.warning(f"Ignoring retained message on '{topic}'")
            case incoming if self.phase is Phase.SPEAKING:
                self._do(incoming, payload)
            case incoming if self.phase is Phase.LISTENING and len(self._kept) < MOST_KEPT:
                self._kept.append((incoming, payload))
            case _:
                pass

    def _do(self, incoming: Command | Request, content: bytes) -> None:
        """Do what a message asks for, within bounds."""
        if not self._bucket.take():
            self._line.journal.error(f"More than {RATE} messages a second, skipping...")
            return
        if len(content) > LONGEST:
            self._line.journal.error(f"A message of more than {LONGEST} octets, skipping...")
            return
        payload = content.decode(errors="replace")
        match incoming:
            case Command():
                self._commands.obey(incoming, payload)
            case Request(name):
                work = partial(self._requests.answer, name, payload)
                # One of a kind after the other; but those that take hours are told so at once.
                lane = f"request {name} {payload}" if name in HOOKED else f"request {name}"
                if not self._lanes.put(lane, work):
                    self._requests.refuse(name, payload, "Too many requests")

    # What is said beside devices

    def _permitted(self) -> None:
        """The network was opened or closed; that it closes by itself is told, too."""
        self._bulletin.tell(INFO)
        self._cancel("permit")
        now = self._line.clock.now()
        if (until := self._gateway.open_until) is not None and until > now:
            seconds = (until - now).total_seconds()
            self._after("permit", seconds, lambda: self._bulletin.tell(INFO))

    def _say_state(self, *, is_over: bool = False) -> None:
        """Say whether there is a network to speak for."""
        is_online = self._gateway.online and not is_over
        payload = state_payload(self._line.settings, is_online=is_online)
        self._line.gate.publish(self._line.topics.bridge("state"), payload, qos=1, retain=True)

    def _say_health(self) -> None:
        now, vitals = self._line.clock.now(), self._house.vitals()
        health = {
            "response_time": int(now.timestamp() * 1000),
            "os": vitals["os_health"],
            "process": vitals["process_health"],
            "mqtt": {
                "connected": True,
                "queued": 0,
                "published": self._line.gate.passed,
                "received": self._received,
            },
            "devices": self._members.tally.report(self._gateway, now),
        }
        topic = self._line.topics.bridge("health")
        self._line.gate.publish(topic, dump(health), qos=1, retain=True)
        self._after("health", HEALTH_SECONDS, self._say_health)
