"""Stored records, of which this version reads the members that it knows."""

from collections.abc import Mapping
from types import UnionType
from typing import Any

type Kind = type | UnionType


def known_members(stored: object, **kinds: Kind) -> dict[str, Any]:
    """Return the known members of an object; others, as of a newer version, are ignored.

    Args:
        stored: any JSON value.
        kinds: the types of its members, by name.

    Raises:
        ValueError: it is not an object, or a member is missing or of another type.
    """
    if not isinstance(stored, Mapping):
        raise ValueError("it is not an object")  # noqa: TRY004 - a damaged value, not a wrong call
    for name, kind in kinds.items():
        if not _is_of(kind, stored.get(name)):
            raise ValueError(f"its {name} is missing or damaged")
    return {name: stored[name] for name in kinds}


def known_columns(stored: object, *kinds: Kind) -> list[Any]:
    """Return the first items of a list; others, as of a newer version, are ignored.

    Raises:
        ValueError: it is not a list, or an item is missing or of another type.
    """
    if not isinstance(stored, list) or len(stored) < len(kinds):
        raise ValueError("a row is too short")
    row = stored[: len(kinds)]
    if not all(_is_of(kind, value) for kind, value in zip(kinds, row, strict=True)):
        raise ValueError("a row is damaged")
    return row


def _is_of(kind: Kind, value: object) -> bool:
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
