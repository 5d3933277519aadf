"""What devices of this maker share: packed lists, settings, on/off with its cause."""

from collections.abc import Iterable
from struct import pack

from ..codec import Lookup
from ..definition import attributes
from ..property import (
    Access,
    Binary,
    Enum,
    Numeric,
    Shown,
)
from ..quantity import LINK_QUALITY
from ..source import Address, Attribute, Element, Tag, attribute, tag
from ..value import Type, Value, read_tags
from ..zcl import Cluster, Command, Report, Request

MANUFACTURER = 0x115F
"""The code of all manufacturer-specific requests, whatever the node descriptor says (contract 0.2)."""

HEARTBEAT = 0xFF01
STRUCTURE = 0xFF02
HEARTBEAT_NEW = 0x00F7

TOGGLE_COMMAND = 0x02
"""On/Off's third command (ZCL revision 8, 3.8.2.3); off is 0 and on is 1."""

_TAG_LISTS = {(Cluster.BASIC, HEARTBEAT), (Cluster.LUMI, HEARTBEAT_NEW)}


def unpack(report: Report) -> Iterable[tuple[Address, Value]]:
    """A report's records, with tag lists and the 0xFF02 structure taken apart (contract 0.3)."""
    for address, value in attributes(report):
        assert isinstance(address, Attribute)
        if report.endpoint != 1:
            yield address, value
        elif (address.cluster, address.id) in _TAG_LISTS and isinstance(value, bytes):
            for number, item in read_tags(value):
                yield Tag(number), item
        elif (address.cluster, address.id) == (Cluster.BASIC, STRUCTURE) and isinstance(
            value, tuple
        ):
            for index, item in enumerate(value):
                yield Element(index), item
        else:
            yield address, value


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


def on_off(name: str, heartbeat: int, endpoint: int = 1, *, main: bool = False) -> Binary:
    """A relay contact: On/Off of an endpoint, repeated in the heartbeat (contract 4.2, 5.2)."""

    def command(number: int) -> tuple[Request, ...]:
        return (Command(endpoint, Cluster.ON_OFF, number, repeatable=number != TOGGLE_COMMAND),)

    return Binary(
        name,
        (attribute(Cluster.ON_OFF, 0x0000, endpoint=endpoint), tag(heartbeat)),
        access=Access.ALL,
        on="ON",
        off="OFF",
        write=lambda value: command(int(value)),
        toggle=lambda: command(TOGGLE_COMMAND),
        main=main,
    )


_CAUSES = Lookup({0x02: "power", 0x03: "button", 0x07: "network"})


def _cause(value: Value) -> str | None:
    """The top octet of 0xF000 (captures ZNCZ02LM-041 and -042, example plug-off)."""
    return _CAUSES.decode(value >> 24) if isinstance(value, int) else None


def cause(name: str, endpoint: int = 1) -> Enum:
    """What made a contact change last: its button, a command from the network, or the mains."""
    return Enum(
        name,
        (attribute(Cluster.ON_OFF, 0xF000, _cause, endpoint=endpoint),),
        lookup=_CAUSES,
        category="diagnostic",
        shown=Shown.HOME,
    )


_MEMORY = Attribute(Cluster.BASIC, 0xFFF0, type=Type.OCTET_STRING, manufacturer=MANUFACTURER)


def _memory_requests(value: bool) -> tuple[Request, ...]:
    """Two writes that count only in this order (contract 4.3, capture ZNCZ02LM-050)."""
    first, second = (7, 8) if value else (9, 10)
    return (
        _MEMORY.write(bytes.fromhex("aa8005d147") + pack("4B", first, 1, 0x10, value)),
        _MEMORY.write(bytes.fromhex("aa8003d307") + pack("2B", second, 1)),
    )


def power_outage_memory(read: Attribute | None = None) -> Binary:
    """Whether the contact is restored after a power cut.

    The device acknowledges it and never tells it again, so what was acknowledged is believed.
    `read` is what Zigbee2MQTT asks in vain.
    """
    return Binary(
        "power_outage_memory",
        access=Access.ALL,
        category="config",
        write=_memory_requests,
        read=read,
        told=False,
    )
