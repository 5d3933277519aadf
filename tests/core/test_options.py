"""Options reach decoding and encoding, and what a command leads to is believed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.definition import Definition, Feed
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.device_settings import USERS
from custom_components.aqara_zigbee.core.errors import ConversionError, DeliveryError
from custom_components.aqara_zigbee.core.events import Update
from custom_components.aqara_zigbee.core.options import (
    ChoiceOption,
    FlagOption,
    Option,
)
from custom_components.aqara_zigbee.core.property import Scalar
from custom_components.aqara_zigbee.core.source import attribute
from tests.core.invented import OPTIONS, WINDOW_COVERING, cover
from tests.core.network import NOON, ScriptedRadio, node


@pytest.fixture
def radio() -> ScriptedRadio:
    return ScriptedRadio()


@pytest.fixture
def device(radio: ScriptedRadio) -> Device:
    return Device(node("lumi.invented"), cover(), radio)


def lift(device: Device, percent: int) -> None:
    """It reports how far it is closed."""
    frame = bytes.fromhex(f"18010a080020{percent:02x}")
    device.received(zcl.read_report(1, WINDOW_COVERING, frame), 99, NOON)


def sent(radio: ScriptedRadio) -> list[tuple[int, str]]:
    """The commands so far, each with its payload."""
    found = [
        (each.command, each.payload.hex()) for each in radio.sent if isinstance(each, zcl.Command)
    ]
    radio.sent.clear()
    return found


@pytest.mark.parametrize(
    ("invert", "percent", "state"),
    [
        (False, 30, {"position": 70, "state": "OPEN"}),
        (False, 100, {"position": 0, "state": "CLOSE"}),
        (True, 30, {"position": 30, "state": "OPEN"}),
        (True, 0, {"position": 0, "state": "CLOSE"}),
    ],
)
async def test_an_option_decides_what_a_report_means(
    device: Device, invert: bool, percent: int, state: dict[str, Scalar]
) -> None:
    await device.set("invert_cover", invert)
    lift(device, percent)
    assert {name: device.state[name] for name in state} == state


@pytest.mark.parametrize(
    ("invert", "name", "wish", "command"),
    [
        (False, "state", "OPEN", (0, "")),
        (True, "state", "OPEN", (1, "")),
        (True, "state", "STOP", (2, "")),
        (False, "position", 30, (5, "46")),
        (True, "position", 30, (5, "1e")),
    ],
)
@pytest.mark.parametrize("feed", Feed)
async def test_an_option_decides_what_is_sent(
    radio: ScriptedRadio,
    feed: Feed,
    invert: bool,
    name: str,
    wish: Scalar,
    command: tuple[int, str],
) -> None:
    """Also of a value that has waited meanwhile."""
    device = Device(node("lumi.invented"), cover(feed=feed), radio)
    await device.set(name, wish)
    if feed.listens:
        radio.sent.clear()
        await device.set("invert_cover", invert)
        await device.set(name, wish)
    else:
        await device.set("invert_cover", invert)
        await device.flush()
    assert sent(radio) == [command]


@pytest.mark.parametrize(
    ("name", "wish", "state"),
    [
        ("state", "OPEN", {"state": "OPEN", "position": 100}),
        ("state", "CLOSE", {"state": "CLOSE", "position": 0}),
        ("position", 0, {"state": "CLOSE", "position": 0}),
        ("position", 12, {"state": "OPEN", "position": 12}),
    ],
)
async def test_outcome_of_a_command_is_believed_at_once(
    device: Device, name: str, wish: Scalar, state: dict[str, Scalar]
) -> None:
    updates: list[Update] = []
    device.subscribe(updates.append)
    await device.set(name, wish)
    assert device.state == state
    assert [(update.state, update.believed) for update in updates] == [(state, True)]


async def test_a_command_that_is_no_state_leaves_the_state(
    device: Device, radio: ScriptedRadio
) -> None:
    lift(device, 40)
    before = dict(device.state)
    await device.set("state", "STOP")
    assert sent(radio) == [(2, "")]
    assert device.state == before


async def test_a_report_since_the_command_left_is_not_overridden(
    device: Device, radio: ScriptedRadio
) -> None:
    """Not even where the command was for another property."""

    def blocked(_request: zcl.Request) -> None:
        lift(device, 55)

    radio.answer = blocked
    await device.set("state", "OPEN")
    assert (device.state["position"], device.state["state"]) == (45, "OPEN")


@pytest.mark.parametrize(("percent", "fails"), [(0, False), (100, True)])
async def test_a_report_proves_a_command_whose_answer_is_lost(
    device: Device, radio: ScriptedRadio, percent: int, fails: bool
) -> None:
    def silent(_request: zcl.Request) -> None:
        lift(device, percent)
        raise DeliveryError("no answer")

    radio.answer = silent
    failed = await device.set_all({"state": "OPEN"})
    assert bool(failed) is fails


async def test_a_lost_stop_is_never_proved(device: Device, radio: ScriptedRadio) -> None:
    """No state proves that it was obeyed."""

    def silent(_request: zcl.Request) -> None:
        lift(device, 50)
        raise DeliveryError("no answer")

    radio.answer = silent
    with pytest.raises(DeliveryError):
        await device.set("state", "STOP")


@pytest.mark.parametrize(
    ("name", "default", "good", "bad"),
    [
        ("invert_cover", False, True, 1),
        ("invert_cover", False, True, "true"),
        ("tilt_mode", "with_lift", "alone", "nothing"),
        ("tilt_mode", "with_lift", "alone", 0),
        ("debounce_time", 1, 2.5, 61),
        ("debounce_time", 1, 2.5, True),
    ],
)
async def test_an_option_has_values_of_its_kind(
    device: Device, name: str, default: object, good: Scalar, bad: Scalar
) -> None:
    assert device.option(name) == default
    await device.set(name, good)
    assert device.option(name) == good
    with pytest.raises(ConversionError):
        await device.set(name, bad)
    with pytest.raises(ConversionError):
        await device.configure({name: bad})
    assert device.option(name) == good
    restored = Device(node("lumi.invented"), cover(), ScriptedRadio())
    restored.restore(device.as_dict())
    assert restored.option(name) == good
    restored.restore(device.as_dict() | {"options": {name: bad}})
    assert restored.option(name) == default


def without(definition: Definition, name: str) -> tuple[Any, ...]:
    """The rows but one."""
    return tuple(row for row in definition.properties if row.name != name)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: cover(own_options=(*OPTIONS, OPTIONS[0])), "option invert_cover has the name"),
        (lambda: cover(own_options=(FlagOption("position"),)), "option position has the name"),
        (
            lambda: cover(own_options=(ChoiceOption(USERS, values=("a",)),)),
            "option users has the",
        ),
        (
            lambda: replace(cover(), properties=without(cover(), "position")),
            "state = OPEN leads to position = 100",
        ),
        (
            lambda: replace(
                cover()["position"], write=None, sources=(attribute(WINDOW_COVERING, 8, type=0x20),)
            ),
            "nothing undoes what decodes it: give `write`",
        ),
        (lambda: replace(cover()["state"], write=None), "nothing says how"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    make: Callable[[], object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        make()


def test_an_outcome_is_a_value_of_its_row() -> None:
    rows = cover()
    odd = replace(rows["position"], outcome=lambda value: {"state": value})
    with pytest.raises(ValueError, match="position = 0 leads to state = 0"):
        replace(rows, properties=(rows["state"], odd))


def test_options_have_kinds() -> None:
    """An option is always one of the kinds that both views know."""
    assert {type(option) for option in OPTIONS} == set(Option.__subclasses__())


async def test_observers_get_an_update_of_a_changed_option(device: Device) -> None:
    updates: list[Update] = []
    device.subscribe(updates.append)
    await device.set("invert_cover", True)
    await device.set("position", 40)
    assert [update.options for update in updates] == [True, False]
