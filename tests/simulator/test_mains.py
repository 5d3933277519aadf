"""Plug and relay: contacts, meter, memory, interlock."""

import struct

import pytest

from custom_components.aqara_zigbee.simulator import Plug, Relay
from custom_components.aqara_zigbee.simulator.zcl import Frame, Status, Type

from .bench import Bench

ON, OFF, TOGGLE = 0x01, 0x00, 0x02
OFFER = {True: "aa8005d14707011001", False: "aa8005d14709011000"}
ORDER = {True: "aa8003d3070801", False: "aa8003d3070a01"}


def states(bench: Bench, seconds: float = 0.1) -> list[tuple[int, bool, int]]:
    """New on/off reports: endpoint, state, cause."""
    bench.wait(seconds)
    said, bench.said = bench.said, []
    found = []
    for each in said:
        if each.cluster == 0x0006 and each.data[2] == 0x0A:
            (cause,) = struct.unpack_from("<I", each.data, 10)
            found.append((each.endpoint, bool(each.data[6]), cause))
    return found


def powers(bench: Bench, seconds: float) -> list[float]:
    return [struct.unpack("<f", frame[-4:])[0] for frame in bench.frames(0x000C, seconds)]


def memory(bench: Bench, node: Plug | Relay, *, wanted: bool) -> None:
    for text in (OFFER[wanted], ORDER[wanted]):
        answer = bench.write(node, 0x0000, 0xFFF0, Type.OCTETS, bytes.fromhex(text))
        assert answer.payload == b"\0"


# -- Switching -----------------------------------------------------------------------------------


def test_commands_are_answered_then_reported(bench: Bench) -> None:
    plug = bench.add(Plug())
    response, report = bench.order(plug, ON)
    assert (response.command, response.payload) == (0x0B, b"\x01\0")
    assert report.payload.hex() == "00001001" + "00f02301000007"
    assert plug.on == [True]
    assert [frame.command for frame in bench.order(plug, TOGGLE)] == [0x0B, 0x0A]
    assert plug.on == [False]
    bench.order(plug, OFF)
    assert states(bench, 0) == [(1, False, 0x07000003)]


def test_quiet_commands_get_no_default_response(bench: Bench) -> None:
    plug = bench.add(Plug())
    frame = Frame(ON, b"", 1, cluster_specific=True, quiet=True)
    assert [each.command for each in bench.send(plug, 0x0006, frame)] == [0x0A]


def test_unknown_commands(bench: Bench) -> None:
    relay = bench.add(Relay())
    for command in (0x42, 0x99):  # the relay ignores "on with timed off" (protocol 4.3)
        (answer,) = bench.order(relay, command, bytes(5))
        assert answer.payload == bytes([command, Status.UNSUP_CLUSTER_COMMAND])


def test_on_with_timed_off(bench: Bench) -> None:
    plug = bench.add(Plug())
    bench.order(plug, 0x42, b"\0" + struct.pack("<HH", 50, 0))
    assert plug.on == [True]
    bench.said.clear()
    assert states(bench, 6) == [(1, False, 0x02FFFF00)]
    (answer,) = bench.order(plug, 0x42, b"\0")
    assert answer.payload == bytes([0x42, Status.MALFORMED_COMMAND])


def test_button(bench: Bench) -> None:
    plug, relay = bench.add(Plug()), bench.add(Relay())
    plug.press()
    relay.press(2)
    assert states(bench) == [
        (1, True, 0x03000000 | plug.nwk << 8),
        (2, True, 0x03000000 | relay.nwk << 8),
    ]
    with pytest.raises(ValueError, match="no channel 3"):
        relay.press(3)
    plug.power_off()
    plug.press()
    assert plug.on == [True]


# -- Meter ---------------------------------------------------------------------------------------


def test_power_is_reported_a_while_after_it_changed(bench: Bench) -> None:
    plug = bench.add(Plug())
    plug.set_load(36.5)
    assert powers(bench, 10) == []  # no power yet
    plug.press()
    assert powers(bench, 2.9) == []
    assert powers(bench, 0.2) == [36.5]
    plug.set_load(40)
    plug.set_load(50)
    assert powers(bench, 4) == [50]
    plug.press()
    assert powers(bench, 4) == [0]
    with pytest.raises(ValueError, match="no load"):
        plug.set_load(-1)


def test_energy_integrates_power(bench: Bench) -> None:
    plug = bench.add(Plug())
    plug.set_load(1200)
    bench.wait(3600)
    assert plug.energy == 0
    plug.press()
    bench.wait(1800)
    plug.set_load(600)
    bench.wait(3600)
    plug.press()
    bench.wait(3600)
    assert plug.energy == pytest.approx(1.2)
    assert bench.read(plug, 0x000C, 0x0055, endpoint=3)[4:] == struct.pack("<f", plug.energy)
    plug.pace = 60
    plug.press()
    bench.wait(60)
    assert plug.energy == pytest.approx(1.8)


def test_heartbeat_interval(bench: Bench) -> None:
    bench.add(Plug())
    assert len(bench.frames(0x0000, 3700)) == 6
    assert {frame[:3].hex() for frame in bench.frames(0x0000, 3600)} == {"1c5f11"}


def test_temperature_follows_the_load(bench: Bench) -> None:
    relay = bench.add(Relay())
    cold = relay.temperature
    relay.set_load(1000, 1)
    relay.press(1)
    assert relay.temperature == cold + 6
    assert bench.read(relay, 0x0002, 0x0000)[3:] == struct.pack("<Bh", 0x29, cold + 6)
    for _ in range(50):
        relay.heartbeat()
        assert -2 <= relay.drift <= 2


def test_mains_voltage_of_the_old_plug_only(bench: Bench) -> None:
    old, new = bench.add(Plug(old=True)), bench.add(Plug())
    old.voltage = 224.4
    assert bench.read(old, 0x0001, 0x0000) == b"\0\0\0\x21" + struct.pack("<H", 2244)
    assert bench.read(new, 0x0001, 0x0000) == b"\0\0\x86"
    assert 0x96 in [tag for tag, *_ in old.tags()]
    assert 0x96 not in [tag for tag, *_ in new.tags()]


def test_relay_measures_both_channels_together(bench: Bench) -> None:
    relay = bench.add(Relay())
    relay.set_load(100, 1)
    relay.set_load(130, 2)
    relay.press(1)
    relay.press(2)
    assert relay.power == 230
    assert relay.current == pytest.approx(1.0)
    assert bench.read(relay, 0x000C, 0x0055)[4:] == struct.pack("<f", 230)
    assert bench.read(relay, 0x0B04, 0x050B)[3:] == b"\x29\xff\xff"  # capture LLKZMK11LM-063


# -- Outage memory -------------------------------------------------------------------------------


def test_relay_restores_its_state_only_with_outage_memory(bench: Bench) -> None:
    relay = bench.add(Relay())
    restarts = relay.restarts
    relay.press(2)
    relay.power_cycle()
    assert relay.on == [False, False]
    assert relay.restarts == restarts + 1
    memory(bench, relay, wanted=True)
    relay.press(2)
    relay.power_cycle()
    assert relay.on == [False, True]
    memory(bench, relay, wanted=False)
    relay.power_cycle()
    assert relay.on == [False, False]


def test_plug_sets_outage_memory_at_the_next_press(bench: Bench) -> None:
    """Protocol 4.3: effective only after the plug has been toggled once with its own button."""
    plug = bench.add(Plug())
    memory(bench, plug, wanted=True)
    bench.order(plug, ON)
    plug.power_cycle()
    assert plug.on == [False]
    plug.press()
    assert plug.memory
    plug.power_cycle()
    assert plug.on == [True]


@pytest.mark.parametrize(
    "writes",
    [
        [ORDER[True]],
        [ORDER[True], OFFER[True]],
        [OFFER[True], ORDER[False]],
        [OFFER[True], "aa", ORDER[False]],
        [OFFER[True]],
        ["aa8005d1470701100", ORDER[True]],
    ],
)
def test_memory_needs_both_writes_in_order(bench: Bench, writes: list[str]) -> None:
    relay = bench.add(Relay())
    for text in writes:
        raw = bytes.fromhex(text if len(text) % 2 == 0 else text + "0")
        if text == "aa8005d1470701100":
            raw = raw[:-1]
        assert bench.write(relay, 0x0000, 0xFFF0, Type.OCTETS, raw).payload == b"\0"
    assert not relay.memory


def test_power_cut(bench: Bench) -> None:
    plug = bench.add(Plug())
    plug.set_load(100)
    memory(bench, plug, wanted=True)
    plug.press()
    bench.wait(3600)
    plug.power_off()
    plug.power_off()
    bench.said.clear()
    bench.wait(3600)
    assert bench.said == []
    energy = plug.energy
    assert energy == pytest.approx(0.1)
    assert plug.power == 0
    plug.power_on()
    plug.power_on()
    assert plug.energy == pytest.approx(energy)
    assert states(bench, 1.5) == [(1, True, 0)]
    heartbeat, *_ = bench.frames(0x0000, 5)
    assert b"\x05\x21\x02\x00" in heartbeat
    bench.wait(3600)
    assert plug.energy > energy


# -- Interlock and pairing -----------------------------------------------------------------------


def test_interlock(bench: Bench) -> None:
    relay = bench.add(Relay())
    assert bench.write(relay, 0x0010, 0xFF06, Type.BOOL, value=True).payload == b"\0"
    assert bench.read(relay, 0x0010, 0xFF06, code=0x115F) == b"\x06\xff\0\x10\x01"
    bench.order(relay, ON, endpoint=1)
    states(bench)
    relay.press(2)
    assert relay.on == [False, True]
    assert [(endpoint, on) for endpoint, on, _ in states(bench)] == [(1, False), (2, True)]
    assert [(each.channel, each.on) for each in relay.movements] == [
        (1, True),
        (1, False),
        (2, True),
    ]


def test_factory_reset_deletes_settings_but_not_the_counters(bench: Bench) -> None:
    relay, plug = bench.add(Relay()), bench.add(Plug())
    relay.restarts = 17
    bench.write(relay, 0x0010, 0xFF06, Type.BOOL, value=True)
    memory(bench, relay, wanted=True)
    memory(bench, plug, wanted=True)
    for node in (relay, plug):
        node.factory_reset()
        assert not node.joined
    assert (relay.interlock, relay.memory, plug.memory_pending) == (False, False, None)
    assert relay.restarts == 17


def test_pairing_closes_both_contacts_for_a_moment(bench: Bench) -> None:
    """Protocol 5.1: dangerous for shutter motors, and not reported."""
    relay = bench.add(Relay())
    relay.set_load(100, 1)
    bench.wait(1)
    relay.movements.clear()
    assert relay.pair()
    assert states(bench, 3) == []
    moved = [(each.channel, each.on) for each in relay.movements]
    assert moved == [(1, True), (2, True), (1, False), (2, False)]
    assert relay.on == [False, False]
