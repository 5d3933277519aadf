"""Zigbee2MQTT's files, of both layouts, whole and spoilt."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
import io
import json
from typing import Any
import zipfile

import pytest

from custom_components.aqara_zigbee.core.device_settings import AVAILABILITY
from custom_components.aqara_zigbee.radio.backup import BackupError, BackupProblem
from custom_components.aqara_zigbee.radio.migration.source import (
    MigrationFailure,
    MigrationWarning,
    NotMigrated,
    SourceDevice,
    SourceNetwork,
    TakeoverError,
)
from custom_components.aqara_zigbee.radio.migration.z2m_archive import unpack
from custom_components.aqara_zigbee.radio.migration.z2m_files import MOST_BYTES, Files
from custom_components.aqara_zigbee.radio.migration.zigbee2mqtt import household
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


def member(found: SourceNetwork, name: str) -> SourceDevice:
    return next(member for member in found.members if member.name == NAMES[name])


def test_devices_are_migrated_completely(layout: int, home: dict[str, dict[str, Any]]) -> None:
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


def test_unmigrated_data_is_counted(layout: int) -> None:
    found = household(files(layout))
    losses = found.losses
    assert losses[NotMigrated.GROUPS] == 1
    assert losses.get(NotMigrated.GREEN_POWER) == (1 if layout == 2 else None)
    assert losses[NotMigrated.OPTIONS] == 1
    assert found.lost_options == ("icon",)


def test_equivalent_options_are_migrated(layout: int) -> None:
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


def test_states_are_read(layout: int) -> None:
    found = household(files(layout))
    assert member(found, "relay").z2m_state["state_l2"] == "ON"
    assert member(household(replace(files(layout), states=b"")), "relay").z2m_state == {}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("homeassistant: true", True),
        ("homeassistant: false", False),
        ("homeassistant: {discovery_topic: x}", True),
        ("homeassistant: {enabled: false}", False),
        ("homeassistant: 5", None),
        ("# nothing", None),
    ],
)
def test_null_values_are_set_for_mqtt_entities(line: str, expected: bool | None) -> None:
    found = household(replace(files(2), configuration=line.encode())).mirror
    assert found.get("null_values") is expected


def test_settings_of_the_mirror() -> None:
    assert household(files(1)).mirror == {
        "action_reset": True,
        "base_topic": "home/zigbee",
        "elapsed": True,
        "last_seen": "ISO_8601_local",
        "log_level": "warning",
        "plain_availability": True,
        "null_values": True,
    }
    assert household(files(2)).mirror == {
        "base_topic": "zigbee2mqtt",
        "include_device": False,
        "log_level": "info",
        "null_values": True,
    }


def test_port_is_converted() -> None:
    assert household(files(1)).port == "/dev/ttyACM0"
    assert household(files(2)).port == "socket://192.168.1.20:6638"
    assert household(replace(files(2), configuration=b"serial:\n")).port == ""


def test_matching_configuration_has_no_warning(layout: int) -> None:
    assert household(files(layout)).doubts == ()


@pytest.mark.parametrize(
    ("before", "after", "doubt"),
    [
        (b"    - 161\n", b"    - 162\n", MigrationWarning.OTHER_KEY),
        (b"pan_id: 6699", b"pan_id: 6698", MigrationWarning.OTHER_PAN),
        (b"    - 1\n    - 2\n", b"    - 2\n    - 2\n", MigrationWarning.OTHER_PAN),
    ],
)
def test_configuration_of_another_network(
    before: bytes, after: bytes, doubt: MigrationWarning
) -> None:
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
def test_generated_values_do_not_contradict(advanced: bytes) -> None:
    whole = replace(files(2), configuration=b"advanced:\n  " + advanced + b"\n")
    assert household(whole).doubts == ()


def test_names_in_a_file_of_their_own() -> None:
    """Without that file names are missing, with a warning. It is also accepted as the main file."""
    alone = household(replace(files(1), devices=b""))
    assert alone.doubts == (MigrationWarning.NAMES_ELSEWHERE,)
    assert {member.name for member in alone.members} == {None}
    instead = household(replace(files(1), configuration=files(1).devices, devices=b""))
    assert {member.name for member in instead.members} == {*NAMES.values(), None}


def test_invalid_names() -> None:
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
def test_invalid_availability(availability: str) -> None:
    text = f"devices:\n  '0x00158d0067d8ede7': {{availability: {availability}}}\n"
    found = household(replace(files(2), configuration=text.encode()))
    assert not any(AVAILABILITY in member.options for member in found.members)


def archive(content: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
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
    assert unpack(packed) == replace(whole, devices=b"", named={"devices.yaml": whole.devices})


def test_archive_in_a_folder() -> None:
    whole = files(2)
    packed = archive(
        {"data/coordinator_backup.json": whole.backup, "data/database.db": whole.database}
    )
    assert unpack(packed) == Files(whole.backup, whole.database)


@pytest.mark.parametrize(
    ("packed", "failure", "file"),
    [
        (b"", MigrationFailure.UNREADABLE, ""),
        (b"PK\x03\x04 and nothing", MigrationFailure.UNREADABLE, ""),
        (archive({}), MigrationFailure.MISSING, "coordinator_backup.json"),
        (archive({"coordinator_backup.json": b"{}"}), MigrationFailure.MISSING, "database.db"),
        (
            archive({"coordinator_backup.json": b"{}", "database.db": bytes(MOST_BYTES + 1)}),
            MigrationFailure.TOO_LARGE,
            "database.db",
        ),
    ],
    ids=["empty", "broken", "nothing inside", "no database", "too large"],
)
def test_invalid_archives(packed: bytes, failure: MigrationFailure, file: str) -> None:
    with pytest.raises(TakeoverError) as error:
        unpack(packed)
    assert (error.value.failure, error.value.file) == (failure, file)


def test_archive_with_files_in_several_folders() -> None:
    """The folder is that of the database; a file that is not in it is taken from elsewhere."""
    whole = files(2)
    packed = archive(
        {
            "data/database.db": whole.database,
            "data/configuration.yaml": whole.configuration,
            "old/configuration.yaml": b"homeassistant: true",
            "backup/coordinator_backup.json": whole.backup,
        }
    )
    assert unpack(packed) == Files(whole.backup, whole.database, whole.configuration)


def test_archive_with_a_damaged_database() -> None:
    packed = archive(
        {"coordinator_backup.json": b"{}", "database.db": b"y" * 500}, zipfile.ZIP_STORED
    )
    with pytest.raises(TakeoverError) as error:
        unpack(packed.replace(b"yyyy", b"yyyz"))
    assert (error.value.failure, error.value.file) == (MigrationFailure.UNREADABLE, "database.db")


def test_states_that_are_too_large_are_not_read() -> None:
    whole = files(2)
    packed = archive(
        {
            "coordinator_backup.json": whole.backup,
            "database.db": whole.database,
            "configuration.yaml": whole.configuration,
            "state.json": bytes(MOST_BYTES + 1),
        }
    )
    assert household(unpack(packed)).doubts == (MigrationWarning.NO_STATES,)


def test_archive_cut_short() -> None:
    packed = archive({"coordinator_backup.json": b"x" * 5000, "database.db": b"y" * 5000})
    with pytest.raises(TakeoverError):
        unpack(packed[:-30])


@pytest.mark.parametrize(
    ("change", "failure", "file"),
    [
        ({"database": b""}, MigrationFailure.NO_DEVICES, "database.db"),
        ({"database": b"SQLite format 3\0..."}, MigrationFailure.WRONG_FILE, "database.db"),
        ({"database": b"no json"}, MigrationFailure.UNREADABLE, "database.db"),
        ({"database": b'{"id":1,"type":"Router"'}, MigrationFailure.UNREADABLE, "database.db"),
        ({"database": b"[1]"}, MigrationFailure.WRONG_FILE, "database.db"),
        ({"database": b'{"metadata":{}}'}, MigrationFailure.WRONG_FILE, "database.db"),
        ({"database": b'{"type":"Group"}\n\n'}, MigrationFailure.NO_DEVICES, "database.db"),
        ({"database": bytes(MOST_BYTES + 1)}, MigrationFailure.TOO_LARGE, "database.db"),
    ],
)
def test_invalid_files(change: dict[str, Any], failure: MigrationFailure, file: str) -> None:
    with pytest.raises(TakeoverError) as error:
        household(replace(files(2), **change))
    assert (error.value.failure, error.value.file) == (failure, file)
    assert error.value.__cause__ is None


def test_invalid_network() -> None:
    with pytest.raises(BackupError) as error:
        household(replace(files(2), backup=b"{}"))
    assert error.value.problem is BackupProblem.OTHER


def test_empty_configuration_is_invalid() -> None:
    assert household(replace(files(2), configuration=b"# nothing\n")).mirror == {}


def entry(spoil: Callable[[dict[str, Any]], object]) -> SourceNetwork:
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
        lambda plug: plug.update(type="Toaster"),
    ],
)
def test_lines_without_a_device_are_skipped(spoil: Callable[[dict[str, Any]], object]) -> None:
    found = entry(spoil)
    assert len(found.members) == 6
    assert (found.losses[NotMigrated.LINES], found.damaged_lines) == (1, (2,))


def changed(database: Callable[[list[bytes]], list[bytes]]) -> SourceNetwork:
    """The files, the lines of the database changed."""
    lines = database(files(2).database.splitlines())
    return household(replace(files(2), database=b"\n".join(lines)))


def line(source: bytes, **values: Any) -> bytes:
    """A line with other values; those that are None are left out."""
    content = json.loads(source) | values
    return json.dumps({name: value for name, value in content.items() if value != "gone"}).encode()


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [*lines[:3], lines[4][:-7], *lines[3:]],
        lambda lines: [*lines[:3], b"\0" * 512, *lines[3:]],
        lambda lines: [*lines[:3], b'"a text"', *lines[3:]],
        lambda lines: [*lines[:3], b'{"id": 3}', *lines[3:]],
        lambda lines: [*lines[:3], b'{"id": 3, "type": "Router", "modelId": "\xe4"}', *lines[3:]],
        lambda lines: [*lines[:3], b"[" * 20_000, *lines[3:]],
    ],
    ids=["cut", "zeros", "text", "no type", "encoding", "deep"],
)
def test_only_a_damaged_line_is_lost(damage: Callable[[list[bytes]], list[bytes]]) -> None:
    found = changed(damage)
    assert {each.name for each in found.members} == {*NAMES.values(), None}
    assert (found.losses[NotMigrated.LINES], found.damaged_lines) == (1, (4,))


def test_last_line_cut_short() -> None:
    found = changed(lambda lines: [*lines, lines[2][:100]])
    assert len(found.members) == 7
    assert found.damaged_lines == (len(files(2).database.splitlines()) + 1,)


def test_last_line_of_a_device_counts() -> None:
    found = changed(lambda lines: [*lines, line(lines[2], id=77, nwkAddr=4321)])
    assert len(found.members) == 7
    assert member(found, "relay").node.nwk == 4321
    assert NotMigrated.LINES not in found.losses


@pytest.mark.parametrize("nwk", [0, 65535, 0xFFF8, None, "12", -1, 1.5, True, 1 << 40])
def test_device_without_an_address_is_kept(nwk: object) -> None:
    found = changed(
        lambda lines: [line(each, nwkAddr=nwk) if n == 1 else each for n, each in enumerate(lines)]
    )
    assert member(found, "plug").node.nwk == 0xFFFE
    assert found.losses[NotMigrated.ADDRESSES] == 1
    assert len(found.members) == 7


@pytest.mark.parametrize(("earlier", "keeps"), [(2, "plug"), (1, "relay")])
def test_address_belongs_to_the_last_seen_device(earlier: int, keeps: str) -> None:
    """Whatever the order of the lines."""
    found = changed(
        lambda lines: [
            line(each, nwkAddr=777, lastSeen=SEEN - (n == earlier)) if n in (1, 2) else each
            for n, each in enumerate(lines)
        ]
    )
    addresses = {name: member(found, name).node.nwk for name in ("plug", "relay")}
    assert addresses.pop(keeps) == 777
    assert set(addresses.values()) == {0xFFFE}
    assert found.losses[NotMigrated.ADDRESSES] == 1


@pytest.mark.parametrize(
    "state",
    [
        {"interviewState": "PENDING", "interviewCompleted": False},
        {"interviewState": "IN_PROGRESS", "interviewCompleted": "gone"},
        {
            "interviewState": "FAILED",
            "interviewCompleted": False,
            "type": "Unknown",
            "endpoints": {},
        },
    ],
)
def test_model_is_used_even_without_an_interview(state: dict[str, Any]) -> None:
    found = changed(lambda lines: [lines[0], line(lines[1], **state), *lines[2:]])
    assert member(found, "plug").node.is_complete
    other = changed(lambda lines: [lines[0], line(lines[1], **state, modelId="gone"), *lines[2:]])
    assert not member(other, "plug").node.is_complete


@pytest.mark.parametrize("wrong", [5, "text", True, {"a": 1}, [[1]], None, 1.5])
@pytest.mark.parametrize(
    "name",
    ["inClusterList", "outClusterList", "profId", "devId", "epId"],
)
def test_wrong_types_in_an_endpoint(name: str, wrong: object) -> None:
    content = json.loads(files(2).database.splitlines()[1])["endpoints"]
    content["1"][name] = wrong
    found = changed(lambda lines: [lines[0], line(lines[1], endpoints=content), *lines[2:]])
    assert member(found, "plug").node.is_complete


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        ({"states": b"{"}, MigrationWarning.NO_STATES),
        ({"states": b"[]"}, MigrationWarning.NO_STATES),
        ({"states": bytes(MOST_BYTES + 1)}, MigrationWarning.NO_STATES),
        ({"configuration": b"a: [1"}, MigrationWarning.NO_CONFIGURATION),
        ({"configuration": "name: K\xfcche".encode("latin-1")}, MigrationWarning.NO_CONFIGURATION),
        ({"configuration": b"[" * 50_000}, MigrationWarning.NO_CONFIGURATION),
        ({"configuration": b"- a list"}, MigrationWarning.NO_CONFIGURATION),
        ({"configuration": bytes(MOST_BYTES + 1)}, MigrationWarning.NO_CONFIGURATION),
        (
            {"configuration": b"devices: mine.yaml", "devices": b"just words"},
            MigrationWarning.NO_NAMES,
        ),
    ],
)
def test_only_a_damaged_optional_file_is_lost(
    change: dict[str, Any], doubt: MigrationWarning
) -> None:
    found = household(replace(files(2), **change))
    assert found.doubts == (doubt,)
    assert len(found.members) == 7


def test_damaged_files_in_an_archive() -> None:
    """A checksum that is wrong costs that file."""
    whole = files(2)
    packed = archive(
        {
            "coordinator_backup.json": whole.backup,
            "database.db": whole.database,
            "configuration.yaml": whole.configuration,
            "state.json": b"{" + b" " * 500 + b"}",
        }
    )
    place = packed.index(
        b"PK\x01\x02", packed.rindex(b"state.json", 0, packed.rindex(b"state.json"))
    )
    spoilt = bytearray(packed)
    spoilt[place - 8 : place - 2] = b"\xff" * 6
    found = household(unpack(bytes(spoilt)))
    assert found.doubts == (MigrationWarning.NO_STATES,)
    assert member(found, "plug").name == NAMES["plug"]


def named(configuration: bytes, **others: bytes) -> list[str | None]:
    """The names of the first two devices, from an archive."""
    whole = files(2)
    content = {name.replace("__", "/") + ".yaml": data for name, data in others.items()}
    packed = archive(
        {
            "data/coordinator_backup.json": whole.backup,
            "data/database.db": whole.database,
            "data/configuration.yaml": configuration,
            **{f"data/{name}": data for name, data in content.items()},
        }
    )
    return [member.name for member in household(unpack(packed)).members[:2]]


FIRST, SECOND = "0x00158d0067d8ede7", "0x00158d0071cc8293"


def test_names_in_the_files_of_the_configuration() -> None:
    one = f"'{FIRST}': {{friendly_name: One}}".encode()
    two = f"'{SECOND}': {{friendly_name: Two}}".encode()
    inside = b"devices: {" + one + b", " + two + b"}"
    stale = f"'{FIRST}': {{friendly_name: Stale}}".encode()
    known = sorted(each.node.ieee for each in household(files(2)).members)
    assert len(known) == 7
    assert set(named(inside, devices=stale)) == set(
        named(b"devices: [a.yaml, b.yaml]", a=one, b=two)
    )
    assert "Stale" not in named(b"{}", devices=stale)
    assert "One" in named(b"devices: names__of/mine.yaml".replace(b"__", b"_"), names_of__mine=one)
    assert "One" in named(b"devices: ./mine.yaml", mine=one, devices=stale)


def test_one_of_several_files_of_names_is_missing() -> None:
    whole = replace(files(2), configuration=b"devices: [a.yaml, b.yaml]", named={"a.yaml": b"{}"})
    assert household(whole).doubts == (MigrationWarning.NAMES_ELSEWHERE,)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("on", "on"),
        ("Off", "Off"),
        ("YES", "YES"),
        ("n", "n"),
        ("12:30", "12:30"),
        ("1:2:3", "1:2:3"),
        ("2024-01-02", "2024-01-02"),
        ("0o17", "15"),
        ("017", "17"),
        ("0x1F", "31"),
        ("=", "="),
        ("<<", "<<"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("190:20:30.15", "190:20:30.15"),
        ("true", None),
        ("~", None),
        ("!secret x", None),
    ],
)
def test_names_in_yaml_1_2(text: str, name: str | None) -> None:
    configuration = f"devices:\n  '{FIRST}':\n    friendly_name: {text}\n".encode()
    assert FIRST in files(2).database.decode()
    found = household(replace(files(2), configuration=configuration))
    assert {each.name for each in found.members} == {name, None}


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ("homeassistant: {legacy_triggers: true}", True),
        ("homeassistant: true", True),
        ("homeassistant: {legacy_triggers: false}", None),
        ("homeassistant: false", None),
        ("version: 4\nhomeassistant: {enabled: true, legacy_action_sensor: true}", True),
        ("version: 4\nhomeassistant: {enabled: true, legacy_triggers: true}", None),
        ("version: 4\nhomeassistant: {enabled: false, legacy_action_sensor: true}", None),
        ("version: 4\nhomeassistant: 7", None),
    ],
)
def test_empty_action_after_each_action(configuration: str, expected: bool | None) -> None:
    found = household(replace(files(2), configuration=configuration.encode()))
    assert found.mirror.get("action_reset") is expected
    is_first = not configuration.startswith("version")
    assert found.mirror.get("plain_availability") is (True if is_first else None)


@pytest.mark.parametrize("output", ["attribute", "attribute_and_json"])
def test_topic_for_each_property_is_counted(output: str) -> None:
    configuration = f"version: 4\nadvanced: {{output: {output}}}".encode()
    assert household(replace(files(2), configuration=configuration)).losses[NotMigrated.OUTPUT] == 1
    assert NotMigrated.OUTPUT not in household(files(2)).losses


def test_silence_for_all_devices() -> None:
    configuration = b"""
availability: {enabled: true, active: {timeout: 15}, passive: {timeout: 3000}}
devices: {'0x00158d0067d8ede7': {availability: {timeout: 44}}}
"""
    found = household(replace(files(2), configuration=configuration))
    by_type = {each.options[AVAILABILITY] for each in found.members}
    assert by_type == {15, 3000, 44}
    off = household(
        replace(files(2), configuration=b"availability: {enabled: false, active: {timeout: 15}}")
    )
    assert not any(AVAILABILITY in each.options for each in off.members)


def test_default_extended_pan_id_contradicts_nothing() -> None:
    default = b"advanced: {ext_pan_id: [221, 221, 221, 221, 221, 221, 221, 221]}"
    assert household(replace(files(2), configuration=default)).doubts == ()


@pytest.mark.parametrize(
    ("port", "path"),
    [
        ("tcp://10.0.0.7:6638", "socket://10.0.0.7:6638"),
        ("10.0.0.7:7638", "socket://10.0.0.7:7638"),
        ("10.0.0.7", "socket://10.0.0.7:6638"),
        ("tcp://uzg-01.local", "socket://uzg-01.local:6638"),
        ("uzg-01.lan:6638", "socket://uzg-01.lan:6638"),
        ("'[fd00::7]:6638'", "socket://[fd00::7]:6638"),
        ("/dev/ttyUSB1", "/dev/ttyUSB1"),
        ("COM3", "COM3"),
        ("mdns://uzg-01", ""),
        ("5", ""),
    ],
)
def test_port_is_completed(port: str, path: str) -> None:
    configuration = f"serial: {{port: {port}}}".encode()
    assert household(replace(files(2), configuration=configuration)).port == path


def test_line_with_invalid_values() -> None:
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
