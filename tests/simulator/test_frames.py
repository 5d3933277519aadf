"""The devices' frames, byte for byte, against the examples in tests/fixtures.

Sequence numbers are arbitrary and not compared.
"""

from collections.abc import Callable

import pytest

from custom_components.aqara_zigbee.simulator import Knob, Lock, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.devices.mains import BY_NETWORK

from .bench import Bench


def without_sequence(frame: bytes) -> str:
    """Return a frame in hexadecimal without its sequence number."""
    at = 3 if frame[0] & 0x04 else 1
    return frame[:at].hex() + "··" + frame[at + 1 :].hex()


def check(bench: Bench, cluster: int, endpoint: int, expected: str, seconds: float = 0.1) -> None:
    bench.wait(seconds)
    said = [each for each in bench.said if each.cluster == cluster and each.endpoint == endpoint]
    assert without_sequence(said[-1].data) == without_sequence(bytes.fromhex(expected))


S2_STATUS = {
    "acn02-status-0301": (0x03, 0x01, "1c5f11110af6ff421010010203010000000000000000000000"),
    "acn02-status-0205": (0x02, 0x05, "1c5f11130af6ff421010010202050000000000000000000000"),
    "acn02-status-0111": (0x01, 0x11, "1c5f11150af6ff421010010201110000000000000000000000"),
    "acn02-status-0b00": (0x0B, 0x00, "1c5f11160af6ff42101001020b000000000000000000000000"),
    "acn02-status-0c00": (0x0C, 0x00, "1c5f11170af6ff42101001020c000000000000000000000000"),
    "acn02-status-2401": (0x24, 0x01, "1c5f11250af6ff421010010224010000000000000000000000"),
}


@pytest.mark.parametrize(("event", "bolt", "frame"), S2_STATUS.values(), ids=S2_STATUS)
def test_s2_status(bench: Bench, event: int, bolt: int, frame: str) -> None:
    bench.add(LockS2()).happen(event, bolt)
    check(bench, 0x0101, 1, frame)


S2_PEOPLE: dict[str, tuple[Callable[[LockS2], None], str]] = {
    # These examples are 14 bytes long in the fixtures; real strings are 16 (captures).
    "acn02-open-0": (lambda lock: lock.finger(1, admin=True), "10ff 1001020110000100"),
    "acn02-open-1": (lambda lock: lock.finger(5), "10ff 1001020120000500"),
    "acn02-open-2": (lambda lock: lock.password(18), "10ff 1001020220001200"),
    "acn02-fail-0": (lambda lock: lock.wrong_finger(2), "11ff 1001020200004000"),
    "acn02-fail-1": (lambda lock: lock.wrong_password(3), "11ff 1001020300000200"),
    "acn02-fail-2": (lambda lock: lock.ring(), "11ff 1001020100000000"),
    "acn02-user-0": (lambda lock: lock.add_finger(3), "01ff 10010200000003000001"),
    "acn02-user-3": (lambda lock: lock.delete_password(21), "01ff 10010200000015000004"),
    "acn02-language-1": (lambda lock: lock.language(1), "f2ff 1001020100000000"),
}


@pytest.mark.parametrize(("act", "record"), S2_PEOPLE.values(), ids=S2_PEOPLE)
def test_s2_people(bench: Bench, act: Callable[[LockS2], None], record: str) -> None:
    act(bench.add(LockS2()))
    attribute, content = (bytes.fromhex(part) for part in record.split())
    frame = bytes.fromhex("1c5f11000a") + attribute + b"\x42\x10" + content.ljust(16, b"\0")
    check(bench, 0x0101, 1, frame.hex())


def test_s2_credentials_as_octets(bench: Bench) -> None:
    bench.add(LockS2(octets=True)).add_finger(3)
    check(bench, 0x0101, 1, "1c5f113a0a01ff411010010200000003000001000000000000")


def test_s2_heartbeats(bench: Bench) -> None:
    lock = bench.add(LockS2())
    lock.battery, lock.restarts = 3612, 7
    lock.heartbeat()
    check(bench, 0x0000, 1, "1c5f11440a01ff42" + "0e01211c0e03281905210700" + "641001")
    lock.battery, lock.restarts = 3700, 12
    lock.old_heartbeat()
    check(bench, 0x0000, 1, "1c5f11470a02ff4c0600100121740e212111240100000000210c00205a")
    lock.battery_alarm()
    check(bench, 0x0001, 1, "18400a35001801")


S1: dict[str, tuple[Callable[[Lock], None], str]] = {
    "aq1-seven-open-0": (lambda lock: lock.finger(1, admin=True), "1c5f11810a10ff2301001001"),
    "aq1-seven-open-1": (lambda lock: lock.finger(5), "1c5f11830a10ff2305002001"),
    "aq1-seven-open-2": (lambda lock: lock.password(18), "1c5f11850a10ff2312002002"),
    "aq1-seven-fail-0": (lambda lock: lock.wrong_finger(1), "1c5f11890a11ff2340000001"),
    "aq1-seven-fail-1": (lambda lock: lock.wrong_password(15), "1c5f118b0a11ff230200000f"),
    "aq1-seven-fail-2": (lambda lock: lock.ring(), "1c5f118d0a11ff2300000001"),
    "aq1-seven-user-0": (lambda lock: lock.add_finger(4), "1c5f118f0a01ff4206012304000001"),
    "aq1-seven-user-1": (lambda lock: lock.delete_password(6), "1c5f11910a01ff4206012306000004"),
}


@pytest.mark.parametrize(("act", "frame"), S1.values(), ids=S1)
def test_s1(bench: Bench, act: Callable[[Lock], None], frame: str) -> None:
    act(bench.add(Lock()))
    check(bench, 0x0101, 1, frame)


@pytest.fixture
def knob(bench: Bench) -> Knob:
    knob = bench.add(Knob())
    knob.mode = 1
    return knob


def test_knob_button(bench: Bench, knob: Knob) -> None:
    knob.press()
    check(bench, 0x0012, 1, "18670a5500210100")
    knob.double()
    check(bench, 0x0012, 1, "18680a5500210200")
    knob.hold()
    check(bench, 0x0012, 1, "18660a5500210000")
    check(bench, 0x0012, 1, "18690a550021ff00", seconds=1)


def test_knob_turn(bench: Bench, knob: Knob) -> None:
    knob.report_turn(1, angle=12, delta=12, elapsed=200, interval=200, pressed=False)
    check(
        bench,
        0xFCC0,
        71,
        "1c5f116b0a2c0221c8002e02390000404130023900004041310223c800000032023955555540330239555555403802200c3a022001",
    )
    knob.report_turn(2, angle=-24, delta=-72, elapsed=700, interval=100, pressed=False)
    check(
        bench,
        0xFCC0,
        71,
        "1c5f116c0a2c022164002e02390000c0c1300239000090c2310223bc0200003202390000a0c13302395555d5c03802200c3a022002",
    )
    knob.report_turn(1, angle=24, delta=24, elapsed=300, interval=300, pressed=True)
    check(
        bench,
        0xFCC0,
        72,
        "1c5f116e0a2c02212c012e02390000c0413002390000c0413102232c0100003202395555d5403302395555d5403802200c3a022081",
    )


def test_knob_telemetry(bench: Bench, knob: Knob) -> None:
    knob.battery, knob.restarts = 2925, 0x1625
    knob.heartbeat()
    check(
        bench,
        0xFCC0,
        1,
        "1c5f11750af700412401216d0b0328190421a8430521251606240300000000082114010a2100000c2001641000",
    )
    knob.press_five_times()
    check(bench, 0x0000, 1, "1c5f11780af0ff4109aa1005418701011000")
    answer = bench.read(knob, 0xFCC0, 0x0009, code=0x115F)
    assert answer.hex() == "0900002001"


def test_plug(bench: Bench) -> None:
    plug = bench.add(Plug(old=True))
    plug.nwk = 0x98BF
    plug.on = [True]
    plug.press()
    check(bench, 0x0006, 1, "187b0a0000100000f02300bf9803")
    plug.loads, plug.on = [36.61201477050781], [True]
    plug.report_power()
    check(bench, 0x000C, 2, "187c0a550039b4721242")


@pytest.mark.parametrize("old", [False, True], ids=["plug-ff01", "plug-ff01-voltage"])
def test_plug_heartbeat(bench: Bench, old: bool) -> None:
    plug = bench.add(Plug(old=old))
    plug.firmware = 22
    plug.on, plug.loads = [True], [42.1675]
    plug.ambient, plug.restarts, plug.voltage, plug.energy = 28, 158, 230.34, 3.14159
    plug.heartbeat()
    voltage = "963966f60f45" if old else ""
    check(
        bench, 0x0000, 1,
        "1c5f11800a01ff42" + ("31" if old else "2b") + "64100103281c983985ab2842" + voltage
        + "9539d00f494005219e009a2000082116130727000000000000000009210002",
    )  # fmt: skip


REAL_RELAY = (
    "1c5f110a0a01ff4244032820052120000727000000000000000008212412092100016410006510006e20006f2000"
    "9420059539cdcccc3a9639ce4012459739f029a43b9839602e8f3d9b210000"
)


def test_relay_on_off(bench: Bench) -> None:
    relay = bench.add(Relay())
    relay.switch(0, on=True, cause=BY_NETWORK | 0xAC)
    check(bench, 0x0006, 1, "18870a0000100100f023ac000007")


def test_relay_power(bench: Bench) -> None:
    relay = bench.add(Relay())
    relay.on, relay.loads = [True, False], [129.0442504882812, 5.0]
    relay.report_power()
    check(bench, 0x000C, 1, "188b0a550039540b0143")


def test_relay_heartbeat_is_the_captured_one(bench: Bench) -> None:
    """`relay-ff01-real` (capture LLKZMK11LM-052), except for the leakage currents."""
    relay = bench.add(Relay(version=36))
    relay.ambient, relay.restarts, relay.voltage, relay.energy = 32, 32, 234.005029, 0.0015625
    relay.heartbeat()
    (ours,) = bench.frames(0x0000)
    real = bytes.fromhex(REAL_RELAY)
    leak = real.index(bytes.fromhex("9739"))
    assert without_sequence(ours[:leak]) == without_sequence(real[:leak])
    assert ours[leak:].hex() == "9739000000009839000000009b210000"
    assert len(ours) == len(real)


def test_newer_relay_declares_a_wrong_length(bench: Bench) -> None:
    """Capture LLKZMK11LM-056: `1c 5f11 0c 0a 01ff 42 44 | 03 28 24 | 05 21 5d00 | 08 21 2f12 | 09 …`."""
    relay = bench.add(Relay(version=47))
    relay.ambient, relay.restarts = 36, 93
    relay.heartbeat()
    (frame,) = bench.frames(0x0000)
    assert without_sequence(frame).startswith("1c5f11··0a01ff424403282405215d0008212f1209")
    assert len(frame) - 9 == 0x44 - 10
