"""Files of other programs with anything in them: the right network, or an error with a text; no other end."""

from collections.abc import Callable
from dataclasses import replace
import json
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.radio.backup import Backup, BackupError
from custom_components.aqara_zigbee.radio.migration.memories import memories
from custom_components.aqara_zigbee.radio.migration.source import SourceNetwork, TakeoverError
from custom_components.aqara_zigbee.radio.migration.zigbee2mqtt import household
from tests.radio.test_zigbee2mqtt import files

BOUNDED = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(), max_size=12)
    | st.text("0123456789abcdefx", max_size=34),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)

WHOLE = files(2)
NETWORK: dict[str, Any] = json.loads(WHOLE.backup)
LINES = WHOLE.database.splitlines()


def places(content: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return all places in an object, as paths of keys."""
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    return [path for key, value in items for path in [(*above, key), *places(value, (*above, key))]]


def put(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of an object with something else in one place."""
    copy = json.loads(json.dumps(content))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return copy


def encoded(content: Any) -> bytes:
    return json.dumps(content).encode()


def answer(change: dict[str, Any]) -> SourceNetwork | None:
    """Return the result for the files; None for an error of our own, which has a text."""
    try:
        found = household(replace(WHOLE, **change))
    except BackupError, TakeoverError:
        return None
    # All of it can be stored and written.
    json.dumps(memories(found.members, DEFINITIONS), allow_nan=False).encode()
    addresses = [member.node.nwk for member in found.members if member.node.nwk != 0xFFFE]
    assert len(addresses) == len(set(addresses))
    assert all(1 <= nwk <= 0xFFF7 for nwk in addresses)
    return found


IDENTITY = {"coordinator_ieee", "extended_pan_id", "pan_id", "channel", "network_key"}


@BOUNDED
@given(st.sampled_from(places(NETWORK)), ANYTHING)
def test_network_with_any_value_in_one_place(path: tuple[Any, ...], value: Any) -> None:
    """Values outside the network do not change it; others are accepted or rejected."""
    try:
        found = Backup.parse(encoded(put(NETWORK, path, value)))
    except BackupError:
        return
    assert found.is_usable
    assert 11 <= found.channel <= 26
    assert 0 < found.pan_id < 0xFFFF
    if path[0] not in IDENTITY:
        assert found.differences(Backup.parse(WHOLE.backup)) == ()


@BOUNDED
@given(
    st.integers(1, 0xFFFE),
    st.binary(min_size=8, max_size=8).filter(any),
    st.binary(min_size=16, max_size=16).filter(lambda key: any(key[:4]) and key != b"\xff" * 16),
    st.booleans(),
)
def test_numbers_mean_the_same_with_and_without_leading_zeros(
    pan_id: int, extended: bytes, key: bytes, is_short: bool
) -> None:
    content = json.loads(WHOLE.backup)
    write: Callable[[str], str] = (lambda text: text.lstrip("0")) if is_short else str
    content["pan_id"] = write(f"{pan_id:04x}")
    content["extended_pan_id"] = write(extended.hex())
    content["network_key"]["key"] = write(key.hex())
    if extended == b"\xff" * 8:
        return
    found = Backup.parse(encoded(content))
    assert found.pan_id == pan_id
    assert found.extended_pan_id.replace(":", "") == extended.hex()
    assert found.has_key(key)


@BOUNDED
@given(st.sampled_from(range(1, 6)), st.data(), ANYTHING)
def test_line_with_any_value_in_one_place(number: int, data: st.DataObject, value: Any) -> None:
    """The other devices arrive whatever is in it."""
    entry = json.loads(LINES[number])
    path = data.draw(st.sampled_from(places(entry)))
    line = encoded(put(entry, path, value))
    found = answer({"database": b"\n".join([*LINES[:number], line, *LINES[number + 1 :]])})
    assert found is not None
    assert len(found.members) >= 6


@BOUNDED
@given(st.binary(max_size=60) | ANYTHING.map(encoded), st.integers(0, 8))
def test_any_line_between_the_others(line: bytes, place: int) -> None:
    found = answer({"database": b"\n".join([*LINES[:place], line, *LINES[place:]])})
    assert found is not None
    assert len(found.members) == 7


@BOUNDED
@given(
    st.sampled_from(
        [
            "devices",
            "advanced",
            "mqtt",
            "serial",
            "availability",
            "homeassistant",
            "device_options",
            "version",
        ]
    ),
    ANYTHING
    | st.dictionaries(
        st.sampled_from(
            [
                "pan_id",
                "ext_pan_id",
                "network_key",
                "port",
                "enabled",
                "active",
                "base_topic",
                "log_level",
                "output",
                "0x00158d0067d8ede7",
            ]
        ),
        ANYTHING,
        max_size=3,
    ),
)
def test_any_configuration(name: str, value: Any) -> None:
    assert answer({"configuration": encoded({name: value})}) is not None


@BOUNDED
@given(
    st.binary(max_size=80) | st.text(max_size=60).map(lambda text: text.encode(errors="replace"))
)
def test_any_optional_files(data: bytes) -> None:
    assert answer({"configuration": data, "states": data, "devices": data}) is not None


@BOUNDED
@given(ANYTHING, ANYTHING)
def test_any_states(everything: Any, value: Any) -> None:
    address = json.loads(LINES[1])["ieeeAddr"]
    assert answer({"states": encoded(everything)}) is not None
    assert answer({"states": encoded({address: value})}) is not None
    assert answer({"states": encoded({address: {"power": value, "state": value}})}) is not None
