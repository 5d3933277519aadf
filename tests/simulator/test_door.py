"""The locks."""

import pytest

from custom_components.aqara_zigbee.simulator import Lock, LockS2

from .bench import LUMI, Bench


def test_user_is_reported_a_second_before_the_event(bench: Bench) -> None:
    lock = bench.add(LockS2())
    lock.finger(3)
    bench.wait(5)
    who, what = bench.said
    assert who.data[5:7] == b"\x10\xff"
    assert what.data[5:7] == b"\xf6\xff"
    assert what.time - who.time == pytest.approx(1.0)
    assert what.data[12:14] == b"\x0b\x00"


def test_bolts_follow_the_actions(bench: Bench) -> None:
    lock = bench.add(LockS2())
    seen = []
    for act in (
        lock.open_inside,
        lock.close_door,
        lock.lock,
        lock.reverse_lock,
        lock.reverse_unlock,
    ):
        act()
        seen.append(bench.frames(0x0101)[-1][12:14].hex())
    assert seen == ["0c00", "2400", "0111", "0215", "0311"]


def test_state_can_be_read(bench: Bench) -> None:
    """Captures ZNMS12LM-004 and ZNMS12LM-005: the response to a read of 0xFFF6 lacks the event."""
    lock = bench.add(LockS2())
    lock.lock()
    bench.wait()
    answer = bench.read(lock, 0x0101, 0xFFF6, code=LUMI)
    assert answer == b"\xf6\xff\0\x42\x10" + bytes.fromhex("1001020011").ljust(16, b"\0")


def test_encrypted_strings(bench: Bench) -> None:
    one, other = bench.add(LockS2(encrypted=True)), bench.add(LockS2(encrypted=True))
    texts = []
    for lock in (one, other, one):
        lock.happen(0x0B, 0x00)
        (frame,) = bench.frames(0x0101)
        assert len(frame) == 25
        texts.append(frame[9:])
    assert texts[0] == texts[2]
    assert texts[0] != texts[1]
    assert any(texts[0][5:])
    one.heartbeat()  # only the door is encrypted
    assert b"\x01\x21" in bench.frames(0x0000)[0]


def test_s1_does_not_report_its_bolts(bench: Bench) -> None:
    lock = bench.add(Lock())
    lock.finger(7)
    lock.lock()
    frames = bench.frames(0x0101, 5)
    assert [frame.hex() for frame in frames] == ["1c5f11010a10ff2307002001"]
    lock.wake(10)
    assert bench.read(lock, 0x0101, 0xFFF6, code=LUMI) == b"\xf6\xff\x86"


def test_ids_beyond_127(bench: Bench) -> None:
    s2, s1 = bench.add(LockS2()), bench.add(Lock())
    s2.finger(200)
    assert bench.frames(0x0101)[0][15] == 200
    s1.password(255)
    assert bench.frames(0x0101)[0].hex().endswith("23ff002002")
