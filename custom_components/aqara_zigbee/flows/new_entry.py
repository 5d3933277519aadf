"""The last step of the config flow: the entry of a coordinator's network."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult

from .. import doubles
from ..core.radio import Coordinator
from ..runtime import CONF_DISABLE_ZHA, AqaraConfigEntry, is_guest
from .port import CONF_DEVICE, PortFlow


class NewEntryFlow(PortFlow):
    """Creates the entry, or changes one that used ZHA's network to the coordinator.

    Attributes:
        _found: the coordinator, with its network.
        _is_created: whether the entry is created.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: Coordinator | None = None
        self._is_created = False

    async def _conclude(self) -> ConfigFlowResult:
        """Create the entry."""
        return await self._create()

    async def _create(
        self, data: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
    ) -> ConfigFlowResult:
        assert self._found is not None
        self._is_created = True
        self._abort_if_network_configured()
        title = _title(self._found)
        content = {CONF_DEVICE: self._port.as_dict(), **(data or {})}
        if (guest := self._guest) is not None:
            return await self._migrate(guest, title, content, options or {})
        return self.async_create_entry(title=title, data=content, options=options)

    # An entry that used ZHA's network and gets its own coordinator

    @property
    def _guest(self) -> AqaraConfigEntry | None:
        """Return the entry that used this network through ZHA."""
        for entry in self._async_current_entries(include_ignore=False):
            if is_guest(entry) and entry.unique_id == self.unique_id:
                return entry
        return None

    def _abort_if_network_configured(self) -> None:
        if self._guest is None:
            self._abort_if_unique_id_configured()

    async def _migrate(
        self,
        entry: AqaraConfigEntry,
        title: str,
        data: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> ConfigFlowResult:
        """Change an entry that used ZHA's network to a coordinator; all its data is kept."""
        doubles.take_back(self.hass, entry)
        kept = {key: value for key, value in entry.options.items() if key != CONF_DISABLE_ZHA}
        entries = self.hass.config_entries
        entries.async_update_entry(entry, title=title, data=data, options={**kept, **options})
        if entry.disabled_by is not None:
            await entries.async_set_disabled_by(entry.entry_id, None)
        else:
            entries.async_schedule_reload(entry.entry_id)
        return self.async_abort(reason="migrated_from_zha")


def _title(coordinator: Coordinator) -> str:
    """Return the title of a new entry, with the end of the address to distinguish coordinators.

    A longer one is cut on a phone, and two networks would look the same.
    """
    return f"{coordinator.model or coordinator.manufacturer} ({coordinator.ieee[-5:]})"
