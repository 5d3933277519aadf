"""The repair flows; each is imported when it is opened."""

from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module

from .watch.issues import ATTR_ENTRY, ATTR_IEEE
from .watch.repairs_monitor import DATABASE


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue of a device or of an entry."""
    assert data is not None
    entry_id, ieee = str(data[ATTR_ENTRY]), data[ATTR_IEEE]
    if ieee is not None:
        module = await async_import_module(hass, f"{__package__}.flows.device_repair")
        flow: RepairsFlow = module.DeviceRepair(
            entry_id, str(ieee), issue_id.removesuffix(f"_{ieee}")
        )
    elif issue_id.startswith(DATABASE):
        module = await async_import_module(hass, f"{__package__}.flows.database_repair")
        flow = module.DatabaseRepair(entry_id)
    else:
        module = await async_import_module(hass, f"{__package__}.flows.network_repair")
        flow = module.NetworkRepair(entry_id)
    return flow
