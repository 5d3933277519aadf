"""The knob: presses and turns, and settings with the reported state."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import cycle
import struct
from typing import Any, override

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.events import ActionFired, NetworkEvent as GatewayEvent
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Knob
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.zcl import Status, Value
from tests.ha.conftest import asleep, entity_id, join, send_frame, state, until

FCC0, MULTISTATE = 0xFCC0, 0x0012


async def choose(hass: HomeAssistant, device: Device, key: str, option: str) -> None:
    """Choose an option as a user does."""
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": entity_id(hass, device, key), "option": option},
        blocking=True,
    )


def shown(hass: HomeAssistant, device: Device, key: str) -> tuple[str, str | None]:
    """A select's state and what waits."""
    found = state(hass, device, key)
    return found.state, found.attributes.get("pending")


async def test_joining_sets_event_mode(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    knob = Knob()
    assert knob.mode == 0
    device = await join(home, gateway, knob)
    assert knob.mode == 1
    await until(lambda: shown(hass, device, "operation_mode") == ("event", None))
    assert shown(hass, device, "sensitivity") == ("medium", None)


@pytest.mark.parametrize(
    ("do", "kind", "extra"),
    [
        (Knob.press, "press_end", {}),
        (Knob.double, "multi_press_end", {"multi_press_count": 2}),
        (Knob.hold, "long_press_end", {}),
    ],
)
async def test_presses(
    hass: HomeAssistant, home: Home, gateway: Gateway, do: Any, kind: str, extra: dict[str, Any]
) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    do(knob)
    await until(lambda: state(hass, device, "button").attributes["event_type"] == kind)
    assert extra.items() <= state(hass, device, "button").attributes.items()


@pytest.mark.parametrize("endpoint_only", [False, True])
@pytest.mark.parametrize("pressed", [False, True])
async def test_turns(
    hass: HomeAssistant, home: Home, gateway: Gateway, endpoint_only: bool, pressed: bool
) -> None:
    """A held button is marked by a bit, or by the endpoint alone."""
    knob = Knob(endpoint_only=endpoint_only)
    device = await join(home, gateway, knob)
    kinds: list[str] = []
    device.subscribe(lambda update: kinds.append(update.action.action) if update.action else None)
    knob.turn(-60, steps=3, pressed=pressed)
    await until(lambda: kinds[-1:] == ["stop_rotating"])
    await hass.async_block_till_done()
    assert kinds[0] == "start_rotating"
    said = state(hass, device, "rotation").attributes
    assert said["event_type"] == "stop_rotating"
    assert said["angle"] == -60
    assert said["direction"] == "counterclockwise"
    assert said["pressed"] is pressed
    assert {"percent", "percent_delta", "angle_delta", "time"} <= said.keys()


@pytest.mark.parametrize(
    ("degrees", "pressed", "kind"),
    [
        (60, False, "rotate_right"),
        (-60, False, "rotate_left"),
        (45, True, "rotate_right_pressed"),
        (-45, True, "rotate_left_pressed"),
    ],
)
@pytest.mark.parametrize("stale_stop", [False, True])
async def test_steps(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    degrees: int,
    pressed: bool,
    kind: str,
    stale_stop: bool,
) -> None:
    """Each step fires once by its direction; the phases of the turn are still reported."""
    knob = Knob(stale_stop=stale_stop)
    device = await join(home, gateway, knob)
    sent: dict[str, list[dict[str, Any]]] = {"rotation": [], "rotation_step": []}

    @callback
    def changed(change: Event[EventStateChangedData]) -> None:
        state = change.data["new_state"]
        assert state is not None
        key = (
            "rotation"
            if state.entity_id == entity_id(hass, device, "rotation")
            else "rotation_step"
        )
        sent[key].append(dict(state.attributes))

    async_track_state_change_event(hass, [entity_id(hass, device, key) for key in sent], changed)
    knob.turn(degrees, steps=3, pressed=pressed)
    await until(lambda: sent["rotation"] and sent["rotation"][-1]["event_type"] == "stop_rotating")
    phases = [each["event_type"] for each in sent["rotation"]]
    assert phases == ["start_rotating", *["rotation"] * (len(phases) - 2), "stop_rotating"]
    steps = sent["rotation_step"]
    assert {each["event_type"] for each in steps} == {kind}
    assert sum(each["angle_delta"] for each in steps) == pytest.approx(degrees, abs=1)
    assert steps[-1]["angle"] == pytest.approx(degrees, abs=1)
    assert len(steps) == len([p for p in phases if p != "stop_rotating"])


@pytest.mark.parametrize("delta", [0.0, None])
async def test_a_frame_without_a_step(
    hass: HomeAssistant, home: Home, gateway: Gateway, delta: float | None
) -> None:
    """A pause within a turn is not a step; a frame without a step has the turn's direction."""
    knob = Knob()
    device = await join(home, gateway, knob)
    values = {0x022E: -30.0} | ({} if delta is None else {0x0230: delta})
    record = b"".join(struct.pack("<HBf", key, 0x39, value) for key, value in values.items())
    frame = bytes((0x1C, 0x5F, 0x11, 1, 0x0A)) + struct.pack("<HBB", 0x023A, 0x20, 2) + record
    await send_frame(hass, knob, device, FCC0, 71, frame)
    assert state(hass, device, "rotation").attributes["event_type"] == "rotation"
    kind = state(hass, device, "rotation_step").attributes["event_type"]
    assert kind == (None if delta == 0 else "rotate_left")


async def test_sleepy_write(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """A choice waits, is shown as waiting, goes out with the next frame, is read back, then shown."""
    knob = Knob()
    device = await join(home, gateway, knob)
    await until(lambda: shown(hass, device, "sensitivity") == ("medium", None))
    await asleep(knob)
    knob.received_frames.clear()
    await choose(hass, device, "sensitivity", "high")
    assert shown(hass, device, "sensitivity") == ("medium", "high")
    waiting = state(hass, device, "pending_changes")
    assert (waiting.state, waiting.attributes["sensitivity"]) == ("waiting", "high")
    assert not knob.received_frames
    knob.press()
    await until(lambda: shown(hass, device, "sensitivity") == ("high", None))
    assert state(hass, device, "pending_changes").state == "none"
    assert "sensitivity" not in state(hass, device, "pending_changes").attributes
    assert knob.sensitivity == 180
    assert [received.frame.command for received in knob.received_frames] == [
        0x02,
        0x00,
    ]  # write, then read


async def test_undelivered_sleepy_write_keeps_waiting(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    await until(lambda: shown(hass, device, "sensitivity") == ("medium", None))
    home.faults.confirm(0xF0, node=knob)  # MAC_TRANSACTION_EXPIRED
    await choose(hass, device, "sensitivity", "low")
    knob.press()
    await until(lambda: gateway.health.failures[0xF0])
    assert shown(hass, device, "sensitivity") == ("medium", "low")
    home.faults.clear()
    knob.press()
    await until(lambda: shown(hass, device, "sensitivity") == ("low", None))


async def test_the_last_choice_wins(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    await until(lambda: shown(hass, device, "sensitivity") == ("medium", None))
    await choose(hass, device, "sensitivity", "low")
    await choose(hass, device, "sensitivity", "high")
    knob.press()
    await until(lambda: shown(hass, device, "sensitivity") == ("high", None))


async def test_command_mode_has_an_issue_until_it_ends(
    hass: HomeAssistant, home: Home, gateway: Gateway, issue_registry: ir.IssueRegistry
) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    issue = (DOMAIN, f"knob_command_mode_{device.ieee}")
    await until(lambda: shown(hass, device, "operation_mode") == ("event", None))
    assert issue not in issue_registry.issues
    await choose(hass, device, "operation_mode", "command")
    knob.press()
    await until(lambda: issue in issue_registry.issues)
    await asleep(knob)
    await choose(hass, device, "operation_mode", "event")
    assert shown(hass, device, "operation_mode") == ("command", "event")
    knob.press_five_times()
    await until(lambda: issue not in issue_registry.issues)


async def test_reset_is_prevented(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    knob = Knob()
    await join(home, gateway, knob)
    knob.received_frames.clear()
    knob.ask_reset()
    await until(lambda: knob.received_frames)
    (received,) = knob.received_frames
    assert received.frame.payload.hex() == "f0ff4109aa1005414701011001"


async def test_reads_do_not_repeat_events(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    knob = Knob()
    device = await join(home, gateway, knob)
    answer = bytes.fromhex("18500155000021" + "0100")
    knob.network.uplink(knob, Message(MULTISTATE, 1, 1, answer))
    await until(lambda: any(report.is_answer for _, report in device.frames))
    await hass.async_block_till_done()
    assert state(hass, device, "button").state == "unknown"


def rotation(sequence: int, phase: int, angle: float, delta: float) -> bytes:
    """A rotation frame (protocol 3.3)."""
    head = bytes.fromhex("1c5f11") + bytes([sequence, 0x0A])
    numbers = ((0x022E, angle), (0x0230, delta), (0x0232, delta / 3.6), (0x0233, angle / 3.6))
    floats = b"".join(struct.pack("<HBf", number, 0x39, value) for number, value in numbers)
    return (
        head
        + floats
        + struct.pack("<HBI", 0x0231, 0x23, 100)
        + bytes.fromhex("3a0220")
        + (bytes([phase]))
    )


async def test_a_thousand_frames_are_a_thousand_events(
    hass: HomeAssistant, home: Home, gateway: Gateway
) -> None:
    """Each once and in order, although the radio repeats every frame and the sequence wraps."""
    knob = Knob()
    device = await join(home, gateway, knob)
    await until(lambda: shown(hass, device, "operation_mode") == ("event", None))
    knob.heartbeat_every = 0
    fired: list[ActionFired] = []
    device.subscribe(lambda update: fired.append(update.action) if update.action else None)
    written: list[str] = []
    steps: list[str | None] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if (
            new is not None
            and new.domain == "event"
            and new.state not in ("unknown", "unavailable")
            and not new.entity_id.endswith("_rotation_step")
        ):
            written.append(new.attributes["event_type"])
        elif new is not None and new.entity_id.endswith("_rotation_step"):
            steps.append(new.attributes.get("event_type"))

    hass.bus.async_listen("state_changed", changed)

    def send(number: int, message: Message) -> None:
        knob.later(number * 0.1, knob.network.uplink, knob, message)

    home.faults.duplicates = 1
    wanted: list[tuple[str, float | None]] = []
    phases = cycle((1, 2, 2, 2, 3, None))
    angle = 0.0
    for number in range(1000):
        phase = next(phases)
        if phase is None:
            frame = bytes([0x18, number % 256, 0x0A]) + bytes.fromhex("5500210100")
            send(number, Message(MULTISTATE, 1, 1, frame))
            wanted.append(("single", None))
            continue
        angle = 12.0 if phase == 1 else angle + 12.0
        frame = rotation(number % 256, phase, angle, 12.0)
        send(number, Message(FCC0, 71, 1, frame))
        wanted.append(({1: "start_rotating", 2: "rotation", 3: "stop_rotating"}[phase], angle))
    await until(partial(_arrived, fired, 1000))
    await hass.async_block_till_done()
    assert [(a.action, a.details.get("action_rotation_angle")) for a in fired] == wanted
    kinds = {"single": "press_end"}
    assert written == [kinds.get(word, word) for word, _ in wanted]
    turned = [word for word, _ in wanted if word in ("start_rotating", "rotation")]
    assert steps.count("rotate_right") == len(turned)


def _arrived(fired: list[ActionFired], count: int) -> bool:
    return len(fired) >= count


async def join_asleep(home: Home, gateway: Gateway, knob: Knob) -> Device:
    """Let a knob join that falls asleep as soon as its interview is complete."""

    def fall_asleep(event: GatewayEvent, device: Device) -> None:
        if event is GatewayEvent.INTERVIEWED:
            home.faults.confirm(0xF0, node=knob)  # MAC_TRANSACTION_EXPIRED

    unsubscribe = gateway.subscribe(fall_asleep)
    device = await join(home, gateway, knob)
    unsubscribe()
    return device


async def press_until(knob: Knob, condition: Callable[[], object]) -> None:
    """Wake a knob as people do, again if it fell asleep too early on a busy machine."""
    async with asyncio.timeout(90):
        while not condition():
            knob.press_five_times()
            with suppress(TimeoutError):
                await until(condition, 2)


@pytest.mark.parametrize("restart", [False, True])
async def test_mode_waits_for_a_knob_that_sleeps_after_its_interview(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    restart: bool,
) -> None:
    """It is shown as waiting, also after a restart, and arrives when the knob sends something."""
    knob = Knob()
    device = await join_asleep(home, gateway, knob)
    await until(lambda: shown(hass, device, "operation_mode") == ("unknown", "event"))
    waiting = state(hass, device, "pending_changes")
    assert (waiting.state, waiting.attributes["operation_mode"]) == ("waiting", "event")
    if restart:
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        gateway = entry.runtime_data.gateway
        device = gateway[device.ieee]
        assert shown(hass, device, "operation_mode") == ("unknown", "event")
    assert knob.mode == 0
    home.faults.clear()
    await press_until(knob, lambda: shown(hass, device, "operation_mode") == ("event", None))
    assert knob.mode == 1
    assert state(hass, device, "pending_changes").state == "none"
    knob.turn(30)
    await until(lambda: state(hass, device, "rotation").attributes.get("event_type"))
    assert (DOMAIN, f"knob_command_mode_{device.ieee}") not in issue_registry.issues


async def test_knob_that_keeps_command_mode_has_an_issue(
    hass: HomeAssistant, home: Home, gateway: Gateway, issue_registry: ir.IssueRegistry
) -> None:
    """It acknowledges the waiting mode, and still reports another one."""

    class Stubborn(Knob):
        @override
        def _write_mode(self, value: Value) -> Status:
            return Status.SUCCESS

    knob = Stubborn()
    device = await join_asleep(home, gateway, knob)
    home.faults.clear()
    issue = (DOMAIN, f"knob_command_mode_{device.ieee}")
    assert issue not in issue_registry.issues
    await press_until(knob, lambda: issue in issue_registry.issues)
    assert state(hass, device, "operation_mode").state == "command"
