"""Identities of networks, and versions of coordinators' firmware."""

from dataclasses import replace

import pytest

from custom_components.aqara_zigbee.core.health import build, is_too_old, is_z_stack_1
from custom_components.aqara_zigbee.core.identity import Identity

OURS = Identity("00:12:4b:00:00:00:00:01", "00:12:4b:00:aa:bb:cc:dd", 0x1A62, 15, 7, "fingerprint")


def test_survives_being_stored() -> None:
    assert Identity.from_dict(OURS.as_dict()) == OURS


def test_what_a_newer_version_adds_is_ignored() -> None:
    assert Identity.from_dict({**OURS.as_dict(), "security_level": 5}) == OURS


@pytest.mark.parametrize("name", OURS.as_dict())
def test_damage_is_noticed(name: str) -> None:
    stored = OURS.as_dict()
    with pytest.raises(ValueError, match=name):
        Identity.from_dict({**stored, name: None})
    del stored[name]
    with pytest.raises(ValueError, match=name):
        Identity.from_dict(stored)


def test_differences_are_named() -> None:
    assert OURS.differences(OURS) == ()
    assert OURS.differences(replace(OURS, update_id=8)) == ()
    other = Identity("00:12:4b:00:00:00:00:02", "00:12:4b:00:aa:bb:cc:de", 1, 11, 0, "other")
    assert OURS.differences(other) == (
        "coordinator",
        "extended_pan_id",
        "pan_id",
        "channel",
        "key",
    )


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (7, 8, True),
        (7, 100, True),
        (254, 0, True),  # zigpy counts to 254
        (255, 0, True),
        (7, 7, False),  # formed again
        (7, 6, False),
        (7, 0, False),
        (0, 200, False),
    ],
)
def test_a_network_that_changes_its_channel(before: int, after: int, same: bool) -> None:
    ours = replace(OURS, update_id=before)
    assert ours.has_become(replace(ours, channel=20, update_id=after)) is same
    assert ours.has_become(replace(ours, pan_id=0x1234, update_id=after)) is same


@pytest.mark.parametrize("member", ["coordinator", "extended_pan_id", "key"])
def test_values_that_never_change(member: str) -> None:
    changes: dict[str, str] = {member: "another"}
    other = replace(OURS, update_id=8, **changes)  # type: ignore[arg-type]
    assert not OURS.has_become(other)


def test_an_old_state_of_the_same_network_is_known() -> None:
    """A coordinator restored to an earlier state: no difference for the devices."""
    assert OURS.has_become(replace(OURS, update_id=0))


@pytest.mark.parametrize(
    ("firmware", "number", "old"),
    [
        ("Z-Stack 20230507", 20230507, False),
        ("Z-Stack 20210708", 20210708, False),
        ("Z-Stack 20210707", 20210707, True),
        ("Z-Stack 0", 0, True),
        ("Z-Stack 3.0.x 20190425", 20190425, True),
        ("Z-Stack Home 1.2 20190608", None, False),
        ("", None, False),
        ("EmberZNet 7.4.1.0", None, False),
        ("Z-Stack 20210707 (custom)", None, False),
    ],
)
def test_firmware(firmware: str, number: int | None, old: bool) -> None:
    assert build(firmware) == number
    assert is_too_old(firmware) is old
    assert is_z_stack_1(firmware) is ("1.2" in firmware)
