"""Commands to devices: ``/set`` and ``/get`` (protocol 6.4 and 6.5)."""

from collections.abc import Mapping
import logging
import re

from ..core.errors import AqaraError, UnknownProperty
from ..core.property import Access, Binary, Row, Shown
from ..core.radio import Ieee
from .context import MirrorContext
from .payload import InvalidValueError, Json, UnreadableError, dump, load, parse, shortened
from .rate_limit import RATE, SMALL, Spawn, TokenBuckets
from .topics import DeviceCommand, Verb
from .waiting import Read, Target, WaitingCommands, Write

_LOGGER = logging.getLogger(__name__)

_WORDS = {"on", "off", "toggle", "open", "close", "stop", "lock", "unlock"}
_ENDPOINT_KEY = re.compile(r"(.+)_(l\d)")
"""A key with an endpoint, even if the device has no endpoint of that name."""

_FALSY = {"null": "null", "false": "false", "0": "0", '""': ""}
"""Falsy JSON messages as Zigbee2MQTT names them in its errors; it calls all others undefined."""

TIMED = ("on_time", "off_wait_time")
"""Zigbee2MQTT's "on with timed off". No device here is known to support it."""

_ACCESS = {"set": Access.SET, "get": Access.GET}


class NotUnderstoodError(ValueError):
    """An invalid message or key; the text is logged."""


class Commands:
    """Carries out commands, one after the other for each device; errors are logged.

    Limits are per device.

    Attributes:
        is_held: whether commands are queued until `release`.
    """

    def __init__(self, line: MirrorContext, spawn: Spawn, buckets: TokenBuckets) -> None:
        self._names = line.names
        self._journal = line.journal
        self._spawn = spawn
        self._buckets = buckets
        self._waiting: dict[Ieee, WaitingCommands] = {}
        self._busy: set[Ieee] = set()
        self.is_held = False

    def obey(self, command: DeviceCommand, payload: str) -> None:
        """Queue a message's command and carry it out soon."""
        try:
            target = self._target(command)
        except NotUnderstoodError as error:
            if self._buckets.take(""):
                self._journal.error(str(error))
            else:
                self._journal.overload("error", f"More than {RATE} messages a second, skipping...")
            return
        if self._buckets.take(target.device.ieee):
            for problem in self._take(command, target, payload):
                self._journal.error(problem)
        elif command.verb == "get" or len(payload) > SMALL or self._take(command, target, payload):
            self._journal.overload(
                "error", f"More than {RATE} messages a second for '{target.name}', skipping..."
            )

    def _take(self, command: DeviceCommand, target: Target, payload: str) -> list[str]:
        """Queue what a message requests; return the errors of its other parts."""
        try:
            body = read_body(command, payload)
        except NotUnderstoodError as error:
            return [str(error)]
        return {"set": self._set, "get": self._get}[command.verb](target, body)

    def release(self) -> None:
        """Start the queued commands."""
        self.is_held = False
        for ieee in self._waiting:
            self._begin(ieee)

    def forget(self) -> None:
        """Drop the commands that have not started."""
        self._waiting.clear()

    def _target(self, command: DeviceCommand) -> Target:
        path = "/".join(command.path)
        if device := self._names.find(path):
            return Target(device, self._names[device])
        head, _, endpoint = path.rpartition("/")
        if device := self._names.find(head):
            target = Target(device, self._names[device], endpoint)
            _check_endpoint(target, endpoint)
            return target
        raise NotUnderstoodError(f"Entity '{path}' is unknown")

    def _set(self, target: Target, body: Mapping[str, Json]) -> list[str]:
        """Queue what a message sets; return the errors of its other parts."""
        new, problems = self._wishes(target, body)
        ieee = target.device.ieee
        for name in self._waiting.setdefault(ieee, WaitingCommands()).write(new):
            self._journal.overload("info", f"Only the newest '{name}' for '{target.name}' is sent")
        self._begin(ieee)
        return problems

    def _get(self, target: Target, body: Mapping[str, Json]) -> list[str]:
        """Queue what a message reads; return the errors of its other parts."""
        ieee = target.device.ieee
        if not self._waiting.setdefault(ieee, WaitingCommands()).read(Read(target, body)):
            return [f"Too many messages for '{target.name}', skipping..."]
        self._begin(ieee)
        return []

    def _begin(self, ieee: Ieee) -> None:
        if not self.is_held and ieee not in self._busy:
            self._busy.add(ieee)
            self._spawn(self._drive(ieee))

    async def _drive(self, ieee: Ieee) -> None:
        """Carry out a device's queue, including commands that arrive in the meantime."""
        try:
            while command := self._waiting.setdefault(ieee, WaitingCommands()).next():
                try:
                    await self._do(command)
                except Exception:  # an error of one message must not stop the next ones
                    _LOGGER.exception("A command to %s failed", ieee)
        finally:
            self._busy.discard(ieee)
            self._waiting.pop(ieee, None)

    async def _do(self, command: Write | Read) -> None:
        if isinstance(command, Read):
            await self._read(command.target, command.body)
            return
        target = command.target
        for name, failure in (await target.device.set_all(command.wishes)).items():
            self._journal.error(_failure("set", command.keys[name], target, failure))

    def _wishes(self, target: Target, body: Mapping[str, Json]) -> tuple[Write, list[str]]:
        """Return all wishes of a message, to be sent together, and the errors of other keys."""
        new, problems = Write(target), []
        timers = [key for key in body if _split(target, key)[0] in TIMED]
        for key, value in in_order(body):
            try:
                row = self._row(target, "set", key, value)
                new.wishes[row.name] = parse(row, value)
                new.keys[row.name] = key
            except InvalidValueError as error:
                problems.append(_failure("set", key, target, error))
            except NotUnderstoodError as error:
                if key not in timers:
                    problems.append(str(error))
        return new, problems + self._timed(new, body, timers)

    def _timed(self, new: Write, body: Mapping[str, Json], timers: list[str]) -> list[str]:
        """Reject "on with timed off", so that nothing stays on; return the errors."""
        if not timers:
            return []
        definition = new.target.device.definition
        switches = [
            name
            for name in new.wishes
            if definition and isinstance(row := definition[name], Binary) and row.is_contact
        ]
        if all(new.wishes[name] is False for name in switches):
            return [_no_converter(key, new.target, body[key]) for key in timers]
        reason = f"'{timers[0]}' is not supported, so nothing was switched"
        for name in switches:
            del new.wishes[name]
        return [_failure("set", new.keys[switches[0]], new.target, reason)]

    async def _read(self, target: Target, body: Mapping[str, Json]) -> None:
        """Read each row; the answers are published as reports are."""
        for key, value in body.items():
            try:
                row = self._row(target, "get", key, value)
                await target.device.get((row.name,))
            except NotUnderstoodError as error:
                self._journal.error(str(error))
            except UnknownProperty:
                self._journal.error(_failure("get", key, target, "Not supported"))
            except AqaraError as error:
                self._journal.error(_failure("get", key, target, error))

    def _row(self, target: Target, verb: Verb, key: str, value: Json) -> Row:
        """Return the row of a key.

        Raises:
            NotUnderstoodError: there is none, or it does not have this access.
        """
        row = find_row(target, key)
        if row is None or Shown.EXPOSES not in row.shown or row.access in Access.STATE:
            raise NotUnderstoodError(_no_converter(key, target, value))
        if _ACCESS[verb] not in row.access:
            said = shortened(value if isinstance(value, str) else dump(value))
            raise NotUnderstoodError(f"No converter available for '{verb}' '{key}' ({said})")
        return row


def read_body(command: DeviceCommand, payload: str) -> Mapping[str, Json]:
    """Return the keys and values of a message.

    Raises:
        NotUnderstoodError: it is neither an object nor a state.
    """
    try:
        body = load(payload)
    except UnreadableError:
        body = payload
    if command.attribute is not None:
        return {command.attribute: body}
    if isinstance(body, dict):
        return body
    if body is payload and payload.lower() in _WORDS:
        return {"state": payload}
    said = "undefined" if body is payload else _FALSY.get(dump(body), "undefined")
    raise NotUnderstoodError(f"Invalid message '{said}', skipping...")


def in_order(body: Mapping[str, Json]) -> list[tuple[str, Json]]:
    """Return ``state`` first, so that other settings find the device on; last if it is off."""
    items = [(key, value) for key, value in body.items() if key != "state"]
    if "state" not in body:
        return items
    state = body["state"]
    if isinstance(state, str) and state.lower() == "off":
        return [*items, ("state", state)]
    return [("state", state), *items]


def find_row(target: Target, key: str) -> Row | None:
    """Return the row of a key at an endpoint; by default at the first endpoint.

    A property that has no endpoint in its name is the same from all of them (protocol 5.3).

    Raises:
        NotUnderstoodError: the device does not have the key's endpoint.
    """
    definition = target.device.definition
    if definition is None:
        return None
    named = _split(target, key)[1]
    if target.endpoint is None and key not in definition and named is not None:
        _check_endpoint(target, named)
    first = next(iter(definition.endpoints), None)
    suffix = _endpoint_name(target, target.endpoint) if target.endpoint else first
    for name in (f"{key}_{suffix}", key):
        if name in definition:
            return definition[name]
    return None


def _check_endpoint(target: Target, endpoint: str) -> None:
    """Raise NotUnderstoodError if the device does not have the endpoint."""
    definition, node = target.device.definition, target.device.node
    names = definition.endpoints if definition else {}
    if endpoint not in names and endpoint not in map(str, node.endpoints):
        raise NotUnderstoodError(f"Device '{target.name}' has no endpoint '{endpoint}'")


def _endpoint_name(target: Target, endpoint: str) -> str:
    """Return a numbered endpoint's name, if it has one."""
    names = target.device.definition.endpoints if target.device.definition else {}
    return next((name for name, number in names.items() if str(number) == endpoint), endpoint)


def _split(target: Target, key: str) -> tuple[str, str | None]:
    """Split a key into property and endpoint."""
    definition = target.device.definition
    if definition is not None and (found := definition.split(key))[1] is not None:
        return found
    match = _ENDPOINT_KEY.fullmatch(key)
    return (match[1], match[2]) if match else (key, None)


def _no_converter(key: str, target: Target, value: Json) -> str:
    said = shortened(dump(value))
    return f"No converter available for '{key}' on '{target.name}': ({said})"


def _failure(verb: Verb, key: str, target: Target, error: object) -> str:
    return f"Publish '{verb}' '{key}' to '{target.name}' failed: 'Error: {error}'"
