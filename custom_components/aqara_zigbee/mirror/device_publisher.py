"""Publishes the states of one device (protocol 6.2 and 6.3)."""

from collections.abc import Mapping
from datetime import datetime

from ..core.definition import Definition
from ..core.device import Device
from ..core.events import ActionFired, Update
from ..core.property import (
    Access,
    Action,
    Binary,
    Row,
    Scalar,
    Shown,
)
from .bridge_log import MQTT
from .context import MirrorContext
from .device_info import description_of
from .exposes import exposed
from .payload import Json, dump, spell
from .ports import Cancel
from .requests.ota import Progress
from .settings import DeviceSettings, is_older_key

ACTION = "action"
LINK = "linkquality"
"""Published in every message once it is known; never alone, never from storage."""

type Message = dict[str, Json]


class DevicePublisher:
    """Publishes one device's states.

    Each message has all known values of the device and the latest event. The values here differ
    from `Device.state` if the options demand that a write is published only once it is reported.
    """

    def __init__(self, device: Device, line: MirrorContext) -> None:
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
        """Apply changed options, or a definition that was not known before."""
        self._settings = DeviceSettings.of(self.device.options)
        definition = self.device.definition
        self._rows: dict[str, Row] = {
            row.name: row
            for row in (definition.properties if definition else ())
            if Shown.PAYLOAD in row.shown
            and (self._settings.legacy or not is_older_key(row))
            and not isinstance(row, Action)
            and row.name != LINK
        }
        self._promised = _promised(definition) if definition else {}
        known, self._cache = self._cache, {}
        self._keep({name: value for name, value in known.items() if name in self._rows})

    def _keep(self, values: Message) -> None:
        """Keep values for later messages, except those that must not be cached."""
        forgettable = self._settings.filtered_cache
        self._cache |= {name: value for name, value in values.items() if not forgettable(name)}

    # Updates

    def on_update(self, update: Update) -> None:
        """Process an update of the device and publish it, at once or later."""
        if update.firmware:
            self._flush()
            self._publish({})
            return
        if update.options or update.availability:
            self.renew()
        if not (update.state or update.gone or update.action):
            return
        fresh = self._spelled(update.state)
        for name in update.gone:
            self._cache.pop(name, None)
        if update.believed:
            self._publish_believed(fresh)
            return
        self._link = update.state.get(LINK, self._link)
        self._keep(fresh)
        actions = self._actions(update)
        if fresh or actions or self._is_sign_of_life(update):
            self._publish_reported(fresh | (actions[0] if actions else {}))
        for action in actions[1:]:
            self._publish_reported(action)

    def _spelled(self, state: Mapping[str, Scalar]) -> Message:
        """Return the published values, in Zigbee2MQTT's terms."""
        return {name: spell(row, state[name]) for name, row in self._rows.items() if name in state}

    def _is_sign_of_life(self, update: Update) -> bool:
        """Whether a frame without values is published: only if messages have the time."""
        return LINK in update.state and self._line.settings.last_seen != "disable"

    def _actions(self, update: Update) -> list[Message]:
        """Return the actions; with the option `state_action` also switched contacts."""
        actions = [self._action(update.action)] if update.action else []
        for name, row in self._rows.items():
            if not isinstance(row, Binary) or not row.is_contact or name not in update.state:
                continue
            before, now = self._contacts.get(name), update.state[name]
            self._contacts[name] = now
            if self._settings.state_action and before is not None and before != now:
                endpoint = self._endpoint_of(name)
                word = str(spell(row, now)).lower()
                actions.append({ACTION: f"{word}_{endpoint}" if endpoint else word})
        return actions

    def _endpoint_of(self, name: str) -> str | None:
        definition = self.device.definition
        return definition.split(name)[1] if definition else None

    def _action(self, fired: ActionFired) -> Message:
        row = self.device.definition.action if self.device.definition else None
        assert row is not None
        details = {
            detail.name: spell(detail, fired.details[detail.name])
            for detail in row.details
            if detail.name in fired.details and Shown.PAYLOAD in detail.shown
        }
        return {ACTION: row.spell(fired.action, fired.details), **details}

    # When messages are published

    def _publish_believed(self, fresh: Message) -> None:
        """Publish written values, unless the options demand a report."""
        if not self._settings.optimistic:
            return
        doubted = self._settings.filtered_optimistic
        told = {name: value for name, value in fresh.items() if not doubted(name)}
        if told:
            self._flush()
            self._keep(told)
            self._publish(told)

    def publish_known(self) -> None:
        """Publish values from storage, if there are any (protocol 6.2, at the start)."""
        if self._cache and self._line.settings.cache_state:
            self._publish({}, with_link=False)

    def _publish_reported(self, fresh: Message) -> None:
        """Publish reported values, as often as the options allow."""
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
        """Return the seconds until the next message is allowed."""
        if self._spoke_at is None:
            return 0.0
        passed = (self._line.clock.now() - self._spoke_at).total_seconds()
        return max(self._settings.throttle - passed, 0.0)

    def _debounce(self, fresh: Message) -> None:
        """Publish after a pause. Each action and each value that must be published is kept."""
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
        """Publish the pending message."""
        self._cancel_timer()
        fresh, self._waiting = self._waiting, None
        if fresh is not None:
            self._publish(fresh, reported=True)

    def stop(self) -> None:
        """Cancel pending messages."""
        self._waiting = None
        self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer()
            self._timer = None

    # Contents of messages

    def _publish(self, fresh: Message, *, reported: bool = False, with_link: bool = True) -> None:
        known = self._cache if self._line.settings.cache_state else {}
        known = self._nulls() | known
        extras = self._extras(reported=reported, with_link=with_link)
        message, plain = self._shown(known | fresh | extras), self._shown(known | extras)
        if reported:
            self._spoke_at = self._line.clock.now()
        happened = message.get(ACTION)
        self._send(message, retain=self._settings.retain and happened is None)
        if happened is None:
            return
        # An action is never retained: the retained message is the state without it.
        if self._settings.retain:
            self._send(plain, retain=True)
        if self._line.settings.action_reset:
            self._send(plain | {ACTION: ""}, retain=False)
        if self._line.settings.action_topic:
            topic = self._line.topics.device(self._line.names[self.device], ACTION)
            self._line.gate.publish(topic, str(happened), qos=self._settings.qos)

    def _nulls(self) -> Message:
        """Return null for unknown values in ``exposes``, if the settings ask for it.

        Source: Zigbee2MQTT 2.14.1 with ``homeassistant.enabled``.
        """
        settings = self._line.settings
        if not settings.null_values:
            return {}
        nulls = dict(self._promised)
        if settings.action_reset and self.device.definition and self.device.definition.action:
            nulls[ACTION] = None
        if settings.last_seen != "disable":
            nulls["last_seen"] = None
        return nulls

    def _shown(self, message: Message) -> Message:
        hidden = self._settings.filtered_attributes
        return {name: value for name, value in message.items() if not hidden(name)}

    def _extras(self, *, reported: bool, with_link: bool) -> Message:
        """Return the members besides properties; they are not cached."""
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
            self._line.journal.debug(f"MQTT publish: topic '{topic}', payload '{payload}'", MQTT)


_NO_FIRMWARE = {"state": None, "installed_version": -1, "latest_version": -1}
"""State of a device's firmware while nothing is known, if null values are published."""


def _promised(definition: Definition) -> Message:
    """Return null for each property in ``exposes`` except the action."""
    names = {LINK}
    for row in exposed(definition):
        if isinstance(row, Action):
            names |= {detail.name for detail in row.details if Shown.EXPOSES in detail.shown}
        elif Access.STATE in row.access:
            names.add(row.name)
    firmware: Message = {"update": _NO_FIRMWARE} if definition.supports_ota else {}
    return dict.fromkeys(sorted(names)) | firmware
