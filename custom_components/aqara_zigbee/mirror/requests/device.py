"""Requests about one device: rename, options, remove."""

from collections.abc import Mapping
from typing import Any

from ...core.device import Device
from ...core.errors import AqaraError
from ...core.gateway import Gateway
from ...core.limits import LimitError, check
from ..context import MirrorContext
from ..devices import MirroredDevices
from ..payload import Json, dump
from ..ports import MirrorHost
from ..settings import (
    LONGEST_OTHERS,
    MOST_OTHERS,
    NO_OPTIONS,
    SettingError,
    check_of,
    merged,
    options_of,
    others_as_option,
    others_in,
)
from ..topics import topic_name
from .message import Answer, Data, Message, RequestError, said


class DeviceRequests:
    """Answers requests about one device."""

    def __init__(
        self, gateway: Gateway, line: MirrorContext, members: MirroredDevices, house: MirrorHost
    ) -> None:
        self._gateway = gateway
        self._line = line
        self._members = members
        self._house = house

    @property
    def answers(self) -> Mapping[str, Answer]:
        """The handler of each request."""
        return {
            "device/configure": self._configure,
            "device/interview": self._interview,
            "device/options": self._options,
            "device/remove": self._remove,
            "device/rename": self._rename,
        }

    def find(self, message: Message, key: str = "id") -> Device:
        """Return the device of a request, by friendly name or address.

        Raises:
            RequestError: no such device.
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
        await self._house.rename(device, new)
        self._members.renamed(device)
        return {
            "from": old,
            "to": self._line.names[device],
            "homeassistant_rename": message.get("homeassistant_rename") is True,
        }

    def _check_name(self, name: str, device: Device) -> None:
        """Refuse a name that would not be the same on MQTT.

        Raises:
            RequestError: the reason.
        """
        if topic_name(name) != name:
            raise RequestError(f"friendly_name '{name}' cannot be part of a topic")
        if not self._line.names.is_free(name, device):
            raise RequestError(f"friendly_name '{name}' is already in use")

    async def _remove(self, message: Message) -> Data:
        device, force = self.find(message), message.get("force") is True
        name, clears = self._line.names[device], message.get("clear_cache") is True
        if message.get("block") is True:
            raise RequestError("Blocking devices is not supported")
        if message.get("keep_config") is True:
            raise RequestError("Keeping the options of a removed device is not supported")
        flags = {"block": False, "force": force, "keep_config": False, "clear_cache": clears}
        reported_flags = ", ".join(
            f"{flag.replace('_', ' ')}: {dump(value)}" for flag, value in flags.items()
        )
        how = "" if "" in message else f" ({reported_flags})"
        self._line.journal.info(f"Removing device '{name}'{how}")
        try:
            await self._gateway.dismiss(device.ieee, force=force)
        except AqaraError as error:
            raise RequestError(f"Failed to remove device '{name}'{how} (Error: {error})") from error
        self._line.journal.info(f"Successfully removed device '{name}'{how}")
        return {"id": said(message, "id"), **flags}

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
        before, named = options_of(device), said(message, "id")
        known = {name: wanted[name] for name in wanted if check_of(device, name)}
        others = {name: wanted[name] for name in wanted.keys() - known.keys() - NO_OPTIONS}
        changes = {name: self._checked(device, name, value) for name, value in known.items()}
        if others:
            changes |= others_as_option(_kept(device, others))
        await device.configure(changes)
        for name in others:
            self._line.journal.warning(f"Device '{named}' does not support option '{name}'")
        self._line.journal.info(f"Successfully changed config for device {named}")
        self._members.options_changed(device, known)
        return {
            "id": named,
            "from": before,
            "to": options_of(device),
            "restart_required": False,
        }

    def _checked(self, device: Device, name: str, value: Json) -> Any:
        """Return a known option's value; None removes it.

        Raises:
            RequestError: the value is invalid.
        """
        validate = check_of(device, name)
        if value is None or validate is None:
            return None
        old = options_of(device).get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            value = merged(old, value)
        try:
            return validate(value)
        except (SettingError, AqaraError) as error:
            raise RequestError(f"Invalid value of '{name}': {error}") from error


def _kept(device: Device, others: Mapping[str, Json]) -> dict[str, Any]:
    """Return a device's options of other programs, with some of them changed.

    Raises:
        RequestError: they exceed the limit.
    """
    result = merged(others_in(device.options), others)
    try:
        for name, value in result.items():
            check("an option's name", name)
            check(name, value)
    except LimitError as error:
        raise RequestError(str(error)) from error
    if len(result) > MOST_OTHERS or len(dump(result).encode()) > LONGEST_OTHERS:
        raise RequestError(
            f"No more than {MOST_OTHERS} options and {LONGEST_OTHERS} octets of them are kept"
        )
    return result
