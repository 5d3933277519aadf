"""Time in the virtual home."""

import asyncio
import time

import pytest

from custom_components.aqara_zigbee.simulator.clock import Clock


def test_advance_runs_what_falls_due_in_order() -> None:
    clock = Clock(speed=0)
    seen: list[tuple[str, float]] = []

    def note(name: str) -> None:
        seen.append((name, clock.now()))

    clock.later(2, note, "b")
    clock.later(1, note, "a")
    clock.later(2, note, "c")
    clock.later(5, note, "late")
    clock.advance(3)
    assert seen == [("a", 1), ("b", 2), ("c", 2)]
    assert clock.now() == 3


def test_advance_runs_what_is_set_on_the_way() -> None:
    clock = Clock(speed=0)
    seen: list[float] = []

    def again() -> None:
        seen.append(clock.now())
        if len(seen) < 4:
            clock.later(1, again)

    clock.later(1, again)
    clock.advance(10)
    assert seen == [1, 2, 3, 4]


def test_cancelled_timers_do_nothing() -> None:
    clock = Clock(speed=0)
    seen: list[str] = []
    timer = clock.later(1, seen.append, "x")
    timer.cancel()
    timer.cancel()
    clock.advance(2)
    assert not seen


def test_negative_speed_is_refused() -> None:
    with pytest.raises(ValueError, match="backwards"):
        Clock(speed=-1)


def test_start_needs_a_loop() -> None:
    with pytest.raises(RuntimeError):
        Clock().start()


async def test_runs_with_the_loop() -> None:
    clock = Clock(speed=100, start=50)
    done = asyncio.Event()
    clock.later(1, done.set)  # set before it starts
    clock.start()
    clock.start()
    async with asyncio.timeout(60):
        await done.wait()
    assert clock.now() >= 51
    clock.close()
    shown = clock.now()
    await asyncio.sleep(0.01)
    assert clock.now() == shown


async def test_slows_down_while_the_machine_is_busy() -> None:
    """A wait of 2 seconds does not end while no answer was possible."""
    clock = Clock(speed=20)
    clock.start()
    over = asyncio.Event()
    clock.later(2, over.set)
    for _ in range(8):
        time.sleep(0.05)  # noqa: ASYNC251 - in all four times as long as it would wait
        await asyncio.sleep(0)
    assert not over.is_set()
    assert clock.now() < 2
    async with asyncio.timeout(60):
        await over.wait()
    assert clock.now() >= 2
    clock.close()


async def test_needs_no_steps_while_nothing_is_due() -> None:
    clock = Clock(speed=1000)
    clock.start()
    await asyncio.sleep(0.01)
    assert clock.now() >= 10
    clock.close()


async def test_an_exception_does_not_cancel_other_calls() -> None:
    clock = Clock(speed=1000)
    clock.start()
    done = asyncio.Event()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    def fail() -> None:
        raise ArithmeticError

    clock.later(0.001, fail)
    clock.later(0.001, done.set)
    async with asyncio.timeout(60):
        await done.wait()
    assert len(complaints) == 1
    clock.close()


async def test_close_leaves_no_timer() -> None:
    clock = Clock()
    clock.start()
    clock.later(100, print)
    clock.close()
    assert not [
        handle
        for handle in asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
        if not handle.cancelled()
    ]
