"""Options of the MQTT mirror: whether, where, and how it speaks."""

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

from ..const import DOMAIN
from ..mqtt import CONF_ENABLED, CONF_MQTT, LAST_SEEN, LEVELS, MQTT, options_of, problem_with

CONF_BASE_TOPIC = "base_topic"

_AVAILABILITY = "availability"
_JSON, _PLAIN = "json", "plain"


def _choice(key: str, *values: str) -> SelectSelector:
    """A choice of words; selectors know them in lower case only."""
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

_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_ENABLED): BooleanSelector(),
        probatio.Required(CONF_BASE_TOPIC): TextSelector(),
        **{
            probatio.Required(name): section(
                probatio.Schema({probatio.Required(key): field for key, field in fields.items()}),
                {"collapsed": True},
            )
            for name, fields in _SECTIONS.items()
        },
    }
)


class MqttOptionsFlow(OptionsFlow):
    """The step of the options flow that is about MQTT."""

    async def async_step_mqtt(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether and how to mirror the network on MQTT. Only the mirror starts anew."""
        errors: dict[str, str] = {}
        options = options_of(self.config_entry)
        if user_input is not None:
            options = _flat(user_input)
            errors = self._errors(options)
            if not errors:
                data = {**self.config_entry.options, CONF_MQTT: options}
                return self.async_create_entry(data=data)
        return self.async_show_form(
            step_id="mqtt",
            data_schema=self.add_suggested_values_to_schema(_SCHEMA, _nested(options)),
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


def _nested(options: dict[str, Any]) -> dict[str, Any]:
    """Options as the form shows them."""
    shown = {
        **options,
        "last_seen": options["last_seen"].lower(),
        _AVAILABILITY: _PLAIN if options["plain_availability"] else _JSON,
    }
    sections = {name: {key: shown[key] for key in fields} for name, fields in _SECTIONS.items()}
    return {key: shown[key] for key in (CONF_ENABLED, CONF_BASE_TOPIC)} | sections


def _flat(user_input: dict[str, Any]) -> dict[str, Any]:
    """The form's answers as they are stored."""
    options = {key: user_input[key] for key in (CONF_ENABLED, CONF_BASE_TOPIC)}
    for name in _SECTIONS:
        options |= user_input[name]
    options["plain_availability"] = options.pop(_AVAILABILITY) == _PLAIN
    options["last_seen"] = next(form for form in LAST_SEEN if form.lower() == options["last_seen"])
    return options
