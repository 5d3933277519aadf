"""ZNJLBL01LM, the roller shade driver E1: a motor with a battery that receives at all times.

Source: zigbee-herdsman-converters 26.105.0, ZNJLBL01LM; zha-quirks, `lumi.curtain.acn002`.
"""

from collections.abc import Mapping

from ..definition import Definition, Feed
from ..group import CLOSE, FULLY_OPEN, OPEN, STOP, Cover
from ..options import FlagOption
from ..property import Access, Binary, Enum, Numeric, Options, Scalar
from ..quantity import BATTERY, PERCENTAGE, TEMPERATURE
from ..source import Attribute, Lookup, Source, attribute, is_one, number, tag
from ..value import Type, Value
from ..zcl import Cluster, Report, Request
from .lumi import LINKQUALITY, MANUFACTURER, setting, unpack

INVERT = FlagOption("invert_cover")

POSITION = Attribute(Cluster.ANALOG_OUTPUT, 0x0055, type=Type.FLOAT)
MOTOR = Attribute(Cluster.MULTISTATE_OUTPUT, 0x0055, type=Type.UINT16)
STOPPED = 2


def turned(position: float, options: Options) -> float:
    """Return the position, inverted if the option is set."""
    return FULLY_OPEN - position if INVERT.from_options(options) else position


def state_at(value: Value) -> str | None:
    """Return the state at a reported position. As in Zigbee2MQTT, inverting does not change it."""
    position = number(value)
    return None if position is None else OPEN if position else CLOSE


def go_to(position: float, options: Options) -> tuple[Request, ...]:
    """Return the request to move to a position."""
    return (POSITION.write(turned(position, options)),)


def move(word: str, options: Options) -> tuple[Request, ...]:
    """Return the request to open, close or stop."""
    if word == STOP:
        return (MOTOR.write(STOPPED),)
    return go_to(FULLY_OPEN if word == OPEN else 0, options)


def end_of(word: str) -> Mapping[str, Scalar]:
    """Return the final position; after a stop it is unknown until it is reported."""
    return {} if word == STOP else {"position": FULLY_OPEN if word == OPEN else 0}


def is_moving(value: Value) -> bool | None:
    """Whether the motor runs, from its report."""
    return value < STOPPED if isinstance(value, int) else None


def ask_position(report: Report) -> tuple[Request, ...]:
    """Read the position once the motor has stopped, as its own report then can be wrong."""
    if (report.cluster, report.endpoint) != (MOTOR.cluster, 1) or MOTOR.id not in report:
        return ()
    return (POSITION.read(),) if is_moving(report[MOTOR.id]) is False else ()


SHADE_E1 = Definition(
    zigbee_model="lumi.curtain.acn002",
    vendor="Aqara",
    model="ZNJLBL01LM",
    description="Roller shade driver E1",
    feed=Feed.LISTENING,
    unpack=unpack,
    replies=(ask_position,),
    own_options=(INVERT,),
    groups=(Cover("state", "position", "motor_state", INVERT.name, device_class="shade"),),
    properties=(
        Enum(
            "state",
            (Source(POSITION, state_at),),
            access=Access.ALL,
            lookup=Lookup({0: OPEN, 1: CLOSE, 2: STOP}),
            write=move,
            outcome=end_of,
        ),
        Numeric(
            "position",
            (Source(POSITION),),
            PERCENTAGE,
            access=Access.ALL,
            minimum=0,
            maximum=FULLY_OPEN,
            decimals=2,
            adjust=turned,
            write=go_to,
        ),
        Numeric(
            "battery",
            (attribute(Cluster.LUMI, 0x040A, manufacturer=MANUFACTURER), tag(0x65)),
            BATTERY,
            access=Access.STATE_GET,
            minimum=0,
            maximum=100,
            category="diagnostic",
        ),
        Numeric("device_temperature", (tag(0x03),), TEMPERATURE, category="diagnostic"),
        # 1 while charging, 2 otherwise.
        Binary(
            "charging_status",
            (attribute(Cluster.LUMI, 0x0409, is_one, manufacturer=MANUFACTURER),),
            access=Access.STATE_GET,
            category="diagnostic",
            device_class="battery_charging",
        ),
        setting(Binary, "reverse_direction", 0x0400, Type.BOOLEAN),
        Enum(
            "motor_state",
            (Source(MOTOR),),
            category="diagnostic",
            lookup=Lookup({0: "closing", 1: "opening", STOPPED: "stopped", 3: "blocked"}),
        ),
        Binary(
            "running",
            (Source(MOTOR, is_moving),),
            category="diagnostic",
            enabled=False,
            device_class="running",
        ),
        setting(
            Enum,
            "motor_speed",
            0x0408,
            Type.UINT8,
            lookup=Lookup({0: "low", 1: "medium", 2: "high"}),
        ),
        LINKQUALITY,
    ),
    refresh=("position", "reverse_direction", "motor_speed", "battery", "charging_status"),
    supports_ota=True,
)
