"""Set up a coordinator, or set it up anew: port, then the network it holds or gets.

The steps lie in files of their own: `flows.port` finds a stick, `flows.restore` puts a backup onto
it, `flows.takeover` moves in from another program. Here is where they begin and end.
"""

from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    OperationNotAllowed,
)
from homeassistant.core import callback

from .archive import Reason
from .const import DOMAIN
from .core.errors import DeliveryError
from .flows.options import AqaraOptionsFlow
from .flows.port import CONF_DEVICE, Purpose, unique_id
from .flows.previous import find_zha
from .flows.takeover import TakeoverFlow
from .known_network import KnownNetwork
from .radio.network import Port, RadioError, Trouble
from .simulation import URL


class AqaraConfigFlow(TakeoverFlow, domain=DOMAIN):
    """From a port to a network that is up."""

    VERSION = 1

    def __init__(self) -> None:
        super().__init__()
        self._is_released = False
        self._is_restored = False

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> AqaraOptionsFlow:
        """What can be set once a network is up."""
        return AqaraOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to set up."""
        self._zha = await find_zha(self.hass)
        zha = ["zha"] if self._zha is not None else []
        return self.async_show_menu(
            step_id="user", menu_options=["port", *zha, "zigbee2mqtt", "from_backup", "virtual"]
        )

    async def async_step_virtual(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a coordinator that is not there, with simulated devices."""
        self._async_abort_entries_match({CONF_DEVICE: Port(URL).as_dict()})
        if user_input is None:
            return self.async_show_form(step_id="virtual")
        await self.async_set_unique_id(URL)
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title="Virtual coordinator", data={CONF_DEVICE: Port(URL).as_dict()}
        )

    async def async_step_probed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """What a stick holds is known; go on with what it was looked at for."""
        match self._purpose:
            case Purpose.SET_UP if self._held is None:
                return await self.async_step_blank()
            case Purpose.SET_UP:
                return await self.async_step_network()
            case Purpose.MOVE_IN:
                return await self.async_step_summary()
            case Purpose.MOVE_PORT:
                return await self._moved()
            case Purpose.REPLACE | Purpose.RESTORE:
                return await self.async_step_confirm_restore()

    # An entry that is there

    @property
    @override
    def _own_entry(self) -> ConfigEntry | None:
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what has changed."""
        device = self._get_reconfigure_entry().data[CONF_DEVICE]
        if device["path"] == URL:
            return self.async_abort(reason="virtual_stays")
        self._port = Port.from_dict(device)
        return self.async_show_menu(
            step_id="reconfigure", menu_options=["move_port", "replace", "restore_here"]
        )

    async def async_step_move_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """The same stick, elsewhere."""
        self._purpose = Purpose.MOVE_PORT
        return await self.async_step_port()

    async def _moved(self) -> ConfigFlowResult:
        """Look whether it is the same network, and go on with it."""
        if self._held is None or self._held.extended_pan_id != self._own_network:
            self._error = "blank_stick" if self._held is None else "other_network"
            return await self.async_step_port()
        return self._finish("reconfigure_successful")

    async def async_step_replace(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """A new stick in the place of the old one: back the old one up while it can be read."""
        self._purpose = Purpose.REPLACE
        return await self._work("replace", self._back_up, done="pick_backup", failed="pick_backup")

    async def _back_up(self) -> None:
        entry = self._get_reconfigure_entry()
        if entry.state is ConfigEntryState.LOADED:
            try:
                await entry.runtime_data.backups.make(Reason.RESTORE)
            except DeliveryError:
                return  # the old stick is gone; there is the backup of yesterday

    async def async_step_restore_here(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """A backup for the stick that is in use."""
        self._purpose = Purpose.RESTORE
        return await self.async_step_pick_backup()

    @override
    async def _probe(self) -> None:
        await self._release()
        await super()._probe()

    async def _release(self) -> None:
        """Take the entry down, so that its stick can be opened; it comes back in any case.

        Raises:
            RadioError: it is just being started or stopped.
        """
        if (entry := self._own_entry) is None or self._is_released:
            return
        try:
            await self.hass.config_entries.async_unload(entry.entry_id)
        except OperationNotAllowed as error:
            raise RadioError(Trouble.BUSY) from error
        self._is_released = True

    @override
    async def _restore(self) -> None:
        await super()._restore()
        self._is_restored = True
        if (entry := self._own_entry) is not None:
            await KnownNetwork(self.hass, entry).forget()

    @override
    async def _conclude(self) -> ConfigFlowResult:
        if self.source != SOURCE_RECONFIGURE:
            return await super()._conclude()
        return self._finish("replaced" if self._purpose is Purpose.REPLACE else "restored")

    @callback
    def _finish(self, reason: str) -> ConfigFlowResult:
        """Let the entry start with what has changed."""
        self._is_released = False
        return self.async_update_reload_and_abort(
            self._get_reconfigure_entry(),
            data_updates={CONF_DEVICE: self._port.as_dict()},
            reason=reason,
        )

    @callback
    @override
    def async_remove(self) -> None:
        """The dialogue was closed: the entry that was taken down for it comes back."""
        super().async_remove()
        if self._is_released:
            self._is_released = False
            self.hass.async_create_task(self._come_back(self._get_reconfigure_entry()))

    async def _come_back(self, entry: ConfigEntry) -> None:
        await self._settled()
        if self._is_restored:
            data = {**entry.data, CONF_DEVICE: self._port.as_dict()}
            self.hass.config_entries.async_update_entry(entry, data=data)
        await self.hass.config_entries.async_reload(entry.entry_id)


__all__ = ["AqaraConfigFlow", "unique_id"]
