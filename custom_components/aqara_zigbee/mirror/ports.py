"""What the mirror needs from outside: a broker, a clock, and Home Assistant."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Protocol

from ..core.device import Device

type Cancel = Callable[[], None]

type Hook = Callable[[Device | None, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Does what a bridge request asks for: the device it names, if any, and the request; returns the data
of the response, raises `requests.RequestError` or `core.errors.AqaraError`."""


class Broker(Protocol):
    """Where messages go."""

    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        """Send a message. Never waits and never fails; without a connection it is lost."""
        ...


class Clock(Protocol):
    """Time and timers."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...

    def local(self, moment: datetime) -> datetime:
        """The same moment in the home's time zone."""
        ...

    def call_later(self, seconds: float, then: Callable[[], None]) -> Cancel:
        """Call `then` after a while, unless the returned function is called before."""
        ...


class House(Protocol):
    """What only Home Assistant knows and can do."""

    def name_of(self, device: Device) -> str:
        """What the user sees a device called; its address while it has no name."""
        ...

    def rename(self, device: Device, name: str) -> None:
        """Call a device something else everywhere."""
        ...

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Change settings of the mirror (`settings.Settings`), soon; it starts anew then."""
        ...

    def restart(self) -> None:
        """Take the whole network down and bring it up again, soon."""
        ...

    def vitals(self) -> Mapping[str, Any]:
        """What `bridge/info` and `bridge/health` say of machine and process.

        Keys: ``os``, ``os_health``, ``process_health``, ``mqtt_health`` as in Zigbee2MQTT.
        """
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that nobody waits for."""
        ...

    def tell_foreign(self, *, is_there: bool) -> None:
        """Another bridge speaks on our topics, or does no longer; the mirror is silent meanwhile."""
        ...
