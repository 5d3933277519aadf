"""A day in the home: actions of people and machines, so that values change.

`plan` returns a day's events, always the same for a seed; `Life` carries them out, `factor` times
as fast as the clock. Meters count at the same pace, so a day of 24 minutes still uses a day's
energy.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from .clock import Timer
from .devices import Knob, LockS2, Lumi, Mains, Plug, Relay
from .devices.door import Door
from .devices.knob import EVENT_MODE
from .home import Home

DAY = 86400.0
HEARTBEAT = 3000.0


class Event(NamedTuple):
    """An event at a time of day, in seconds."""

    at: float
    device: str
    action: str
    arguments: dict[str, Any]


def oclock(hours: int, minutes: int = 0) -> float:
    """Return a time of day in seconds."""
    return hours * 3600.0 + minutes * 60.0


def plan(home: Home, day: int, seed: int) -> list[Event]:
    """Return a day's events in order. Times and numbers vary a little with day and seed."""
    rng = Random(f"{seed}/{day}")  # noqa: S311 - repeatable on purpose
    events: list[Event] = []
    for index, node in enumerate(home.devices):
        match node:
            case Plug():
                habits = _appliances(rng, index)
            case Relay():
                habits = _lights(rng)
            case Door():
                habits = _door(rng, bell=isinstance(node, LockS2))
            case Knob():
                habits = _evening(rng)
            case _:
                continue
        events += [Event(at, node.name, action, arguments) for at, action, arguments in habits]
        beats = range(int(DAY / HEARTBEAT))
        offset = rng.uniform(0, HEARTBEAT)
        events += [Event(offset + beat * HEARTBEAT, node.name, "heartbeat", {}) for beat in beats]
    return sorted(events, key=lambda event: event.at)


type Habits = Iterator[tuple[float, str, dict[str, Any]]]


def _appliances(rng: Random, index: int) -> Habits:
    """A kettle in the morning and afternoon, a washing machine at noon, standby in between."""
    yield 1.0, "set_load", {"watts": 1.2}
    for start in (oclock(7), oclock(16, 50)):
        begin = start + rng.uniform(0, 600) + 120 * index
        yield begin, "set_load", {"watts": round(rng.uniform(1950, 2050), 1)}
        yield begin + rng.uniform(150, 240), "set_load", {"watts": 1.2}
    start = oclock(12) + rng.uniform(0, 1200)
    for minute, low, high in (
        (0, 1900, 2150),
        (14, 160, 220),
        (40, 200, 320),
        (56, 420, 560),
        (66, 2, 4),
    ):
        for offset in (0, 240, 480):
            yield (
                start + minute * 60 + offset,
                "set_load",
                {"watts": round(rng.uniform(low, high), 1)},
            )


def _lights(rng: Random) -> Habits:
    """A lamp on each channel, by the wall switch; on in the evening, off at night."""
    yield 2.0, "set_load", {"watts": 38.0, "channel": 1}
    yield 3.0, "set_load", {"watts": 61.5, "channel": 2}
    for hour in (oclock(6, 45), oclock(7, 50), oclock(17, 30), oclock(22, 40)):
        yield hour + rng.uniform(0, 300), "press", {"channel": 1}
    for hour in (oclock(18, 40), oclock(21, 55)):
        yield hour + rng.uniform(0, 300), "press", {"channel": 2}


def _door(rng: Random, *, bell: bool) -> Habits:
    """Leaving in the morning, the bell, a wrong code, coming home in the afternoon."""
    leaving = oclock(8) + rng.uniform(0, 900)
    yield leaving, "open_inside", {}
    yield leaving + 8, "close_door", {}
    yield leaving + 15, "lock", {}
    if bell:
        yield oclock(10, 20) + rng.uniform(0, 900), "ring", {}
    wrong = oclock(15, 58) + rng.uniform(0, 60)
    yield wrong, "wrong_password", {"tries": 1}
    yield wrong + 12, "wrong_password", {"tries": 2}
    yield wrong + 30, "wrong_finger", {"tries": 1}
    coming = oclock(16, 30) + rng.uniform(0, 900)
    yield coming, "finger", {"user": rng.choice((1, 2, 3, 5))}
    yield coming + 20, "close_door", {}
    yield coming + 600, "password", {"user": 12}
    yield coming + 620, "close_door", {}
    yield coming + 640, "lock", {}
    yield oclock(22, 30) + rng.uniform(0, 600), "reverse_lock", {}
    yield oclock(6, 20) + rng.uniform(0, 300), "reverse_unlock", {}


def _evening(rng: Random) -> Habits:
    """Light and music with the knob."""
    yield oclock(7, 5), "press", {}
    for hour in (oclock(17, 35), oclock(19), oclock(20, 15), oclock(21, 30)):
        begin = hour + rng.uniform(0, 600)
        yield begin, "press", {}
        yield (
            begin + 5,
            "turn",
            {"degrees": float(rng.randrange(-180, 181, 12)), "steps": rng.randint(3, 8)},
        )
        yield begin + 30, "turn", {"degrees": 60.0, "steps": 5, "pressed": True}
    yield oclock(22, 10), "double", {}
    yield oclock(22, 20), "hold", {}


class Life:
    """Carries out one day after the other.

    Args:
        home: the home.
        factor: seconds of the day for each second of the clock; above 0.
        seed: seed of the plans.
        start: time of day to begin at, in seconds.
    """

    def __init__(
        self, home: Home, *, factor: float = 60.0, seed: int = 0, start: float = oclock(6)
    ) -> None:
        if factor <= 0:
            raise ValueError("a day has to pass")
        self.home = home
        self.factor = factor
        self.seed = seed
        self._begin = start
        self._began = 0.0
        self._upcoming: Iterator[Event] = iter(())
        self._timer: Timer | None = None

    def start(self) -> None:
        """Start the day with the loads connected, the plugs on and the lights off.

        Knobs in command mode stay there; the host sets them.
        """
        self._began = self.home.clock.now()
        for node in self.home.devices:
            if isinstance(node, Lumi):
                node.heartbeat_every = 0.0  # the plan has its own heartbeats
            if isinstance(node, Mains):
                node.pace = self.factor
            if isinstance(node, Plug) and not node.on[0]:
                node.press()
            if isinstance(node, Relay):
                for channel, is_on in zip(node.CHANNELS, node.on, strict=True):
                    if is_on:
                        node.press(channel)
        for event in plan(self.home, 0, self.seed):
            if event.at < self._begin and event.action == "set_load":
                self._carry_out(event)
        self._upcoming = self._days()
        self._next()

    def stop(self) -> None:
        """Stop the events."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _days(self) -> Iterator[Event]:
        day = 0
        while events := plan(self.home, day, self.seed):
            for event in events:
                at = event.at + day * DAY - self._begin
                if at >= 0:
                    yield event._replace(at=at)
            day += 1

    def _next(self) -> None:
        event = next(self._upcoming, None)
        if event is None:
            return
        due = self._began + event.at / self.factor
        self._timer = self.home.clock.later(due - self.home.clock.now(), self._happen, event)

    def _happen(self, event: Event) -> None:
        self._next()
        self._carry_out(event)

    def _carry_out(self, event: Event) -> None:
        try:
            node = self.home.device(event.device)
        except KeyError:
            return  # removed from the home in the meantime
        getattr(node, event.action)(**event.arguments)


def event_mode(home: Home) -> None:
    """Set all knobs to event mode, as a host does at pairing; for demos with existing members."""
    for node in home.devices:
        if isinstance(node, Knob):
            node.mode = EVENT_MODE
