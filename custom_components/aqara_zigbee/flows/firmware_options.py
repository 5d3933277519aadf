"""The step "Firmware" of the options flow: whether firmware may be downloaded."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import BooleanSelector
import probatio

from ..const import DOCS
from ..update import CONF_REMOTE, CONF_UPDATES, folder, is_remote

HELP = f"{DOCS}/updates.md#where-firmware-comes-from"
"""The page about the names of the files in the local folder."""

_SCHEMA = probatio.Schema({probatio.Required(CONF_REMOTE): BooleanSelector()})


class FirmwareOptionsFlow(OptionsFlow):
    """Asks for the source of firmware."""

    async def async_step_updates(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether firmware may be downloaded. It applies at once, without a restart."""
        if user_input is not None:
            data = {**self.config_entry.options, CONF_UPDATES: user_input}
            return self.async_create_entry(data=data)
        suggested = {CONF_REMOTE: is_remote(self.config_entry)}
        return self.async_show_form(
            step_id="updates",
            data_schema=self.add_suggested_values_to_schema(_SCHEMA, suggested),
            description_placeholders={"folder": str(folder(self.hass)), "help": HELP},
        )
