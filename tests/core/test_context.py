"""Meaning of reports in context: causes, users, meters, ciphertext."""

import json
import struct
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import meter, zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.devices.plug_mi import PLUG_MI
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.property import TOGGLE, Numeric, Scalar, Wish
from tests.core.network import Home, node

ON_OFF, DOOR, BASIC = 0x0006, 0x0101, 0x0000
row = PLUG_MI["energy"]
assert isinstance(row, Numeric)
ENERGY = row


@pytest.fixture
def relay(home: Home) -> Device:
    return home.gateway.known(node("lumi.relay.c2acn01"), home.now)


@pytest.fixture
def plug(home: Home) -> Device:
    return home.gateway.known(node("lumi.plug"), home.now)


@pytest.fixture
def lock(home: Home) -> Device:
    device = home.gateway.known(node("lumi.lock.acn02"), home.now)
    device.options["users"] = {"5": "Ada"}
    return device


# -- Causes --------------------------------------------------------------------------------------


def contact(on: bool, cause: int | None = None) -> str:
    """A report of a contact, with the cause's code in the top octet of 0xF000 if there is one."""
    with_cause = "" if cause is None else f"00f023140000{cause:02x}"
    return f"18210a000010{on:02x}{with_cause}"


def beat(on: bool) -> str:
    """A heartbeat with the first contact."""
    return "1c5f11010a01ff42" + "03" + f"6410{on:02x}"


async def test_cause_of_a_command_ends_with_the_next_change(home: Home, relay: Device) -> None:
    """An owner's report: the relay opens 12 ms after it was closed (Koenkk/zigbee2mqtt#3450)."""
    await relay.set("state_l1", wish=True)
    assert relay.state["change_cause_l1"] == "network"
    home.receive("18210a0000100000f02314000005", cluster=ON_OFF)
    assert relay.state["state_l1"] is False
    assert "change_cause_l1" not in relay.state


@pytest.mark.parametrize("frame", [contact(on=False), contact(on=False, cause=9)])
def test_report_of_a_change_without_a_known_cause(home: Home, relay: Device, frame: str) -> None:
    gone: list[frozenset[str]] = []
    relay.subscribe(lambda update: gone.append(update.gone))
    home.receive(contact(on=True, cause=3), cluster=ON_OFF, endpoint=2)
    assert relay.state["change_cause_l2"] == "button"
    home.receive(frame, cluster=ON_OFF, endpoint=2)
    assert "change_cause_l2" not in relay.state
    assert gone[-1] == {"change_cause_l2"}


@pytest.mark.parametrize(
    ("frame", "cluster"),
    [(contact(on=True), ON_OFF), (contact(on=True, cause=9), ON_OFF), (beat(on=True), BASIC)],
)
def test_repeat_of_a_state_keeps_its_cause(
    home: Home, plug: Device, frame: str, cluster: int
) -> None:
    home.receive(contact(on=True, cause=2), cluster=ON_OFF)
    home.receive(frame, cluster=cluster)
    assert plug.state["change_cause"] == "power"


def test_heartbeat_with_another_state(home: Home, plug: Device) -> None:
    home.receive(contact(on=True, cause=2), cluster=ON_OFF)
    home.receive(beat(on=False), cluster=BASIC)
    assert "change_cause" not in plug.state


async def test_state_that_was_read(home: Home, relay: Device) -> None:
    home.receive(contact(on=True, cause=3), cluster=ON_OFF, endpoint=2)
    home.radio.answer = lambda request: zcl.Report(2, 6, (zcl.Record(0, 0x10, 0),), is_answer=True)
    await relay.get(["state_l2"])
    assert relay.state["state_l2"] is False
    assert "change_cause_l2" not in relay.state


@pytest.mark.parametrize("wish", [False, TOGGLE])
async def test_cause_of_our_own_command(home: Home, plug: Device, wish: Wish) -> None:
    home.receive(contact(on=True, cause=3), cluster=ON_OFF)
    await plug.set("state", wish=True)
    assert plug.state["change_cause"] == "button"  # it was on before
    await plug.set("state", wish)
    assert plug.state["change_cause"] == "network"


async def test_channels_are_independent(home: Home, relay: Device) -> None:
    home.receive(contact(on=True, cause=3), cluster=ON_OFF, endpoint=1)
    home.receive(contact(on=True), cluster=ON_OFF, endpoint=2)
    assert relay.state["change_cause_l1"] == "button"
    assert "change_cause_l2" not in relay.state


# -- Causes that follow a read -------------------------------------------------------------------


async def read(home: Home, device: Device, name: str, *, on: bool) -> None:
    """Read a contact."""
    endpoint = 2 if name == "state_l2" else 1
    answer = zcl.Report(endpoint, ON_OFF, (zcl.Record(0, 0x10, int(on)),), is_answer=True)
    home.radio.answer = lambda _request: answer
    await device.get([name])
    home.radio.answer = lambda _request: None


def explained(device: Device) -> list[tuple[str, Scalar]]:
    """Return all properties whose change has its cause later, each with the cause."""
    found: list[tuple[str, Scalar]] = []

    def observe(update: Update) -> None:
        found.extend(
            (name, update.state[name.replace("state", "change_cause")]) for name in update.explained
        )

    device.subscribe(observe)
    return found


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(("code", "word"), [(2, "power"), (3, "button"), (7, "network")])
async def test_report_after_a_read_explains_the_change(
    home: Home, plug: Device, code: int, word: str, *, on: bool
) -> None:
    """Once: a report that repeats the state is no further change."""
    home.receive(contact(on=not on, cause=3), cluster=ON_OFF)
    found = explained(plug)
    await read(home, plug, "state", on=on)
    await read(home, plug, "state", on=on)
    home.later(seconds=4)
    home.receive(contact(on=on, cause=code), cluster=ON_OFF)
    assert found == [("state", word)]
    assert plug.state["change_cause"] == word
    home.receive(contact(on=on, cause=code), cluster=ON_OFF)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("frame", "cluster"), [(beat(on=True), BASIC), (contact(on=True), ON_OFF)], ids=["beat", "bare"]
)
def test_report_after_a_frame_without_a_cause(
    home: Home, plug: Device, frame: str, cluster: int
) -> None:
    home.receive(contact(on=False, cause=7), cluster=ON_OFF)
    found = explained(plug)
    home.receive(frame, cluster=cluster)
    home.receive(contact(on=True, cause=3), cluster=ON_OFF)
    assert found == [("state", "button")]


async def test_late_causes_of_channels_are_independent(home: Home, relay: Device) -> None:
    for endpoint in (1, 2):
        home.receive(contact(on=False, cause=7), cluster=ON_OFF, endpoint=endpoint)
    found = explained(relay)
    await read(home, relay, "state_l1", on=True)
    await read(home, relay, "state_l2", on=True)
    home.receive(contact(on=True, cause=3), cluster=ON_OFF, endpoint=2)
    assert found == [("state_l2", "button")]
    home.receive(contact(on=True, cause=2), cluster=ON_OFF, endpoint=1)
    assert found[1:] == [("state_l1", "power")]


async def test_cause_of_a_report_long_after_a_read(home: Home, plug: Device) -> None:
    """It is of a repeated command, not of the change."""
    home.receive(contact(on=False, cause=3), cluster=ON_OFF)
    found = explained(plug)
    await read(home, plug, "state", on=True)
    home.later(seconds=6)
    home.receive(contact(on=True, cause=7), cluster=ON_OFF)
    assert found == []


@pytest.mark.parametrize("first", [contact(on=False, cause=3), contact(on=True, cause=9)])
async def test_only_the_first_report_after_a_read_counts(
    home: Home, plug: Device, first: str
) -> None:
    """A report of an earlier change, and one whose cause is not known, are followed by others."""
    home.receive(contact(on=False, cause=3), cluster=ON_OFF)
    found = explained(plug)
    await read(home, plug, "state", on=True)
    home.receive(first, cluster=ON_OFF)
    home.receive(contact(on=True, cause=7), cluster=ON_OFF)
    assert found == []


async def test_report_of_our_command_explains_no_earlier_change(home: Home, plug: Device) -> None:
    """A command that changes nothing is reported, too."""
    home.receive(contact(on=False, cause=3), cluster=ON_OFF)
    found = explained(plug)
    await read(home, plug, "state", on=True)
    await plug.set("state", wish=True)
    home.receive(contact(on=True, cause=7), cluster=ON_OFF)
    assert found == []


async def test_first_known_state_is_no_change(home: Home, plug: Device) -> None:
    found = explained(plug)
    await read(home, plug, "state", on=True)
    home.receive(contact(on=True, cause=3), cluster=ON_OFF)
    assert found == []


# -- Who opened ----------------------------------------------------------------------------------


def string(attribute: int, **octets: int) -> str:
    """A lock's string of 16 octets."""
    content = bytearray(bytes.fromhex("100102").ljust(16, b"\0"))
    for place, value in octets.items():
        content[int(place[1:])] = value
    return "1c5f11010a" + attribute.to_bytes(2, "little").hex() + "4210" + content.hex()


WHO = string(0xFF10, b3=1, b4=0x20, b6=5)
OUTSIDE = string(0xFFF6, b3=0x0B)
INSIDE = string(0xFFF6, b3=0x0C)
LOCKED = string(0xFFF6, b3=0x01, b4=0x11)
UNKNOWN = string(0xFFF6, b3=0x0F)


@pytest.mark.parametrize(
    ("frames", "person"),
    [
        ([WHO, OUTSIDE], "Ada"),
        ([WHO, OUTSIDE, OUTSIDE], "Ada"),
        ([WHO, UNKNOWN], "Ada"),
        ([WHO, OUTSIDE, None, LOCKED, INSIDE], "Ada"),
        ([WHO, OUTSIDE, None, UNKNOWN], "Ada"),  # the bolt was in already
        ([WHO, OUTSIDE, None, LOCKED, OUTSIDE], None),  # with a key
        ([WHO, OUTSIDE, None, LOCKED, UNKNOWN], None),
        ([WHO, None, OUTSIDE], None),
        ([WHO, OUTSIDE, None, string(0xFF10, b3=3, b4=0x20, b6=7)], "#7"),
        ([WHO, OUTSIDE, None, string(0xFF10, b3=3, b4=0x20, b6=7), OUTSIDE], "#7"),
        ([WHO, OUTSIDE, None, string(0xFF10, b3=3, b4=0x90, b6=7)], None),
    ],
)
def test_last_opened_by(
    home: Home, lock: Device, frames: list[str | None], person: str | None
) -> None:
    for frame in frames:
        home.later(seconds=60 if frame is None else 1)
        if frame is not None:
            home.receive(frame, cluster=DOOR)
    assert lock.state.get("last_opened_by") == person


def test_bolt_retracted_without_a_received_frame(home: Home, lock: Device) -> None:
    for frame in (WHO, OUTSIDE, LOCKED):
        home.receive(frame, cluster=DOOR)
    home.later(hours=1)
    answer = "18" + "0101" + "f6ff00" + LOCKED[14:]
    home.receive(answer, cluster=DOOR)
    assert lock.state["last_opened_by"] == "Ada"
    home.receive("18" + "0201" + "f6ff00" + string(0xFFF6)[14:], cluster=DOOR)
    assert lock.state["state"] is True
    assert "last_opened_by" not in lock.state


# -- Meters --------------------------------------------------------------------------------------


def reading(kwh: float) -> str:
    """A heartbeat with a meter."""
    return "1c5f11010a01ff42" + "06" + "9539" + struct.pack("<f", kwh).hex()


def totals(home: Home, device: Device, *values: float, minutes: float = 5) -> list[Any]:
    """Return a meter's displayed readings, and the energy since its reset."""
    shown = []
    for value in values:
        home.later(minutes=minutes)
        home.receive(reading(value), cluster=BASIC)
        meter.mend(device, ENERGY)
        shown.append((device.state["energy"], meter.counted(device, ENERGY)))
    return shown


async def test_wrong_low_readings(home: Home, plug: Device) -> None:
    """As reported by an owner, around a restart (Koenkk/zigbee2mqtt#23594)."""
    totals(home, plug, 900)
    await meter.set_back(plug, ENERGY, home.now)
    seen = totals(home, plug, 978.438, 7.439, 1.15, 478.439, 978.45)
    assert seen == [(978.44, 78.44)] * 4 + [(978.45, 78.45)]
    assert plug.rejected["energy"] == 3


@pytest.mark.parametrize("low", [(0, 0), (0, 0, 0, 0), (0.01,), (3, 2, 1)])
async def test_other_low_readings(home: Home, plug: Device, low: tuple[float, ...]) -> None:
    totals(home, plug, 50)
    await meter.set_back(plug, ENERGY, home.now)
    assert totals(home, plug, *low, 50.5)[-1] == (50.5, 0.5)
    assert totals(home, plug, 50.75) == [(50.75, 0.75)]


@pytest.mark.parametrize("minutes", [0, 5, 600])
async def test_meter_that_was_reset(home: Home, plug: Device, minutes: float) -> None:
    """The second reading that counts on is believed."""
    totals(home, plug, 20)
    await meter.set_back(plug, ENERGY, home.now)
    seen = totals(home, plug, 0, 0.02, 0.5, 1, minutes=minutes)
    assert seen == [(20, 0), (0.02, 0.02), (0.5, 0.5), (1, 1)]
    assert totals(home, plug, 30, minutes=60 * 24) == [(30, 30)]


def test_meter_that_was_reset_without_load(home: Home, plug: Device) -> None:
    totals(home, plug, 20)
    assert [energy for energy, _ in totals(home, plug, 0, 0, 0, minutes=30)] == [20, 20, 0]


async def test_wrongly_detected_reset_of_a_meter(home: Home, plug: Device) -> None:
    """Two low readings of which one counts on from the other, and then the meter as it was."""
    totals(home, plug, 900)
    await meter.set_back(plug, ENERGY, home.now)
    assert totals(home, plug, 901, 3, 5)[-1] == (5, 5)
    memory = json.loads(json.dumps(home.gateway.as_dict()))
    again = Home(memory)
    again.now = home.now
    revived = again.gateway.known(node("lumi.plug"), again.now)
    assert totals(again, revived, 902) == [(902, 2)]
    assert totals(again, revived, 903) == [(903, 3)]


def test_a_lower_reading_waits_after_a_restart_too(home: Home, plug: Device) -> None:
    totals(home, plug, 900)
    again = Home(json.loads(json.dumps(home.gateway.as_dict())))
    revived = again.gateway.known(node("lumi.plug"), again.now)
    assert totals(again, revived, 1, 901) == [(900, 900), (901, 901)]


# -- Ciphertext ----------------------------------------------------------------------------------

DENSE = "0a0b0c0d0e0f1122334455"
"""Octets behind the bolts that are not zeros."""


def status(event: int, bolts: int, tail: str = DENSE) -> str:
    """A status; its first three octets are not looked at."""
    return "1c5f11930af6ff4210" + "240733" + f"{event:02x}{bolts:02x}" + tail


LISTED = status(0x02, 0x15)
CIPHER = [status(0xA7, 0xE1), status(0x8B, 0x5D), status(0xC0, 0x99)]


def test_listed_pair_with_a_dense_tail(home: Home, lock: Device) -> None:
    fired: list[str] = []
    lock.subscribe(lambda update: fired.append(update.action.action) if update.action else None)
    home.receive(LISTED, cluster=DOOR)
    assert fired == ["reverse_lock"]
    assert (lock.state["state"], lock.state["reverse"]) == (False, False)
    assert lock.state["encrypted"] is False


def test_encryption_needs_several_frames_in_a_row(home: Home, lock: Device) -> None:
    for frame in (*CIPHER[:2], LISTED, *CIPHER[:2], LOCKED, *CIPHER[:2]):
        home.receive(frame, cluster=DOOR)
        assert not lock.state.get("encrypted")
    home.receive(CIPHER[2], cluster=DOOR)
    assert lock.state["encrypted"] is True


def test_lock_that_is_known_to_encrypt(home: Home, lock: Device) -> None:
    """A listed pair is chance then; a frame of plain shape ends it."""
    fired: list[str] = []
    lock.subscribe(lambda update: fired.append(update.action.action) if update.action else None)
    for frame in (*CIPHER, LISTED):
        home.receive(frame, cluster=DOOR)
    assert fired == []
    assert lock.state == {"encrypted": True, "linkquality": 88}
    home.receive(LOCKED, cluster=DOOR)
    assert fired == ["locked"]
    assert lock.state["encrypted"] is False


@pytest.mark.parametrize("attribute", ["10ff", "11ff"])
def test_other_strings_that_look_like_ciphertext(home: Home, lock: Device, attribute: str) -> None:
    """One random octet in 128 would be a finger or a password."""
    frame = "1c5f11930a" + attribute + "4210" + "240733" + "012040" + DENSE[:20]
    for _ in range(3):
        home.receive(frame, cluster=DOOR)
    assert lock.state == {"encrypted": True, "linkquality": 88}
