"""ZNXNKG02LM, the wireless knob H1 (protocol 3)."""

from collections.abc import Mapping

from ..definition import Changes, Definition, Feed, Problem
from ..property import (
    Action,
    Binary,
    Enum,
    Event,
    Numeric,
    Options,
    Scalar,
    Shown,
)
from ..quantity import ANGLE, DURATION_MS, PERCENTAGE, Bounds
from ..source import Attribute, Lookup, Tag, number
from ..value import Type
from ..zcl import Cluster, Report, Request
from .lumi import BUTTON, LINKQUALITY, MANUFACTURER, battery, press, setting, unpack

# Settings are on endpoint 1, in a cluster it does not declare (protocol 3.4).
MODE = Attribute(Cluster.LUMI, 0x0009, type=Type.UINT8, manufacturer=MANUFACTURER)

EVENT_MODE = 1
"""Without it the knob does not report turns and single presses (protocol 3.1)."""

ROTATIONS = {1: "start_rotating", 2: "rotation", 3: "stop_rotating"}

PHASE, PRESSED_BIT, PRESSED_ENDPOINT = 0x023A, 0x80, 72
"""Firmwares mark a turn with the button held by the bit, by the endpoint, or by both."""

# Cumulative since the turn began, and since the last frame; mind the order (protocol 3.3).
NUMBERS = {
    0x022E: "action_rotation_angle",
    0x0230: "action_rotation_angle_speed",
    0x0233: "action_rotation_percent",
    0x0232: "action_rotation_percent_speed",
    0x0231: "action_rotation_time",
}


def read_press(report: Report, options: Options) -> Changes:
    """Decode the button. Some firmwares send a plain on/off report for a single press."""
    del options
    match report.cluster, report.endpoint:
        case Cluster.MULTISTATE_INPUT, 1 if 0x0055 in report:
            word = press(report[0x0055])
        case Cluster.ON_OFF, 1 if 0x0000 in report:
            word = "single" if report[0x0000] in (0, 1) else None
        case _:
            word = None
    return {"action": word} if word else {}


def read_rotation(report: Report, options: Options) -> Changes:
    """Decode a turn. Frames with an unknown phase are ignored."""
    del options
    if report.cluster != Cluster.LUMI or PHASE not in report:
        return {}
    phase = report[PHASE]
    if not isinstance(phase, int) or (word := ROTATIONS.get(phase & ~PRESSED_BIT)) is None:
        return {}
    pressed = bool(phase & PRESSED_BIT) or report.endpoint == PRESSED_ENDPOINT
    numbers: Changes = {
        name: number(report[attribute])
        for attribute, name in NUMBERS.items()
        if attribute in report and number(report[attribute]) is not None
    }
    return {
        "action": word,
        "action_rotation_button_state": "pressed" if pressed else "released",
        "action_pressed": pressed,
        **numbers,
        **_direction(numbers),
    }


def _direction(numbers: Changes) -> Changes:
    """Return the direction: of the last step, or of the whole turn without a step.

    The direction may change during a turn, so the whole is not that of the step (capture
    ZNXNKG02LM-034).
    """
    step = numbers.get("action_rotation_angle_speed") or numbers.get("action_rotation_angle")
    if not isinstance(step, int | float) or not step:
        return {}
    return {"action_direction": "clockwise" if step > 0 else "counterclockwise"}


KEEP_ALIVE = Attribute(Cluster.BASIC, 0xFFF0, type=Type.OCTET_STRING, manufacturer=MANUFACTURER)


def prevent_reset(report: Report) -> tuple[Request, ...]:
    """Answer the question after which repeated presses would reset it (protocol 3.1)."""
    if (report.cluster, report.endpoint) != (Cluster.BASIC, 1) or KEEP_ALIVE.id not in report:
        return ()
    content = report[KEEP_ALIVE.id]
    if not isinstance(content, bytes) or not content.startswith(bytes.fromhex("aa10054187")):
        return ()
    return (KEEP_ALIVE.write(bytes.fromhex("aa1005414701011001")),)


ROTATION = Event(
    "rotation",
    {word: (word, {}) for word in ROTATIONS.values()},
    {
        "action_rotation_angle": "angle",
        "action_rotation_angle_speed": "angle_delta",
        "action_rotation_percent": "percent",
        "action_rotation_percent_speed": "percent_delta",
        "action_rotation_time": "time",
        "action_pressed": "pressed",
        "action_direction": "direction",
    },
)

STEPS = {
    ("clockwise", False): "rotate_right",
    ("counterclockwise", False): "rotate_left",
    ("clockwise", True): "rotate_right_pressed",
    ("counterclockwise", True): "rotate_left_pressed",
}
"""Event types by direction and whether the button is held."""


def _step(word: str, details: Mapping[str, Scalar]) -> str | None:
    """The step of a turn for an action. The end of a turn repeats or clears its last step."""
    if word not in ("start_rotating", "rotation"):
        return None
    if details.get("action_rotation_angle_speed") == 0:
        return None
    direction = details.get("action_direction")
    return STEPS.get((str(direction), details.get("action_pressed") is True))


# Its types cannot be added to those of ROTATION: an event has one type, which automations use.
ROTATION_STEP = Event(
    "rotation_step",
    {},
    {
        "action_rotation_angle": "angle",
        "action_rotation_angle_speed": "angle_delta",
        "action_rotation_percent_speed": "percent_delta",
    },
    device_class="button",
    kinds=tuple(STEPS.values()),
    kind_of=_step,
)

KNOB_H1 = Definition(
    zigbee_model="lumi.remote.rkba01",
    vendor="Aqara",
    model="ZNXNKG02LM",
    description="Smart rotary knob H1 (wireless)",
    # Its node descriptor claims mains power; it has two CR2032 (protocol 3.1).
    feed=Feed.SLEEPY,
    unpack=unpack,
    readers=(read_press, read_rotation),
    replies=(prevent_reset,),
    properties=(
        setting(
            Enum,
            "operation_mode",
            MODE.id,
            Type.UINT8,
            lookup=Lookup({0: "command", EVENT_MODE: "event"}),
        ),
        # Two CR2032 of 3 V; with 1 V a radio cannot send.
        *battery(2850, 3000, (Tag(0x01),), Bounds(1000, 4000, zero_means_none=True)),
        setting(
            Enum,
            "sensitivity",
            0x0234,
            Type.UINT16,
            # The smaller the number, the more sensitive.
            lookup=Lookup({720: "low", 360: "medium", 180: "high"}),
        ),
        Action(
            "action",
            values=("hold", "single", "double", "release", *ROTATIONS.values()),
            details=(
                Numeric("action_rotation_angle", (), ANGLE),
                Numeric("action_rotation_angle_speed", (), ANGLE),
                Numeric("action_rotation_percent", (), PERCENTAGE),
                Numeric("action_rotation_percent_speed", (), PERCENTAGE),
                Numeric("action_rotation_time", (), DURATION_MS, minimum=0),
                Enum("action_rotation_button_state", lookup=Lookup({0: "released", 1: "pressed"})),
                Binary("action_pressed", shown=Shown.HOME),
                Enum(
                    "action_direction",
                    lookup=Lookup({1: "clockwise", -1: "counterclockwise"}),
                    shown=Shown.HOME,
                ),
            ),
            events=(BUTTON, ROTATION, ROTATION_STEP),
            bus_events={"stop_rotating": "turned"},
        ),
        LINKQUALITY,
    ),
    on_join=(MODE.write(EVENT_MODE),),
    refresh=("operation_mode", "sensitivity"),
    problems=(Problem("operation_mode", value="command", issue="knob_command_mode", fix="event"),),
)
