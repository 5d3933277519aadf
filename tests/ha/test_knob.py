"""The knob: presses and turns as they are, settings that tell the truth about a sleeper."""

from functools import partial
from itertools import cycle
import struct
from typing import Any

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.device import ActionFired, Device
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.radio.virtual.devices import Knob
from custom_components.aqara_zigbee.radio.virtual.home import Home
from custom_components.aqara_zigbee.radio.virtual.message import Message
from tests.ha.conftest import entity_id, join, state, until

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
    """A held button is told by a bit, or by the endpoint alone."""
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


async def test_sleepy_write(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    """A choice waits, is shown as waiting, goes out with the next frame, is read back, then shown."""
    knob = Knob()
    device = await join(home, gateway, knob)
    await until(lambda: shown(hass, device, "sensitivity") == ("medium", None))
    knob.awake_until = 0
    knob.heard.clear()
    await choose(hass, device, "sensitivity", "high")
    assert shown(hass, device, "sensitivity") == ("medium", "high")
    assert not knob.heard
    knob.press()
    await until(lambda: shown(hass, device, "sensitivity") == ("high", None))
    assert knob.sensitivity == 180
    assert [heard.frame.command for heard in knob.heard] == [0x02, 0x00]  # write, then read


async def test_sleepy_write_that_does_not_get_through_goes_on_waiting(
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


async def test_command_mode_is_explained_until_it_ends(
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
    await choose(hass, device, "operation_mode", "event")
    assert shown(hass, device, "operation_mode") == ("command", "event")
    knob.press_five_times()
    await until(lambda: issue not in issue_registry.issues)


async def test_reset_is_prevented(hass: HomeAssistant, home: Home, gateway: Gateway) -> None:
    knob = Knob()
    await join(home, gateway, knob)
    knob.heard.clear()
    knob.ask_reset()
    await until(lambda: knob.heard)
    (heard,) = knob.heard
    assert heard.frame.payload.hex() == "f0ff4109aa1005414701011001"


async def test_nothing_is_replayed_by_reading(
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
    """A rotation frame (contract 3.3)."""
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

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if (
            new is not None
            and new.domain == "event"
            and new.state not in ("unknown", "unavailable")
        ):
            written.append(new.attributes["event_type"])

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
    await until(partial(_arrived, fired, 1000), 60)
    await hass.async_block_till_done()
    assert [(a.action, a.details.get("action_rotation_angle")) for a in fired] == wanted
    kinds = {"single": "press_end"}
    assert written == [kinds.get(word, word) for word, _ in wanted]


def _arrived(fired: list[ActionFired], count: int) -> bool:
    return len(fired) >= count
