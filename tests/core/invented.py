"""Models that do not exist, to test the table's features."""

from collections.abc import Mapping
from typing import Any

from custom_components.aqara_zigbee.core.definition import Definition, Feed
from custom_components.aqara_zigbee.core.options import ChoiceOption, FlagOption, NumberOption
from custom_components.aqara_zigbee.core.property import (
    Access,
    Enum,
    Numeric,
    Options,
    Row,
    Scalar,
)
from custom_components.aqara_zigbee.core.quantity import PERCENTAGE
from custom_components.aqara_zigbee.core.source import Lookup, attribute, number
from custom_components.aqara_zigbee.core.zcl import Command, Request

WINDOW_COVERING, LIFT = 0x0102, 0x0008
OPEN, CLOSE, STOP, GO_TO = 0, 1, 2, 5

INVERT = FlagOption("invert_cover")
OPTIONS = (
    INVERT,
    ChoiceOption("tilt_mode", values=("with_lift", "alone")),
    NumberOption("debounce_time", 1, 0, 60, 0.5, "s"),
)


def definition(*properties: Row, feed: Feed = Feed.MAINS, **more: Any) -> Definition:
    """A model with some rows."""
    return Definition(
        zigbee_model="lumi.invented",
        vendor="V",
        model="INVENTED",
        description="D",
        feed=feed,
        properties=properties,
        **more,
    )


def turned(lift: float, options: Options) -> float:
    """The wire counts how far it is closed, unless it was hung the other way round."""
    return lift if options.get(INVERT.name) else 100 - lift


def state_of(lift: float, options: Options) -> str:
    """The state at a position."""
    return "OPEN" if turned(lift, options) else "CLOSE"


def move(word: str, options: Options) -> tuple[Request, ...]:
    """The commands of the Window Covering cluster (ZCL revision 8, 7.4.2.2)."""
    other = {"OPEN": "CLOSE", "CLOSE": "OPEN"} if options.get(INVERT.name) else {}
    number_of = {"OPEN": OPEN, "CLOSE": CLOSE, "STOP": STOP}
    return (Command(1, WINDOW_COVERING, number_of[other.get(word, word)]),)


def go_to(position: float, options: Options) -> tuple[Request, ...]:
    """To a position."""
    lift = int(turned(position, options))
    return (Command(1, WINDOW_COVERING, GO_TO, bytes([lift])),)


def outcome(word: str) -> Mapping[str, Scalar]:
    """Return the final position."""
    if word == "STOP":
        return {}
    return {"state": word, "position": 100 if word == "OPEN" else 0}


def cover(*, more: tuple[Row, ...] = (), **what: Any) -> Definition:
    """A shade that knows where it is."""
    return definition(
        Enum(
            "state",
            (attribute(WINDOW_COVERING, LIFT, number),),
            access=Access.ALL,
            lookup=Lookup({OPEN: "OPEN", CLOSE: "CLOSE", STOP: "STOP"}),
            adjust=state_of,
            write=move,
            outcome=outcome,
        ),
        Numeric(
            "position",
            (attribute(WINDOW_COVERING, LIFT),),
            PERCENTAGE,
            access=Access.ALL,
            minimum=0,
            maximum=100,
            adjust=turned,
            write=go_to,
            outcome=lambda value: {"position": value, "state": "OPEN" if value else "CLOSE"},
        ),
        *more,
        **({"own_options": OPTIONS} | what),
    )
