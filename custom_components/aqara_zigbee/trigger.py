"""Triggers, by target: events of knobs, wireless switches, locks, plugs and relays.

Each runs for events only, never because a device or the coordinator becomes available.
`triggers.yaml` describes them for the user interface.
"""

from abc import abstractmethod
from collections.abc import Mapping
from math import floor
from typing import Any, ClassVar, cast, override

from homeassistant.components.event import EventEntityStateAttribute
from homeassistant.const import (
    ATTR_ENTITY_ID,
    CONF_OPTIONS,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import (
    TargetStateChangedData,
    async_track_target_selector_state_change_event,
)
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import probatio

from .const import SIGNAL_EXPLAINED
from .targets import cause_of, entities_of, is_one_of, switches_of

CONF_AMOUNT = "amount"
CONF_BY = "by"
CONF_DIRECTION = "direction"
CONF_METHOD = "method"
CONF_PERSON = "person"
CONF_PRESS = "press"
CONF_PRESSED = "pressed"
CONF_SIDE = "side"
CONF_TO = "to"

INSIDE, OUTSIDE = "inside", "outside"
PRESSED, RELEASED = "pressed", "released"

PRESSES = {
    "press_end": "single",
    "multi_press_end": "double",
    "long_press_start": "long",
    "long_press_end": "released",
}
"""Presses by event type."""

STEPS = {
    "rotate_right": ("clockwise", False),
    "rotate_left": ("counterclockwise", False),
    "rotate_right_pressed": ("clockwise", True),
    "rotate_left_pressed": ("counterclockwise", True),
}
"""Direction and whether the button is held, by event type."""

METHODS = ("finger", "password")
CAUSES = ("button", "network", "power")


def _with_options(options: dict[probatio.Marker, Any]) -> probatio.Schema:
    return ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {probatio.Required(CONF_OPTIONS, default={}): options}
    )


def some_of(values: tuple[str, ...]) -> probatio.All[Any]:
    """Return a validator of one or more of these values."""
    return probatio.All(probatio.EnsureList(), probatio.Length(min=1), [probatio.In(values)])


class StateTrigger(Trigger):
    """Runs when the state of a targeted entity reports something new."""

    _schema: ClassVar[probatio.Schema] = ENTITY_STATE_TRIGGER_SCHEMA

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Check the configuration."""
        return cast("ConfigType", cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        assert config.target is not None
        self._target = config.target
        self._options: Mapping[str, Any] = config.options or {}

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Run the action for each matching change."""

        @callback
        def changed(data: TargetStateChangedData) -> None:
            event = data.state_change_event
            before, now = event.data["old_state"], event.data["new_state"]
            if before is None or now is None or before.state == now.state:
                return
            if before.state == STATE_UNAVAILABLE or now.state in (
                STATE_UNAVAILABLE,
                STATE_UNKNOWN,
            ):
                return
            self._run(run_action, before, now)

        return await async_track_target_selector_state_change_event(
            self._hass, self._target, changed, self._entities
        )

    def _run(self, run_action: TriggerActionRunner, before: State, now: State) -> None:
        """Run the action for a change, if it matches."""
        if (variables := self._variables(before, now)) is not None:
            about = {ATTR_ENTITY_ID: now.entity_id, "from_state": before, "to_state": now}
            run_action(about | dict(variables), f"state of {now.entity_id}", now.context)

    @abstractmethod
    def _entities(self, targeted: set[str]) -> set[str]:
        """Return the entities to listen to."""

    @abstractmethod
    def _variables(self, before: State, now: State) -> Mapping[str, Any] | None:
        """Return the trigger's variables for a change; None if it does not match."""


class EventTrigger(StateTrigger):
    """Runs for events of one event entity of each targeted device."""

    _event: ClassVar[str]
    """The name of the event."""

    @override
    def _entities(self, targeted: set[str]) -> set[str]:
        return entities_of(self._hass, targeted, self._event)

    @override
    def _variables(self, before: State, now: State) -> Mapping[str, Any] | None:
        return self._details(now.attributes[EventEntityStateAttribute.EVENT_TYPE], now.attributes)

    def _details(self, kind: str, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the trigger's variables for an event; None if it does not match."""
        return {}

    def _is_wanted(self, option: str, value: object) -> bool:
        """Whether an option is not set, or has this value."""
        wanted = self._options.get(option)
        return wanted is None or value in (wanted if isinstance(wanted, list) else [wanted])


class TurnedTrigger(EventTrigger):
    """A knob is turned: each step, or each time by an angle since the turn began."""

    _event = "rotation_step"
    _schema = _with_options(
        {
            probatio.Optional(CONF_DIRECTION): probatio.In(["clockwise", "counterclockwise"]),
            probatio.Optional(CONF_PRESSED): probatio.In([PRESSED, RELEASED]),
            probatio.Optional(CONF_AMOUNT): probatio.All(
                probatio.Coerce(float), probatio.Range(min=1)
            ),
        }
    )

    @override
    def _details(self, kind: str, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        direction, is_pressed = STEPS[kind]
        angle, step = said.get("angle") or 0.0, said.get("angle_delta") or 0.0
        if not (
            self._is_wanted(CONF_DIRECTION, direction)
            and self._is_wanted(CONF_PRESSED, PRESSED if is_pressed else RELEASED)
            and self._is_enough(angle, step)
        ):
            return None
        return {
            "direction": direction,
            "pressed": is_pressed,
            "angle": angle,
            "angle_delta": step,
            "percent_delta": said.get("percent_delta") or 0.0,
        }

    def _is_enough(self, angle: float, step: float) -> bool:
        """Whether a step passes a further multiple of the angle, away from the turn's start."""
        amount: float | None = self._options.get(CONF_AMOUNT)
        if amount is None:
            return True
        # Angles are 32-bit floats: three steps of 10° need not be 30°.
        before, angle = round(angle - step, 1), round(angle, 1)
        passed = floor(abs(before) / amount) if before * angle > 0 else 0
        return floor(abs(angle) / amount) > passed


class PressedTrigger(EventTrigger):
    """The button of a knob or wireless switch is pressed."""

    _event = "button"
    _schema = _with_options(
        {probatio.Required(CONF_PRESS, default=["single"]): some_of(tuple(PRESSES.values()))}
    )

    @override
    def _details(self, kind: str, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        press = PRESSES[kind]
        return {CONF_PRESS: press} if self._is_wanted(CONF_PRESS, press) else None


class OpenedTrigger(EventTrigger):
    """The door is opened, once for each opening."""

    _event = "activity"
    _schema = _with_options(
        {
            probatio.Optional(CONF_PERSON): probatio.All(probatio.EnsureList(), [cv.string]),
            probatio.Optional(CONF_METHOD): some_of(METHODS),
            probatio.Optional(CONF_SIDE): probatio.In([INSIDE, OUTSIDE]),
        }
    )

    @override
    def _details(self, kind: str, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if (side := _side(kind, said)) is None:
            return None
        details = {name: said.get(name) for name in ("name", "user", "role", "method")}
        if not (
            self._is_wanted(CONF_SIDE, side)
            and self._is_wanted(CONF_METHOD, details["method"])
            and self._is_wanted_person(details["name"])
        ):
            return None
        return details | {CONF_SIDE: side}

    def _is_wanted_person(self, name: object) -> bool:
        people: list[str] = self._options.get(CONF_PERSON, [])
        return not people or is_one_of(self._hass, name, people)


def _side(kind: str, said: Mapping[str, Any]) -> str | None:
    """Return the side from which the door was opened, None if it was not.

    A lock reports the user, and shortly afterwards the opening of the door, which has the name,
    too, and is not a second opening.
    """
    if kind == "lock_opened_inside":
        return INSIDE
    is_let_in = kind in {f"{method}_open" for method in METHODS}
    if is_let_in or (kind == "lock_opened_outside" and said.get("name") is None):
        return OUTSIDE
    return None


class AttemptFailedTrigger(EventTrigger):
    """A lock rejects a fingerprint or a code."""

    _event = "activity"
    _schema = _with_options({probatio.Optional(CONF_METHOD): some_of(METHODS)})

    @override
    def _details(self, kind: str, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        method = kind.removesuffix("_not_match")
        if method not in METHODS or not self._is_wanted(CONF_METHOD, method):
            return None
        return {"method": method, "repeat": said.get("repeat")}


class TamperedTrigger(EventTrigger):
    """A lock is pried off the door."""

    _event = "tamper"


class RangTrigger(EventTrigger):
    """The bell of a lock is rung."""

    _event = "doorbell"


class SwitchedByTrigger(StateTrigger):
    """A plug or relay is switched by its button, by a command, or by the power supply.

    A read can show the change before the device reports it with its cause; then it runs for the
    report.
    """

    _schema = _with_options(
        {
            probatio.Required(CONF_BY, default=["button"]): some_of(CAUSES),
            probatio.Optional(CONF_TO): probatio.In([STATE_ON, STATE_OFF]),
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._unexplained: dict[str, tuple[State, State]] = {}
        """The last changes without a cause, by entity."""

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        stop = await super().async_attach_runner(run_action, did_not_trigger)

        @callback
        def explained(entity_id: str) -> None:
            if (change := self._unexplained.pop(entity_id, None)) is not None:
                self._run(run_action, *change)

        stop_explained = async_dispatcher_connect(self._hass, SIGNAL_EXPLAINED, explained)

        @callback
        def detach() -> None:
            stop_explained()
            stop()

        return detach

    @override
    def _entities(self, targeted: set[str]) -> set[str]:
        return switches_of(self._hass, targeted)

    @override
    def _variables(self, before: State, now: State) -> Mapping[str, Any] | None:
        if {before.state, now.state} != {STATE_ON, STATE_OFF}:
            return None
        cause = cause_of(self._hass, now.entity_id)
        if cause is None:
            self._unexplained[now.entity_id] = before, now
        to = self._options.get(CONF_TO)
        if cause not in self._options[CONF_BY] or to not in (None, now.state):
            return None
        return {CONF_BY: cause}


TRIGGERS: dict[str, type[Trigger]] = {
    "attempt_failed": AttemptFailedTrigger,
    "opened": OpenedTrigger,
    "pressed": PressedTrigger,
    "rang": RangTrigger,
    "switched_by": SwitchedByTrigger,
    "tampered": TamperedTrigger,
    "turned": TurnedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by name."""
    return TRIGGERS
