"""What one device says: its states as messages (contract 6.2 and 6.3)."""

from collections.abc import Mapping
from datetime import datetime

from ..core.device import ActionFired, Device, Update
from ..core.property import (
    Action,
    Binary,
    Row,
    Scalar,
    Shown,
)
from .facts import description_of
from .firmware import Progress
from .line import Line
from .payload import Json, dump, spell
from .ports import Cancel
from .settings import DeviceSettings

ACTION = "action"
LINK = "linkquality"
"""Told with every message once it was heard; never by itself, never from memory."""

type Message = dict[str, Json]


class Voice:
    """One device's states as messages.

    Each message is the whole of what is known of the device, with what has just happened to it.
    What is known here differs from `Device.state` where a wish is not to be believed before the
    device says so itself.
    """

    def __init__(self, device: Device, line: Line) -> None:
        self.device = device
        self._line = line
        self._cache: Message = {}
        self._link: Json = None
        self._spoke_at: datetime | None = None
        self._contacts: dict[str, Scalar] = {}
        self._waiting: Message | None = None
        self._timer: Cancel | None = None
        self._progress = Progress(device.upkeep)
        self.renew()
        self._keep(self._spelled(device.state))

    def renew(self) -> None:
        """Take up changed options, or a definition that was not known before."""
        self._settings = DeviceSettings.of(self.device.options)
        definition = self.device.definition
        # The rows that only messages carry are the locks' older keys (contract 1.4).
        self._rows: dict[str, Row] = {
            row.name: row
            for row in (definition.properties if definition else ())
            if Shown.PAYLOAD in row.shown
            and (row.shown is not Shown.PAYLOAD or self._settings.legacy)
            and not isinstance(row, Action)
            and row.name != LINK
        }
        known, self._cache = self._cache, {}
        self._keep({name: value for name, value in known.items() if name in self._rows})

    def _keep(self, values: Message) -> None:
        """Know values from now on, but for those that nobody is to remember."""
        forgettable = self._settings.filtered_cache
        self._cache |= {name: value for name, value in values.items() if not forgettable(name)}

    # What the device has to say

    def heard(self, update: Update) -> None:
        """Take in an update of the device and say what it means, at once or later."""
        if update.firmware:
            self._flush()
            self._publish({})
            return
        if not (update.state or update.gone or update.action):
            self.renew()
            return
        fresh = self._spelled(update.state)
        for name in update.gone:
            self._cache.pop(name, None)
        if update.believed:
            self._say_believed(fresh)
            return
        self._link = update.state.get(LINK, self._link)
        self._keep(fresh)
        actions = self._actions(update)
        if fresh or actions or self._is_sign_of_life(update):
            self._say_reported(fresh | (actions[0] if actions else {}))
        for action in actions[1:]:
            self._say_reported(action)

    def _spelled(self, state: Mapping[str, Scalar]) -> Message:
        """Those of the values that messages carry, in their words."""
        return {name: spell(row, state[name]) for name, row in self._rows.items() if name in state}

    def _is_sign_of_life(self, update: Update) -> bool:
        """Whether a frame that says nothing is told of: only where messages carry the time."""
        return LINK in update.state and self._line.settings.last_seen != "disable"

    def _actions(self, update: Update) -> list[Message]:
        """What happened; with the option `state_action` also contacts that changed (contract 8)."""
        actions = [self._action(update.action)] if update.action else []
        for name, row in self._rows.items():
            if not isinstance(row, Binary) or row.toggle is None or name not in update.state:
                continue
            before, now = self._contacts.get(name), update.state[name]
            self._contacts[name] = now
            if self._settings.state_action and before is not None and before != now:
                _, _, endpoint = name.partition("_")
                word = str(spell(row, now)).lower()
                actions.append({ACTION: f"{word}_{endpoint}" if endpoint else word})
        return actions

    def _action(self, fired: ActionFired) -> Message:
        row = self.device.definition.action if self.device.definition else None
        assert row is not None
        details = {
            detail.name: spell(detail, fired.details[detail.name])
            for detail in row.details
            if detail.name in fired.details and Shown.PAYLOAD in detail.shown
        }
        return {ACTION: row.spell(fired.action, fired.details), **details}

    # When it says it

    def _say_believed(self, fresh: Message) -> None:
        """Say what a wish has brought about, unless only the device's own word counts."""
        if not self._settings.optimistic:
            return
        doubted = self._settings.filtered_optimistic
        told = {name: value for name, value in fresh.items() if not doubted(name)}
        if told:
            self._flush()
            self._keep(told)
            self._publish(told)

    def say_known(self) -> None:
        """Say what is known from before, if anything is (contract 6.2, at the start)."""
        if self._cache and self._line.settings.cache_state:
            self._publish({}, with_link=False)

    def _say_reported(self, fresh: Message) -> None:
        """Say what the device has told, as often as is wanted."""
        settings = self._settings
        if settings.debounce:
            self._debounce(fresh)
        elif settings.throttle and ACTION not in fresh and (wait := self._pause()):
            self._waiting = (self._waiting or {}) | fresh
            if self._timer is None:
                self._timer = self._line.clock.call_later(wait, self._flush)
        else:
            self._flush()
            self._publish(fresh, reported=True)

    def _pause(self) -> float:
        """Seconds until it may speak again."""
        if self._spoke_at is None:
            return 0.0
        passed = (self._line.clock.now() - self._spoke_at).total_seconds()
        return max(self._settings.throttle - passed, 0.0)

    def _debounce(self, fresh: Message) -> None:
        """Wait until it pauses. An action swallows no other, nor a value one that must be told."""
        waiting = self._waiting or {}
        changed = any(
            name in waiting and name in fresh and waiting[name] != fresh[name]
            for name in self._settings.debounce_ignore
        )
        if changed or (ACTION in waiting and ACTION in fresh):
            self._flush()
        self._waiting = (self._waiting or {}) | fresh
        self._cancel_timer()
        self._timer = self._line.clock.call_later(self._settings.debounce, self._flush)

    def _flush(self) -> None:
        """Say what has waited."""
        self._cancel_timer()
        fresh, self._waiting = self._waiting, None
        if fresh is not None:
            self._publish(fresh, reported=True)

    def stop(self) -> None:
        """Leave nothing behind that would speak later."""
        self._waiting = None
        self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer()
            self._timer = None

    # How it says it

    def _publish(self, fresh: Message, *, reported: bool = False, with_link: bool = True) -> None:
        known = self._cache if self._line.settings.cache_state else {}
        extras = self._extras(reported=reported, with_link=with_link)
        message, plain = self._shown(known | fresh | extras), self._shown(known | extras)
        if reported:
            self._spoke_at = self._line.clock.now()
        happened = message.get(ACTION)
        self._send(message, retain=self._settings.retain and happened is None)
        if happened is None:
            return
        # An action is never retained: what stays with the broker is the state without it.
        if self._settings.retain:
            self._send(plain, retain=True)
        if self._line.settings.action_reset:
            self._send(plain | {ACTION: ""}, retain=False)
        if self._line.settings.action_topic:
            topic = self._line.topics.device(self._line.names[self.device], ACTION)
            self._line.gate.publish(topic, str(happened), qos=self._settings.qos)

    def _shown(self, message: Message) -> Message:
        hidden = self._settings.filtered_attributes
        return {name: value for name, value in message.items() if not hidden(name)}

    def _extras(self, *, reported: bool, with_link: bool) -> Message:
        """What messages carry beside properties; nobody remembers it."""
        settings, clock = self._line.settings, self._line.clock
        extras: Message = {}
        if with_link and self._link is not None:
            extras[LINK] = self._link
        if (firmware := self._progress.describe(clock.now())) is not None:
            extras["update"] = firmware
        if settings.last_seen != "disable" and self.device.last_seen is not None:
            extras["last_seen"] = self._time(self.device.last_seen)
        if settings.elapsed and reported and self._spoke_at is not None:
            passed = (clock.now() - self._spoke_at).total_seconds()
            extras["elapsed"] = round(passed * 1000)
        if settings.include_device:
            extras["device"] = description_of(self.device, self._line.names[self.device])
        return extras

    def _time(self, moment: datetime) -> Json:
        match self._line.settings.last_seen:
            case "epoch":
                return int(moment.timestamp() * 1000)
            case "ISO_8601_local":
                return self._line.clock.local(moment).isoformat(timespec="seconds")
            case _:
                return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _send(self, message: Message, *, retain: bool) -> None:
        if message:
            topic, payload = self._line.topics.device(self._line.names[self.device]), dump(message)
            self._line.gate.publish(topic, payload, qos=self._settings.qos, retain=retain)
            self._line.journal.debug(f"MQTT publish: topic '{topic}', payload '{payload}'")
