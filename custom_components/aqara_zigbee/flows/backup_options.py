"""The step "Backups" of the options flow: downloads of stored backups, and a new one."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..backup import link
from ..core.errors import DeliveryError, StorageError
from ..runtime import AqaraConfigEntry
from ..storage.backup_list import Reason, StoredBackup, line
from ..storage.backups import Backups
from ..texts import Texts, load_texts, plain


class BackupOptionsFlow(OptionsFlow):
    """Shows the backups of a running network."""

    @property
    def _backups(self) -> Backups:
        entry: AqaraConfigEntry = self.config_entry
        assert entry.runtime_data.own is not None  # the menu does not offer it otherwise
        return entry.runtime_data.own.backups

    async def async_step_backups(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """List the stored backups; each entry is a download link, valid for 10 minutes."""
        texts = await load_texts(self.hass, "backup")
        lines = [f"- {self._link(kept, texts)}" for kept in await self._backups.archive.all()]
        return self.async_show_menu(
            step_id="backups",
            menu_options=["back_up", "init"],
            description_placeholders={
                "title": plain(self.config_entry.title),
                "backups": "\n".join(lines) or texts["none"],
            },
        )

    def _link(self, kept: StoredBackup, texts: Texts) -> str:
        address = link(self.hass, self.config_entry.entry_id, kept)
        # In a new window: the frontend takes other links for pages of its own.
        return f'<a href="{address}" target="_blank">{line(kept, texts)}</a>'

    async def _newest_backup(self) -> str:
        """Return a text with a link to the newest backup, empty without one."""
        if not (list_ := await self._backups.archive.all()):
            return ""
        texts = await load_texts(self.hass, "backup")
        return texts.put("newest", backup=self._link(list_[0], texts))

    async def async_step_back_up(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Create a backup now."""
        try:
            await self._backups.make(Reason.ASKED)
        except (DeliveryError, StorageError) as error:
            return self.async_abort(
                reason="backup_failed", description_placeholders={"reason": str(error)}
            )
        return await self.async_step_backups()
