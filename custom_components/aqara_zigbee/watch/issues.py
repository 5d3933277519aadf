"""Repair issues in Home Assistant: created, deleted, and removed with their entry.

An issue's id is its kind and its subject: a config entry, or a device's address. Those of devices are about
states that a user can correct; their conditions are in the devices' definitions.
"""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from ..const import DOMAIN
from ..core.definition import Problem
from ..core.device import Device
from ..core.events import NetworkEvent, Update
from ..core.gateway import Gateway
from ..core.radio import Ieee
from ..registry import name_of

ATTR_ENTRY = "entry_id"
ATTR_IEEE = "ieee"


def _issue_id(kind: str, about: str) -> str:
    return f"{kind}_{about}"


@callback
def report(
    hass: HomeAssistant,
    entry: ConfigEntry,
    kind: str,
    placeholders: dict[str, str] | None = None,
    *,
    ieee: Ieee | None = None,
    is_fixable: bool = False,
    is_fatal: bool = False,
    text: str | None = None,
) -> None:
    """Create an issue or update it. An ignored issue stays ignored.

    Args:
        hass: Home Assistant.
        entry: the network's entry.
        kind: the kind of issue.
        placeholders: placeholders of its text; one about the network also has its `title`.
        ieee: the device; None for the network.
        is_fixable: whether `repairs` has a fix flow.
        is_fatal: whether the network does not run because of it.
        text: its translation key, if not the kind.
    """
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(kind, ieee or entry.entry_id),
        is_fixable=is_fixable,
        severity=ir.IssueSeverity.ERROR if is_fatal else ir.IssueSeverity.WARNING,
        translation_key=text or kind,
        translation_placeholders={
            **({} if ieee else {"title": entry.title}),
            **(placeholders or {}),
        },
        # Every user can read this, so it has names, but no details.
        data={ATTR_ENTRY: entry.entry_id, ATTR_IEEE: ieee},
    )


@callback
def take_back(hass: HomeAssistant, entry: ConfigEntry, kind: str, ieee: Ieee | None = None) -> None:
    """Delete an issue, if it exists."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(kind, ieee or entry.entry_id))


@callback
def reported(hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
    """Return the kinds of current issues of an entry and its devices."""
    return sorted(
        {
            issue.translation_key or issue.issue_id
            for issue in _of_entry(hass, entry)
            if issue.active
        }
    )


@callback
def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete all issues of an entry and its devices."""
    for issue in _of_entry(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


def _of_entry(hass: HomeAssistant, entry: ConfigEntry) -> list[ir.IssueEntry]:
    """All issues of an entry, including ignored ones that are not active, which have only an id."""
    registered = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    identifiers = {ident for each in registered for ident in each.identifiers}
    owners = (entry.entry_id, *(ieee for domain, ieee in identifiers if domain == DOMAIN))
    return [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
        and (
            (issue.data or {}).get(ATTR_ENTRY) == entry.entry_id or issue.issue_id.endswith(owners)
        )
    ]


@callback
def follow_devices(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
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
                take_back(hass, entry, problem.issue, device.ieee)

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
        take_back(hass, entry, problem.issue, device.ieee)
        return
    report(
        hass,
        entry,
        problem.issue,
        {"device": name_of(hass, entry.entry_id, device.ieee)},
        ieee=device.ieee,
        is_fixable=problem.fix is not None,
    )
