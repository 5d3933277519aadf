"""Actions of the network: permit joins, remove devices, scan and change channels."""

from datetime import timedelta

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr, service
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .core.gateway import MOST_SECONDS, Gateway
from .core.network_scan import Scan, table
from .core.radio import Ieee
from .entity import owner_of, translated_as
from .runtime import AqaraConfigEntry

ATTR_CHANNEL = "channel"
ATTR_DURATION = "duration"
ATTR_FORCE = "force"
ATTR_VIA = "via"

SERVICE_PERMIT_JOIN = "permit_join"
SERVICE_REMOVE_DEVICE = "remove_device"
SERVICE_INTERVIEW = "interview"
SERVICE_ENERGY_SCAN = "energy_scan"
SERVICE_CHANGE_CHANNEL = "change_channel"
SERVICE_SCAN_NETWORK = "scan_network"

_NETWORK = {probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string}
_DEVICE = {probatio.Required(ATTR_DEVICE_ID): cv.string}

_PERMIT_SCHEMA = probatio.Schema(
    _NETWORK
    | {
        probatio.Optional(ATTR_DURATION, default=timedelta(seconds=MOST_SECONDS)): probatio.All(
            cv.time_period,
            probatio.Range(min=timedelta(0), max=timedelta(seconds=MOST_SECONDS)),
        ),
        probatio.Optional(ATTR_VIA): cv.string,
    }
)
_REMOVE_SCHEMA = probatio.Schema(
    _DEVICE | {probatio.Optional(ATTR_FORCE, default=False): cv.boolean}
)
_CHANNEL_SCHEMA = probatio.Schema(
    _NETWORK
    | {probatio.Required(ATTR_CHANNEL): probatio.All(probatio.Coerce(int), probatio.Range(11, 26))}
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, whether or not a network is running."""
    for name, action, schema, response in (
        (SERVICE_PERMIT_JOIN, _permit_join, _PERMIT_SCHEMA, SupportsResponse.NONE),
        (SERVICE_REMOVE_DEVICE, _remove_device, _REMOVE_SCHEMA, SupportsResponse.NONE),
        (SERVICE_INTERVIEW, _interview, probatio.Schema(_DEVICE), SupportsResponse.NONE),
        (SERVICE_ENERGY_SCAN, _energy_scan, probatio.Schema(_NETWORK), SupportsResponse.ONLY),
        (SERVICE_SCAN_NETWORK, _scan_network, probatio.Schema(_NETWORK), SupportsResponse.OPTIONAL),
        (SERVICE_CHANGE_CHANNEL, _change_channel, _CHANNEL_SCHEMA, SupportsResponse.NONE),
    ):
        async_register_admin_service(hass, DOMAIN, name, action, schema, response)


def _gateway(call: ServiceCall) -> Gateway:
    """Return the network of an action.

    Raises:
        ServiceValidationError: there is none with that name, or it is not running.
    """
    entry: AqaraConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    return entry.runtime_data.gateway


def _device(hass: HomeAssistant, device_id: str) -> tuple[Gateway, Ieee]:
    """Return the network and the address of an action's device.

    Raises:
        ServiceValidationError: it is not our device, or its network is not running.
    """
    registered = dr.async_get(hass).async_get(device_id)
    if isinstance(registered, dr.DeviceEntry):
        for domain, ieee in registered.identifiers:
            if domain == DOMAIN:
                entry: AqaraConfigEntry = service.async_get_config_entry(
                    hass, DOMAIN, registered.config_entry_id
                )
                return entry.runtime_data.gateway, ieee
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="no_such_device",
        translation_placeholders={"device_id": device_id},
    )


async def _permit_join(call: ServiceCall) -> None:
    gateway, via = _gateway(call), None
    if ATTR_VIA in call.data:
        _, via = _device(call.hass, call.data[ATTR_VIA])
    seconds = int(call.data[ATTR_DURATION].total_seconds())
    with translated_as(translation_domain=DOMAIN, translation_key="permit_failed"):
        await gateway.permit(seconds, dt_util.utcnow(), via)


async def _remove_device(call: ServiceCall) -> None:
    gateway, ieee = _device(call.hass, call.data[ATTR_DEVICE_ID])
    owner_of(gateway)
    with translated_as(translation_domain=DOMAIN, translation_key="remove_failed"):
        await gateway.dismiss(ieee, force=call.data[ATTR_FORCE])


async def _interview(call: ServiceCall) -> None:
    gateway, ieee = _device(call.hass, call.data[ATTR_DEVICE_ID])
    with translated_as(translation_domain=DOMAIN, translation_key="interview_failed"):
        await gateway.radio.interview(ieee)


async def _energy_scan(call: ServiceCall) -> ServiceResponse:
    gateway = _gateway(call)
    with translated_as(translation_domain=DOMAIN, translation_key="energy_scan_failed"):
        energies = await gateway.radio.energy_scan()
    return {
        "channel": gateway.radio.coordinator.channel,
        "energies": {str(channel): energy for channel, energy in sorted(energies.items())},
    }


async def scan_network(gateway: Gateway) -> Scan:
    """Scan a network for a user.

    Raises:
        HomeAssistantError: the coordinator did not answer. The last scan is kept.
    """
    scan = await gateway.scanner.scan(dt_util.utcnow)
    if scan.coordinator in scan.failed:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="scan_failed")
    return scan


async def _scan_network(call: ServiceCall) -> ServiceResponse:
    return table(await scan_network(_gateway(call)))


async def _change_channel(call: ServiceCall) -> None:
    owner = owner_of(_gateway(call))
    with translated_as(translation_domain=DOMAIN, translation_key="change_channel_failed"):
        await owner.change_channel(call.data[ATTR_CHANNEL])
