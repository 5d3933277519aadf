"""The step "MQTT" of the options flow: settings of the mirror."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio

from ..const import CONF_ENABLED, CONF_MQTT, DOMAIN
from ..mirror.settings import LAST_SEEN, LEVELS
from ..mirror.topics import problem_with
from ..mqtt import MQTT
from ..mqtt.options import options_of

CONF_BASE_TOPIC = "base_topic"

_AVAILABILITY = "availability"
_JSON, _PLAIN = "json", "plain"


def _choice(key: str, *values: str) -> SelectSelector:
    """Return a selector of values; its keys are in lower case."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[value.lower() for value in values],
            mode=SelectSelectorMode.DROPDOWN,
            translation_key=key,
        )
    )


_SECTIONS: dict[str, dict[str, Any]] = {
    "messages": {
        "last_seen": _choice("last_seen", *LAST_SEEN),
        "elapsed": BooleanSelector(),
        "cache_state": BooleanSelector(),
        "include_device": BooleanSelector(),
        "null_values": BooleanSelector(),
    },
    "actions": {
        "action_topic": BooleanSelector(),
        "action_reset": BooleanSelector(),
    },
    "bridge": {
        _AVAILABILITY: _choice("availability", _JSON, _PLAIN),
        "permit_join": BooleanSelector(),
        "log_level": _choice("log_level", *LEVELS),
    },
}

_NEWER = {"null_values"}
"""Fields added later; answers without them keep their values."""

_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_ENABLED): BooleanSelector(),
        probatio.Required(CONF_BASE_TOPIC): TextSelector(),
        **{
            probatio.Required(name): section(
                probatio.Schema(
                    {
                        (probatio.Optional if key in _NEWER else probatio.Required)(key): field
                        for key, field in fields.items()
                    }
                ),
                {"collapsed": True},
            )
            for name, fields in _SECTIONS.items()
        },
    }
)


class MqttOptionsFlow(OptionsFlow):
    """The MQTT step of the options flow."""

    async def async_step_mqtt(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the settings of the mirror. The network keeps running."""
        errors: dict[str, str] = {}
        options = stored = options_of(self.config_entry)
        if user_input is not None:
            options = {**_newer(stored), **_flat(user_input)}
            errors = self._errors(options)
            if not errors:
                data = {**self.config_entry.options, CONF_MQTT: options}
                return self.async_create_entry(data=data)
        return self.async_show_form(
            step_id="mqtt",
            data_schema=self.add_suggested_values_to_schema(
                _SCHEMA, _nested({**stored, **options})
            ),
            errors=errors,
        )

    def _errors(self, options: dict[str, Any]) -> dict[str, str]:
        if not options[CONF_ENABLED]:
            return {}
        if not self.hass.config_entries.async_has_entries(MQTT, include_disabled=False):
            return {"base": "no_mqtt"}
        if problem := problem_with(options[CONF_BASE_TOPIC]):
            return {CONF_BASE_TOPIC: problem}
        if any(
            entry.entry_id != self.config_entry.entry_id
            and (other := options_of(entry))[CONF_ENABLED]
            and other[CONF_BASE_TOPIC] == options[CONF_BASE_TOPIC]
            for entry in self.hass.config_entries.async_entries(DOMAIN)
        ):
            return {CONF_BASE_TOPIC: "topic_taken"}
        return {}


def _newer(options: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the newer fields."""
    return {name: True for name in _NEWER if options[name]}


def _nested(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as the form shows them."""
    shown = {
        **options,
        "last_seen": options["last_seen"].lower(),
        _AVAILABILITY: _PLAIN if options["plain_availability"] else _JSON,
    }
    sections = {name: {key: shown[key] for key in fields} for name, fields in _SECTIONS.items()}
    return {key: shown[key] for key in (CONF_ENABLED, CONF_BASE_TOPIC)} | sections


def _flat(user_input: dict[str, Any]) -> dict[str, Any]:
    """Return the form's answers as options."""
    options = {key: user_input[key] for key in (CONF_ENABLED, CONF_BASE_TOPIC)}
    for name in _SECTIONS:
        options |= user_input[name]
    options["plain_availability"] = options.pop(_AVAILABILITY) == _PLAIN
    options["last_seen"] = next(form for form in LAST_SEEN if form.lower() == options["last_seen"])
    return options
