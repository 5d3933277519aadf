"""The step of the options flow that is about backups: what is kept, for download, and one more now."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..archive import Reason, line
from ..backup import link
from ..core.errors import DeliveryError
from ..phrases import phrases
from ..runtime import AqaraConfigEntry


class BackupOptionsFlow(OptionsFlow):
    """Shows the backups of a network that is up."""

    @property
    def _network(self) -> AqaraConfigEntry:
        return self.config_entry

    async def async_step_backups(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """List what is kept; each entry is a link to a file, good for ten minutes."""
        words = await phrases(self.hass, "backup")
        entry_id = self.config_entry.entry_id
        # In a window of its own: the frontend takes other links for pages of its own.
        lines = [
            f'- <a href="{link(self.hass, entry_id, kept)}" target="_blank">{line(kept, words)}</a>'
            for kept in await self._network.runtime_data.backups.archive.all()
        ]
        return self.async_show_menu(
            step_id="backups",
            menu_options=["back_up", "init"],
            description_placeholders={"backups": "\n".join(lines) or words["none"]},
        )

    async def async_step_back_up(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Make one now."""
        try:
            await self._network.runtime_data.backups.make(Reason.ASKED)
        except DeliveryError as error:
            return self.async_abort(
                reason="backup_failed", description_placeholders={"reason": str(error)}
            )
        return await self.async_step_backups()
