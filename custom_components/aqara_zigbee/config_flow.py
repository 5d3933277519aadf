"""Set up a coordinator: port, then the network it holds or gets."""

import asyncio
from collections.abc import Coroutine
import os
from typing import Any, override

from homeassistant.components import usb
from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import SerialPortSelector
import probatio

from .const import DOMAIN
from .core.radio import Coordinator
from .options_flow import AqaraOptionsFlow
from .radio.network import Port, RadioError, form, inspect
from .simulation import URL

CONF_DEVICE = "device"
CONF_PATH = "path"

PORT_SCHEMA = probatio.Schema({probatio.Required(CONF_PATH): SerialPortSelector()})


async def port_owner(hass: HomeAssistant, path: str) -> str | None:
    """The title of whoever uses a port now, None if it is free.

    Two names of one device, such as ``/dev/ttyUSB0`` and its link under ``/dev/serial/by-id``, are
    the same port.
    """
    ports = await usb.async_scan_serial_ports(hass)
    owners = await usb.async_get_serial_port_consumers(hass, ports)

    def same() -> list[str]:
        real = os.path.realpath(path) if path.startswith("/") else path
        return [
            known
            for known in owners
            if known == path or (known.startswith("/") and os.path.realpath(known) == real)
        ]

    for known in await hass.async_add_executor_job(same):
        for owner in owners[known]:
            if owner.active:
                return owner.title
    return None


class AqaraConfigFlow(ConfigFlow, domain=DOMAIN):
    """From a port to a network that is up."""

    VERSION = 1

    def __init__(self) -> None:
        self._port = Port("")
        self._task: asyncio.Task[Coordinator | None] | None = None
        self._found: Coordinator | None = None
        self._error: str | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> AqaraOptionsFlow:
        """What can be set once a network is up."""
        return AqaraOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to set up."""
        return self.async_show_menu(step_id="user", menu_options=["port", "virtual"])

    async def async_step_port(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the stick is."""
        errors: dict[str, str] = {}
        placeholders = {"owner": "", "example": "socket://192.168.1.20:6638"}
        if self._error is not None:
            errors["base"], self._error = self._error, None
        elif user_input is not None:
            path = user_input[CONF_PATH].strip()
            self._async_abort_entries_match({CONF_DEVICE: Port(path).as_dict()})
            if owner := await port_owner(self.hass, path):
                errors["base"] = "port_in_use"
                placeholders["owner"] = owner
            self._port = Port(path)
            if not errors:
                return await self.async_step_probe()
        return self.async_show_form(
            step_id="port",
            data_schema=self.add_suggested_values_to_schema(
                PORT_SCHEMA, {CONF_PATH: self._port.path} if self._port.path else None
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_probe(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Open the port and look what network the stick holds."""
        return await self._work("probe", inspect(self._port), done="probed", failed="port")

    async def async_step_probed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """A blank stick gets a network without asking; any other one is shown."""
        if self._found is None:
            return await self.async_step_form()
        return await self.async_step_network()

    async def async_step_network(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to keep what the stick holds."""
        assert self._found is not None
        await self.async_set_unique_id(unique_id(self._found))
        self._abort_if_unique_id_configured()
        return self.async_show_menu(
            step_id="network",
            menu_options=["keep", "form"],
            description_placeholders={
                "channel": str(self._found.channel),
                "pan_id": f"0x{self._found.pan_id:04x}",
                "extended_pan_id": self._found.extended_pan_id,
                "firmware": self._found.firmware,
            },
        )

    async def async_step_keep(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take over the network as it is."""
        return await self._create()

    async def async_step_form(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Give the stick a new network."""
        return await self._work("form", form(self._port), done="formed", failed="port")

    async def async_step_formed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The new network is there."""
        return await self._create()

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

    async def _work(
        self,
        step: str,
        work: Coroutine[Any, Any, Coordinator | None],
        *,
        done: str,
        failed: str,
    ) -> ConfigFlowResult:
        """Show progress while the radio works; `failed` shows what went wrong."""
        if self._task is None:
            # It is never cancelled: zigpy-znp leaves things behind when it is interrupted. Whoever
            # closes the dialogue early gets the port back when it has ended by itself.
            self._task = self.hass.async_create_background_task(work, f"{DOMAIN} {step}")
        else:
            work.close()
        if not self._task.done():
            return self.async_show_progress(
                step_id=step,
                progress_action=step,
                progress_task=self._task,
                description_placeholders={"path": self._port.path},
            )
        task, self._task = self._task, None
        try:
            self._found = task.result()
        except RadioError as error:
            self._error = error.trouble
            return self.async_show_progress_done(next_step_id=failed)
        return self.async_show_progress_done(next_step_id=done)

    async def _create(self) -> ConfigFlowResult:
        assert self._found is not None
        await self.async_set_unique_id(unique_id(self._found))
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title=f"{self._found.manufacturer} {self._found.model}",
            data={CONF_DEVICE: self._port.as_dict()},
        )


def unique_id(coordinator: Coordinator) -> str:
    """What tells one network from another, whatever port or stick it is on."""
    return f"epid={coordinator.extended_pan_id}".lower()
