"""The migrated data of devices: states, options, and information."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ...core.definition import GONE, Definition
from ...core.errors import AqaraError
from ...core.firmware import BasicInfo
from ...core.options import is_correction
from ...core.property import Action, Binary, Numeric, Row, Scalar
from ...core.radio import Ieee
from .source import SourceDevice, model_of


def memories(
    members: Iterable[SourceDevice], definitions: Mapping[str, Definition]
) -> dict[Ieee, dict[str, Any]]:
    """Return the devices' stored data for `core.gateway.Gateway`, as of `Device.as_dict`."""
    return {
        member.node.ieee: _memory(member, definitions.get(model_of(member.node)))
        for member in members
    }


def _memory(member: SourceDevice, definition: Definition | None) -> dict[str, Any]:
    options = _options(member, definition)
    return {
        "state": _state(member, definition, options) if definition else {},
        "pending": {},
        "options": options,
        "about": asdict(BasicInfo(**member.about)),
        "last_seen": member.last_seen.isoformat() if member.last_seen else None,
    }


def _options(member: SourceDevice, definition: Definition | None) -> dict[str, Any]:
    """Return the options that the model has, and those of every device."""
    kept: dict[str, Any] = {}
    for name, value in member.options.items():
        if not is_correction(name):
            kept[name] = value
        elif option := definition.option(name) if definition else None:
            try:
                kept[name] = option.check(value)
            except AqaraError:
                continue
    return kept


def _state(
    member: SourceDevice, definition: Definition, options: Mapping[str, Any]
) -> dict[str, Scalar]:
    """The last state: from attributes, then from Zigbee2MQTT's. Invalid values are dropped."""
    state: dict[str, Scalar] = {}
    for report in member.reports:
        changes = definition.decode(report, options)
        state |= {
            name: value
            for name, value in changes.items()
            if value is not GONE and _is_state(definition, name)
        }
    for name, word in member.z2m_state.items():
        if _is_state(definition, name):
            value = _meaning(definition[name], word)
            if value is not None:
                state[name] = value
    return state


def _is_state(definition: Definition, name: str) -> bool:
    """Whether a name is a stored property, and not an action."""
    action = definition.action
    details = {detail.name for detail in action.details} if action else set()
    return name in definition and name not in details and not isinstance(definition[name], Action)


def _meaning(row: Row, word: Any) -> Scalar:
    """Return a value in Zigbee2MQTT's format as the row's value; None if it is invalid."""
    if isinstance(row, Binary):
        if word == row.on and isinstance(word, type(row.on)):
            return True
        return False if word == row.off and isinstance(word, type(row.off)) else None
    if isinstance(row, Numeric) and (isinstance(word, bool) or not isinstance(word, int | float)):
        return None
    try:
        return row.check(word)
    except AqaraError:
        return None
