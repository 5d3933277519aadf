"""Topics, and names as parts of them."""

import pytest

from custom_components.aqara_zigbee.mirror.topics import (
    LONGEST_NAME,
    MOST_LEVELS,
    DeviceCommand,
    Incoming,
    Notice,
    Request,
    Topics,
    problem_with,
    topic_name,
)

TOPICS = Topics("home/zigbee")


@pytest.mark.parametrize(
    ("topic", "incoming"),
    [
        ("plug/set", DeviceCommand(("plug",), "set")),
        ("plug/get", DeviceCommand(("plug",), "get")),
        ("plug/set/state", DeviceCommand(("plug",), "set", "state")),
        ("plug/l1/set", DeviceCommand(("plug", "l1"), "set")),
        ("plug/l1/get/state", DeviceCommand(("plug", "l1"), "get", "state")),
        ("a/b/c/set", DeviceCommand(("a", "b", "c"), "set")),
        ("bridge/request/device/rename", Request("device/rename")),
        ("bridge/info", Notice("info")),
        ("bridge/state", Notice("state")),
        ("bridge/response/health_check", Notice("response/health_check")),
        ("bridge/response/backup", None),
        ("bridge/request", None),
        ("bridge/set", None),
        ("bridge/devices", None),
        ("plug", None),
        ("set", None),
        ("plug/availability", None),
    ],
)
def test_reading(topic: str, incoming: Incoming | None) -> None:
    assert TOPICS.read(f"home/zigbee/{topic}") == incoming


def test_other_topics_are_ignored() -> None:
    assert TOPICS.read("home/zigbee2/plug/set") is None
    assert TOPICS.read("plug/set") is None


def matches(topic: str, pattern: str) -> bool:
    """MQTT's own matching (MQTT 5, 4.7)."""
    levels, wanted = topic.split("/"), pattern.split("/")
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        if len(levels) < len(wanted):
            return False
        levels = levels[: len(wanted)]
    return len(levels) == len(wanted) and all(
        want in ("+", level) for want, level in zip(wanted, levels, strict=True)
    )


@pytest.mark.parametrize("levels", range(1, MOST_LEVELS + 1))
def test_every_command_is_subscribed_to_once_and_no_published_topic(levels: int) -> None:
    name = topic_name("/".join("abcdefgh"[:levels]))
    assert name is not None
    for rest in (("set",), ("get", "state"), ("l1", "set"), ("l1", "get", "state")):
        topic = TOPICS.device(name, *rest)
        assert sum(matches(topic, pattern) for pattern in TOPICS.filters) == 1
    for last in ("", "/availability", "/action"):
        topic = TOPICS.device(name) + last
        assert not any(matches(topic, pattern) for pattern in TOPICS.filters)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("Kitchen plug", "Kitchen plug"),
        ("Küche/Stecker", "Küche/Stecker"),
        ("🔌", "🔌"),
        ("a+b#c", "a_b_c"),
        ("/a//b/", "a/b"),
        (" a / b ", "a/b"),
        ("a\0b\x1f\x7f\x85\ud800\ufffe\ufdd0c", "abc"),
        ("bridge", "bridge_"),
        ("bridge/info", "bridge_/info"),
        ("a/bridge", "a/bridge"),
        ("set", "set_"),
        ("a/get/b", "a/get_/b"),
        ("a/availability", "a/availability_"),
        ("a/action", "a/action_"),
        ("a/1", "a/1_"),
        ("a/l2", "a/l2_"),
        ("1", "1"),
        ("a/b/c/d/e/f/g", "a/b/c/d/e_f_g"),
        ("x" * 300, "x" * LONGEST_NAME),
        ("ü" * 300, "ü" * (LONGEST_NAME // 2)),
        ("", None),
        ("///", None),
        ("\n", None),
    ],
)
def test_names(name: str, topic: str | None) -> None:
    found = topic_name(name)
    assert found == topic
    if found is not None:
        assert topic_name(found) == found, "what is one stays one"


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        ("zigbee2mqtt", None),
        ("home/zigbee", None),
        ("", "topic_empty_level"),
        ("/a", "topic_empty_level"),
        ("a//b", "topic_empty_level"),
        ("a ", "topic_empty_level"),
        ("$SYS", "topic_empty_level"),
        ("a/#", "topic_characters"),
        ("a\0", "topic_characters"),
        ("a" * 201, "topic_too_long"),
    ],
)
def test_base_topics(base: str, problem: str | None) -> None:
    assert problem_with(base) == problem
