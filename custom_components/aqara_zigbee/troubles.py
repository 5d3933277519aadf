"""Finds what is wrong with a network and its devices, and tells it as repair issues.

What is found here is only told while it lasts. What ends a trouble stands in `repairs`.
"""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from . import issues
from .const import DOMAIN
from .core.definition import Problem
from .core.device import Device, Update
from .core.errors import DeliveryError
from .core.gateway import ALIVE, Event, Gateway
from .core.health import BUFFER_FULL, CHANNEL_ACCESS_FAILURE, Finding
from .core.radio import Ieee
from .core.stick import OLDEST_GOOD, build, is_too_old
from .ports import port_owner
from .registry import name_of
from .runtime import AqaraConfigEntry

FIRMWARE = "firmware_too_old"
ZIGPY = "zigpy_newer"
ROUTERS = "silent_routers"
BUSY = "port_busy"
OWNED = "port_owned"
OTHER_NETWORK = "other_network"
NOT_FORMED = "not_formed"
SETUP = (BUSY, "not_zstack", NOT_FORMED, OTHER_NETWORK)
"""Why a network is down, where somebody has to do something about it; `Trouble`'s words."""

_LOOK = timedelta(minutes=1)
_SILENCE = timedelta(hours=24)
_FIXABLE = {NOT_FORMED, OTHER_NETWORK}


# While a network does not come up


async def tell_why(hass: HomeAssistant, entry: AqaraConfigEntry, trouble: str) -> None:
    """Tell why a network is down, if its owner can do something about it.

    Args:
        hass: Home Assistant.
        entry: whose network.
        trouble: one of `radio.network.Trouble`'s words.
    """
    path = entry.data["device"]["path"]
    for kind in SETUP:
        if kind != trouble:
            issues.take_back(hass, entry, kind)
    if trouble not in SETUP:
        return
    owner = await port_owner(hass, path, entry.entry_id) if trouble == BUSY else None
    issues.tell(
        hass,
        entry,
        trouble,
        {"path": path, **({"owner": owner} if owner else {})},
        is_fixable=trouble in _FIXABLE,
        is_fatal=True,
        text=OWNED if owner else trouble,
    )


# While it is up


class Watch:
    """Tells of a network's and its devices' troubles while they last."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AqaraConfigEntry,
        gateway: Gateway,
        newer_zigpy: str | None,
    ) -> None:
        """Make a watch that does not look yet.

        Args:
            hass: Home Assistant.
            entry: whose network.
            gateway: the network.
            newer_zigpy: zigpy's version if it is newer than we know.
        """
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._newer_zigpy = newer_zigpy
        self._routers = _Routers(hass, entry, gateway)

    @callback
    def start(self) -> None:
        """The network is up: look now, and go on looking until the entry is unloaded."""
        for kind in SETUP:
            issues.take_back(self._hass, self._entry, kind)
        _follow_devices(self._hass, self._entry, self._gateway)
        looking = self.look(dt_util.utcnow())
        self._entry.async_create_background_task(self._hass, looking, f"{DOMAIN} troubles")
        self._entry.async_on_unload(async_track_time_interval(self._hass, self.look, _LOOK))
        self._entry.async_on_unload(self._leave)

    async def look(self, now: datetime) -> None:
        """See how things stand."""
        _tell_health(self._hass, self._entry, self._gateway, now)
        _tell_versions(self._hass, self._entry, self._gateway, self._newer_zigpy)
        await self._routers.look(now)

    @callback
    def _leave(self) -> None:
        if self._entry.disabled_by is not None:
            issues.forget(self._hass, self._entry)


@callback
def _tell_health(
    hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway, now: datetime
) -> None:
    found = gateway.health.findings(now)
    counts = {
        Finding.CROWDED: gateway.health.failures[CHANNEL_ACCESS_FAILURE],
        Finding.BUFFERS: gateway.health.failures[BUFFER_FULL],
    }
    channel = str(gateway.radio.coordinator.channel)
    for finding, count in counts.items():
        if finding in found:
            issues.tell(hass, entry, finding, {"channel": channel, "count": str(count)})
        else:
            issues.take_back(hass, entry, finding)


@callback
def _tell_versions(
    hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway, newer_zigpy: str | None
) -> None:
    firmware = gateway.radio.coordinator.firmware
    if is_too_old(firmware):
        facts = {"build": str(build(firmware) or "?"), "oldest": str(OLDEST_GOOD)}
        issues.tell(hass, entry, FIRMWARE, facts)
    else:
        issues.take_back(hass, entry, FIRMWARE)
    if newer_zigpy is not None:
        issues.tell(hass, entry, ZIGPY, {"version": newer_zigpy})
    else:
        issues.take_back(hass, entry, ZIGPY)


class _Routers:
    """Watches mains devices that others are to be reached through."""

    def __init__(self, hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._silent: dict[Ieee, datetime | None] = {}
        """Those that did not answer, with their last sign of life."""

    async def look(self, now: datetime) -> None:
        """See who has said nothing for a day, and does not answer either."""
        if not self._gateway.online:
            return
        for device in tuple(self._gateway.values()):
            if not device.is_router or _is_heard(device, now):
                self._silent.pop(device.ieee, None)
            elif device.ieee not in self._silent or self._silent[device.ieee] != device.last_seen:
                await self._ask(device)
        for ieee in self._silent.keys() - self._gateway.keys():
            del self._silent[ieee]
        if self._gateway.online:
            self._tell()

    async def _ask(self, device: Device) -> None:
        self._silent.pop(device.ieee, None)
        seen = device.last_seen
        try:
            await self._gateway.radio.request(device.ieee, ALIVE.read())
        except DeliveryError as error:
            # A refusal is an answer, too; and where nothing can be sent, nobody can answer.
            is_ours = error.status in (CHANNEL_ACCESS_FAILURE, BUFFER_FULL)
            if device.last_seen == seen and self._gateway.online and not is_ours:
                self._silent[device.ieee] = seen

    def _tell(self) -> None:
        if not self._silent:
            issues.take_back(self._hass, self._entry, ROUTERS)
            return
        names = sorted(name_of(self._hass, self._entry.entry_id, ieee) for ieee in self._silent)
        facts = {"devices": "\n".join(f"- {name}" for name in names), "count": str(len(names))}
        issues.tell(self._hass, self._entry, ROUTERS, facts)


def _is_heard(device: Device, now: datetime) -> bool:
    return device.last_seen is not None and now - device.last_seen < _SILENCE


# Devices in a state that their owner can end


@callback
def _follow_devices(hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
    met: set[Ieee] = set()

    @callback
    def meet(device: Device, *, is_new: bool) -> None:
        if device.definition is None or not device.definition.problems or device.ieee in met:
            return
        met.add(device.ieee)
        case = _Case(hass, entry, device, device.definition.problems)
        case.tell()
        # A new one is asked for everything anyway.
        entry.async_on_unload(device.subscribe(case.followed if is_new else case.asked))

    @callback
    def witness(event: Event, device: Device) -> None:
        if event is Event.INTERVIEWED:
            meet(device, is_new=True)
        elif event is Event.REMOVED:
            met.discard(device.ieee)
            for problem in device.definition.problems if device.definition else ():
                issues.take_back(hass, entry, problem.issue, device.ieee)

    for device in gateway.values():
        meet(device, is_new=False)
    entry.async_on_unload(gateway.subscribe(witness))


class _Case:
    """A device that can be in a state somebody should do something about."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AqaraConfigEntry,
        device: Device,
        problems: tuple[Problem, ...],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._device = device
        self._problems = problems
        self._is_asking = False

    @callback
    def followed(self, _update: Update) -> None:
        """The device has spoken."""
        self.tell()

    @callback
    def asked(self, _update: Update) -> None:
        """The device has spoken. It is awake now: ask for what nobody knows.

        One that came from another program, with its network, has never been asked by us.
        """
        self.tell()
        unknown = any(problem.name not in self._device.state for problem in self._problems)
        if unknown and self._device.available and not self._is_asking:
            self._is_asking = True
            name = f"{DOMAIN} state of {self._device.ieee}"
            self._entry.async_create_background_task(self._hass, self._ask(), name)

    async def _ask(self) -> None:
        try:
            await self._device.refresh()
        finally:
            self._is_asking = False

    @callback
    def tell(self) -> None:
        """Tell what is wrong, take back what is not."""
        for problem in self._problems:
            _tell_problem(self._hass, self._entry, self._device, problem)


@callback
def _tell_problem(
    hass: HomeAssistant, entry: AqaraConfigEntry, device: Device, problem: Problem
) -> None:
    if device.state.get(problem.name) != problem.value:
        issues.take_back(hass, entry, problem.issue, device.ieee)
        return
    issues.tell(
        hass,
        entry,
        problem.issue,
        {"device": name_of(hass, entry.entry_id, device.ieee)},
        ieee=device.ieee,
        is_fixable=problem.fix is not None,
    )
