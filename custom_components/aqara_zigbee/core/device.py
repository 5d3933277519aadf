"""A device that lives: its state, what is waiting for it, when it was last heard."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
import logging
from typing import Any

from .about import About
from .definition import GONE, Changes, Definition, Power
from .errors import AqaraError, ContradictionError, DeliveryError, RefusedError, UnknownProperty
from .firmware import Firmware, Upkeep
from .options import LEGACY, USERS
from .property import TOGGLE, Action, Scalar, Wish
from .radio import Ieee, Node, Radio
from .zcl import Report, Request

_LOGGER = logging.getLogger(__name__)

AVAILABILITY = "availability"
"""Option: minutes of silence after which a device is unavailable; 0 means never."""


@dataclass(frozen=True, slots=True)
class ActionFired:
    """Something happened at a device.

    Attributes:
        action: the word, one of the action row's values.
        details: what the frame said with it.
        joined: what an earlier frame said about the same event (`property.Join`).
    """

    action: str
    details: Mapping[str, Scalar] = field(default_factory=dict)
    joined: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """What observers hear, once for each frame or wish, with all of it.

    Attributes:
        state: properties with their new values, also those that stayed the same.
        gone: properties that are no longer known.
        action: what happened, if anything did.
        believed: whether it is a fulfilled wish that the device has not told of itself.
        firmware: whether `Device.upkeep` has changed.
    """

    state: Mapping[str, Scalar] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    action: ActionFired | None = None
    believed: bool = False
    firmware: bool = False


type Observer = Callable[[Update], None]
type Unsubscribe = Callable[[], None]
type Keep = Callable[[], Awaitable[None]]
"""Writes down what only we know, so that not even a power cut loses it."""


async def keep_nothing() -> None:
    """For who has nothing to write it to."""


_ROUTER = 1
_MAINS_POWERED = 0x04
"""Node descriptor: logical type and MAC capability flag (Zigbee specification, 2.3.2.3)."""


class Device:
    """One joined device.

    A model that is not in the table has no definition: it is shown, its frames are kept for who
    wants to add it, and nothing else happens.

    Attributes:
        state: the properties that are known.
        pending: values that wait for a sleeping device, by property.
        options: settings that live with us, by name.
        last_seen: when its last frame came.
        available: whether it can be reached, as far as we know.
        about: what it says of its own make.
        upkeep: how it stands with its firmware.
        frames: its last reports, for diagnostics.
        strangers: addresses in its reports that no row has, with how often they came.
    """

    def __init__(
        self,
        node: Node,
        definition: Definition | None,
        radio: Radio,
        keep: Keep = keep_nothing,
    ) -> None:
        self.node = node
        self.definition = definition
        self.state: dict[str, Scalar] = {}
        self.pending: dict[str, Scalar] = {}
        self.options: dict[str, Any] = {}
        self.last_seen: datetime | None = None
        self.available = False
        self.about = About()
        self.upkeep = Upkeep()
        self.frames: deque[tuple[datetime | None, Report]] = deque(maxlen=32)
        self.strangers: dict[str, int] = {}
        self._radio = radio
        self._keep = keep
        self._observers: list[Observer] = []
        self._previous: tuple[datetime, ActionFired] | None = None
        self._flushing = False

    @property
    def ieee(self) -> Ieee:
        """Its address."""
        return self.node.ieee

    @property
    def is_sleepy(self) -> bool:
        """Whether it hears only shortly after it spoke."""
        return self.definition is not None and self.definition.power is Power.BATTERY

    @property
    def is_router(self) -> bool:
        """Whether other devices can join through it. The locks only claim to be routers."""
        mains = bool((self.node.mac_capabilities or 0) & _MAINS_POWERED)
        return self.node.logical_type == _ROUTER and mains and not self.is_sleepy

    @property
    def silence(self) -> timedelta | None:
        """How long it may say nothing; None when it never counts as unavailable."""
        if (minutes := self.options.get(AVAILABILITY)) is not None:
            return timedelta(minutes=minutes) if minutes else None
        return self.definition.silence if self.definition else timedelta(hours=25)

    def subscribe(self, observer: Observer) -> Unsubscribe:
        """Call `observer` for every update until the returned function is called."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def set_available(self, *, available: bool) -> bool:
        """Note whether it can be reached; whether that is news."""
        if self.available is available:
            return False
        self.available = available
        self._tell(Update())
        return True

    def tell_of_firmware(self) -> None:
        """Tell observers that `upkeep` has changed."""
        self._tell(Update(firmware=True))

    def option(self, name: str) -> Any:
        """An option's value, or its default."""
        if name in self.options:
            return self.options[name]
        if name == LEGACY:
            return True
        if name == USERS:
            return {}
        for option in self.definition.options if self.definition else ():
            if option.name == name:
                return option.default
        raise UnknownProperty(name, "read")

    # What the radio tells

    def received(self, report: Report | None, link_quality: int | None, now: datetime) -> None:
        """Take in a frame: note the sign of life, change state, tell observers once."""
        self.last_seen = now
        heard: dict[str, Scalar] = {}
        if link_quality is not None and self.definition is not None:
            heard["linkquality"] = link_quality
        if report is None:
            self._tell(Update(heard))
            return
        self.frames.append((now, report))
        self._take(report, heard)

    def _take(self, report: Report, heard: Mapping[str, Scalar]) -> None:
        self.about.note(report)
        if self.definition is None:
            return
        self._note_strangers(report)
        changes = self.definition.decode(report, self.options)
        update = self._split({**changes, **heard}, fire=not report.is_answer)
        if update != Update():
            self._tell(update)

    def replies(self, report: Report) -> tuple[Request, ...]:
        """What a report must be answered with."""
        if self.definition is None:
            return ()
        return tuple(request for reply in self.definition.replies for request in reply(report))

    def _note_strangers(self, report: Report) -> None:
        assert self.definition is not None
        for address in self.definition.unknown(report):
            known = str(address)
            if known not in self.strangers:
                _LOGGER.debug("%s %s: nothing known about %s", self.node.model, self.ieee, known)
            self.strangers[known] = self.strangers.get(known, 0) + 1

    def _split(self, changes: Changes, *, fire: bool) -> Update:
        """State apart from what happened; details go with the action.

        What a device answers when it is read is no event: nothing happened.
        """
        assert self.definition is not None
        row = self.definition.action
        names = {detail.name for detail in row.details} if row else set()
        action = None
        if fire and row and isinstance(word := changes.get(row.name), str):
            details = {name: value for name, value in changes.items() if name in names}
            action = self._join(row, ActionFired(word, _scalars(details)))
        state = {
            name: value
            for name, value in changes.items()
            if name not in names and not (row and name == row.name)
        }
        gone = frozenset(name for name, value in state.items() if value is GONE)
        return Update(_scalars(state), gone, action)

    def _join(self, row: Action, fired: ActionFired) -> ActionFired:
        """Give an action what the one before said about the same event."""
        if row.join is None or self.last_seen is None:
            return fired
        if fired.action in row.join.first:
            self._previous = (self.last_seen, fired)
        elif fired.action in row.join.second and self._previous is not None:
            when, before = self._previous
            self._previous = None
            if (self.last_seen - when).total_seconds() <= row.join.within:
                return ActionFired(fired.action, fired.details, before.details)
        return fired

    def _tell(self, update: Update) -> None:
        self.state.update(update.state)
        for name in update.gone:
            self.state.pop(name, None)
        for observer in tuple(self._observers):
            try:
                observer(update)
            except Exception:  # one view's fault must not blind the other
                _LOGGER.exception("An observer of %s failed", self.ieee)

    # What users wish

    async def set(self, name: str, wish: Wish) -> None:
        """Set one property or option.

        Raises:
            UnknownProperty: there is no such property, or it cannot be set.
            ConversionError: the value is none of its values. Nothing was sent.
            DeliveryError: the device did not take it; its state is as it was.
        """
        for error in (await self.set_all({name: wish})).values():
            raise error

    async def set_all(self, wishes: Mapping[str, Wish]) -> dict[str, AqaraError]:
        """Set properties and options in the order given, each for itself; observers hear once.

        What a sleeping device cannot hear now waits in `pending` until it speaks.

        Returns:
            What went wrong, by property.
        """
        believed: dict[str, Scalar] = {}
        failed: dict[str, AqaraError] = {}
        exclusion = self.definition.exclusion if self.definition else None
        apart = exclusion.contradiction(wishes, self.state) if exclusion else ()
        for name, wish in wishes.items():
            try:
                if exclusion and name in apart:
                    raise ContradictionError(name, apart, exclusion.by)
                believed |= await self._fulfil(name, wish)
            except AqaraError as error:
                failed[name] = error
        if len(failed) < len(wishes):
            self._tell(Update(believed, believed=True))
        if any(self._only_we_know(name) for name in wishes.keys() - failed.keys()):
            await self._keep()
        return failed

    def _only_we_know(self, name: str) -> bool:
        """Whether a fulfilled wish would be lost with our memory."""
        definition = self.definition
        told = definition is not None and name in definition and definition[name].told
        return not told or name in self.pending

    async def _fulfil(self, name: str, wish: Wish) -> dict[str, Scalar]:
        """Set one thing; what may be believed of it now."""
        if self.definition is None:
            raise UnknownProperty(name, "set")
        if option := self.definition.option(name):
            self.options[name] = option.check(None if wish is TOGGLE else wish)
            return {}
        requests = self.definition.requests(name, wish)
        if self.is_sleepy and wish is not TOGGLE:
            self.pending[name] = wish
            return {}
        return await self._deliver(name, wish, requests)

    async def _deliver(
        self, name: str, wish: Wish, requests: tuple[Request, ...]
    ) -> dict[str, Scalar]:
        assert self.definition is not None
        for request in requests:
            await self._radio.request(self.ieee, request, sleepy=self.is_sleepy)
        if self.definition[name].read_back:
            await self.get((name,))
            return {}
        if wish is TOGGLE:
            return {name: not self.state[name]} if name in self.state else {}
        return {name: wish}

    async def configure(self, options: Mapping[str, Any]) -> None:
        """Change settings that live with us; None takes one back. Nothing is checked here."""
        self.remember(options)
        await self._keep()

    def remember(self, options: Mapping[str, Any]) -> None:
        """The same for settings that can be found out again, should they be lost."""
        known = {**self.options, **options}
        self.options = {name: value for name, value in known.items() if value is not None}
        self._tell(Update())

    async def get(self, names: Iterable[str]) -> None:
        """Read properties; the answers reach observers as reports do.

        A property the device never tells is told again as it is known.

        Raises:
            UnknownProperty: one of them cannot be read.
            DeliveryError: the device did not answer.
        """
        for name in names:
            row = self.definition[name] if self.definition and name in self.definition else None
            if row is None or (row.read is None and name not in self.state):
                raise UnknownProperty(name, "read")
            if not row.told and name in self.state:
                self._tell(Update({name: self.state[name]}))
                continue
            assert row.read is not None
            answer = await self._radio.request(self.ieee, row.read.read(), sleepy=self.is_sleepy)
            if answer is not None:
                self._take(answer, {})

    async def refresh(self) -> None:
        """Read what may have changed while nobody listened; silence is no error."""
        try:
            await self.get(self.definition.refresh if self.definition else ())
        except DeliveryError as error:
            _LOGGER.debug("%s %s was not read: %s", self.node.model, self.ieee, error)

    async def flush(self) -> None:
        """Send what waited for a sleeping device that has just spoken.

        What does not get through goes on waiting; what the device refuses does not.
        """
        if self._flushing or self.definition is None:
            return
        self._flushing = True
        try:
            for name, value in tuple(self.pending.items()):
                await self._flush_one(name, value)
        except DeliveryError as error:
            _LOGGER.debug("%s is asleep again: %s", self.ieee, error)
        finally:
            self._flushing = False

    async def _flush_one(self, name: str, value: Scalar) -> None:
        assert self.definition is not None
        believed: dict[str, Scalar] = {}
        try:
            requests = self.definition.requests(name, value)
            believed = await self._deliver(name, value, requests)
        except RefusedError as error:
            _LOGGER.warning("%s refused %s = %s: %s", self.ieee, name, value, error)
        except DeliveryError:
            raise
        except AqaraError as error:  # the table changed since the wish was stored
            _LOGGER.warning("%s cannot take %s = %s: %s", self.ieee, name, value, error)
        if self.pending.get(name) == value:
            del self.pending[name]
        self._tell(Update(believed, believed=True))
        await self._keep()

    # What survives a restart

    def as_dict(self) -> dict[str, Any]:
        """Everything that has to survive a restart, as JSON."""
        return {
            "state": self.state,
            "pending": self.pending,
            "options": self.options,
            "about": asdict(self.about),
            "firmware": asdict(self.upkeep.running) if self.upkeep.running else None,
            "last_seen": self.last_seen.isoformat() if self.last_seen else None,
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Take up what `as_dict` gave. Nothing is told: it is memory, not news."""
        rows = self.definition
        state = stored.get("state", {})
        self.state = {name: value for name, value in state.items() if rows and name in rows}
        self.pending = dict(stored.get("pending", {}))
        self.options = dict(stored.get("options", {}))
        self.about = About(**stored.get("about", {}))
        if running := stored.get("firmware"):
            self.upkeep.running = Firmware(**running)
        if seen := stored.get("last_seen"):
            self.last_seen = datetime.fromisoformat(seen)


def _scalars(changes: Changes) -> dict[str, Scalar]:
    return {name: value for name, value in changes.items() if value is not GONE}
