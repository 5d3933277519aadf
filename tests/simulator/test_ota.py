"""Simulated devices as OTA clients: requests, accepted images, restarts."""

import struct

import pytest

from custom_components.aqara_zigbee.simulator import Home, Lock, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.devices import Lumi
from custom_components.aqara_zigbee.simulator.ota import (
    CLUSTER,
    DAY,
    END_AGAIN,
    PACE,
    PATIENCE,
    TRIES,
    WAIT_FOR_EVER,
    OtaCommand,
    State,
    is_sound,
)
from custom_components.aqara_zigbee.simulator.zcl import Frame, General, Status
from tests.firmware import IMAGE_TYPE, LUMI, image

from .bench import Bench

KIND = struct.pack("<HHI", LUMI, IMAGE_TYPE, 92)


class Server:
    """An OTA server controlled by the test, one response at a time."""

    def __init__(self, bench: Bench, node: Lumi, content: bytes) -> None:
        self.bench = bench
        self.node = node
        self.content = content

    def say(self, command: int, payload: bytes = b"") -> list[Frame]:
        """Send a command; return the device's answers."""
        frame = Frame(command, payload, 5, cluster_specific=True, from_server=True, quiet=True)
        return self.bench.send(self.node, CLUSTER, frame)

    def offer(self, size: int | None = None) -> None:
        """Offer the image."""
        size = len(self.content) if size is None else size
        self.say(OtaCommand.QUERY_RESPONSE, b"\0" + KIND + size.to_bytes(4, "little"))

    def questions(self, seconds: float) -> list[Frame]:
        """Advance the time; return the device's requests."""
        return [Frame.parse(data) for data in self.bench.frames(CLUSTER, seconds)]

    def give(self, offset: int, size: int = 48, kind: bytes = KIND) -> None:
        """Send a block of the image."""
        block = self.content[offset : offset + size]
        head = kind + struct.pack("<IB", offset, len(block))
        self.say(OtaCommand.BLOCK_RESPONSE, b"\0" + head + block)

    def serve(self) -> Frame:
        """Send all blocks; return the upgrade end request."""
        asked: list[Frame] = []
        for _ in range(1000):
            asked += self.questions(self.node.ota.pace)
            if not asked:
                continue
            question = asked.pop(0)
            if question.command == OtaCommand.END:
                return question
            assert question.command == OtaCommand.BLOCK
            *kind, offset, most = struct.unpack("<HHIIB", question.payload[1:])
            assert kind == [LUMI, IMAGE_TYPE, 92]
            self.give(offset, most)
        raise AssertionError("it asks for ever")


@pytest.fixture
def plug(bench: Bench) -> Plug:
    """A plug on the bench that sends no heartbeats."""
    plug = bench.add(Plug())
    plug.heartbeat_every = 0
    bench.frames()
    return plug


@pytest.fixture
def server(bench: Bench, plug: Plug) -> Server:
    """The plug's OTA server."""
    return Server(bench, plug, image(92))


@pytest.mark.parametrize("kind", [Plug, Relay, Lock, LockS2])
def test_image_notify_starts_a_query(bench: Bench, kind: type[Lumi]) -> None:
    node = bench.add(kind())
    server = Server(bench, node, image(92))
    node.wake()
    server.say(OtaCommand.IMAGE_NOTIFY, bytes([0, 100]))
    (query,) = server.questions(1)[-1:]
    assert query.command == OtaCommand.QUERY
    assert query.payload == struct.pack("<BHHI", 0, LUMI, IMAGE_TYPE, node.file_version)


@pytest.mark.parametrize(
    ("notice", "asks"),
    [
        (struct.pack("<BBH", 1, 100, LUMI), True),
        (struct.pack("<BBH", 1, 100, 0x1037), False),
        (struct.pack("<BBHH", 2, 100, LUMI, IMAGE_TYPE), True),
        (struct.pack("<BBHH", 2, 100, LUMI, 1), False),
        (struct.pack("<BBHHI", 3, 100, LUMI, IMAGE_TYPE, 92), True),
    ],
)
def test_image_notify_for_other_devices_is_ignored(
    server: Server, notice: bytes, asks: bool
) -> None:
    answers = server.say(OtaCommand.IMAGE_NOTIFY, notice)
    asked = [f for f in answers + server.questions(1) if f.command == OtaCommand.QUERY]
    assert bool(asked) is asks


def test_queries_once_a_day(server: Server, plug: Plug) -> None:
    assert [f.command for f in server.questions(2 * DAY + 1)] == [OtaCommand.QUERY] * 2
    plug.power_off()
    assert server.questions(DAY) == []


def test_downloads_an_image(server: Server, plug: Plug) -> None:
    plug.ota.query()
    server.questions(0.1)
    server.offer()
    state: State = plug.ota.state
    assert state is State.DOWNLOADING
    end = server.serve()
    assert end.payload == b"\0" + KIND
    assert plug.ota.checked == image(92)
    state = plug.ota.state
    assert state is State.COMPLETE
    assert plug.file_version == 90
    server.say(OtaCommand.END_RESPONSE, KIND + struct.pack("<II", 0, 0))
    server.bench.wait(2)
    assert plug.file_version == 92
    assert plug.restarts == 2
    state = plug.ota.state
    assert state is State.NORMAL


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (image(93), Status.INVALID_IMAGE),
        (image(92, manufacturer=0x1037), Status.INVALID_IMAGE),
        (image(92)[:-1], Status.INVALID_IMAGE),
        (image(92)[:60], Status.INVALID_IMAGE),
        (b"\x00" + image(92)[1:], Status.INVALID_IMAGE),
        (image(92)[:30], Status.INVALID_IMAGE),
    ],
)
def test_verifies_the_image(server: Server, plug: Plug, content: bytes, status: Status) -> None:
    server.content = content
    server.offer()
    end = server.serve()
    assert end.payload == bytes([status]) + KIND
    assert plug.ota.checked == content
    assert plug.ota.state is State.NORMAL
    server.say(OtaCommand.END_RESPONSE, KIND + struct.pack("<II", 0, 0))
    server.bench.wait(10)
    assert plug.file_version == 90
    assert plug.restarts == 1


def test_old_plug_rejects_the_complete_image(bench: Bench) -> None:
    """It does not send the image type either (Koenkk/zigbee-OTA#168)."""
    plug = bench.add(Plug(old=True))
    server = Server(bench, plug, image(92))
    server.offer()
    assert server.serve().payload == struct.pack("<BHHI", Status.ABORT, LUMI, 0, 92)


@pytest.mark.parametrize(
    "answer",
    [
        bytes([Status.NO_IMAGE_AVAILABLE]),
        b"\0" + struct.pack("<HHII", 0x1037, IMAGE_TYPE, 92, 700),
        b"\0" + struct.pack("<HHII", LUMI, 1, 92, 700),
    ],
)
def test_no_image_available(server: Server, plug: Plug, answer: bytes) -> None:
    server.say(OtaCommand.QUERY_RESPONSE, answer)
    assert plug.ota.answers == [answer[0]]
    assert server.questions(60) == []
    assert plug.ota.state is State.NORMAL


def test_second_offer_is_ignored(server: Server, plug: Plug) -> None:
    server.offer()
    server.offer(size=17)
    assert server.serve().payload == b"\0" + KIND


def test_missing_blocks_are_requested_again(server: Server, plug: Plug) -> None:
    """Up to 10 requests, then the download fails."""
    server.offer()
    asked = server.questions(PATIENCE * (TRIES + 2))
    assert [frame.command for frame in asked] == [OtaCommand.BLOCK] * TRIES
    assert {frame.payload for frame in asked} == {asked[0].payload}
    assert plug.ota.state is State.NORMAL
    assert server.questions(PATIENCE * TRIES) == []


def test_unrequested_blocks_are_rejected(server: Server, plug: Plug) -> None:
    server.offer()
    server.questions(PACE)
    server.give(48)
    server.give(0, kind=struct.pack("<HHI", LUMI, IMAGE_TYPE, 93))
    server.say(OtaCommand.BLOCK_RESPONSE, b"\0" + KIND + struct.pack("<IB", 0, 40) + bytes(39))
    server.say(OtaCommand.BLOCK_RESPONSE, b"\0" + KIND + struct.pack("<IB", 0, 49) + bytes(49))
    assert plug.ota.offset == 0
    server.give(0)
    assert plug.ota.offset == 48
    server.give(0)
    assert plug.ota.offset == 48
    assert server.serve().payload == b"\0" + KIND
    assert plug.ota.checked == image(92)


def test_waits_for_data(server: Server, plug: Plug) -> None:
    server.offer()
    server.questions(PACE)
    server.say(
        OtaCommand.BLOCK_RESPONSE, bytes([Status.WAIT_FOR_DATA]) + struct.pack("<II", 100, 130)
    )
    assert server.questions(29) == []
    assert [frame.command for frame in server.questions(2)] == [OtaCommand.BLOCK]


@pytest.mark.parametrize("status", [Status.ABORT, Status.MALFORMED_COMMAND])
def test_abort(server: Server, plug: Plug, status: Status) -> None:
    server.offer()
    server.questions(PACE)
    server.say(OtaCommand.BLOCK_RESPONSE, bytes([status]))
    assert plug.ota.state is State.NORMAL
    assert server.questions(PATIENCE * 2) == []
    server.give(0)
    assert plug.ota.offset == 0


def complete(server: Server) -> None:
    """Send the complete image."""
    server.offer()
    server.serve()


def test_restarts_at_the_upgrade_time(server: Server, plug: Plug) -> None:
    complete(server)
    server.say(OtaCommand.END_RESPONSE, KIND + struct.pack("<II", 1000, 1060))
    state: State = plug.ota.state
    assert state is State.COUNTDOWN
    server.bench.wait(59)
    assert plug.file_version == 90
    server.bench.wait(3)
    assert plug.file_version == 92


def test_waits_for_a_further_response(server: Server, plug: Plug) -> None:
    complete(server)
    server.say(OtaCommand.END_RESPONSE, KIND + struct.pack("<II", 0, WAIT_FOR_EVER))
    state: State = plug.ota.state
    assert state is State.WAITING
    server.bench.wait(10)
    server.say(OtaCommand.END_RESPONSE, KIND + struct.pack("<II", 0, 0))
    server.bench.wait(2)
    assert plug.file_version == 92


def test_restarts_without_an_upgrade_end_response(server: Server, plug: Plug) -> None:
    """After three upgrade end requests, an hour apart (ZCL revision 8, 11.13.9)."""
    complete(server)
    assert [f.command for f in server.questions(2 * END_AGAIN + 1)] == [OtaCommand.END] * 2
    server.bench.wait(END_AGAIN)
    assert plug.file_version == 92


def test_power_cut_cancels_the_download(server: Server, plug: Plug) -> None:
    server.offer()
    server.questions(PACE)
    server.give(0)
    plug.power_cycle()
    assert plug.ota.offset == 0
    assert plug.ota.state is State.NORMAL
    asked = [f for f in server.questions(60) if f.cluster_specific]
    assert asked == []


def test_settings_of_the_client(server: Server, plug: Plug) -> None:
    """Settings for tests and demos: sleep, crash, wrong request, repeated block, rejection."""
    plug.ota.nap = 100.0
    server.offer()
    for number in range(8):
        server.questions(PACE)
        server.give(number * 48)
    assert server.questions(99) == []
    assert len(server.questions(2)) == 1
    plug.ota.stop()
    plug.ota.nap = 0.0

    plug.ota.stops_at = 48
    server.offer()
    server.questions(PACE)
    server.give(0)
    assert server.questions(100) == []
    assert plug.ota.state is State.DOWNLOADING
    plug.ota.stop()
    plug.ota.stops_at = None

    plug.ota.strays_at = 0
    server.offer()
    (question,) = server.questions(PACE)
    assert struct.unpack_from("<I", question.payload, 9) == (len(server.content),)
    plug.ota.stop()

    plug.ota.clings_to = 0
    server.offer()
    for _ in range(2 * TRIES):
        assert len(server.questions(PACE)) == 1
        server.give(0)
    assert plug.ota.offset == 0
    plug.ota.stop()
    plug.ota.clings_to = None

    plug.ota.keeps_old = True
    complete(server)
    server.say(OtaCommand.END_RESPONSE, KIND + struct.pack("<II", 0, 0))
    server.bench.wait(2)
    assert plug.file_version == 90
    assert plug.restarts == 2


def test_unexpected_commands(server: Server, plug: Plug) -> None:
    """An unexpected end response, an unknown command, truncated commands."""
    server.say(OtaCommand.END_RESPONSE, KIND + struct.pack("<II", 0, 0))
    server.bench.wait(5)
    assert plug.restarts == 1
    (answer,) = server.say(0x09, b"")
    assert answer.payload == bytes([0x09, Status.UNSUP_CLUSTER_COMMAND])
    (answer,) = server.say(OtaCommand.QUERY_RESPONSE, b"\0\x5f")
    assert answer.payload == bytes([OtaCommand.QUERY_RESPONSE, Status.MALFORMED_COMMAND])


def test_status_attributes(server: Server, plug: Plug) -> None:
    """Its client attributes: file version and status (11.10); no new query in the meantime."""
    server.offer()
    plug.ota.query()
    assert server.questions(0.1) == []
    frame = Frame(General.READ, bytes.fromhex("02000600"), 7, from_server=True)
    answer = server.bench.send(plug, CLUSTER, frame)[0]
    assert answer.payload == bytes.fromhex("020000235a000000") + bytes.fromhex("0600003001")


def test_firmware_survives_a_restart_of_the_home() -> None:
    home = Home(seed=1, speed=0)
    home.form()
    plug = home.add(Plug(), joined=True)
    relay = home.add(Relay(), joined=True)
    plug.restart(92)
    relay.file_version = 47
    again = Home.restored(home.snapshot())
    assert [node.file_version for node in again.devices if isinstance(node, Lumi)] == [92, 47]
    (revived,) = [node for node in again.devices if isinstance(node, Relay)]
    assert revived.lies


def test_soundness() -> None:
    assert is_sound(image(92), LUMI, IMAGE_TYPE, 92)
    assert not is_sound(image(92) + b"\0", LUMI, IMAGE_TYPE, 92)
    assert not is_sound(b"", LUMI, IMAGE_TYPE, 92)
