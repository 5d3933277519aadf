"""Steps to set up a coordinator or to reconfigure an entry.

The steps are in files of their own: `port` reads a coordinator, `restore` restores a backup on it,
`takeover` migrates from another program, `discovery` handles discovered ones. Here is the start and
the end.
"""

from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlowResult,
    OperationNotAllowed,
)
from homeassistant.core import callback
import probatio

from ..config_flow import AqaraConfigFlow
from ..const import VIRTUAL_PORT
from ..core.errors import DeliveryError
from ..ports import CONF_SERIAL_NUMBER
from ..radio.network import Port, RadioError, RadioProblem
from ..runtime import AqaraConfigEntry, is_guest
from ..storage.backup_list import Reason
from ..storage.network import KnownNetwork
from .discovery import DiscoveryFlow
from .port import CONF_DEVICE, Purpose
from .previous import find_zha
from .reservation import ReservingFlow


class SetupFlow(ReservingFlow[ConfigFlowResult], DiscoveryFlow, AqaraConfigFlow):
    """From a port to a running network."""

    def __init__(self) -> None:
        super().__init__()
        self._is_restored = False

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu."""
        self._zha = await find_zha(self.hass)
        return self.async_show_menu(
            step_id="user",
            menu_options=["port", *self._zha_network, *self._migrations, "from_backup", "virtual"],
        )

    async def async_step_probed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Continue after a coordinator was read, according to the purpose."""
        if self._is_z_stack_1 and self._purpose is not Purpose.MOVE_PORT:
            return await self.async_step_old_firmware()
        match self._purpose:
            case Purpose.SET_UP if self._held is None:
                return await self.async_step_blank()
            case Purpose.SET_UP if self._held is not None and self._held.is_whole:
                return await self.async_step_network()
            case Purpose.SET_UP:
                return await self.async_step_incomplete()
            case Purpose.MOVE_IN:
                return await self.async_step_summary()
            case Purpose.MOVE_PORT:
                return await self._moved()
            case Purpose.REPLACE | Purpose.RESTORE:
                return await self._restore_or_confirm()

    async def async_step_old_firmware(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Warn about Z-Stack Home 1.2 before any change."""
        if user_input is None:
            return self.async_show_form(
                step_id="old_firmware",
                data_schema=probatio.Schema({}),
                description_placeholders={"path": self._port.path},
            )
        self._is_z_stack_1 = False
        return await self.async_step_probed()

    # An existing entry

    @property
    @override
    def _own_entry(self) -> AqaraConfigEntry | None:
        is_reconfigured = self.source == SOURCE_RECONFIGURE
        return self._get_reconfigure_entry() if is_reconfigured else self._replaced

    @override
    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the kind of change."""
        if is_guest(self._get_reconfigure_entry()):
            return self.async_abort(reason="guest_stays")
        device = self._get_reconfigure_entry().data[CONF_DEVICE]
        if device["path"] == VIRTUAL_PORT:
            return self.async_abort(reason="virtual_stays")
        self._port = Port.from_dict(device)
        return self.async_show_menu(
            step_id="reconfigure", menu_options=["move_port", "replace", "restore_here"]
        )

    async def async_step_move_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """The same coordinator at another port."""
        self._purpose = Purpose.MOVE_PORT
        return await self.async_step_port()

    async def _moved(self) -> ConfigFlowResult:
        """Check that it is the same network, and continue with it."""
        if (problem := await self._problem_with_held()) is not None:
            self._error = problem
            return await self.async_step_port()
        return self._finish("reconfigure_successful")

    async def _problem_with_held(self) -> str | None:
        """The key of the reason why the entry cannot use the coordinator's network, or None."""
        if self._held is None:
            return "blank_stick"
        if not await self._is_own(self._held):
            return "other_network"
        return None if self._held.is_whole else "incomplete_stick"

    async def async_step_replace(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Replace the coordinator: back up the old one while it can be read."""
        self._purpose = Purpose.REPLACE
        return await self._work_at_port(
            "replace", self._back_up, done="choose_backup", failed="choose_backup"
        )

    async def _back_up(self) -> None:
        entry: AqaraConfigEntry = self._get_reconfigure_entry()
        if entry.state is ConfigEntryState.LOADED:
            assert entry.runtime_data.own is not None  # no step reconfigures an entry without one
            try:
                await entry.runtime_data.own.backups.make(Reason.REPLACE)
            except DeliveryError:
                return  # the old coordinator is lost; yesterday's backup is used

    async def async_step_restore_here(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Restore a backup on the current coordinator."""
        self._purpose = Purpose.RESTORE
        return await self.async_step_choose_backup()

    @override
    async def _probe(self) -> None:
        if (entry := self._own_entry) is not None and self._reserved is None:
            try:
                await self._reserve(entry)
            except OperationNotAllowed as error:
                raise RadioError(RadioProblem.BUSY) from error
        await super()._probe()

    @override
    async def _restore(self) -> None:
        await super()._restore()
        self._is_restored = True
        if (entry := self._own_entry) is not None:
            await KnownNetwork(self.hass, entry).forget()

    @override
    async def _conclude(self) -> ConfigFlowResult:
        if self._own_entry is None:
            return await super()._conclude()
        return self._finish("replaced" if self._purpose is Purpose.REPLACE else "restored")

    @callback
    def _finish(self, reason: str) -> ConfigFlowResult:
        """Load the entry with its changes."""
        self._reserved = None
        entry = self._own_entry
        assert entry is not None
        return self.async_update_reload_and_abort(entry, data=self._with_port(entry), reason=reason)

    def _with_port(self, entry: AqaraConfigEntry) -> dict[str, Any]:
        """Return an entry's data with this port; its serial number is stored once it is running."""
        data = {**entry.data, CONF_DEVICE: self._port.as_dict()}
        if data[CONF_DEVICE] != entry.data[CONF_DEVICE]:
            data.pop(CONF_SERIAL_NUMBER, None)
        return data

    @callback
    @override
    def _before_load(self, entry: AqaraConfigEntry) -> None:
        if self._is_restored:
            self.hass.config_entries.async_update_entry(entry, data=self._with_port(entry))
