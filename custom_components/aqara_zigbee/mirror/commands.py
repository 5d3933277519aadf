"""What others tell a device: ``/set`` and ``/get`` (contract 6.4 and 6.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
import re

from ..core.device import Device
from ..core.errors import AqaraError, UnknownProperty
from ..core.property import (
    Access,
    Binary,
    Row,
    Shown,
    Wish,
)
from .bounds import Lanes
from .line import Line
from .payload import Json, RefusedError, UnreadableError, dump, load, parse
from .topics import Command, Verb

_WORDS = {"on", "off", "toggle", "open", "close", "stop", "lock", "unlock"}
_ENDPOINT_KEY = re.compile(r"(.+)_(l\d)")
_LONGEST_ECHO = 500

TIMED = ("on_time", "off_wait_time")
"""Zigbee2MQTT's "on for so many seconds". No device here is known to obey it."""

_ACCESS = {"set": Access.SET, "get": Access.GET}


class NotUnderstoodError(ValueError):
    """A message or a key of it that cannot be obeyed; the text is what is logged."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a command is for.

    Attributes:
        endpoint: the name or number of the endpoint its topic names, if it does.
    """

    device: Device
    name: str
    endpoint: str | None = None


class Commands:
    """Obeys commands, one after the other for each device; what goes wrong is logged."""

    def __init__(self, line: Line, lanes: Lanes) -> None:
        self._names = line.names
        self._journal = line.journal
        self._lanes = lanes

    def obey(self, command: Command, payload: str) -> None:
        """Do what a message says, soon."""
        try:
            target = self._target(command)
            body = read_body(command, payload)
        except NotUnderstoodError as error:
            self._journal.error(str(error))
            return
        work = {"set": self._set, "get": self._get}[command.verb]
        if not self._lanes.put(target.device.ieee, lambda: work(target, body)):
            self._journal.error(f"Too many messages for '{target.name}', skipping...")

    def _target(self, command: Command) -> Target:
        path = "/".join(command.path)
        if device := self._names.find(path):
            return Target(device, self._names[device])
        head, _, endpoint = path.rpartition("/")
        if device := self._names.find(head):
            target = Target(device, self._names[device], endpoint)
            _check_endpoint(target, endpoint)
            return target
        raise NotUnderstoodError(f"Entity '{path}' is unknown")

    async def _set(self, target: Target, body: Mapping[str, Json]) -> None:
        """Wish for all that can be wished for at once, so that it is told at once."""
        wishes: dict[str, Wish] = {}
        keys: dict[str, str] = {}
        for key, value in in_order(body):
            try:
                row = self._row(target, "set", key, value)
                wishes[row.name] = self._wish(target, body, row, key, value)
                keys[row.name] = key
            except NotUnderstoodError as error:
                self._journal.error(str(error))
        failed = await target.device.set_all(wishes) if wishes else {}
        for name, failure in failed.items():
            self._journal.error(_failure("set", keys[name], target, failure))

    def _wish(
        self, target: Target, body: Mapping[str, Json], row: Row, key: str, value: Json
    ) -> Wish:
        """What is wished for.

        Raises:
            NotUnderstoodError: nothing the property knows.
        """
        try:
            wish = parse(row, value)
            if isinstance(row, Binary) and row.toggle is not None and wish is not False:
                _refuse_timed(body)
        except RefusedError as error:
            raise NotUnderstoodError(_failure("set", key, target, error)) from error
        return wish

    async def _get(self, target: Target, body: Mapping[str, Json]) -> None:
        """Read each; the answers are told as reports are."""
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
        """The row that a key means.

        Raises:
            NotUnderstoodError: there is none, or not in this direction.
        """
        row = find_row(target, key)
        if row is None or Shown.EXPOSES not in row.shown or row.access in Access.STATE:
            said = _shortened(dump(value))
            raise NotUnderstoodError(
                f"No converter available for '{key}' on '{target.name}': ({said})"
            )
        if _ACCESS[verb] not in row.access:
            said = _shortened(value if isinstance(value, str) else dump(value))
            raise NotUnderstoodError(f"No converter available for '{verb}' '{key}' ({said})")
        return row


def read_body(command: Command, payload: str) -> Mapping[str, Json]:
    """The keys and values of a message.

    Raises:
        NotUnderstoodError: it is neither an object nor a word that means a state.
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
    raise NotUnderstoodError("Invalid message 'null', skipping...")


def in_order(body: Mapping[str, Json]) -> list[tuple[str, Json]]:
    """``state`` first, so that other settings find the device on; switching off comes last."""
    items = [(key, value) for key, value in body.items() if key != "state"]
    if "state" not in body:
        return items
    state = body["state"]
    if isinstance(state, str) and state.lower() == "off":
        return [*items, ("state", state)]
    return [("state", state), *items]


def find_row(target: Target, key: str) -> Row | None:
    """The row that a key means at an endpoint; the first endpoint where none is named.

    A property that has no endpoint in its name is the same from all of them (contract 5.3).

    Raises:
        NotUnderstoodError: the key names an endpoint the device does not have.
    """
    definition = target.device.definition
    if definition is None:
        return None
    if (
        target.endpoint is None
        and key not in definition
        and (match := _ENDPOINT_KEY.fullmatch(key))
    ):
        _check_endpoint(target, match[2])
    first = next(iter(definition.endpoints), None)
    suffix = _endpoint_name(target, target.endpoint) if target.endpoint else first
    for name in (f"{key}_{suffix}", key):
        if name in definition:
            return definition[name]
    return None


def _check_endpoint(target: Target, endpoint: str) -> None:
    """Raise NotUnderstoodError if the device has no such endpoint."""
    definition, node = target.device.definition, target.device.node
    names = definition.endpoints if definition else {}
    if endpoint not in names and endpoint not in map(str, node.endpoints):
        raise NotUnderstoodError(f"Device '{target.name}' has no endpoint '{endpoint}'")


def _endpoint_name(target: Target, endpoint: str) -> str:
    """A numbered endpoint by its name, if it has one."""
    names = target.device.definition.endpoints if target.device.definition else {}
    return next((name for name, number in names.items() if str(number) == endpoint), endpoint)


def _refuse_timed(body: Mapping[str, Json]) -> None:
    """Switch nothing on that was to go off again by itself and would not.

    Raises:
        RefusedError: the message wants that.
    """
    if found := next((key for key in TIMED if key in body), None):
        raise RefusedError(f"'{found}' is not supported, so nothing was switched")


def _failure(verb: Verb, key: str, target: Target, error: object) -> str:
    return f"Publish '{verb}' '{key}' to '{target.name}' failed: 'Error: {error}'"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
