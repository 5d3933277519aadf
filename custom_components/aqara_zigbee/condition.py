"""Conditions, by target: who opened a lock last, and what switched a switch last."""

from collections.abc import Mapping
from typing import override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL,
    Condition,
    ConditionConfig,
    EntityConditionBase,
)
import probatio

from .targets import cause_of, entities_of, is_one_of, switches_of
from .trigger import CAUSES, CONF_BY, CONF_PERSON, some_of

_SENSORS: Mapping[str, DomainSpec] = {Platform.SENSOR: DomainSpec()}
_SWITCHES: Mapping[str, DomainSpec] = {Platform.SWITCH: DomainSpec()}


class LastOpenedByCondition(EntityConditionBase):
    """A lock was last opened by one of these people."""

    _domain_specs = _SENSORS
    _schema = ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend(
        {
            probatio.Required(CONF_OPTIONS): {
                probatio.Required(CONF_PERSON): probatio.All(
                    probatio.EnsureList(), probatio.Length(min=1), [cv.string]
                )
            }
        }
    )

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        super().__init__(hass, config)
        assert config.options is not None
        self._people: list[str] = config.options[CONF_PERSON]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return entities_of(self._hass, entities, "last_opened_by")

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return is_one_of(self._hass, entity_state.state, self._people)


class LastSwitchedByCondition(EntityConditionBase):
    """A plug or relay was last switched by its button, by a command, or by the power supply."""

    _domain_specs = _SWITCHES
    # Without a duration: the states of the switch in the recorder do not have the cause.
    _schema = probatio.Schema(
        {
            probatio.Required(CONF_TARGET): cv.TARGET_FIELDS,
            probatio.Required(CONF_OPTIONS): {
                probatio.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): probatio.In(
                    [BEHAVIOR_ANY, BEHAVIOR_ALL]
                ),
                probatio.Required(CONF_BY): some_of(CAUSES),
            },
        }
    )

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        super().__init__(hass, config)
        assert config.options is not None
        self._causes: list[str] = config.options[CONF_BY]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return switches_of(self._hass, entities)

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return cause_of(self._hass, entity_state.entity_id) in self._causes


CONDITIONS: dict[str, type[Condition]] = {
    "last_opened_by": LastOpenedByCondition,
    "last_switched_by": LastSwitchedByCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions by name."""
    return CONDITIONS
