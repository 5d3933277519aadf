"""The step of the options flow that is about firmware: whether the internet may be asked for it."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import BooleanSelector
import probatio

from ..firmware import CONF_REMOTE, CONF_UPDATES, folder, is_remote

_SCHEMA = probatio.Schema({probatio.Required(CONF_REMOTE): BooleanSelector()})


class FirmwareOptionsFlow(OptionsFlow):
    """Asks where firmware may come from."""

    async def async_step_updates(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the internet may be asked. It acts at once; nothing is started anew."""
        if user_input is not None:
            data = {**self.config_entry.options, CONF_UPDATES: user_input}
            return self.async_create_entry(data=data)
        suggested = {CONF_REMOTE: is_remote(self.config_entry)}
        return self.async_show_form(
            step_id="updates",
            data_schema=self.add_suggested_values_to_schema(_SCHEMA, suggested),
            description_placeholders={"folder": str(folder(self.hass))},
        )
