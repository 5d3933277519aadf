"""The step "ZHA's entities" of the options flow."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..runtime import CONF_DISABLE_ZHA, disables_zha
from .zha_network import SCHEMA


class ZhaEntitiesFlow(OptionsFlow):
    """Asks whether ZHA's entities are wanted besides ours."""

    async def async_step_zha_entities(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to disable ZHA's entities of our devices. It applies at once."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        suggested = {CONF_DISABLE_ZHA: disables_zha(self.config_entry)}
        return self.async_show_form(
            step_id="zha_entities",
            data_schema=self.add_suggested_values_to_schema(SCHEMA, suggested),
        )
