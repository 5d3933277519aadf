"""Home Assistant's time and timers for the mirror."""

from collections.abc import Callable
from datetime import datetime
from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..mirror.ports import Cancel, Clock


class HomeClock(Clock):
    """Home Assistant's time and timers."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    @override
    def now(self) -> datetime:
        return dt_util.utcnow()

    @override
    def local(self, moment: datetime) -> datetime:
        return dt_util.as_local(moment)

    @override
    def call_later(self, seconds: float, then: Callable[[], None]) -> Cancel:
        @callback
        def on_time(_now: datetime) -> None:
            then()

        return async_call_later(self._hass, seconds, on_time)
