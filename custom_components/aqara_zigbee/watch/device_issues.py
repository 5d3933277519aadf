"""Creates repair issues for states of devices that a user can correct."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN
from ..core.definition import Problem
from ..core.device import Device
from ..core.events import NetworkEvent, Update
from ..core.gateway import Gateway
from ..core.radio import Ieee
from ..registry import name_of
from . import issues


@callback
def follow(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """Create and delete issues of devices until the entry is unloaded."""
    met: set[Ieee] = set()

    @callback
    def add(device: Device, *, is_new: bool) -> None:
        if device.definition is None or not device.definition.problems or device.ieee in met:
            return
        met.add(device.ieee)
        case = _DeviceIssues(hass, entry, device, device.definition.problems)
        case.report()
        # A new device is read completely anyway.
        entry.async_on_unload(device.subscribe(case.followed if is_new else case.asked))

    @callback
    def on_event(event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.INTERVIEWED:
            add(device, is_new=True)
        elif event is NetworkEvent.REMOVED:
            met.discard(device.ieee)
            for problem in device.definition.problems if device.definition else ():
                issues.take_back(hass, entry, problem.issue, device.ieee)

    for device in gateway.values():
        add(device, is_new=False)
    entry.async_on_unload(gateway.subscribe(on_event))


class _DeviceIssues:
    """The issues of a device."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        device: Device,
        problems: tuple[Problem, ...],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._device = device
        self._problems = problems
        self._well: set[str] = set()
        """The issues that the device had no reason for at the last update."""
        self._is_asking = False

    @callback
    def followed(self, _update: Update) -> None:
        """Called when the device has sent something."""
        self.report()

    @callback
    def asked(self, _update: Update) -> None:
        """Called when the device has sent something, so that it is awake: read unknown states.

        One that was migrated from another program has not been read before.
        """
        self.report()
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
    def report(self) -> None:
        """Create and delete the issues of the device's states."""
        for problem in self._problems:
            is_well = self._device.state.get(problem.name) != problem.value
            if is_well and problem.issue in self._well:
                continue
            (self._well.add if is_well else self._well.discard)(problem.issue)
            _report_problem(self._hass, self._entry, self._device, problem)


@callback
def _report_problem(
    hass: HomeAssistant, entry: ConfigEntry, device: Device, problem: Problem
) -> None:
    if device.state.get(problem.name) != problem.value:
        issues.take_back(hass, entry, problem.issue, device.ieee)
        return
    issues.report(
        hass,
        entry,
        problem.issue,
        {"device": name_of(hass, entry.entry_id, device.ieee)},
        ieee=device.ieee,
        is_fixable=problem.fix is not None,
    )
