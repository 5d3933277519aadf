"""What others ask of the bridge: ``bridge/request/…``, answered on ``bridge/response/…`` (contract 6.7)."""

from collections.abc import Mapping
from typing import Any

from ..core.errors import AqaraError
from ..core.gateway import MOST_SECONDS, Gateway
from .device_requests import DeviceRequests
from .line import Line
from .members import Members
from .message import Answer, Data, Message, RequestError, read_message
from .names import COORDINATOR
from .network_requests import NetworkRequests
from .payload import Json, dump
from .ports import Hook, House
from .settings import LAST_SEEN, LEVELS

HOOKED = frozenset(
    {
        "device/ota_update/check",
        "device/ota_update/update",
    }
)
"""Requests that whoever knows the network may answer, through a `ports.Hook` of that name."""

GLOBAL: Mapping[tuple[str, str], tuple[str, tuple[object, ...]]] = {
    ("advanced", "cache_state"): ("cache_state", (True, False)),
    ("advanced", "elapsed"): ("elapsed", (True, False)),
    ("advanced", "last_seen"): ("last_seen", LAST_SEEN),
    ("advanced", "log_level"): ("log_level", LEVELS),
    ("homeassistant", "legacy_action_sensor"): ("action_reset", (True, False)),
    ("mqtt", "include_device_information"): ("include_device", (True, False)),
}
"""Settings that may be changed by MQTT: where Zigbee2MQTT has them, our name, what they can be."""


class Requests:
    """Answers requests; those it does not know are refused, so that nobody waits in vain."""

    def __init__(
        self,
        gateway: Gateway,
        line: Line,
        members: Members,
        house: House,
        hooks: Mapping[str, Hook],
    ) -> None:
        self._gateway = gateway
        self._line = line
        self._house = house
        self._hooks = hooks
        self._devices = DeviceRequests(gateway, line, members, house)
        self._answers: dict[str, Answer] = {
            **self._devices.answers,
            **NetworkRequests(gateway, line).answers,
            "health_check": self._health_check,
            "options": self._options,
            "permit_join": self._permit_join,
            "restart": self._restart,
        }

    async def answer(self, name: str, payload: str) -> None:
        """Fulfil a request and say how it went."""
        message = read_message(payload)
        try:
            data = await self._fulfil(name, message)
        except (RequestError, AqaraError) as error:
            self._refuse(name, message, str(error))
        else:
            self._respond(name, message, {"data": data, "status": "ok"})

    def refuse(self, name: str, payload: str, reason: str) -> None:
        """Answer that there is no answer now."""
        self._refuse(name, read_message(payload), reason)

    def _refuse(self, name: str, message: Message, reason: str) -> None:
        topic = self._line.topics.bridge(f"request/{name}")
        self._line.journal.error(f"Request '{topic}' failed with error: '{reason}'")
        self._respond(name, message, {"data": {}, "status": "error", "error": reason})

    def _respond(self, name: str, message: Message, response: Data) -> None:
        if "transaction" in message:
            response["transaction"] = message["transaction"]
        self._line.gate.publish(self._line.topics.bridge(f"response/{name}"), dump(response))

    async def _fulfil(self, name: str, message: Message) -> Data:
        if name in self._answers:
            return await self._answers[name](message)
        if name in HOOKED:
            return await self._hooked(name, message)
        raise RequestError(f"'{name}' is not supported")

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
            raise RequestError("Joining by MQTT is switched off in Home Assistant")
        ieee = None
        if via == COORDINATOR:
            ieee = self._gateway.radio.coordinator.ieee
        elif via is not None:
            ieee = self._devices.find(message, "device").ieee
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
                raise RequestError(f"'{section}' cannot be changed by MQTT")
            for name, value in members.items():
                changes |= _setting(section, name, value)
        self._house.configure(changes)
        return {"restart_required": False}

    async def _health_check(self, _message: Message) -> Data:
        return {"healthy": self._gateway.online}

    async def _restart(self, _message: Message) -> Data:
        self._house.restart()
        return {}


def seconds_of(message: Message) -> int:
    """How long to open the network, in the words of both generations (contract 6.7).

    Raises:
        RequestError: it is not said, or too long.
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
    """A setting in our words.

    Raises:
        RequestError: it is none that may be changed, or the value none of its.
    """
    if (section, name) not in GLOBAL:
        raise RequestError(f"'{section}.{name}' cannot be changed by MQTT")
    ours, allowed = GLOBAL[section, name]
    if not any(type(value) is type(each) and value == each for each in allowed):
        raise RequestError(f"Invalid value of '{section}.{name}'")
    return {ours: value}
