"""Zigbee2MQTT's ``definition`` of a device, generated from the rows.

It equals Zigbee2MQTT's own, except for `DEVIATIONS`.
"""

from collections.abc import Iterator, Mapping
from typing import assert_never

from ..core.definition import Definition
from ..core.group import Cover, Group
from ..core.options import (
    AnyOption,
    ChoiceOption,
    FlagOption,
    NumberOption,
)
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
from . import z2m_texts
from .device_info import known
from .payload import Json
from .settings import LEGACY, STATE_ACTION, has_older_keys

DEVIATIONS: Mapping[str, str] = {
    LEGACY: "The locks' older keys can be switched, as Zigbee2MQTT's device pages of 2022 document; Zigbee2MQTT"
    " dropped the option with version 2.",
    "device_temperature_precision": "Documented on Zigbee2MQTT's pages of plug and relay; Zigbee2MQTT"
    " still obeys it but lists it no longer.",
    "current_precision": "The relay reports its current to 4 decimals here, as documented for it;"
    " Zigbee2MQTT rounds to 2 now and so allows 3 at most.",
    "order": "Settings stand before what comes with an action; Zigbee2MQTT lists the knob's"
    " sensitivity after it.",
}
"""Differences from Zigbee2MQTT's definitions, with reasons."""


def definition_of(definition: Definition) -> dict[str, Json]:
    """Return the ``definition`` of a device in ``bridge/devices``."""
    return {
        "source": "native",
        "model": definition.model,
        "vendor": definition.vendor,
        "description": definition.description,
        "exposes": list(entries(definition)),
        "supports_ota": definition.supports_ota,
        "options": list(options(definition)),
        "version": "0.0.0",
    }


def exposed(definition: Definition) -> Iterator[Row]:
    """Yield the rows in ``exposes``."""
    return (row for row in definition.properties if Shown.EXPOSES in row.shown)


def entries(definition: Definition) -> Iterator[Json]:
    """Yield the entries of all rows; a group is at the place of its first row."""
    for row in exposed(definition):
        group = definition.group_of(row.name)
        if group is None:
            yield from expose(definition, row)
        elif row.name == group.members[0]:
            yield _group(definition, group)


def _group(definition: Definition, group: Group) -> Json:
    match group:
        case Cover():
            rows = [definition[name] for name in group.members]
            return {
                "type": "cover",
                "features": [entry for row in rows for entry in expose(definition, row)],
            }
        case _:
            assert_never(group)


def expose(definition: Definition, row: Row) -> Iterator[Json]:
    """Yield the entries of a row: its details' entries, then its own."""
    match row:
        case Action():
            for detail in row.details:
                if Shown.EXPOSES in detail.shown:
                    yield from expose(definition, detail)
            yield _leaf(definition, row) | {"values": list(row.values)}
        case Binary() if row.is_contact:
            yield _contact(definition, row)
        case Binary():
            yield _leaf(definition, row) | {"value_on": row.on, "value_off": row.off}
        case Enum():
            yield _leaf(definition, row) | {
                "values": list(_texts_of(definition, row).values or row.values)
            }
        case Numeric():
            yield _leaf(definition, row) | _limits(row)
        case Text():
            yield _leaf(definition, row)
        case _:
            assert_never(row)


def _leaf(definition: Definition, row: Row) -> dict[str, Json]:
    said = _texts_of(definition, row)
    return known(
        type=_type(row),
        name=row.name,
        property=row.name,
        label=_label(row.name),
        access=int(row.access),
        description=said.description,
        category=said.category,
        unit=row.quantity.unit if isinstance(row, Numeric) else None,
        **said.more,
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


def _texts_of(definition: Definition, row: Row) -> z2m_texts.ExposeTexts:
    if (said := z2m_texts.BY_MODEL.get((definition.model, row.name))) is not None:
        return said
    if isinstance(row, Numeric) and (
        said := z2m_texts.BY_UNIT.get((row.name, row.quantity.unit or ""))
    ):
        return said
    return z2m_texts.PROPERTIES.get(row.name, z2m_texts.ExposeTexts())


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _limits(row: Numeric) -> dict[str, Json]:
    """Return both limits or none; a single limit only filters implausible values."""
    if row.minimum is None or row.maximum is None:
        return {}
    return {"value_min": row.minimum, "value_max": row.maximum}


def _contact(definition: Definition, row: Binary) -> Json:
    """Return a switch, with its endpoint if it has one: ``state_l1`` is ``state`` of ``l1``."""
    name, endpoint = definition.split(row.name)
    feature = _leaf(definition, row) | known(
        name=name,
        label=_label(name),
        endpoint=endpoint,
        description=z2m_texts.CONTACT.description,
        value_on=row.on,
        value_off=row.off,
        value_toggle="TOGGLE",
    )
    return known(type="switch", endpoint=endpoint, features=[feature])


def options(definition: Definition) -> Iterator[Json]:
    """Yield the options of a device."""
    rows = list(exposed(definition))
    for row in rows:
        if isinstance(row, Numeric):
            for name in (row.calibration_option, row.precision_option):
                option = definition.option(name)
                if isinstance(option, NumberOption):
                    yield _correction(row, option)
    for own in definition.own_options:
        yield _option(own)
    if has_older_keys(definition):
        yield _flag(LEGACY, z2m_texts.LEGACY)
    if any(isinstance(row, Binary) and row.is_contact for row in rows):
        yield _flag(STATE_ACTION, z2m_texts.STATE_ACTION)


def _described(type: str, option_name: str, **more: Json) -> dict[str, Json]:  # noqa: A002 - its key
    """Return the members of every option."""
    return known(
        type=type,
        name=option_name,
        property=option_name,
        label=_label(option_name),
        access=int(Access.SET),
        **more,
    )


def _option(option: AnyOption) -> Json:
    """Return an option of the model itself."""
    said = z2m_texts.OPTIONS.get(option.name)
    match option:
        case FlagOption():
            return _flag(option.name, said)
        case ChoiceOption():
            return _described("enum", option.name, description=said, values=list(option.values))
        case NumberOption():
            limits = {"value_min": option.minimum, "value_max": option.maximum}
            step = None if option.step == 1 else option.step
            more = limits | {"value_step": step, "unit": option.unit}
            return _described("numeric", option.name, description=said, **more)
        case _:
            assert_never(option)


def _correction(row: Numeric, option: NumberOption) -> Json:
    """Return an option that corrects or rounds a reading."""
    common = _described("numeric", option.name)
    if option.name == row.precision_option:
        limits = {"value_min": int(option.minimum), "value_max": int(option.maximum)}
        return common | limits | {"description": z2m_texts.PRECISION.format(name=row.name)}
    how = "absolute" if row.quantity.calibration == "offset" else "percentual"
    description = z2m_texts.CALIBRATION.format(name=row.name, how=how)
    return common | {"description": description, "value_step": 0.1}


def _flag(name: str, description: str | None) -> Json:
    return _described("binary", name, description=description, value_on=True, value_off=False)
