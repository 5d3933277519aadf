"""Every device's answers to requests sent by hand."""

import struct

import pytest

from custom_components.aqara_zigbee.simulator import (
    Delivery,
    Knob,
    Lock,
    LockS2,
    Plug,
    Relay,
    Thermometer,
    zdo,
)
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from custom_components.aqara_zigbee.simulator.zcl import (
    Frame,
    General,
    MalformedError,
    Status,
    Type,
    decode,
    encode,
)

from .bench import LUMI, Bench

ALL = [LockS2, Lock, Knob, Plug, Relay, Thermometer]


def ask(bench: Bench, node: Node, command: int, body: bytes) -> bytes:
    """Send a ZDO request; return the body of the response."""
    bench.said.clear()
    bench.network.unicast(node.nwk, Message.zdo(command, 0x42, body))
    bench.wait()
    (said,) = [each for each in bench.said if each.cluster == command | 0x8000]
    assert said.data[0] == 0x42
    return said.data[1:]


def awake(bench: Bench, node: Node) -> None:
    node.wake(60)
    bench.wait()


# -- ZDO -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "descriptor"),
    [
        (LockS2, "01408437107f64000100640000"),
        (Lock, "01408437107f64000100640000"),
        (Knob, "0240845f117f6400002c640000"),
        (Plug, "01408e5f117f64000000640000"),
        (Relay, "01408e37107f64000000640000"),
    ],
)
def test_node_descriptors_are_as_wrong_as_the_real_ones(
    bench: Bench, kind: type[Node], descriptor: str
) -> None:
    node = bench.add(kind())
    awake(bench, node)
    body = struct.pack("<H", node.nwk)
    answer = ask(bench, node, zdo.ZdoCommand.NODE_DESC, body)
    assert answer == b"\0" + body + bytes.fromhex(descriptor)


@pytest.mark.parametrize(
    ("node", "endpoints"),
    [
        (Plug(old=True), {1: 9, 2: 1, 3: 1, 100: 1}),
        (Plug(), {1: 9, 2: 1, 3: 1}),
        (Plug(old=True, endpoint_100=False), {1: 9, 2: 1, 3: 1}),
        (Relay(), {1: 11, 2: 4}),
        (Knob(), {1: 3}),
        (LockS2(), {1: 5}),
        (LockS2(declares_lock=False), {1: 4}),
        (Lock(declares_lock=False), {1: 4}),
    ],
    ids=str,
)
def test_endpoints(bench: Bench, node: Node, endpoints: dict[int, int]) -> None:
    bench.add(node)
    awake(bench, node)
    nwk = struct.pack("<H", node.nwk)
    active = ask(bench, node, zdo.ZdoCommand.ACTIVE_EP, nwk)
    assert active == b"\0" + nwk + bytes([len(endpoints), *endpoints])
    for endpoint, inputs in endpoints.items():
        simple = ask(bench, node, zdo.ZdoCommand.SIMPLE_DESC, nwk + bytes([endpoint]))
        assert simple[:3] == b"\0" + nwk
        assert simple[3] == len(simple) - 4
        assert simple[4] == endpoint
        assert simple[10] == inputs


def test_relay_descriptor_is_the_published_one(bench: Bench) -> None:
    """Capture LLKZMK11LM-053: `01 0104 0101 02 0B …`, here with the clusters in ascending order."""
    relay = bench.add(Relay())
    answer = ask(bench, relay, zdo.ZdoCommand.SIMPLE_DESC, struct.pack("<HB", relay.nwk, 1))
    assert answer[4:10].hex() == "010401010102"[:2] + "04010101" + "02"
    clusters = struct.unpack("<11H", answer[11:33])
    assert clusters == (0, 1, 2, 3, 4, 5, 6, 0x0A, 0x0C, 0x10, 0x0B04)


def test_other_zdo_requests(bench: Bench) -> None:
    plug = bench.add(Plug())
    nwk = struct.pack("<H", plug.nwk)
    assert (
        ask(bench, plug, zdo.ZdoCommand.SIMPLE_DESC, nwk + b"\x09")[0] == zdo.ZdoStatus.NOT_ACTIVE
    )
    assert (
        ask(bench, plug, zdo.ZdoCommand.NODE_DESC, b"\x01\x00")[0] == zdo.ZdoStatus.DEVICE_NOT_FOUND
    )
    assert ask(bench, plug, 0x0014, b"")[0] == zdo.ZdoStatus.NOT_SUPPORTED
    assert ask(bench, plug, zdo.ZdoCommand.POWER_DESC, nwk) == b"\0" + nwk + b"\x10\xc1"
    wanted = nwk + struct.pack("<HBHB", 0x0104, 1, 0x000C, 0)
    assert ask(bench, plug, zdo.ZdoCommand.MATCH_DESC, wanted) == b"\0" + nwk + b"\x02\x02\x03"
    binding = plug.ieee_bytes + b"\x01\x06\x00\x03" + bytes(8) + b"\x01"
    for _ in range(2):
        assert ask(bench, plug, zdo.ZdoCommand.BIND, binding) == b"\0"
    assert ask(bench, plug, zdo.ZdoCommand.MGMT_BIND, b"\0") == b"\0\x01\x00\x01" + binding
    assert ask(bench, plug, zdo.ZdoCommand.UNBIND, binding) == b"\0"
    assert ask(bench, plug, zdo.ZdoCommand.MGMT_BIND, b"\0") == b"\0\x00\x00\x00"


def test_truncated_zdo_requests_are_not_answered(bench: Bench) -> None:
    plug = bench.add(Plug())
    for command in zdo.ZdoCommand:
        bench.network.unicast(plug.nwk, Message(command, 0, 0, b"", 0))
        bench.network.unicast(plug.nwk, Message.zdo(command, 1, b"\x01"))
    bench.wait()
    assert plug.joined


def test_only_routers_have_neighbors(bench: Bench) -> None:
    plug, relay, lock = bench.add(Plug()), bench.add(Relay()), bench.add(LockS2())
    knob = bench.add(Knob(), parent=plug)
    answer = ask(bench, plug, zdo.ZdoCommand.MGMT_LQI, b"\0")
    total, start, here = answer[1:4]
    assert (total, start, here) == (3, 0, 3)  # coordinator, relay, and its child, the knob
    assert relay.ieee_bytes in answer
    assert knob.ieee_bytes in answer
    assert lock.ieee_bytes not in answer
    awake(bench, lock)
    assert ask(bench, lock, zdo.ZdoCommand.MGMT_LQI, b"\0") == b"\0\0\0\0"  # claims to be a router
    awake(bench, knob)
    assert ask(bench, knob, zdo.ZdoCommand.MGMT_LQI, b"\0")[0] == zdo.ZdoStatus.NOT_SUPPORTED
    assert ask(bench, knob, zdo.ZdoCommand.MGMT_RTG, b"\0")[0] == zdo.ZdoStatus.NOT_SUPPORTED
    assert ask(bench, plug, zdo.ZdoCommand.MGMT_RTG, b"\0")[:4] == b"\0\x01\x00\x01"


def test_only_the_addressed_one_answers_an_address_request(bench: Bench) -> None:
    plug, _relay, lock = bench.add(Plug()), bench.add(Relay()), bench.add(LockS2())
    for node, answers in ((plug, 1), (lock, 0)):
        bench.said.clear()
        body = struct.pack("<HBB", node.nwk, 0, 0)
        bench.network.broadcast(zdo.BROADCAST_AWAKE, Message.zdo(zdo.ZdoCommand.IEEE_ADDR, 1, body))
        bench.wait()
        assert len(bench.said) == answers
    awake(bench, lock)
    bench.said.clear()
    body = lock.ieee_bytes + b"\0\0"
    bench.network.broadcast(zdo.BROADCAST_AWAKE, Message.zdo(zdo.ZdoCommand.NWK_ADDR, 1, body))
    bench.wait()
    (said,) = bench.said
    assert said.data == b"\x01\0" + lock.ieee_bytes + struct.pack("<H", lock.nwk)


# -- ZCL -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_basic_cluster(bench: Bench, kind: type[Node]) -> None:
    node = bench.add(kind())
    awake(bench, node)
    answer = bench.read(node, 0x0000, 0x0004, 0x0005, 0x0042)
    vendor, model = node.VENDOR.encode(), node.MODEL.encode()
    assert answer == (
        b"\x04\x00\x00\x42"
        + bytes([len(vendor)])
        + vendor
        + b"\x05\x00\x00\x42"
        + bytes([len(model)])
        + model
        + b"\x42\x00\x86"
    )


def test_build_id_of_the_knob_has_data_after_its_nul(bench: Bench) -> None:
    knob = bench.add(Knob())
    awake(bench, knob)
    assert bench.read(knob, 0x0000, 0x4000) == b"\x00\x40\x00\x42\x092019\0www."


def test_read_of_an_unknown_cluster(bench: Bench) -> None:
    """Real plugs answer a read of 0xFCC0/0xFFF0 with "unsupported attribute" (protocol 4.3)."""
    plug = bench.add(Plug())
    assert bench.read(plug, 0xFCC0, 0xFFF0, code=LUMI) == b"\xf0\xff\x86"


def test_manufacturer_code_must_fit(bench: Bench) -> None:
    relay = bench.add(Relay())
    ok = bench.write(relay, 0x0010, 0xFF06, Type.BOOL, value=True)
    assert (ok.command, ok.payload, ok.manufacturer) == (General.WRITE_RESPONSE, b"\0", LUMI)
    wrong = bench.write(relay, 0x0010, 0xFF06, Type.BOOL, value=False, code=0x1037)
    assert wrong.command == General.DEFAULT_RESPONSE
    assert wrong.payload == bytes([General.WRITE, Status.UNSUP_MANUF_GENERAL_COMMAND])
    none = bench.write(relay, 0x0010, 0xFF06, Type.BOOL, value=False, code=None)
    assert none.payload == b"\x86\x06\xff"
    assert relay.interlock


def test_write_failures(bench: Bench) -> None:
    plug = bench.add(Plug())
    read_only = bench.write(plug, 0x0006, 0x0000, Type.BOOL, value=True, code=None)
    assert read_only.payload == bytes([Status.READ_ONLY, 0, 0])
    knob = bench.add(Knob())
    awake(bench, knob)
    wrong_type = bench.write(knob, 0xFCC0, 0x0009, Type.U16, 1)
    assert wrong_type.payload == bytes([Status.INVALID_DATA_TYPE, 0x09, 0x00])
    wrong_value = bench.write(knob, 0xFCC0, 0x0009, Type.U8, 7)
    assert wrong_value.payload == bytes([Status.INVALID_VALUE, 0x09, 0x00])
    assert knob.mode == 0


def test_writes_without_response_and_unknown_commands(bench: Bench) -> None:
    knob = bench.add(Knob())
    awake(bench, knob)
    payload = b"\x09\x00\x20\x01"
    quiet = Frame(General.WRITE_NO_RESPONSE, payload, 1, manufacturer=LUMI)
    assert bench.send(knob, 0xFCC0, quiet) == []
    assert knob.mode == 1
    (answer,) = bench.send(knob, 0x0000, Frame(0x0C, b"\0\0\x05", 1))
    assert answer.payload == bytes([0x0C, Status.UNSUP_GENERAL_COMMAND])
    (answer,) = bench.send(knob, 0x0003, Frame(0x00, b"\x05\x00", 1, cluster_specific=True))
    assert answer.payload == b"\0\0"
    (answer,) = bench.send(knob, 0x0000, Frame(General.CONFIGURE_REPORTING, b"\0", 1))
    assert answer.command == General.CONFIGURE_REPORTING_RESPONSE
    assert bench.send(knob, 0x0000, Frame(General.DEFAULT_RESPONSE, b"\0\0", 1)) == []


@pytest.mark.parametrize(
    "data",
    [
        "",
        "00",
        "0001",
        "105f",
        "14015f",
        "00010000",
        "0001020000",
        "000102000010",
        "000102000077aa",
    ],
)
def test_malformed_frames(bench: Bench, data: str) -> None:
    """Without a header: no answer. Malformed payload: a default response. Never an exception."""
    plug = bench.add(Plug())
    bench.network.unicast(plug.nwk, Message(0x0000, 1, 1, bytes.fromhex(data)))
    bench.wait()
    for said in bench.said:
        assert Frame.parse(said.data).payload[-1] == Status.MALFORMED_COMMAND
    assert bench.read(plug, 0x0006, 0x0000) == b"\0\0\0\x10\0"


def test_undeclared_endpoints_do_not_answer(bench: Bench) -> None:
    plug = bench.add(Plug())
    assert bench.send(plug, 0x0000, Frame(General.READ, b"\x05\0", 1), endpoint=99) == []


def test_client_attributes(bench: Bench) -> None:
    """Zigpy reads the file version of OTA clients at the end of an interview (z2m-observed)."""
    relay = bench.add(Relay(version=47))
    frame = Frame(General.READ, b"\x02\x00", 5, from_server=True)
    (answer,) = bench.send(relay, 0x0019, frame)
    assert not answer.from_server
    assert answer.payload == b"\x02\0\0\x23" + struct.pack("<I", 47)
    notify = Frame(0x00, b"\0\x64", 5, cluster_specific=True, from_server=True)
    assert len(bench.send(relay, 0x0019, notify)) == 1


def test_groups(bench: Bench) -> None:
    relay = bench.add(Relay())

    def order(command: int, payload: bytes) -> Frame:
        frame = Frame(command, payload, 1, cluster_specific=True)
        return bench.send(relay, 0x0004, frame, endpoint=2)[0]

    assert order(0x00, b"\x34\x12\x00").payload == b"\0\x34\x12"
    assert order(0x01, b"\x34\x12").payload == b"\0\x34\x12\0"
    assert order(0x02, b"\0").payload == b"\xff\x01\x34\x12"
    assert order(0x02, b"\x01\x99\x99").payload == b"\xff\0"
    assert order(0x02, b"\x05\x99").payload == b"\x02\x80"
    bench.network.groupcast(0x1234, Message(0x0006, 1, 0xFF, b"\x01\x07\x01"))
    bench.wait()
    assert relay.on == [False, True]
    assert order(0x03, b"\x34\x12").payload == b"\0\x34\x12"
    assert order(0x03, b"\x34\x12").payload == b"\x8b\x34\x12"
    assert order(0x00, b"\x01").payload == b"\x00\x80"
    assert order(0x04, b"").payload == b"\x04\0"
    assert order(0x05, b"").payload == b"\x05\x81"


def test_time_request(bench: Bench) -> None:
    plug = bench.add(Plug())
    plug.ask(0x000A, 0x0007)
    assert bench.frames(0x000A) == [bytes.fromhex("0001000700")]


# -- Values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "data"),
    [
        (Type.BOOL, True, "01"),
        (Type.U16, 0x1234, "3412"),
        (Type.U40, 1, "0100000000"),
        (Type.I8, -3, "fd"),
        (Type.I16, -1, "ffff"),
        (Type.FLOAT, 0.5, "0000003f"),
        (Type.OCTETS, b"\xaa\x00", "02aa00"),
        (Type.STRING, b"", "00"),
    ],
)
def test_values(kind: Type, value: float | bytes, data: str) -> None:
    assert encode(kind, value).hex() == data
    assert decode(kind, bytes.fromhex(data) + b"rest") == (value, b"rest")
    if data:
        with pytest.raises(MalformedError):
            decode(kind, bytes.fromhex(data)[:-1])


def test_unknown_types_cannot_be_read() -> None:
    with pytest.raises(MalformedError):
        decode(0x77, b"\0\0\0\0")


def test_confirmations_are_bytes_of_z_stack() -> None:
    assert Delivery(0xF0) is Delivery.MAC_TRANSACTION_EXPIRED
