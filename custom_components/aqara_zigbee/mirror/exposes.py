"""What a device is said to be: Zigbee2MQTT's ``definition``, generated from the rows.

It equals what Zigbee2MQTT itself publishes for the five models, but for `DEVIATIONS`.
"""

from collections.abc import Iterator, Mapping
from typing import assert_never

from ..core.definition import Definition
from ..core.options import LEGACY, Option
from ..core.property import (
    Access,
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Shown,
    Text,
)
from . import words
from .facts import known
from .payload import Json

DEVIATIONS: Mapping[str, str] = {
    "legacy": "The locks' older keys can be switched, as the seed pages document; Zigbee2MQTT"
    " dropped the option with version 2.",
    "device_temperature_precision": "Documented by the seed pages of plug and relay; Zigbee2MQTT"
    " still obeys it but lists it no longer.",
    "current_precision": "The relay tells its current to 4 decimals here, as documented for it;"
    " Zigbee2MQTT rounds to 2 now and so allows 3 at most.",
    "order": "Settings stand before what comes with an action; Zigbee2MQTT lists the knob's"
    " sensitivity after it.",
}
"""Where a definition here differs from Zigbee2MQTT's, and why."""


def definition_of(definition: Definition) -> Json:
    """The ``definition`` of a device in ``bridge/devices``."""
    return {
        "source": "native",
        "model": definition.model,
        "vendor": definition.vendor,
        "description": definition.description,
        "exposes": [entry for row in exposed(definition) for entry in expose(definition, row)],
        "supports_ota": definition.supports_ota,
        "options": list(options(definition)),
        "version": "0.0.0",
    }


def exposed(definition: Definition) -> Iterator[Row]:
    """The rows that are promised."""
    return (row for row in definition.properties if Shown.EXPOSES in row.shown)


def expose(definition: Definition, row: Row) -> Iterator[Json]:
    """The entries of a row: its own, after those of its details."""
    match row:
        case Action():
            for detail in row.details:
                if Shown.EXPOSES in detail.shown:
                    yield from expose(definition, detail)
            yield _leaf(row) | {"values": list(row.values)}
        case Binary() if row.toggle is not None:
            yield _contact(definition, row)
        case Binary():
            yield _leaf(row) | {"value_on": row.on, "value_off": row.off}
        case Enum():
            yield _leaf(row) | {"values": list(_words_of(row).values or row.values)}
        case Numeric():
            yield _leaf(row) | _limits(row)
        case Text():
            yield _leaf(row)
        case _:
            assert_never(row)


def _leaf(row: Row) -> dict[str, Json]:
    said = _words_of(row)
    return known(
        type=_type(row),
        name=row.name,
        property=row.name,
        label=_label(row.name),
        access=int(row.access),
        description=said.description,
        category=said.category,
        unit=row.quantity.unit if isinstance(row, Numeric) else None,
    )


def _type(row: Row) -> str:
    match row:
        case Binary():
            return "binary"
        case Enum() | Action():
            return "enum"
        case Numeric():
            return "numeric"
        case Text():
            return "text"
        case _:
            assert_never(row)


def _words_of(row: Row) -> words.Words:
    if isinstance(row, Numeric) and (
        said := words.BY_UNIT.get((row.name, row.quantity.unit or ""))
    ):
        return said
    return words.PROPERTIES.get(row.name, words.Words())


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _limits(row: Numeric) -> dict[str, Json]:
    """Both limits or none; one alone guards against nonsense and is no promise."""
    if row.minimum is None or row.maximum is None:
        return {}
    return {"value_min": row.minimum, "value_max": row.maximum}


def _contact(definition: Definition, row: Binary) -> Json:
    """A switch, with its endpoint's name if it has one: ``state_l1`` is ``state`` of ``l1``."""
    name, _, suffix = row.name.rpartition("_")
    endpoint = suffix if suffix in definition.endpoints else None
    name = name if endpoint else row.name
    feature = _leaf(row) | known(
        name=name,
        label=_label(name),
        endpoint=endpoint,
        description=words.CONTACT.description,
        value_on=row.on,
        value_off=row.off,
        value_toggle="TOGGLE",
    )
    return known(type="switch", endpoint=endpoint, features=[feature])


def options(definition: Definition) -> Iterator[Json]:
    """What can be set of a device beside its properties."""
    rows = list(exposed(definition))
    for row in rows:
        if isinstance(row, Numeric):
            for name in (row.calibration_option, row.precision_option):
                if option := definition.option(name):
                    yield _option(row, option)
    if definition.has_legacy:
        yield _flag(LEGACY, words.LEGACY)
    if any(isinstance(row, Binary) and row.toggle for row in rows):
        yield _flag("state_action", words.STATE_ACTION)


def _option(row: Numeric, option: Option) -> Json:
    common = {
        "type": "numeric",
        "name": option.name,
        "property": option.name,
        "label": _label(option.name),
        "access": int(Access.SET),
    }
    if option.name == row.precision_option:
        limits = {"value_min": int(option.minimum), "value_max": int(option.maximum)}
        return common | limits | {"description": words.PRECISION.format(name=row.name)}
    how = "absolute" if row.quantity.calibration == "offset" else "percentual"
    description = words.CALIBRATION.format(name=row.name, how=how)
    return common | {"description": description, "value_step": 0.1}


def _flag(name: str, description: str) -> Json:
    return {
        "type": "binary",
        "name": name,
        "property": name,
        "label": _label(name),
        "access": int(Access.SET),
        "description": description,
        "value_on": True,
        "value_off": False,
    }
