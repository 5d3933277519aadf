"""Options of a running network and of its devices.

A device's options are stored with its state, not in the config entry, and apply at once.
"""

from typing import Any, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
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

from ..config_flow import AqaraOptionsFlow
from ..core.device import Device
from ..core.device_settings import AVAILABILITY, USERS, ChosenSilence, People
from ..core.errors import ConversionError, StorageError
from ..core.gateway import Gateway
from ..core.radio import Ieee
from ..mirror.settings import LEGACY, DeviceSettings, has_older_keys
from ..registry import name_of
from ..runtime import Runtime
from ..texts import load_texts, plain
from .backup_options import BackupOptionsFlow
from .firmware_options import FirmwareOptionsFlow
from .mqtt_options import MqttOptionsFlow
from .zha_options import ZhaEntitiesFlow

CONF_DEVICE = "device"
CONF_USER_ID = "id"
CONF_USER_NAME = "name"

LONGEST_SILENCE = 7 * 24 * 60
"""Minutes; a device that may be silent for longer need not become unavailable."""

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


class OptionsSteps(
    BackupOptionsFlow,
    FirmwareOptionsFlow,
    MqttOptionsFlow,
    ZhaEntitiesFlow,
    AqaraOptionsFlow,
):
    """The options of a running network."""

    def __init__(self) -> None:
        super().__init__()
        self._device: Device | None = None

    @property
    def _runtime(self) -> Runtime:
        runtime: Runtime = self.config_entry.runtime_data
        return runtime

    @property
    def _gateway(self) -> Gateway:
        return self._runtime.gateway

    def _name(self, ieee: Ieee) -> str:
        return name_of(self.hass, self.config_entry.entry_id, ieee)

    @override
    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        return self.async_show_menu(
            step_id="init",
            menu_options=["choose_device", "mqtt", *self._own_options()],
            description_placeholders={
                "title": plain(self.config_entry.title),
                "backup": "" if self._runtime.own is None else await self._newest_backup(),
            },
        )

    def _own_options(self) -> list[str]:
        """Return the menu's steps for our own coordinator, or for ZHA's network."""
        return ["zha_entities"] if self._runtime.own is None else ["updates", "backups"]

    async def async_step_choose_device(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a device."""
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
            try:
                await device.configure(_options_from(user_input))
            except StorageError as error:
                return await self._device_form(device, user_input, "not_stored", error.reason)
            except ConversionError as error:
                return await self._device_form(device, user_input, "not_a_value", str(error))
            return self.async_create_entry(data=dict(self.config_entry.options))
        return await self._device_form(device, _suggested(device))

    async def _device_form(
        self, device: Device, shown: dict[str, Any], error: str | None = None, reason: str = ""
    ) -> ConfigFlowResult:
        assert device.definition is not None
        texts = await load_texts(self.hass, "device_settings")
        return self.async_show_form(
            step_id="device",
            data_schema=self.add_suggested_values_to_schema(_schema(device), shown),
            errors={"base": error} if error else {},
            description_placeholders={
                "device": self._name(device.ieee),
                "people": texts["people"] if device.definition.has_users else "",
                "reason": reason,
            },
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
    if has_older_keys(device.definition):
        fields[probatio.Required(LEGACY)] = BooleanSelector()
    return probatio.Schema(fields)


def _suggested(device: Device) -> dict[str, Any]:
    silence = device.silence
    names = People.from_options(device.options).names
    return {
        AVAILABILITY: silence.total_seconds() // 60 if silence else 0,
        LEGACY: DeviceSettings.of(device.options).legacy,
        USERS: [
            {CONF_USER_ID: int(number), CONF_USER_NAME: name} for number, name in names.items()
        ],
    }


def _options_from(user_input: dict[str, Any]) -> dict[str, Any]:
    options = {**user_input, **ChosenSilence(int(user_input[AVAILABILITY])).as_option()}
    if USERS in user_input:
        names = {
            str(int(user[CONF_USER_ID])): user[CONF_USER_NAME].strip()
            for user in user_input[USERS]
            if user[CONF_USER_NAME].strip()
        }
        options |= People(names).as_option()
    return options
