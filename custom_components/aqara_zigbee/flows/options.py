"""Options of a network that is up: its devices, one by one.

What belongs to a device is kept with the device's state, not in the config entry, and acts at once.
"""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from ..core.device import AVAILABILITY, Device
from ..core.options import LEGACY, USERS
from .add_device import AddDeviceFlow
from .backup_options import BackupOptionsFlow
from .firmware_options import FirmwareOptionsFlow
from .mqtt_options import MqttOptionsFlow

CONF_DEVICE = "device"
CONF_USER_ID = "id"
CONF_USER_NAME = "name"

LONGEST_SILENCE = 7 * 24 * 60
"""Minutes; a device that may be silent for longer might as well never be unavailable."""

_USERS = ObjectSelector(
    ObjectSelectorConfig(
        multiple=True,
        label_field=CONF_USER_NAME,
        description_field=CONF_USER_ID,
        translation_key="users",
        fields={
            CONF_USER_ID: {
                "required": True,
                "selector": {"number": {"min": 0, "max": 255, "mode": "box"}},
            },
            CONF_USER_NAME: {"required": True, "selector": {"text": {}}},
        },
    )
)


class AqaraOptionsFlow(AddDeviceFlow, BackupOptionsFlow, FirmwareOptionsFlow, MqttOptionsFlow):
    """What can be set while the network is up."""

    def __init__(self) -> None:
        self._device: Device | None = None

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to set."""
        if not hasattr(self.config_entry, "runtime_data"):
            return self.async_abort(reason="not_loaded")
        return self.async_show_menu(
            step_id="init",
            menu_options=["add_device", "choose_device", "mqtt", "updates", "backups"],
        )

    async def async_step_choose_device(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which device."""
        if user_input is not None:
            self._device = self._gateway.get(user_input[CONF_DEVICE])
            return await self.async_step_device()
        choice = [
            SelectOptionDict(value=device.ieee, label=self._name(device.ieee))
            for device in self._gateway.values()
            if device.definition is not None
        ]
        if not choice:
            return self.async_abort(reason="no_devices")
        selector = SelectSelector(
            SelectSelectorConfig(options=choice, mode=SelectSelectorMode.LIST, sort=True)
        )
        return self.async_show_form(
            step_id="choose_device",
            data_schema=probatio.Schema({probatio.Required(CONF_DEVICE): selector}),
        )

    async def async_step_device(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the settings of a device."""
        device = self._device
        if device is None or device.definition is None:
            return self.async_abort(reason="device_gone")
        if user_input is not None:
            await device.configure(_options_from(user_input))
            return self.async_create_entry(data=dict(self.config_entry.options))
        return self.async_show_form(
            step_id="device",
            data_schema=self.add_suggested_values_to_schema(_schema(device), _suggested(device)),
            description_placeholders={"device": self._name(device.ieee)},
        )


def _schema(device: Device) -> probatio.Schema:
    assert device.definition is not None
    fields: dict[probatio.Marker, Any] = {}
    if device.definition.has_users:
        fields[probatio.Optional(USERS)] = _USERS
    fields[probatio.Required(AVAILABILITY)] = NumberSelector(
        NumberSelectorConfig(
            min=0,
            max=LONGEST_SILENCE,
            step=1,
            unit_of_measurement="min",
            mode=NumberSelectorMode.BOX,
        )
    )
    if device.definition.has_legacy:
        fields[probatio.Required(LEGACY)] = BooleanSelector()
    return probatio.Schema(fields)


def _suggested(device: Device) -> dict[str, Any]:
    silence = device.silence
    names: dict[str, str] = device.option(USERS)
    return {
        AVAILABILITY: silence.total_seconds() // 60 if silence else 0,
        LEGACY: device.option(LEGACY),
        USERS: [
            {CONF_USER_ID: int(number), CONF_USER_NAME: name} for number, name in names.items()
        ],
    }


def _options_from(user_input: dict[str, Any]) -> dict[str, Any]:
    options = dict(user_input)
    options[AVAILABILITY] = int(user_input[AVAILABILITY])
    if USERS in user_input:
        options[USERS] = {
            str(int(user[CONF_USER_ID])): user[CONF_USER_NAME].strip()
            for user in user_input[USERS]
            if user[CONF_USER_NAME].strip()
        }
    return options
