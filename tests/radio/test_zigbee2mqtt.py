"""Zigbee2MQTT's files, of both layouts, whole and spoilt."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
import io
import json
from typing import Any
import zipfile

import pytest

from custom_components.aqara_zigbee.core.device import AVAILABILITY
from custom_components.aqara_zigbee.radio.backup import BackupError, Flaw
from custom_components.aqara_zigbee.radio.takeover import (
    Doubt,
    Household,
    Loss,
    Member,
    Mistake,
    TakeoverError,
)
from custom_components.aqara_zigbee.radio.zigbee2mqtt import MOST_BYTES, Files, household, unpack
from tests.takeover_fixtures import FOLDER, NAMES, SEEN


def files(layout: int) -> Files:
    """All files of a layout."""
    place = FOLDER / "zigbee2mqtt" / f"version-{layout}"

    def content(name: str) -> bytes:
        return (place / name).read_bytes() if (place / name).exists() else b""

    return Files(
        content("coordinator_backup.json"),
        content("database.db"),
        content("configuration.yaml"),
        content("devices.yaml"),
        content("state.json"),
    )


@pytest.fixture(params=[1, 2])
def layout(request: pytest.FixtureRequest) -> int:
    """A layout."""
    number: int = request.param
    return number


@pytest.fixture
def home() -> dict[str, dict[str, Any]]:
    """The devices that the files describe, by name."""
    saved = json.loads((FOLDER / "zigbee2mqtt" / "home.json").read_text())
    return {device["name"]: device for device in saved["devices"]}


def member(found: Household, name: str) -> Member:
    return next(member for member in found.members if member.name == NAMES[name])


def test_devices_arrive_whole(layout: int, home: dict[str, dict[str, Any]]) -> None:
    found = household(files(layout))
    assert {each.name for each in found.members} == {*NAMES.values(), None}
    for name, device in home.items():
        node = member(found, name).node
        assert (node.ieee, node.nwk, node.model) == (device["ieee"], device["nwk"], device["model"])
        assert node.is_complete
        assert member(found, name).last_seen == datetime.fromtimestamp(SEEN / 1000, UTC)
    plug = member(found, "plug")
    assert plug.node.manufacturer == "LUMI"
    assert plug.node.manufacturer_code == 0x115F
    assert plug.node.logical_type == 1
    assert plug.node.mac_capabilities == 0x8E
    assert set(plug.node.endpoints) == {1, 2, 3}
    assert plug.node.endpoints[1].device_type == 0x0051
    assert 0x0006 in plug.node.endpoints[1].inputs
    assert plug.node.endpoints[2].outputs == (0x0004, 0x000C)
    assert plug.about["date_code"] == "09-04-2018"
    assert plug.about["application_version"] == 22
    assert plug.about["power_source"] == 1
    assert member(found, "locks2").node.mac_capabilities == 0x80
    assert (
        found.coordinator == json.loads((FOLDER / "zigbee2mqtt" / "home.json").read_text())["ieee"]
    )
    assert found.backup is not None
    assert found.backup.devices == 6


def test_device_that_fell_asleep_during_its_interview(layout: int) -> None:
    knob = member(household(files(layout)), "knob")
    assert knob.node.is_complete
    assert knob.about["software_build_id"] == "2019"
    if layout == 1:
        assert knob.node.endpoints == {}
    else:
        (endpoint,) = knob.node.endpoints.values()
        assert (endpoint.profile, endpoint.device_type) == (0x0104, 0xFFFF)


def test_device_without_interview_is_known_by_address_alone(layout: int) -> None:
    (unknown,) = [each for each in household(files(layout)).members if each.name is None]
    assert unknown.node.ieee == "00:15:8d:00:09:99:99:99"
    assert not unknown.node.is_complete
    assert unknown.last_seen is None


def test_what_is_lost_is_counted(layout: int) -> None:
    losses = household(files(layout)).losses
    assert losses[Loss.GROUPS] == 1
    assert losses.get(Loss.GREEN_POWER) == (1 if layout == 2 else None)
    assert losses[Loss.OPTIONS] == 1  # the icon


def test_options_that_mean_the_same_are_kept(layout: int) -> None:
    found = household(files(layout))
    plug = member(found, "plug").options
    assert plug["device_temperature_calibration"] == 1.5
    assert plug["power_precision"] == 1
    assert plug["retain"] is True
    assert plug["qos"] == 1
    assert "icon" not in plug
    knob = member(found, "knob").options
    assert knob["debounce"] == 0.5
    assert knob["filtered_attributes"] == ["action_rotation_angle"]
    assert knob[AVAILABILITY] == 2000
    lock = member(found, "lock").options
    if layout == 1:
        assert lock["legacy"] is True
        assert member(found, "locks2").options["legacy"] is False  # what holds for all
    else:
        assert lock[AVAILABILITY] == 0


def test_states_are_kept_in_their_words(layout: int) -> None:
    found = household(files(layout))
    assert member(found, "relay").words["state_l2"] == "ON"
    assert member(household(replace(files(layout), states=b"")), "relay").words == {}


def test_settings_of_the_mirror() -> None:
    assert household(files(1)).mirror == {
        "base_topic": "home/zigbee",
        "elapsed": True,
        "last_seen": "ISO_8601_local",
        "plain_availability": True,
    }
    assert household(files(2)).mirror == {"base_topic": "zigbee2mqtt", "include_device": False}


def test_port_in_our_spelling() -> None:
    assert household(files(1)).port == "/dev/ttyACM0"
    assert household(files(2)).port == "socket://192.168.1.20:6638"
    assert household(replace(files(2), configuration=b"serial:\n")).port == ""


def test_configuration_that_fits_raises_no_doubt(layout: int) -> None:
    assert household(files(layout)).doubts == ()


@pytest.mark.parametrize(
    ("before", "after", "doubt"),
    [
        (b"    - 161\n", b"    - 162\n", Doubt.OTHER_KEY),
        (b"pan_id: 6699", b"pan_id: 6698", Doubt.OTHER_PAN),
        (b"    - 1\n    - 2\n", b"    - 2\n    - 2\n", Doubt.OTHER_PAN),
    ],
)
def test_configuration_of_another_network(before: bytes, after: bytes, doubt: Doubt) -> None:
    whole = files(2)
    assert before in whole.configuration
    changed = replace(whole, configuration=whole.configuration.replace(before, after, 1))
    assert household(changed).doubts == (doubt,)


@pytest.mark.parametrize(
    "advanced",
    [
        b"network_key: GENERATE\n  pan_id: GENERATE\n  ext_pan_id: GENERATE",
        b"network_key: [1, 2, 3]\n  pan_id: 0x1a2b\n  ext_pan_id: [8, 7, 6, 5, 4, 3, 2, 1]",
        b"network_key: !secret key\n  pan_id: !secret pan\n  ext_pan_id: [x, 7, 6, 5, 4, 3, 2, 1]",
    ],
)
def test_words_contradict_nothing(advanced: bytes) -> None:
    whole = replace(files(2), configuration=b"advanced:\n  " + advanced + b"\n")
    assert household(whole).doubts == ()


def test_names_in_a_file_of_their_own() -> None:
    """Without that file names are missing, and this is said. It also does in the other's place."""
    alone = household(replace(files(1), devices=b""))
    assert alone.doubts == (Doubt.NAMES_ELSEWHERE,)
    assert {member.name for member in alone.members} == {None}
    instead = household(replace(files(1), configuration=files(1).devices, devices=b""))
    assert {member.name for member in instead.members} == {*NAMES.values(), None}


def test_names_that_are_none() -> None:
    whole = files(2)
    configuration = b"""
devices:
  '0x00158d0067d8ede7': {friendly_name: '0x00158d0067d8ede7'}
  '0x00158d0071cc8293': {friendly_name: 12}
  '0x00158d00e09d1913': {friendly_name: true}
  '0x00158d00ff9a72ae': nonsense
"""
    assert configuration.decode().split("'")[1] in whole.database.decode()
    found = household(replace(whole, configuration=configuration))
    assert sorted(str(member.name) for member in found.members) == ["12"] + ["None"] * 6


@pytest.mark.parametrize(
    "availability", ["{timeout: -1}", "{timeout: 99999}", "{timeout: x}", "true", "{}", "[]"]
)
def test_availability_that_is_none(availability: str) -> None:
    text = f"devices:\n  '0x00158d0067d8ede7': {{availability: {availability}}}\n"
    found = household(replace(files(2), configuration=text.encode()))
    assert not any(AVAILABILITY in member.options for member in found.members)


def archive(content: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in content.items():
            opened.writestr(name, data)
    return buffer.getvalue()


def test_archive_of_the_frontend() -> None:
    whole = files(1)
    packed = archive(
        {
            "log/old/database.db": b"not this one",
            "coordinator_backup.json": whole.backup,
            "database.db": whole.database,
            "configuration.yaml": whole.configuration,
            "devices.yaml": whole.devices,
            "state.json": whole.states,
            "secret.yaml": b"network_key: no",
        }
    )
    assert unpack(packed) == whole


def test_archive_in_a_folder() -> None:
    whole = files(2)
    packed = archive(
        {"data/coordinator_backup.json": whole.backup, "data/database.db": whole.database}
    )
    assert unpack(packed) == Files(whole.backup, whole.database)


@pytest.mark.parametrize(
    ("packed", "mistake", "file"),
    [
        (b"", Mistake.UNREADABLE, ""),
        (b"PK\x03\x04 and nothing", Mistake.UNREADABLE, ""),
        (archive({}), Mistake.MISSING, "coordinator_backup.json"),
        (archive({"coordinator_backup.json": b"{}"}), Mistake.MISSING, "database.db"),
        (archive({"database.db": bytes(MOST_BYTES + 1)}), Mistake.TOO_LARGE, "database.db"),
    ],
    ids=["empty", "broken", "nothing inside", "no database", "too large"],
)
def test_archives_that_are_none(packed: bytes, mistake: Mistake, file: str) -> None:
    with pytest.raises(TakeoverError) as error:
        unpack(packed)
    assert (error.value.mistake, error.value.file) == (mistake, file)


def test_archive_cut_short() -> None:
    packed = archive({"coordinator_backup.json": b"x" * 5000, "database.db": b"y" * 5000})
    with pytest.raises(TakeoverError):
        unpack(packed[:-30])


@pytest.mark.parametrize(
    ("change", "mistake", "file"),
    [
        ({"database": b""}, Mistake.NO_DEVICES, "database.db"),
        ({"database": b"SQLite format 3\0..."}, Mistake.WRONG_FILE, "database.db"),
        ({"database": b"no json"}, Mistake.UNREADABLE, "database.db"),
        ({"database": b'{"id":1,"type":"Router"'}, Mistake.UNREADABLE, "database.db"),
        ({"database": b"[1]"}, Mistake.WRONG_FILE, "database.db"),
        ({"database": b'{"metadata":{}}'}, Mistake.WRONG_FILE, "database.db"),
        ({"database": b'{"type":"Group"}\n\n'}, Mistake.NO_DEVICES, "database.db"),
        ({"database": bytes(MOST_BYTES + 1)}, Mistake.TOO_LARGE, "database.db"),
        ({"configuration": b"a: [1"}, Mistake.UNREADABLE, "configuration.yaml"),
        ({"configuration": b"\xff\xfe\xff"}, Mistake.UNREADABLE, "configuration.yaml"),
        ({"configuration": b"[" * 50_000}, Mistake.UNREADABLE, "configuration.yaml"),
        ({"configuration": b"- a list"}, Mistake.WRONG_FILE, "configuration.yaml"),
        ({"configuration": bytes(MOST_BYTES + 1)}, Mistake.TOO_LARGE, "configuration.yaml"),
        ({"devices": b"just words"}, Mistake.WRONG_FILE, "devices.yaml"),
        ({"states": b"[]"}, Mistake.WRONG_FILE, "state.json"),
        ({"states": b"{"}, Mistake.UNREADABLE, "state.json"),
        ({"states": bytes(MOST_BYTES + 1)}, Mistake.TOO_LARGE, "state.json"),
    ],
)
def test_files_that_are_none(change: dict[str, bytes], mistake: Mistake, file: str) -> None:
    with pytest.raises(TakeoverError) as error:
        household(replace(files(2), **change))
    assert (error.value.mistake, error.value.file) == (mistake, file)
    assert error.value.__cause__ is None


def test_network_that_is_none() -> None:
    with pytest.raises(BackupError) as error:
        household(replace(files(2), backup=b"{}"))
    assert error.value.flaw is Flaw.OTHER


def test_empty_configuration_is_none() -> None:
    assert household(replace(files(2), configuration=b"# nothing\n")).mirror == {}


def entry(spoil: Callable[[dict[str, Any]], object]) -> Household:
    """The plug's line, changed."""
    lines = files(2).database.splitlines()
    plug = json.loads(lines[1])
    spoil(plug)
    lines[1] = json.dumps(plug).encode()
    return household(replace(files(2), database=b"\n".join(lines)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda plug: plug.update(ieeeAddr="0x1"),
        lambda plug: plug.update(ieeeAddr=None),
        lambda plug: plug.update(nwkAddr=65535),
        lambda plug: plug.update(nwkAddr="1"),
        lambda plug: plug.update(type="Toaster"),
    ],
)
def test_lines_that_are_no_device_are_left_out(spoil: Callable[[dict[str, Any]], object]) -> None:
    assert len(entry(spoil).members) == 6


def test_line_with_nonsense_in_it() -> None:
    def spoil(plug: dict[str, Any]) -> None:
        plug.update(
            lastSeen=1e30, manufId="LUMI", appVersion=[1], dateCode=7, powerSource=None, modelId=5
        )
        plug["endpoints"] = {"1": {"epId": 1, "inClusterList": [0, "x", -1, True]}, "2": 7, "3": {}}

    found = member(entry(spoil), "plug")
    assert found.last_seen is None
    assert found.node.manufacturer_code == 0
    assert found.node.model is None
    assert found.about.keys() == {"stack_version", "hardware_version"}
    assert found.node.endpoints[1].inputs == (0,)
    assert list(found.node.endpoints) == [1]


def test_device_without_a_model_is_not_complete() -> None:
    assert not member(entry(lambda plug: plug.pop("modelId")), "plug").node.is_complete
