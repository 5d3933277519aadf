"""Limits: rates, queues, a slow broker."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from custom_components.aqara_zigbee.mirror import outbox as outbox_module
from custom_components.aqara_zigbee.mirror.outbox import MOST_WAITING, Outbox
from custom_components.aqara_zigbee.mirror.rate_limit import TokenBucket, WorkQueues
from tests.mirror.stage import HandClock


def test_bucket() -> None:
    clock = HandClock()
    bucket = TokenBucket(clock, size=3, rate=2)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.pass_(0.5)
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.pass_(1000)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


async def test_an_error_does_not_stop_later_work(caplog: pytest.LogCaptureFixture) -> None:
    work: list[Coroutine[Any, Any, None]] = []
    done: list[int] = []
    lanes = WorkQueues(work.append, longest=5)

    async def fail() -> None:
        raise RuntimeError

    async def note() -> None:
        done.append(1)

    assert lanes.put("a", fail)
    assert lanes.put("a", note)
    assert len(work) == 1
    await work.pop()
    assert done == [1]
    assert "A message to a failed" in caplog.text


async def turns() -> None:
    """Let all tasks run that do not wait for anything else."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_messages_are_sent_in_order_and_concurrently() -> None:
    begun: list[str] = []
    gate = asyncio.Event()

    async def send(topic: str, payload: str, qos: int, retain: bool) -> None:
        begun.append(topic)
        await gate.wait()

    outbox = Outbox(send)
    pump = asyncio.create_task(outbox.pump())
    for number in range(60):
        outbox.publish(str(number), "")
    await turns()
    assert begun == [str(number) for number in range(50)]
    gate.set()
    await turns()
    assert begun == [str(number) for number in range(60)]
    pump.cancel()


async def test_messages_being_sent_survive_the_end_of_the_pump() -> None:
    """The response to a restart request is sent although the restart stops the pump."""
    sent: list[str] = []

    async def send(topic: str, payload: str, qos: int, retain: bool) -> None:
        await asyncio.sleep(0)
        sent.append(topic)

    outbox = Outbox(send)
    pump = asyncio.create_task(outbox.pump())
    outbox.publish("answer", "")
    while outbox._waiting:
        await asyncio.sleep(0)
    pump.cancel()
    outbox.publish("goodbye", "")
    await outbox.drain()
    assert sent == ["answer", "goodbye"]


async def test_a_slow_broker_does_not_fill_memory(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "FLUSH_SECONDS", 60)
    sent: list[str] = []

    async def send(topic: str, payload: str, qos: int, retain: bool) -> None:
        sent.append(topic)

    outbox = Outbox(send)
    for _ in range(MOST_WAITING + 10):
        outbox.publish("x", "")
    assert caplog.text.count("too slowly") == 1
    await outbox.drain()
    assert len(sent) == MOST_WAITING
    outbox.publish("y", "")
    outbox.clear()
    await outbox.drain()
    assert sent[-1] == "x"


async def test_drain_has_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(topic: str, payload: str, qos: int, retain: bool) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(outbox_module, "FLUSH_SECONDS", 0.01)
    outbox = Outbox(send)
    outbox.publish("x", "")
    await asyncio.wait_for(outbox.drain(), 60)
