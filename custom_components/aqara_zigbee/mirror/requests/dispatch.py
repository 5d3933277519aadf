"""Bridge requests: ``bridge/request/…``, answered on ``bridge/response/…`` (protocol 6.7)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
import logging
from typing import Any

from ...core.errors import AqaraError
from ...core.gateway import MOST_SECONDS, Gateway
from ...core.radio import Ieee
from ..context import MirrorContext
from ..devices import MirroredDevices
from ..names import COORDINATOR
from ..payload import Json, dump, shortened
from ..ports import Hook, MirrorHost
from ..rate_limit import RATE, TokenBuckets, WorkQueues
from ..settings import LAST_SEEN, LEVELS, Settings
from ..topics import is_publishable
from .device import DeviceRequests
from .message import Answer, Data, Message, RequestError, UnreadableRequestError, read_message, said
from .network import NetworkRequests

_LOGGER = logging.getLogger(__name__)

HOOKED = frozenset(
    {
        "device/ota_update/check",
        "device/ota_update/update",
    }
)
"""Requests handled outside the mirror, by a `ports.Hook` of that name."""

GLOBAL: Mapping[tuple[str, str], tuple[str, tuple[object, ...]]] = {
    ("advanced", "cache_state"): ("cache_state", (True, False)),
    ("advanced", "elapsed"): ("elapsed", (True, False)),
    ("advanced", "last_seen"): ("last_seen", LAST_SEEN),
    ("advanced", "log_level"): ("log_level", LEVELS),
    ("homeassistant", "legacy_action_sensor"): ("action_reset", (True, False)),
    ("mqtt", "include_device_information"): ("include_device", (True, False)),
}
"""Settings that can be changed by MQTT: Zigbee2MQTT's path, our name, the validator."""


class Requests:
    """Answers requests; unknown ones get an error response."""

    def __init__(
        self,
        gateway: Gateway,
        line: MirrorContext,
        members: MirroredDevices,
        house: MirrorHost,
        hooks: Mapping[str, Hook],
        lanes: WorkQueues,
        buckets: TokenBuckets,
        change: Callable[[Settings], None],
    ) -> None:
        self._gateway = gateway
        self._line = line
        self._house = house
        self._hooks = hooks
        self._lanes = lanes
        self._buckets = buckets
        self._change = change
        self._devices = DeviceRequests(gateway, line, members, house)
        self._answers: dict[str, Answer] = {
            **self._devices.answers,
            **NetworkRequests(gateway, line).answers,
            "health_check": self._health_check,
            "options": self._options,
            "permit_join": self._permit_join,
            "restart": self._restart,
        }

    def take(self, name: str, payload: str) -> None:
        """Handle a request soon and publish the response."""
        if not is_publishable(name):
            self._line.journal.overload("error", "A request of an impossible name, skipping...")
            return
        kind = name.lower()
        is_known = kind in self._answers or kind in HOOKED
        if not self._buckets.take(f"request {kind if is_known else ''}"):
            self._line.journal.overload("error", f"More than {RATE} requests a second, skipping...")
            return
        try:
            message = read_message(payload)
        except UnreadableRequestError as error:
            self._refuse(name, error.message, str(error))
            return
        if not is_known:
            self._refuse(name, message, f"'{name}' is not supported")
        # One request per kind and device at a time; for those that take hours, further ones get an
        # error at once.
        elif not self._lanes.put(
            f"{kind} {payload if kind in HOOKED else self._about(message)}",
            partial(self._answer, name, message),
        ):
            self._refuse(name, message, "Too many requests")

    def _about(self, message: Message) -> Ieee:
        """Return the device of a request; empty if it has none."""
        name = said(message, "id")
        device = self._line.names.find(name) if isinstance(name, str) else None
        return device.ieee if device else ""

    async def _answer(self, name: str, message: Message) -> None:
        try:
            data = await self._fulfil(name.lower(), message)
        except (RequestError, AqaraError) as error:
            self._refuse(name, message, str(error))
        except Exception:  # every request gets a response
            _LOGGER.exception("The request %s failed", name)
            self._refuse(name, message, "Unexpected error")
        else:
            self._respond(name, message, {"data": data, "status": "ok"})

    def _refuse(self, name: str, message: Message, reason: str) -> None:
        topic, reason = self._line.topics.bridge(f"request/{name}"), shortened(reason)
        self._line.journal.error(f"Request '{topic}' failed with error: '{reason}'")
        self._respond(name, message, {"data": {}, "status": "error", "error": reason})

    def _respond(self, name: str, message: Message, response: Data) -> None:
        if "transaction" in message:
            response["transaction"] = message["transaction"]
        self._line.gate.publish(self._line.topics.bridge(f"response/{name}"), dump(response))

    async def _fulfil(self, name: str, message: Message) -> Data:
        if name in self._answers:
            return await self._answers[name](message)
        return await self._hooked(name, message)

    async def _hooked(self, name: str, message: Message) -> Data:
        device = self._devices.find(message) if name.startswith("device/") else None
        if device is not None and not (device.definition and device.definition.supports_ota):
            raise RequestError(f"Device '{self._line.names[device]}' does not support OTA updates")
        if name not in self._hooks:
            raise RequestError(f"'{name}' is not supported")
        return await self._hooks[name](device, message)

    async def _permit_join(self, message: Message) -> Data:
        seconds, via = seconds_of(message), message.get("device")
        if seconds and not self._line.settings.permit_join:
            raise RequestError("Pairing through MQTT is turned off in Home Assistant")
        ieee = None
        if via == COORDINATOR:
            ieee = self._gateway.radio.coordinator.ieee
        elif via is not None:
            ieee = self._devices.find(message, "device").ieee
        through = f" via {via}" if via is not None else ""
        self._line.journal.info(
            f"Zigbee: allowing new devices to join{through}."
            if seconds
            else "Zigbee: disabling joining new devices."
        )
        await self._gateway.permit(seconds, self._line.clock.now(), ieee)
        data: Data = {"time": seconds}
        if "value" in message or isinstance(message.get(""), bool):
            data["value"] = bool(seconds)
        return data | ({} if via is None else {"device": via})

    async def _options(self, message: Message) -> Data:
        wanted = message.get("options")
        if not isinstance(wanted, dict):
            raise RequestError("Invalid payload")
        changes: dict[str, Any] = {}
        for section, members in wanted.items():
            if not isinstance(members, dict):
                raise RequestError(f"'{section}' cannot be changed through MQTT")
            for name, value in members.items():
                changes |= _setting(section, name, value)
        await self._house.configure(changes)
        self._change(replace(self._line.settings, **changes))
        self._line.journal.info("Successfully changed options")
        return {"restart_required": False}

    async def _health_check(self, _message: Message) -> Data:
        return {"healthy": self._gateway.online}

    async def _restart(self, _message: Message) -> Data:
        self._line.journal.info("Restarting Zigbee2MQTT")
        self._house.restart()
        return {}


def seconds_of(message: Message) -> int:
    """Return the seconds to permit joins, from both forms of the request (protocol 6.7).

    Raises:
        RequestError: it is missing or too long.
    """
    value, time = message.get("value", message.get("")), message.get("time")
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if value is False:
        return 0
    if time is None:
        time = MOST_SECONDS if value is True else value
    if isinstance(time, bool) or not isinstance(time, int) or time < 0:
        raise RequestError("Invalid payload")
    if time > MOST_SECONDS:
        raise RequestError(f"Cannot permit join for more than {MOST_SECONDS} seconds.")
    return time


def _setting(section: str, name: str, value: Json) -> dict[str, Any]:
    """Return a setting in our terms.

    Raises:
        RequestError: it cannot be changed, or the value is invalid.
    """
    if (section, name) not in GLOBAL:
        raise RequestError(f"'{section}.{name}' cannot be changed through MQTT")
    ours, allowed = GLOBAL[section, name]
    if not any(type(value) is type(each) and value == each for each in allowed):
        raise RequestError(f"Invalid value of '{section}.{name}'")
    return {ours: value}
