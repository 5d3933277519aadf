"""Requests about one device: its name, its options, its leave."""

from collections.abc import Mapping
from typing import Any

from ..core.device import Device
from ..core.errors import AqaraError
from ..core.gateway import Gateway
from .bridge import options_of
from .line import Line
from .members import Members
from .message import Answer, Data, Message, RequestError, said
from .payload import Json, dump
from .ports import House
from .settings import CHECKS, SettingError
from .topics import topic_name


class DeviceRequests:
    """Answers requests about one device."""

    def __init__(self, gateway: Gateway, line: Line, members: Members, house: House) -> None:
        self._gateway = gateway
        self._line = line
        self._members = members
        self._house = house

    @property
    def answers(self) -> Mapping[str, Answer]:
        """What answers which request."""
        return {
            "device/configure": self._configure,
            "device/interview": self._interview,
            "device/options": self._options,
            "device/remove": self._remove,
            "device/rename": self._rename,
        }

    def find(self, message: Message, key: str = "id") -> Device:
        """The device a request names, by friendly name or address.

        Raises:
            RequestError: there is none.
        """
        name = said(message, key)
        if not isinstance(name, str):
            raise RequestError("Invalid payload")
        device = self._line.names.find(name)
        if device is None:
            raise RequestError(f"Device '{name}' does not exist")
        return device

    async def _rename(self, message: Message) -> Data:
        new = message.get("to")
        if message.get("last") is not True:
            device = self.find(message, "from")
        elif self._members.last_joined is not None:
            device = self._members.last_joined
        else:
            raise RequestError("No device has joined since start")
        if not isinstance(new, str) or not new:
            raise RequestError("Invalid payload")
        self._check_name(new, device)
        old = self._line.names[device]
        self._house.rename(device, new)
        self._members.renamed(device)
        return {
            "from": old,
            "to": self._line.names[device],
            "homeassistant_rename": message.get("homeassistant_rename") is True,
        }

    def _check_name(self, name: str, device: Device) -> None:
        """Refuse what would not be the same name on MQTT.

        Raises:
            RequestError: why.
        """
        if topic_name(name) != name:
            raise RequestError(f"friendly_name '{name}' cannot be part of a topic")
        if not self._line.names.is_free(name, device):
            raise RequestError(f"friendly_name '{name}' is already in use")

    async def _remove(self, message: Message) -> Data:
        device, force = self.find(message), message.get("force") is True
        name = self._line.names[device]
        if message.get("block") is True:
            raise RequestError("Blocking devices is not supported")
        try:
            await self._gateway.dismiss(device.ieee, force=force)
        except AqaraError as error:
            how = f"(block: false, force: {dump(force)})"
            raise RequestError(
                f"Failed to remove device '{name}' {how} (Error: {error})"
            ) from error
        return {"id": said(message, "id"), "block": False, "force": force}

    async def _configure(self, message: Message) -> Data:
        device = self.find(message)
        name = self._line.names[device]
        try:
            await self._gateway.configure(device)
        except AqaraError as error:
            raise RequestError(f"Failed to configure '{name}' (Error: {error})") from error
        return {"id": said(message, "id")}

    async def _interview(self, message: Message) -> Data:
        device = self.find(message)
        name = self._line.names[device]
        try:
            await self._gateway.radio.interview(device.ieee)
        except AqaraError as error:
            raise RequestError(f"interview of '{name}' failed: Error: {error}") from error
        return {"id": said(message, "id")}

    async def _options(self, message: Message) -> Data:
        device, wanted = self.find(message), message.get("options")
        if not isinstance(wanted, dict):
            raise RequestError("Invalid payload")
        before = options_of(device)
        checked = {name: self._check_option(device, name, wanted[name]) for name in wanted}
        await device.configure(checked)
        self._members.options_changed(device, checked)
        return {
            "id": said(message, "id"),
            "from": before,
            "to": options_of(device),
            "restart_required": False,
        }

    def _check_option(self, device: Device, name: str, value: Json) -> Any:
        """An option's value, None to take it back.

        Raises:
            RequestError: there is no such option, or the value is none of its.
        """
        option = device.definition.option(name) if device.definition else None
        if option is None and name not in CHECKS:
            raise RequestError(f"'{name}' is no option of '{self._line.names[device]}'")
        if value is None:
            return None
        try:
            return option.check(value) if option else CHECKS[name](value)
        except (SettingError, AqaraError) as error:
            raise RequestError(f"Invalid value of '{name}': {error}") from error
