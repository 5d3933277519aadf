"""Answers to devices, and the handling of groupcasts and broadcasts."""

from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.simulator import Home, Knob, LockS2, Plug
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests.radio.conftest import RecordingListener
from tests.simulator.host import settle, until

BASIC, TIME, ON_OFF, OTA = 0x0000, 0x000A, 0x0006, 0x0019


@pytest.fixture
def answers(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes]]:
    """Frames sent to devices' endpoints, except OTA: cluster and frame."""
    found: list[tuple[int, bytes]] = []
    unicast = home.network.unicast

    def note(nwk: int, message: Message, **how: Any) -> None:
        if message.destination and message.cluster != OTA:
            found.append((message.cluster, message.data))
        unicast(nwk, message, **how)

    monkeypatch.setattr(home.network, "unicast", note)
    return found


def send(node: Node, cluster: int, frame: str, *, broadcast: bool = False, group: int = 0) -> None:
    """Send a frame as it is."""
    message = Message(cluster, 1, 1, bytes.fromhex(frame))
    if group:
        node.network.hub.deliver(node, node.nwk, message, group=group, broadcast=False)
    else:
        node.network.uplink(node, message, broadcast=broadcast)


@pytest.mark.parametrize(
    ("cluster", "frame", "answer"),
    [
        (ON_OFF, "00 21 0a 0000 10 01", "18 21 0b 0a 00"),  # a report of a client side
        (ON_OFF, "08 22 0a 0000 10 01", "10 22 0b 0a 00"),
        (ON_OFF, "0c 5f11 23 0a 0000 10 01", "14 5f11 23 0b 0a 00"),
        (ON_OFF, "01 24 02", "18 24 0b 02 00"),
        (0x0003, "05 5f11 25 00 0500", "1c 5f11 25 0b 00 00"),
        (BASIC, "00 26 00 0500", "18 26 01 0500 86"),
        (BASIC, "04 5f11 27 00 0500", "1c 5f11 27 01 0500 86"),
    ],
)
async def test_answers_have_the_other_direction(
    plug: Plug, answers: list[tuple[int, bytes]], cluster: int, frame: str, answer: str
) -> None:
    """ZCL revision 8, 2.4.1.1.3: the side of the cluster that answers is the other one."""
    answers.clear()
    send(plug, cluster, frame)
    await until(lambda: answers)
    assert answers == [(cluster, bytes.fromhex(answer))]


async def test_the_time_is_answered(plug: Plug, answers: list[tuple[int, bytes]]) -> None:
    answers.clear()
    send(plug, TIME, "00 31 00 0000 0700")
    await until(lambda: answers)
    ((_, frame),) = answers
    assert frame[:3] == bytes.fromhex("183101")
    report = zcl.read_report(1, TIME, frame)
    assert report is not None
    assert all(isinstance(record.value, int) and record.value > 0 for record in report.records)


@pytest.mark.parametrize(
    ("cluster", "frame"), [(ON_OFF, "08 41 0a 0000 10 01"), (ON_OFF, "01 42 01")]
)
@pytest.mark.parametrize("how", [{"broadcast": True}, {"group": 0x0005}])
async def test_broadcasts_get_no_default_response(
    radio: ZigpyRadio,
    home: Home,
    listener: RecordingListener,
    answers: list[tuple[int, bytes]],
    cluster: int,
    frame: str,
    how: dict[str, Any],
) -> None:
    """ZCL revision 8, 2.5.12.2; it counts all the same."""
    await radio.start()
    knob = home.add(Knob())
    await radio.permit(60)
    home.network.search(knob)
    await until(lambda: ("interviewed", knob.ieee) in listener.events)
    await settle()
    answers.clear()
    listener.reports.clear()
    send(knob, cluster, frame, **how)
    await until(lambda: listener.reports)
    await settle()
    assert answers == []
    ((who, report),) = listener.reports
    assert who == knob.ieee
    assert (report is not None) == (frame[6:8] == "0a")


@pytest.mark.parametrize("kind", [Knob, LockS2])
async def test_an_end_device_may_send_to_a_group_with_the_number_of_another(
    home: Home, radio: ZigpyRadio, plug: Plug, listener: RecordingListener, kind: type[Node]
) -> None:
    """Only routers repeat what others have sent; the locks only claim to be routers."""
    node = home.add(kind())
    await radio.permit(60)
    home.network.search(node)
    await until(lambda: ("interviewed", node.ieee) in listener.events)
    listener.reports.clear()
    send(node, ON_OFF, "18 51 0a 0000 10 01", group=plug.nwk)
    await until(lambda: switched(listener))
    assert switched(listener) == [node.ieee]


def switched(listener: RecordingListener) -> list[str]:
    """Return the senders of On/Off reports, without heartbeats."""
    return [who for who, report in listener.reports if report and report.cluster == ON_OFF]


async def test_a_router_that_sends_to_a_group_is_available(
    plug: Plug, listener: RecordingListener
) -> None:
    """It may forward an unknown child's frame, so its content is ignored."""
    await settle()  # its questions about firmware
    listener.reports.clear()
    send(plug, ON_OFF, "18 61 0a 0000 10 01", group=0x0005)
    await until(lambda: listener.reports)
    assert listener.reports == [(plug.ieee, None)]


async def test_a_flood_is_partly_answered(
    plug: Plug, listener: RecordingListener, answers: list[tuple[int, bytes]]
) -> None:
    answers.clear()
    for number in range(100):
        send(plug, ON_OFF, f"08 {number:02x} 0a 0000 10 01")
    await until(lambda: sum(1 for _, report in listener.reports if report) >= 100)
    await settle()
    assert 1 <= len(answers) < 50
    answers.clear()
    send(plug, ON_OFF, "08 f1 0a 0000 10 01")
    await until(lambda: answers)
