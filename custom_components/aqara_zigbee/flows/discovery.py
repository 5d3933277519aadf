"""Steps of the config flow for a coordinator that Home Assistant has discovered.

No port is opened before a user has confirmed it, and none is offered that another program is
configured to use. A coordinator of an existing entry only updates the entry's port or host.
"""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.service_info.usb import UsbServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from ..core.errors import DeliveryError
from ..ports import (
    CONF_SERIAL_NUMBER,
    Discovered,
    is_of_other_radio,
    names_of,
    note_serial_number,
    port_users,
    usb_devices,
)
from ..radio.network import Port, RadioProblem
from ..runtime import ZHA, AqaraConfigEntry
from ..texts import plain
from .port import CONF_DEVICE, CONF_PATH, Purpose
from .previous import find_zha
from .takeover import TakeoverFlow
from .zha_network import ZhaNetworkFlow

_DECONZ = "deconz"

_RELOADED = {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR}


class DiscoveryFlow(TakeoverFlow, ZhaNetworkFlow):
    """From a discovery to a confirmed coordinator.

    Attributes:
        _discovered: the coordinator, None if the user started the flow.
        _lost: the entry whose coordinator it may replace.
        _replaced: the entry whose coordinator it replaces.
    """

    def __init__(self) -> None:
        super().__init__()
        self._discovered: Discovered | None = None
        self._lost: AqaraConfigEntry | None = None
        self._replaced: AqaraConfigEntry | None = None

    @override
    async def async_step_usb(self, discovery_info: UsbServiceInfo) -> ConfigFlowResult:
        """Handle a USB device that may be a coordinator."""
        if is_of_other_radio(discovery_info):
            return await self._offer_zha_network() or self.async_abort(reason="not_a_coordinator")
        found = await self.hass.async_add_executor_job(Discovered.by_usb, discovery_info)
        return await self._offer(found, is_usb=True)

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Handle a coordinator in the local network."""
        found = Discovered.by_zeroconf(discovery_info)
        if found is None:
            return await self._offer_zha_network() or self.async_abort(reason="not_a_coordinator")
        return await self._offer(found, is_usb=False)

    async def _offer(self, found: Discovered, *, is_usb: bool) -> ConfigFlowResult:
        await self.async_set_unique_id(found.unique_id)
        self._abort_if_unique_id_configured()  # if the user ignores it
        await self._abort_if_at_ours(found)
        await self._abort_if_ours_has_moved(found)
        if await self._is_of_zha(found) and (offer := await self._offer_zha_network()):
            return offer
        if is_usb and self._has_deconz:
            return self.async_abort(reason="may_be_deconz")
        self._discovered, self._port = found, Port(found.path)
        self.context["title_placeholders"] = {"name": found.name}
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask before a port is opened."""
        assert self._discovered is not None
        await self._abort_if_used(self._discovered)
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                description_placeholders={
                    "name": plain(self._discovered.name),
                    "path": self._discovered.path,
                },
            )
        self._purpose = Purpose.SET_UP
        self._zha = await find_zha(self.hass)
        lost = [entry for entry in self._own_entries.values() if _is_lost(entry)]
        if len(lost) == 1:
            self._lost = lost[0]
            return await self.async_step_lost()
        return await self.async_step_probe()

    async def async_step_lost(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether it replaces a coordinator that is not connected."""
        assert self._discovered is not None
        assert self._lost is not None
        return self.async_show_menu(
            step_id="lost",
            menu_options=["replace_lost", "probe"],
            description_placeholders={
                "name": plain(self._discovered.name),
                "path": self._discovered.path,
                "title": plain(self._lost.title),
            },
        )

    async def async_step_replace_lost(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose a backup for it."""
        self._purpose, self._replaced = Purpose.REPLACE, self._lost
        return await self.async_step_choose_backup()

    @property
    @override
    def _wants_port(self) -> bool:
        return self._replaced is None and super()._wants_port

    # Users of the coordinator

    async def _abort_if_used(self, found: Discovered, *, own_entry: str | None = None) -> None:
        """Abort if another program is configured to use the coordinator, running or not.

        If it belongs to one of our entries, only running programs count.
        """
        for user in await port_users(self.hass, set(found.names), own_entry):
            if user.active or own_entry is None:
                raise AbortFlow("port_in_use", {"owner": user.title})

    async def _is_of_zha(self, found: Discovered) -> bool:
        """Whether ZHA is configured to use the coordinator."""
        users = await port_users(self.hass, set(found.names))
        return any(user.domain == ZHA for user in users)

    @property
    def _has_deconz(self) -> bool:
        """Whether deCONZ is set up: its entry does not contain its coordinator."""
        entries = self.hass.config_entries.async_entries(_DECONZ, include_ignore=False)
        return bool(entries or self.hass.config_entries.flow.async_progress_by_handler(_DECONZ))

    async def _abort_if_at_ours(self, found: Discovered) -> None:
        """Abort if an entry has the port: reload it if it waits, or store the serial number."""
        entries = self._own_entries
        names = await names_of(self.hass, entries)
        for path, entry in entries.items():
            if names[path] not in found.names:
                continue
            if entry.state is ConfigEntryState.SETUP_RETRY:
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
            elif found.serial_number is not None and _is_up(entry):
                note_serial_number(self.hass, entry, found.serial_number)
            raise AbortFlow("already_configured")

    async def _abort_if_ours_has_moved(self, found: Discovered) -> None:
        """Abort if the coordinator is an entry's: update the entry's port if it is disconnected."""
        for path, entry in self._own_entries.items():
            is_same_kind = path.startswith("/") is found.path.startswith("/")
            number = entry.data.get(CONF_SERIAL_NUMBER)
            if not is_same_kind or number is None or number != found.serial_number:
                continue
            if await self._is_twin(path, number):
                continue
            if not await _answers(entry):
                await self._abort_if_used(found, own_entry=entry.entry_id)
                self._follow(entry, found)
            raise AbortFlow("already_configured")

    async def _is_twin(self, path: str, number: str) -> bool:
        """Whether another USB device with this serial number is connected at the old port."""
        usb_device = (await usb_devices(self.hass)).get((await names_of(self.hass, [path]))[path])
        return usb_device is not None and usb_device.serial_number == number

    @callback
    def _follow(self, entry: AqaraConfigEntry, found: Discovered) -> None:
        device = {**entry.data[CONF_DEVICE], CONF_PATH: found.path}
        data = {**entry.data, CONF_DEVICE: device}
        self.hass.config_entries.async_update_entry(entry, data=data)
        if entry.state in _RELOADED:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)

    @property
    def _own_entries(self) -> dict[str, AqaraConfigEntry]:
        """Return our entries by the paths of their ports."""
        return {
            path: entry
            for entry in self._async_current_entries(include_ignore=False)
            if (path := entry.data.get(CONF_DEVICE, {}).get(CONF_PATH))
        }

    @override
    async def _create(
        self, data: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
    ) -> ConfigFlowResult:
        found = self._discovered
        if found is not None and found.serial_number and self._port.path == found.path:
            data = {CONF_SERIAL_NUMBER: found.serial_number, **(data or {})}
        return await super()._create(data, options)


def _is_lost(entry: AqaraConfigEntry) -> bool:
    """Whether an entry's coordinator is not connected, or does not respond."""
    if entry.state is ConfigEntryState.SETUP_RETRY:
        return entry.error_reason_translation_key in (RadioProblem.NOT_FOUND, RadioProblem.SILENT)
    return entry.state is ConfigEntryState.LOADED and not _is_up(entry)


def _is_up(entry: AqaraConfigEntry) -> bool:
    return entry.state is ConfigEntryState.LOADED and entry.runtime_data.gateway.online


async def _answers(entry: AqaraConfigEntry) -> bool:
    """Whether an entry's coordinator answers at the entry's port."""
    if not _is_up(entry):
        return False
    radio = entry.runtime_data.gateway.radio
    try:
        await radio.neighbours(radio.coordinator.ieee)
    except DeliveryError:
        return False
    return True
