"""Detects problems of a network, and creates repair issues.

Issues exist only while the problem lasts. Those of single devices are in `issues`, the fix flows
in `repairs`.
"""

from collections import deque
from datetime import datetime, timedelta
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, VIRTUAL_PORT
from ..core.device import Device
from ..core.errors import DeliveryError
from ..core.events import NetworkChange, NetworkEvent, RadioFound, RadioLost
from ..core.gateway import Gateway
from ..core.gateway_devices import ALIVE
from ..core.health import (
    BUFFER_FULL,
    CHANNEL_ACCESS_FAILURE,
    OLDEST_GOOD,
    Finding,
    build,
    is_too_old,
    is_z_stack_1,
)
from ..core.radio import Ieee
from ..ports import port_owner
from ..registry import name_of
from . import issues

_LOGGER = logging.getLogger(__name__)

FIRMWARE = "firmware_too_old"
FIRMWARE_NOT_SUPPORTED = "firmware_not_supported"
LOST = "coordinator_lost"
SHARED = "coordinator_shared"
ROUTERS, ROUTER = "silent_routers", "silent_router"
"""The issue about devices that relay messages, and its text about a single one."""
BUSY = "port_busy"
OWNED = "port_owned"
OTHER_NETWORK = "other_network"
NOT_FORMED = "not_formed"
STORAGE = "storage_failed"
STORAGE_DAMAGED = "storage_damaged"
DATABASE = "database_unusable"
SETUP = (BUSY, "not_zstack", NOT_FORMED, OTHER_NETWORK, DATABASE)
"""Reasons why a network does not run that need a user's action; values of `RadioProblem`."""

_CHECK_INTERVAL = timedelta(minutes=1)
_LOST_AFTER = timedelta(minutes=5)
"""A coordinator that restarts, or is moved to another port, returns earlier."""
_MANY_LOSSES = 5
_LOSSES_WITHIN = timedelta(minutes=10)
"""A network coordinator lost repeatedly in this time is probably used by another program, too."""
_SILENCE = timedelta(hours=24)
_FIXABLE = {NOT_FORMED, OTHER_NETWORK, DATABASE}


# Issues about storage


@callback
def report_storage(hass: HomeAssistant, entry: ConfigEntry, reason: str | None) -> None:
    """Create an issue with the reason why states cannot be written to disk; None deletes it."""
    if reason is None:
        issues.take_back(hass, entry, STORAGE)
    else:
        issues.report(hass, entry, STORAGE, {"reason": reason})


# Issues of a network that does not start


async def report_start_failure(hass: HomeAssistant, entry: ConfigEntry, problem: str) -> None:
    """Create an issue for a network that does not start, if the user can solve it.

    Args:
        hass: Home Assistant.
        entry: the network's entry.
        problem: a value of `radio.network.RadioProblem`.
    """
    path = entry.data["device"]["path"]
    for kind in SETUP:
        if kind != problem:
            issues.take_back(hass, entry, kind)
    if problem not in SETUP:
        return
    owner = await port_owner(hass, path, entry.entry_id) if problem == BUSY else None
    issues.report(
        hass,
        entry,
        problem,
        {"path": path, **({"owner": owner.title} if owner else {})},
        is_fixable=problem in _FIXABLE,
        is_fatal=True,
        text=OWNED if owner else problem,
    )


# Issues of a running network


class RepairsMonitor:
    """Creates and deletes issues of a network and its devices."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        gateway: Gateway,
    ) -> None:
        """Create a monitor that is not started.

        Args:
            hass: Home Assistant.
            entry: the network's entry.
            gateway: the network.
        """
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._routers = _Routers(hass, entry, gateway)
        self._losses: deque[datetime] = deque(maxlen=_MANY_LOSSES)

    @callback
    def start(self) -> None:
        """Check now, and regularly until the entry is unloaded."""
        for kind in SETUP:
            issues.take_back(self._hass, self._entry, kind)
        _follow_coordinator(self._hass, self._entry, self._gateway)
        self._entry.async_on_unload(self._gateway.subscribe_network(self._changed))
        issues.follow_devices(self._hass, self._entry, self._gateway)
        looking = self.check(dt_util.utcnow())
        self._entry.async_create_background_task(self._hass, looking, f"{DOMAIN} troubles")
        self._entry.async_on_unload(
            async_track_time_interval(self._hass, self.check, _CHECK_INTERVAL)
        )
        self._entry.async_on_unload(self._leave)

    async def check(self, now: datetime) -> None:
        """Check all conditions."""
        _report_health(self._hass, self._entry, self._gateway, now)
        _report_firmware(self._hass, self._entry, self._gateway)
        self._report_losses(now)
        await self._routers.check(now)

    @callback
    def _changed(self, change: NetworkChange) -> None:
        if isinstance(change, RadioLost):
            self._losses.append(dt_util.utcnow())
            self._report_losses(self._losses[-1])

    @callback
    def _report_losses(self, now: datetime) -> None:
        """Report a network coordinator whose connection is lost as soon as it is back.

        Such coordinators serve one connection, and drop it for a new one, so that two programs
        disconnect each other repeatedly.
        """
        path = self._entry.data["device"]["path"]
        while self._losses and now - self._losses[0] > _LOSSES_WITHIN:
            self._losses.popleft()
        if len(self._losses) == _MANY_LOSSES and "://" in path and path != VIRTUAL_PORT:
            minutes = str(int(_LOSSES_WITHIN.total_seconds() // 60))
            facts = {"path": path, "count": str(_MANY_LOSSES), "minutes": minutes}
            issues.report(self._hass, self._entry, SHARED, facts)
        elif not self._losses:
            issues.take_back(self._hass, self._entry, SHARED)

    @callback
    def _leave(self) -> None:
        if self._entry.disabled_by is not None:
            issues.forget(self._hass, self._entry)


@callback
def _report_health(
    hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway, now: datetime
) -> None:
    found = gateway.health.findings(now)
    channel = str(gateway.radio.coordinator.channel)
    for finding in Finding:
        if finding in found:
            issues.report(hass, entry, finding, {"channel": channel})
        else:
            issues.take_back(hass, entry, finding)


@callback
def _report_firmware(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    firmware = gateway.radio.coordinator.firmware
    if is_z_stack_1(firmware):
        issues.report(hass, entry, FIRMWARE, text=FIRMWARE_NOT_SUPPORTED)
    elif is_too_old(firmware):
        facts = {"build": str(build(firmware) or "?"), "oldest": str(OLDEST_GOOD)}
        issues.report(hass, entry, FIRMWARE, facts)
    else:
        issues.take_back(hass, entry, FIRMWARE)


@callback
def _follow_coordinator(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """Create an issue for a coordinator that stays disconnected, until it is back."""
    timer: CALLBACK_TYPE | None = None

    @callback
    def forget_timer() -> None:
        nonlocal timer
        if timer is not None:
            timer()
            timer = None

    @callback
    def over(_now: datetime) -> None:
        nonlocal timer
        timer = None
        facts = {"path": entry.data["device"]["path"]}
        issues.report(hass, entry, LOST, facts, is_fatal=True)

    @callback
    def lost() -> None:
        nonlocal timer
        forget_timer()
        timer = async_call_later(hass, _LOST_AFTER, over)

    @callback
    def found() -> None:
        forget_timer()
        issues.take_back(hass, entry, LOST)

    @callback
    def changed(change: NetworkChange) -> None:
        match change:
            case RadioLost():
                lost()
            case RadioFound():
                found()

    changed(RadioFound() if gateway.online else RadioLost(""))
    entry.async_on_unload(gateway.subscribe_network(changed))
    entry.async_on_unload(forget_timer)


@callback
def log_devices(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """Log each device that becomes unavailable, and its return.

    Without the coordinator all of them are; this is logged once, for the coordinator.
    """
    gone: set[Ieee] = set()

    @callback
    def on_event(event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.REMOVED:
            gone.discard(device.ieee)
        if event is not NetworkEvent.AVAILABILITY:
            return
        name = name_of(hass, entry.entry_id, device.ieee)
        if device.available and device.ieee in gone:
            gone.discard(device.ieee)
            _LOGGER.info("%s (%s) is available again", name, device.ieee)
        elif not device.available and gateway.online:
            gone.add(device.ieee)
            _LOGGER.info("%s (%s) is unavailable", name, device.ieee)

    entry.async_on_unload(gateway.subscribe(on_event))


@callback
def log_zha(entry: ConfigEntry, gateway: Gateway) -> None:
    """Log the loss of ZHA's network, and its return. Those of our own coordinator are in `radio.reconnect`."""

    @callback
    def changed(change: NetworkChange) -> None:
        match change:
            case RadioLost(reason):
                _LOGGER.info("ZHA's network is unavailable: %s", reason)
            case RadioFound():
                _LOGGER.info("ZHA's network is available again")
            case _:
                pass

    entry.async_on_unload(gateway.subscribe_network(changed))


class _Routers:
    """Checks mains-powered devices, which are routers of others."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._silent: dict[Ieee, datetime | None] = {}
        """Devices without an answer, with the time of their last frame."""

    async def check(self, now: datetime) -> None:
        """Check the devices that have been silent for a day, and do not answer a read either."""
        if not self._gateway.online:
            return
        for device in tuple(self._gateway.values()):
            if not device.is_router or _was_seen_recently(device, now):
                self._silent.pop(device.ieee, None)
            elif device.ieee not in self._silent or self._silent[device.ieee] != device.last_seen:
                await self._ask(device)
        for ieee in self._silent.keys() - self._gateway.keys():
            del self._silent[ieee]
        if self._gateway.online:
            self._report()

    async def _ask(self, device: Device) -> None:
        self._silent.pop(device.ieee, None)
        seen = device.last_seen
        try:
            await self._gateway.radio.request(device.ieee, ALIVE.read())
        except DeliveryError as error:
            # An error status is an answer, too; and if nothing can be sent, there is no answer.
            is_ours = error.status in (CHANNEL_ACCESS_FAILURE, BUFFER_FULL)
            if device.last_seen == seen and self._gateway.online and not is_ours:
                self._silent[device.ieee] = seen

    def _report(self) -> None:
        if not self._silent:
            issues.take_back(self._hass, self._entry, ROUTERS)
            return
        names = sorted(name_of(self._hass, self._entry.entry_id, ieee) for ieee in self._silent)
        if len(names) == 1:
            issues.report(self._hass, self._entry, ROUTERS, {"device": names[0]}, text=ROUTER)
        else:
            facts = {"devices": "\n".join(f"- {name}" for name in names)}
            issues.report(self._hass, self._entry, ROUTERS, facts)


def _was_seen_recently(device: Device, now: datetime) -> bool:
    return device.last_seen is not None and now - device.last_seen < _SILENCE
