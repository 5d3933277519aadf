"""One network on MQTT: when to publish, and how incoming messages are handled."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
import logging

from ..core.device import Device
from ..core.events import NetworkChange, PermitChanged, RadioFound, RadioLost
from ..core.gateway import Gateway
from .bridge import INFO, Bridge, retained_topics
from .bridge_log import BridgeLog
from .commands import Commands
from .context import MirrorContext, PublishGate
from .devices import MirroredDevices, state_payload
from .names import Names
from .other_bridge import OtherBridge
from .payload import LONGEST, dump, shortened
from .ports import Broker, Cancel, Clock, Hook, MirrorHost
from .rate_limit import TokenBuckets, WorkQueues
from .requests.dispatch import Requests
from .retained import RetainedDocuments
from .settings import Settings
from .topics import DeviceCommand, Notice, Request, Topics

_LOGGER = logging.getLogger(__name__)

HEALTH_SECONDS = 600.0
LISTEN_SECONDS = 1.0
"""Seconds to wait for retained messages before publishing; brokers send them at once."""

PATIENCE_SECONDS = 300.0
"""Seconds that another bridge may be offline before the mirror checks whether to replace it; it may
only be restarting."""

ANSWER_SECONDS = 5.0
"""Seconds that another bridge has to answer a health check."""

MOST_KEPT = 64
"""Maximum number of requests, and of retained messages' topics, kept before publishing starts."""

LONGEST_LANE = 16
"""Maximum number of pending requests of a kind."""

_HEALTH_CHECK = "request/health_check"


class Phase(Enum):
    """The phase of a connection."""

    SILENT = auto()
    LISTENING = auto()
    PUBLISHING = auto()
    REFUSED = auto()


class Mirror:
    """One network on MQTT.

    Its owner subscribes to `filters`, calls `start` once, `connected` and `disconnected` as the
    connection to the broker changes, `received` for every message, `renamed` when Home Assistant's
    name of a device may have changed, and at last `stop`.

    Attributes:
        phase: the phase of the connection.
    """

    def __init__(
        self,
        gateway: Gateway,
        settings: Settings,
        identity: str,
        *,
        broker: Broker,
        clock: Clock,
        house: MirrorHost,
        hooks: Mapping[str, Hook] | None = None,
    ) -> None:
        """Create a mirror that does not publish yet.

        Args:
            gateway: the network; its radio must be running.
            settings: the mirror's settings.
            identity: the id of this mirror, the same at each run.
            broker: the MQTT client.
            clock: time and timers.
            house: Home Assistant.
            hooks: handlers of the requests in `requests.HOOKED`.
        """
        topics, gate = Topics(settings.base_topic), PublishGate(broker)
        names, journal = Names(house), BridgeLog(topics, gate, settings.log_level, clock)
        self._line = line = MirrorContext(topics, settings, names, gate, clock, journal)
        self._gateway = gateway
        self._house = house
        bridge = Bridge(gateway, line, house, identity)
        self._bulletin = RetainedDocuments(line, bridge.documents)
        self._members = MirroredDevices(gateway, line, bridge, self._bulletin)
        self._neighbour = OtherBridge(bridge.is_ours, identity)
        self._broker = broker
        buckets = TokenBuckets(clock)
        self._commands = Commands(line, house.spawn, buckets)
        lanes = WorkQueues(house.spawn, LONGEST_LANE)
        self._requests = Requests(
            gateway, line, self._members, house, hooks or {}, lanes, buckets, self.change
        )
        self.phase = Phase.SILENT
        self._undo: list[Cancel] = []
        self._timers: dict[str, Cancel] = {}
        self._kept: list[tuple[Request, bytes]] = []
        self._retained: dict[str, None] = {}
        self._received = 0

    @property
    def filters(self) -> tuple[str, ...]:
        """The topics to subscribe to."""
        return self._line.topics.filters

    # Start and stop

    def start(self) -> None:
        """Name the devices and subscribe to the network; nothing is published yet."""
        self._undo = [
            self._members.start(),
            self._gateway.subscribe_network(self._network_changed),
        ]

    def stop(self, *, withdraw: bool = False) -> None:
        """Publish that the bridge and its devices are offline, and stop.

        Args:
            withdraw: whether to clear all retained messages, too.
        """
        self._publish_state(is_over=True)
        if withdraw:
            for topic in retained_topics(self._line.settings.base_topic, self._members.names):
                self._line.gate.publish(topic, "", retain=True)
        self._be_silent()
        self._members.stop()
        while self._undo:
            self._undo.pop()()

    def connected(self) -> None:
        """Called when the broker is connected and the topics are subscribed."""
        if self.phase in (Phase.SILENT, Phase.LISTENING):
            self.phase = Phase.LISTENING
            self._commands.is_held = True
            self._line.journal.hold()
            self._after("listen", LISTEN_SECONDS, self._check_others)

    def disconnected(self) -> None:
        """Called when the connection to the broker is lost."""
        self._be_silent()
        self._retained.clear()
        self._neighbour.forget()

    def change(self, settings: Settings) -> None:
        """Apply other settings with the same base topic."""
        old, self._line.settings = self._line.settings, settings
        if old != settings:
            self._line.journal.set_level(settings.log_level)
            if old.plain_availability != settings.plain_availability:
                self._publish_state()
            self._members.settings_changed(old)

    def renamed(self, device: Device) -> None:
        """Called when Home Assistant's name of a device may have changed."""
        self._members.renamed(device)

    def _be_silent(self) -> None:
        self.phase = Phase.SILENT
        self._line.gate.is_open = False
        self._kept.clear()
        self._commands.forget()
        self._line.journal.forget()
        self._bulletin.stop()
        for name in tuple(self._timers):
            self._cancel(name)

    def _after(self, name: str, seconds: float, callback: Callable[[], None]) -> None:
        """Call back later, replacing an earlier call of that name."""
        self._cancel(name)
        self._timers[name] = self._line.clock.call_later(seconds, callback)

    def _cancel(self, name: str) -> None:
        if cancel := self._timers.pop(name, None):
            cancel()

    # Other bridges

    def _check_others(self) -> None:
        """Start publishing, unless another bridge is online."""
        if self._neighbour.is_there:
            self._ask()
        else:
            self._start_publishing()

    def _ask(self) -> None:
        """Send another bridge a health check; without an answer, start publishing."""
        self._broker.publish(self._line.topics.bridge(_HEALTH_CHECK), self._neighbour.question)
        self._after("answer", ANSWER_SECONDS, self._start_publishing)

    def _start_publishing(self) -> None:
        """Publish all retained messages, then handle the requests that were kept."""
        self.phase = Phase.PUBLISHING
        self._line.gate.is_open = True
        self._house.report_other_bridge(is_there=False)
        self._publish_all()
        self._permitted()
        self._members.speak()
        self._publish_health()
        self._line.journal.release()
        self._report_retained()
        kept, self._kept = self._kept, []
        for request, payload in kept:
            self._do(request, payload)
        self._commands.release()

    def _publish_all(self) -> None:
        """Publish the bridge's retained messages."""
        self._publish_state()
        self._bulletin.publish_all()

    def _refuse(self) -> None:
        """Stop publishing while another bridge is online."""
        self._be_silent()
        self.phase = Phase.REFUSED
        self._after("patience", PATIENCE_SECONDS, self._ask)
        self._house.report_other_bridge(is_there=True)

    def _on_bridge(self, name: str, payload: str) -> None:
        """Handle a message of a bridge; most of them are the mirror's own."""
        self._neighbour.on_message(name, payload)
        match self.phase, name:
            case Phase.PUBLISHING, "info" if self._neighbour.gives_way:
                # Both started at the same time. The one that must stop receives the other's
                # message.
                self._after("correct", LISTEN_SECONDS, self._publish_all)
            case Phase.PUBLISHING, "info" if self._neighbour.has_foreign_info:
                self._refuse()
            case Phase.PUBLISHING, "state" if self._neighbour.has_left and self._gateway.online:
                # The last will of another bridge. Wait, as it may be restarting.
                self._after("correct", LISTEN_SECONDS, self._publish_state)
            case Phase.REFUSED, "state":
                self._after("patience", PATIENCE_SECONDS, self._ask)
            case Phase.LISTENING | Phase.REFUSED, "response/health_check":
                if self._neighbour.is_about_us(payload):
                    self._refuse()
            case _:
                pass

    # Incoming messages

    def received(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Handle a message; `retained` means that the broker had retained it."""
        self._received += 1
        match self._line.topics.read(topic):
            case Notice(name):
                self._on_bridge(name, payload.decode(errors="replace"))
            case None:
                pass
            case Request("health_check") if self._neighbour.is_about_us(
                payload.decode(errors="replace")
            ):
                pass  # our own health check
            case incoming if retained:
                self._ignore(topic)
            case Request() as request if self.phase is Phase.LISTENING:
                self._keep(request, payload)
            case incoming if self.phase in (Phase.PUBLISHING, Phase.LISTENING):
                self._do(incoming, payload)
            case _:
                pass

    def _keep(self, request: Request, payload: bytes) -> None:
        """Keep a request until it can be answered."""
        if len(self._kept) < MOST_KEPT:
            self._kept.append((request, payload))
        else:
            self._line.journal.overload(
                "error", f"More than {MOST_KEPT} requests before the start, skipping..."
            )

    def _ignore(self, topic: str) -> None:
        """Note a retained message; it would be carried out at every start.

        Brokers send it right after the subscription, when publishing is not allowed yet.
        """
        if len(self._retained) < MOST_KEPT:
            self._retained[topic] = None
        if self.phase is Phase.PUBLISHING:
            self._report_retained()

    def _report_retained(self) -> None:
        """Log the retained messages that were ignored."""
        topics, self._retained = self._retained, {}
        for topic in topics:
            self._line.journal.warning(f"Ignoring retained message on '{topic}'")
        if topics:
            _LOGGER.warning(
                "Commands that the MQTT broker retains are not obeyed, for they would be at every start."
                " Publish an empty retained message to clear them: %s",
                ", ".join(repr(shortened(topic)) for topic in topics),
            )

    def _do(self, incoming: DeviceCommand | Request, content: bytes) -> None:
        """Carry out a message, within limits."""
        if len(content) > LONGEST:
            self._line.journal.overload(
                "error", f"A message of more than {LONGEST} octets, skipping..."
            )
            return
        payload = content.decode(errors="replace")
        match incoming:
            case DeviceCommand():
                self._commands.obey(incoming, payload)
            case Request(name):
                self._requests.take(name, payload)

    # Messages about the bridge

    def _network_changed(self, change: NetworkChange) -> None:
        match change:
            case PermitChanged():
                self._permitted()
            case RadioLost() | RadioFound():
                self._publish_state()

    def _permitted(self) -> None:
        """Called when joining is permitted or ends; it is also published when it ends by time."""
        self._bulletin.publish(INFO)
        self._cancel("permit")
        now = self._line.clock.now()
        if (until := self._gateway.open_until) is not None and until > now:
            seconds = (until - now).total_seconds()
            self._after("permit", seconds, lambda: self._bulletin.publish(INFO))

    def _publish_state(self, *, is_over: bool = False) -> None:
        """Publish whether the network is running."""
        is_online = self._gateway.online and not is_over
        payload = state_payload(self._line.settings, is_online=is_online)
        self._line.gate.publish(self._line.topics.bridge("state"), payload, qos=1, retain=True)

    def _publish_health(self) -> None:
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
        self._after("health", HEALTH_SECONDS, self._publish_health)
