"""Troubles of devices that their owner can end, told as repair issues."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from .const import DOMAIN
from .core.definition import Problem
from .core.device import Device, Update
from .core.gateway import Event
from .runtime import AqaraConfigEntry


@callback
def follow(hass: HomeAssistant, entry: AqaraConfigEntry) -> None:
    """Tell of a device's problems while they last."""
    gateway = entry.runtime_data.gateway
    met: set[str] = set()

    @callback
    def meet(device: Device) -> None:
        problems = device.definition.problems if device.definition else ()
        if not problems or device.ieee in met:
            return
        met.add(device.ieee)

        @callback
        def heard(_update: Update) -> None:
            for problem in problems:
                _tell(hass, entry, device, problem)

        heard(Update())
        entry.async_on_unload(device.subscribe(heard))

    @callback
    def witness(event: Event, device: Device) -> None:
        if event is Event.INTERVIEWED:
            meet(device)
        elif event is Event.REMOVED:
            met.discard(device.ieee)
            for problem in device.definition.problems if device.definition else ():
                ir.async_delete_issue(hass, DOMAIN, _issue_id(device, problem))

    for device in gateway.values():
        meet(device)
    entry.async_on_unload(gateway.subscribe(witness))


def _issue_id(device: Device, problem: Problem) -> str:
    return f"{problem.issue}_{device.ieee}"


@callback
def _tell(hass: HomeAssistant, entry: AqaraConfigEntry, device: Device, problem: Problem) -> None:
    issue = _issue_id(device, problem)
    if device.state.get(problem.name) != problem.value:
        ir.async_delete_issue(hass, DOMAIN, issue)
        return
    registered = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, device.ieee), entry.entry_id
    )
    name = (registered.name_by_user or registered.name) if registered else None
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=problem.issue,
        translation_placeholders={"device": name or device.ieee},
    )
