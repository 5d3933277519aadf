"""Common parts of this maker's devices: packed lists, settings, buttons, on/off with its cause."""

from collections.abc import Callable, Iterable
from struct import pack
from typing import Any

from ..definition import attributes
from ..options import NumberOption
from ..property import (
    Access,
    Binary,
    Enum,
    Event,
    Numeric,
    Options,
    Shown,
)
from ..quantity import BATTERY, BATTERY_VOLTAGE, COUNT, LINK_QUALITY, Bounds
from ..source import (
    Address,
    Attribute,
    Element,
    Lookup,
    Source,
    Tag,
    attribute,
    less,
    linear_percent,
    tag,
)
from ..value import Type, Value, read_tags
from ..zcl import Cluster, Command, Report, Request

MANUFACTURER = 0x115F
"""The manufacturer code of all requests, also with another one in the descriptor (protocol 0.2)."""

HEARTBEAT = 0xFF01
STRUCTURE = 0xFF02
HEARTBEAT_NEW = 0x00F7

TOGGLE_COMMAND = 0x02
"""Command "toggle" of On/Off (ZCL revision 8, 3.8.2.3); off is 0 and on is 1."""

_TAGS = tuple(map(Tag, range(0x100)))
_TAG_LISTS = {(Cluster.BASIC, HEARTBEAT), (Cluster.LUMI, HEARTBEAT_NEW)}


def unpack(report: Report) -> Iterable[tuple[Address, Value]]:
    """A report's records, with tag lists and the 0xFF02 structure unpacked (protocol 0.3)."""
    for address, value in attributes(report):
        assert isinstance(address, Attribute)
        if report.endpoint != 1:
            yield address, value
        elif (address.cluster, address.id) in _TAG_LISTS and isinstance(value, bytes):
            for number, item in read_tags(value):
                yield _TAGS[number], item
        elif (address.cluster, address.id) == (Cluster.BASIC, STRUCTURE) and isinstance(
            value, tuple
        ):
            for index, item in enumerate(value):
                yield Element(index), item
        else:
            yield address, value


def setting[R: (Binary, Enum, Numeric)](
    kind: Callable[..., R],
    name: str,
    number: int,
    type: int,  # noqa: A002 - ZCL's own name
    **more: Any,
) -> R:
    """The row of a setting in the maker's cluster: written, and read back before it is believed.

    Args:
        kind: the row's class.
        name: the property's name.
        number: the attribute's id.
        type: the attribute's ZCL type.
        more: the row's other arguments.
    """
    source = attribute(Cluster.LUMI, number, type=type, manufacturer=MANUFACTURER)
    more = {"access": Access.ALL, "category": "config", "read_back": True} | more
    return kind(name, (source,), **more)


def battery(
    empty: int, full: int, addresses: tuple[Address, ...], plausible: Bounds
) -> tuple[Numeric, Numeric]:
    """Return the rows of a battery's charge and voltage, both from reported mV (protocol 0.4).

    Args:
        empty: the voltage of 0 %, in mV.
        full: the voltage of 100 %, in mV.
        addresses: the addresses of the voltage, in mV.
        plausible: bounds of plausible voltages, in mV.
    """
    percent = linear_percent(empty, full, plausible)
    return (
        Numeric(
            "battery",
            tuple(Source(address, percent) for address in addresses),
            BATTERY,
            minimum=0,
            maximum=100,
            category="diagnostic",
        ),
        Numeric(
            "voltage",
            tuple(Source(address) for address in addresses),
            BATTERY_VOLTAGE,
            plausible=plausible,
            category="diagnostic",
            enabled=False,
        ),
    )


LINKQUALITY = Numeric(
    "linkquality",
    (),
    LINK_QUALITY,
    minimum=0,
    maximum=255,
    category="diagnostic",
    enabled=False,
)
"""Link quality of the device's last frame. The radio measures it, so it has no source."""


def power_outage_count(*more: Source, shown: Shown = Shown.EVERYWHERE) -> Numeric:
    """Return the row of the number of power outages: the device counts its starts (protocol 0.3).

    Args:
        more: its other sources.
        shown: the views that show it.
    """
    return Numeric(
        "power_outage_count",
        (tag(0x05, less(1)), *more),
        COUNT,
        category="diagnostic",
        enabled=False,
        shown=shown,
    )


IDENTIFY_TIME = NumberOption("identify_timeout", 3, 1, 30, 1, None, enabled=False)
"""The option of `IDENTIFY`, in seconds."""


def _identify(_word: str, options: Options) -> tuple[Request, ...]:
    """Return the request to flash (ZCL revision 8, 3.5.2.3.1)."""
    seconds = int(IDENTIFY_TIME.from_options(options))
    return (Command(1, Cluster.IDENTIFY, 0x00, seconds.to_bytes(2, "little")),)


IDENTIFY = Enum(
    "identify",
    access=Access.SET,
    category="config",
    shown=Shown.HOME | Shown.EXPOSES,
    lookup=Lookup({0: "identify"}),
    write=_identify,
    outcome=lambda _word: {},
)
"""The button with which a device flashes, for models with `own_options=(IDENTIFY_TIME,)`."""

_PRESSES = Lookup({0: "hold", 1: "single", 2: "double", 255: "release"})


def press(value: Value) -> str | None:
    """Return the action of a button by the value of 0x0012/0x0055 (protocol 3.2)."""
    return _PRESSES.decode(value) if isinstance(value, int) else None


BUTTON = Event(
    "button",
    {
        "single": ("press_end", {}),
        "double": ("multi_press_end", {"multi_press_count": 2}),
        "hold": ("long_press_start", {}),
        "release": ("long_press_end", {}),
    },
    device_class="button",
)
"""The event of a button, which the trigger *pressed* listens to."""

POWER_BOUNDS = Bounds(0, 6000)
CURRENT_BOUNDS = Bounds(0, 25)
"""Readings of plug and relay, in W and A: rated 10 A, 2500 W; a starting motor takes more."""


def on_off(
    name: str, heartbeat: int, endpoint: int = 1, *, main: bool = False, zha: bool = False
) -> Binary:
    """The row of a contact: On/Off of an endpoint, also in the heartbeat (protocol 4.2, 5.2)."""

    def command(number: int) -> tuple[Request, ...]:
        return (Command(endpoint, Cluster.ON_OFF, number, repeatable=number != TOGGLE_COMMAND),)

    return Binary(
        name,
        (attribute(Cluster.ON_OFF, 0x0000, endpoint=endpoint), tag(heartbeat)),
        access=Access.ALL,
        on="ON",
        off="OFF",
        write=lambda value, _options: command(int(value)),
        toggle=lambda: command(TOGGLE_COMMAND),
        main=main,
        zha=zha,
        is_contact=True,
        device_class="outlet" if main else "switch",
    )


_CAUSES = Lookup({0x02: "power", 0x03: "button", 0x07: "network"})


def _cause(value: Value) -> str | None:
    """The top octet of 0xF000 (captures ZNCZ02LM-041 and ZNCZ02LM-042, example plug-off)."""
    return _CAUSES.decode(value >> 24) if isinstance(value, int) else None


def cause(name: str, of: str, endpoint: int = 1) -> Enum:
    """Return the row of a contact's last cause: its button, a command, or the mains.

    Args:
        name: the property's name.
        of: the contact.
        endpoint: the contact's endpoint.
    """
    return Enum(
        name,
        (attribute(Cluster.ON_OFF, 0xF000, _cause, endpoint=endpoint),),
        lookup=_CAUSES,
        category="diagnostic",
        shown=Shown.HOME,
        belongs_to=of,
        by_command="network",
    )


_MEMORY = Attribute(Cluster.BASIC, 0xFFF0, type=Type.OCTET_STRING, manufacturer=MANUFACTURER)


def _memory_requests(value: bool, _options: Options) -> tuple[Request, ...]:
    """Return two writes, which work only in this order (protocol 4.3, capture ZNCZ02LM-050)."""
    first, second = (7, 8) if value else (9, 10)
    return (
        _MEMORY.write(bytes.fromhex("aa8005d147") + pack("4B", first, 1, 0x10, value)),
        _MEMORY.write(bytes.fromhex("aa8003d307") + pack("2B", second, 1)),
    )


def power_outage_memory(read: Attribute | None = None) -> Binary:
    """Return the row of outage memory: whether a contact is restored after a power cut.

    The device acknowledges writes and never reports it, so an acknowledged value is believed.
    `read` is the attribute that Zigbee2MQTT reads without success.
    """
    return Binary(
        "power_outage_memory",
        access=Access.ALL,
        category="config",
        write=_memory_requests,
        read=read,
        reported=False,
    )
