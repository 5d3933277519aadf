"""The knob."""

import struct

import pytest

from custom_components.aqara_zigbee.simulator import Knob
from custom_components.aqara_zigbee.simulator.zcl import Type

from .bench import Bench, Said

ANSWER = bytes.fromhex("aa1005414701011001")


@pytest.fixture
def knob(bench: Bench) -> Knob:
    knob = bench.add(Knob())
    knob.mode = 1
    return knob


def turns(bench: Bench, seconds: float = 3) -> list[tuple[int, int, float, float, int]]:
    """Endpoint, phase, angle, delta, elapsed of each report of a turn."""
    bench.wait(seconds)
    said, bench.said = bench.said, []
    found = []
    for each in said:
        angle, delta = (struct.unpack_from("<f", each.data, at)[0] for at in (13, 20))
        (elapsed,) = struct.unpack_from("<I", each.data, 27)
        found.append((each.endpoint, each.data[-1], angle, delta, elapsed))
    return found


def test_new_knobs_are_in_command_mode_and_report_no_turns(bench: Bench) -> None:
    """Captures ZNXNKG02LM-027, ZNXNKG02LM-029 and ZNXNKG02LM-030."""
    knob = bench.add(Knob())
    knob.press()
    knob.turn(90)
    assert bench.frames(seconds=5) == []
    knob.double()
    knob.hold()
    assert [frame.hex() for frame in bench.frames(0x0006, 5)] == ["010102", "010200"]


def test_event_mode_is_written_while_it_is_awake(bench: Bench) -> None:
    knob = bench.add(Knob())
    knob.press_five_times()
    bench.wait()
    assert bench.write(knob, 0xFCC0, 0x0009, Type.U8, 1).payload == b"\0"
    assert bench.write(knob, 0xFCC0, 0x0234, Type.U16, 720).payload == b"\0"
    assert (knob.mode, knob.sensitivity) == (1, 720)
    assert bench.read(knob, 0xFCC0, 0x0234, code=0x115F)[4:] == b"\xd0\x02"
    knob.press()
    assert [frame[-2:] for frame in bench.frames(0x0012)] == [b"\x01\x00"]


def test_turn(bench: Bench, knob: Knob) -> None:
    knob.turn(-90, steps=3)
    assert turns(bench) == [
        (71, 1, -30, -30, 100),
        (71, 2, -60, -30, 200),
        (71, 2, -90, -30, 300),
        (71, 3, -90, 0, 400),
    ]


def test_turn_with_the_button_held(bench: Bench, knob: Knob) -> None:
    knob.turn(24, steps=1, pressed=True)
    assert turns(bench) == [(72, 0x81, 24, 24, 100), (72, 0x83, 24, 0, 200)]


def test_variants_of_a_turn(bench: Bench) -> None:
    knob = bench.add(Knob(endpoint_only=True, stale_stop=True))
    knob.mode = 1
    knob.turn(24, steps=1, pressed=True)
    assert turns(bench) == [(72, 1, 24, 24, 100), (72, 3, 24, 24, 200)]
    with pytest.raises(ValueError, match="at least one step"):
        knob.turn(1, steps=0)


def test_hold_and_release(bench: Bench, knob: Knob) -> None:
    knob.hold(2.0)
    bench.wait(5)

    def value(said: Said) -> int:
        return int.from_bytes(said.data[-2:], "little")

    assert [(round(each.time), value(each)) for each in bench.said] == [(0, 0), (2, 255)]


def test_unanswered_presses_reset_it(bench: Bench, knob: Knob) -> None:
    knob.press_ten_times()
    bench.wait(3)
    assert not knob.joined
    assert knob.mode == 0
    assert bench.departures


def test_an_answer_prevents_the_reset(bench: Bench, knob: Knob) -> None:
    knob.press_ten_times()
    bench.wait(0.1)
    assert bench.write(knob, 0x0000, 0xFFF0, Type.OCTETS, ANSWER).payload == b"\0"
    bench.wait(5)
    assert knob.joined
    knob.press_ten_times()  # the answer is valid once
    bench.wait(5)
    assert not knob.joined


def test_heartbeat_once_a_day(bench: Bench, knob: Knob) -> None:
    assert len(bench.frames(0xFCC0, 3 * 86400 + 1)) == 3
    assert knob.battery == 3095
