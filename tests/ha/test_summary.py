"""Summaries of migrations, from real files."""

from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.flows.summary import (
    coordinator_line,
    device_list,
    doubt_list,
    loss_list,
)
from custom_components.aqara_zigbee.radio.backup import Backup
from custom_components.aqara_zigbee.radio.migration.source import MigrationWarning, NotMigrated
from custom_components.aqara_zigbee.radio.migration.survey import Survey, survey
from custom_components.aqara_zigbee.texts import Texts, load_texts
from tests.radio.test_takeover import NOW, changed, theirs


@pytest.fixture
async def texts(hass: HomeAssistant) -> Texts:
    return await load_texts(hass, "takeover")


def found(**changes: Any) -> Survey:
    """Return a survey with a blank coordinator."""
    return replace(survey(theirs(), DEFINITIONS, None, NOW), **changes)


def renamed(old: str, new: str | None) -> Survey:
    """The same with another name for a device."""
    ours = tuple(replace(each, name=new) if each.name == old else each for each in found().ours)
    assert ours != found().ours
    return found(ours=ours)


def facts(backup: Backup) -> dict[str, object]:
    """Return the facts of a network."""
    return {
        "channel": backup.channel,
        "pan_id": f"0x{backup.pan_id:04x}",
        "extended_pan_id": backup.extended_pan_id,
    }


def test_network_that_is_written(texts: Texts) -> None:
    network = found().network
    line = coordinator_line(found(), None, texts)
    assert line == texts.put("stick_is_written", **facts(network))
    assert str(network.channel) in line
    assert network.extended_pan_id in line
    assert "[" not in line, "a value is missing"


def test_network_that_is_lost_is_named(texts: Texts) -> None:
    ours = theirs().backup
    assert ours is not None
    other = changed(ours, extended_pan_id="0011223344556677", channel=25)
    lost = texts.put("overwritten_network", **facts(other), devices=other.devices)
    assert f"{other.devices}" in lost
    line = coordinator_line(survey(theirs(), DEFINITIONS, other, NOW), other, texts)
    assert line == f"{texts.put('stick_is_overwritten', **facts(ours))} {lost}"
    assert "[" not in line
    kept = coordinator_line(survey(theirs(), DEFINITIONS, ours, NOW), ours, texts)
    assert kept == texts.put("stick_keeps", **facts(ours))


def test_devices_by_their_result(texts: Texts) -> None:
    """By the name in Home Assistant, else the other program's, else model and address."""
    plug = next(each for each in found().ours if each.name == "Kettle")
    ours, others, unknown = device_list(found(), {}, texts).split("\n\n**")
    assert ours.startswith(f"**{texts.put('devices_ours', count=len(found().ours))}**")
    assert "- Kettle · Mi smart plug" in ours
    assert "Cellar thermometer · virtual.thermometer" in others
    for part, kind in ((others, "devices_others"), (unknown, "devices_unknown")):
        head, note, _ = part.split("\n\n")
        assert head == f"{texts.put(kind, count=1)}**"
        assert note == texts[f"{kind}_note"], "a sentence is not a heading"
    assert unknown.endswith("- 00:15:8d:00:09:99:99:99")
    text = device_list(found(others=(), unknown=()), {plug.node.ieee: "*Tea*"}, texts)
    assert r"- \*Tea\* · Mi smart plug" in text
    assert "\n\n**" not in text
    assert f"- Mi smart plug · {plug.node.ieee}" in device_list(renamed("Kettle", None), {}, texts)


@pytest.mark.parametrize(
    ("damaged", "lines"),
    [(tuple(range(3, 15)), "3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …"), ((3,), "3")],
)
def test_what_is_not_migrated(texts: Texts, damaged: tuple[int, ...], lines: str) -> None:
    """A damaged file may have thousands of lines."""
    groups = texts.put("lost_groups", count=1)
    assert f"- {groups}" in loss_list(found(), texts)
    losses = {NotMigrated.LINES: len(damaged)}
    text = loss_list(found(losses=losses, damaged_lines=damaged), texts)
    assert f"- {texts.put('lost_lines', count=len(damaged), lines=lines)}" in text
    assert lines in text
    assert groups not in text


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("icon", "retain"), "icon, retain"),
        (("*icon*",), r"\*icon\*"),
        (tuple("abcdefghijkl"), "a, b, c, d, e, f, g, h, i, j, …"),
    ],
)
def test_options_that_are_not_migrated_are_named(
    texts: Texts, names: tuple[str, ...], shown: str
) -> None:
    changed = found(losses={NotMigrated.OPTIONS: len(names)}, lost_options=names)
    assert loss_list(changed, texts).endswith(f": {shown}")


@pytest.mark.parametrize(
    ("name", "shown", "topic"),
    [("Tea+Coffee", "Tea+Coffee", r"Tea\_Coffee"), ("+", "+", r"\_"), ("$x\x01", "$x\x01", "$x")],
)
def test_names_that_are_invalid_topics_are_listed(
    texts: Texts, name: str, shown: str, topic: str
) -> None:
    """Whoever subscribes to them has to know."""
    before = loss_list(found(), texts, is_mqtt=True)
    assert texts["old_mqtt_devices"] in before
    text = loss_list(renamed("Hall/Lights", name), texts, is_mqtt=True)
    line = texts.put("topic_changes", name=shown, topic=topic)
    assert text == f"{before}\n- {line}"
    assert line not in loss_list(renamed("Hall/Lights", name), texts)


def test_name_without_valid_characters_becomes_the_address(texts: Texts) -> None:
    text = loss_list(renamed("Hall/Lights", "\x01"), texts, is_mqtt=True)
    (lights,) = [each for each in found().ours if each.name == "Hall/Lights"]
    assert f"0x{lights.node.ieee.replace(':', '')}" in text


def test_warnings(texts: Texts) -> None:
    assert doubt_list(found(doubts=()), texts) == ""
    two = (MigrationWarning.OTHER_KEY, MigrationWarning.NO_STATES)
    text = doubt_list(found(doubts=two), texts)
    assert text.split("\n- ")[1:] == [texts["doubt_key"], texts["doubt_no_states"]]
