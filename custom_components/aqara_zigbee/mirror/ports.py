"""Interfaces of the mirror: MQTT client, clock, Home Assistant."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Protocol

from ..core.device import Device

type Cancel = Callable[[], None]

type Hook = Callable[[Device | None, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Handles a bridge request, given its device, if any, and the request; returns the data of the
response, raises `requests.RequestError` or `core.errors.AqaraError`."""


class Broker(Protocol):
    """The MQTT client."""

    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        """Publish a message. Never waits and never fails; without a connection it is lost."""
        ...


class Clock(Protocol):
    """Time and timers."""

    def now(self) -> datetime:
        """The current time in UTC."""
        ...

    def local(self, moment: datetime) -> datetime:
        """Convert a time to the home's time zone."""
        ...

    def call_later(self, seconds: float, then: Callable[[], None]) -> Cancel:
        """Call `then` after some seconds, unless the returned function is called before."""
        ...


class MirrorHost(Protocol):
    """Home Assistant's functions for the mirror."""

    def name_of(self, device: Device) -> str:
        """Return the device's name in Home Assistant; its address while it has no name."""
        ...

    async def rename(self, device: Device, name: str) -> None:
        """Rename a device everywhere; the name is stored when this returns.

        Raises:
            AqaraError: it cannot be stored, and nothing was changed.
        """
        ...

    async def configure(self, settings: Mapping[str, Any]) -> None:
        """Store changed settings of the mirror (`settings.Settings`) and apply them.

        Raises:
            AqaraError: they cannot be stored, and nothing was changed.
        """
        ...

    def restart(self) -> None:
        """Reload the whole network soon."""
        ...

    def vitals(self) -> Mapping[str, Any]:
        """Return the machine's and the process's data for `bridge/info` and `bridge/health`.

        Keys: ``os``, ``os_health``, ``process_health``, ``mqtt_health`` as in Zigbee2MQTT.
        """
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background."""
        ...

    def report_other_bridge(self, *, is_there: bool) -> None:
        """Report whether another bridge is online; the mirror does not publish while it is."""
        ...
