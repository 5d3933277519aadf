"""Actions on the network: let devices join."""

from datetime import timedelta

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .entity import translated
from .runtime import AqaraConfigEntry

ATTR_DURATION = "duration"

MOST_SECONDS = 254
"""Zigbee's 255 would mean for ever; a network that stays open is none of ours."""

SERVICE_PERMIT_JOIN = "permit_join"

_PERMIT_SCHEMA = probatio.Schema(
    {
        probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        probatio.Optional(ATTR_DURATION, default=timedelta(seconds=MOST_SECONDS)): probatio.All(
            cv.time_period,
            probatio.Range(min=timedelta(0), max=timedelta(seconds=MOST_SECONDS)),
        ),
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; they are there whether or not a network is up."""

    async def permit_join(call: ServiceCall) -> None:
        entry: AqaraConfigEntry = service.async_get_config_entry(
            hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
        )
        with translated():
            await entry.runtime_data.gateway.permit(
                int(call.data[ATTR_DURATION].total_seconds()), dt_util.utcnow()
            )

    async_register_admin_service(hass, DOMAIN, SERVICE_PERMIT_JOIN, permit_join, _PERMIT_SCHEMA)
