"""The config flow, the options flow and the flow that adds devices, with their first steps.

Home Assistant imports this module at every start. The other steps are in `flows` and are imported when a flow begins.
"""

from typing import Any, override

from homeassistant.config_entries import (
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
    SubentryFlowResult,
)
from homeassistant.core import callback
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.service_info.usb import UsbServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.helpers.typing import DiscoveryInfoType

from .const import DOMAIN, VIRTUAL_PORT
from .core.models import DEFINITIONS
from .ports import CONF_DEVICE
from .radio.network import Port
from .runtime import AqaraConfigEntry

ADD_DEVICE = "device"
"""The kind of subentry whose flow adds devices. There are no subentries."""


class AqaraConfigFlow(ConfigFlow, domain=DOMAIN):
    """The first steps of a config flow, which continue in `flows.setup.SetupFlow`."""

    VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: AqaraConfigEntry) -> AqaraOptionsFlow:
        """Return the options flow of an entry."""
        return AqaraOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: AqaraConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flow that adds devices, for which the integration's page has a button."""
        return {ADD_DEVICE: AddDeviceFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Handle the user adding the integration."""
        await _load_steps(self, "setup", "SetupFlow")
        return await self.async_step_user(user_input)

    @override
    async def async_step_usb(self, discovery_info: UsbServiceInfo) -> ConfigFlowResult:
        """Handle the discovery of a USB device."""
        await _load_steps(self, "setup", "SetupFlow")
        return await self.async_step_usb(discovery_info)

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Handle the discovery of a network service."""
        await _load_steps(self, "setup", "SetupFlow")
        return await self.async_step_zeroconf(discovery_info)

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Handle the discovery of our devices on ZHA's network."""
        await _load_steps(self, "setup", "SetupFlow")
        return await self.async_step_integration_discovery(discovery_info)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Handle the user reconfiguring an entry."""
        await _load_steps(self, "setup", "SetupFlow")
        return await self.async_step_reconfigure(user_input)

    async def async_step_virtual(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up the virtual coordinator with simulated devices."""
        self._async_abort_entries_match({CONF_DEVICE: Port(VIRTUAL_PORT).as_dict()})
        if user_input is None:
            return self.async_show_form(step_id="virtual")
        await self.async_set_unique_id(VIRTUAL_PORT)
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title="Virtual coordinator", data={CONF_DEVICE: Port(VIRTUAL_PORT).as_dict()}
        )


class AqaraOptionsFlow(OptionsFlow):
    """The first step of the options flow, which continues in `flows.options.OptionsSteps`."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Handle the user opening the options."""
        await _load_steps(self, "options", "OptionsSteps")
        return await self.async_step_init(user_input)


class AddDeviceFlow(ConfigSubentryFlow):
    """The first step of adding devices, which continues in `flows.add_device.AddDeviceSteps`."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Handle the user adding devices."""
        await _load_steps(self, "add_device", "AddDeviceSteps")
        return await self.async_step_user(user_input)


async def _load_steps(
    flow: ConfigFlow | OptionsFlow | ConfigSubentryFlow, module: str, name: str
) -> None:
    """Import the class with all steps and the definitions, and make the flow an instance of it.

    Home Assistant continues with the object that it has created, so a new object cannot replace it. The class is a
    subclass of the flow's, and overrides the step that was called.
    """
    loaded = await async_import_module(flow.hass, f"{__package__}.flows.{module}")
    await flow.hass.async_add_import_executor_job(DEFINITIONS.load)
    kind: Any = getattr(loaded, name)
    flow.__class__ = kind
    kind.__init__(flow)
