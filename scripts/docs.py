"""Writes the tables in README.md and docs: of models and their properties, and of imports.

A model that a page does not have yet gets its row or its section; other texts are kept.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
import json
from pathlib import Path
import re
import sys

from homeassistant import components
from homeassistant.const import Platform

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.property import (
    Access,
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Shown,
)
from custom_components.aqara_zigbee.platforms import platform_of
from scripts import layout, places

MODELS = DEFINITIONS.distinct()

ROOT = Path(__file__).parents[1]
TEXTS = ROOT / "custom_components" / "aqara_zigbee" / "translations" / "en.json"
DEVICES = ROOT / "docs" / "devices.md"
MQTT = ROOT / "docs" / "mqtt.md"
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"

DEVICES_HEAD = "| Property | In Home Assistant | Key in MQTT |"
README_HEAD = "| Model | Zigbee id | What you get |"
NUMBER_OF_MODELS = re.compile(
    r"(?<=It supports \[)\d+(?= models\])|(?<=\| Supported models \| )\d+"
)
"""In README.md."""
MQTT_HEAD = "| property | can | values or unit | in `exposes` |"


class MissingTextError(Exception):
    """An entry of a table has no text; the message explains what to write and where."""


class MissingSectionError(Exception):
    """A page has no section for a model; the message explains what to write and where."""


def name_of(platform: Platform, key: str) -> str:
    """An entity as the user interface calls it: by our name, or by that of its device class.

    Raises:
        MissingTextError: it has neither.
    """
    texts = json.loads(TEXTS.read_text())["entity"].get(platform, {}).get(key)
    if texts is None or "name" not in texts:
        file = Path(components.__path__[0]) / platform / "translations" / "en.json"
        classes = json.loads(file.read_text())["entity_component"]
        texts = classes.get({"state": "lock"}.get(key, key))
    if texts is None:
        raise MissingTextError(
            f'add "{key}": {{"name": …}} to entity.{platform} in translations/en.json'
        )
    return f"{platform.replace('_', ' ')} *{texts['name']}*"


def where(definition: Definition, row: Row) -> str:
    """Return the place of a property in Home Assistant."""
    action = definition.action
    if isinstance(row, Action):
        return ", ".join(name_of(Platform.EVENT, event.name) for event in row.events)
    places = [
        f"`{event.attributes[row.name]}` of {name_of(Platform.EVENT, event.name)}"
        for event in (action.events if action else ())
        if row.name in event.attributes
    ]
    if row.name in definition and Shown.HOME in row.shown:
        if isinstance(row, Binary) and row.main:
            places.insert(0, f"{platform_of(row)} with the device's name")
        elif group := definition.group_of(row.name):
            places.insert(0, f"{platform_of(group)} with the device's name")
        else:
            places.insert(0, name_of(platform_of(row), row.name))
    return ", ".join(places) or "—"


def rows_of(definition: Definition) -> Iterator[Row]:
    """The rows of a model, after them those that come with an action."""
    yield from definition.properties
    if definition.action is not None:
        yield from definition.action.details


def device_lines(definition: Definition) -> Iterator[str]:
    """The lines of a model's table in docs/devices.md, without its head."""
    for row in rows_of(definition):
        key = f"`{row.name}`" if Shown.PAYLOAD in row.shown else "—"
        yield f"| {row.name} | {where(definition, row)} | {key} |"


def values(row: Row) -> str:
    """Return the values of a property, for a cell."""
    match row:
        case Binary():
            return " ".join(
                f"`{str(word).lower() if isinstance(word, bool) else word}`"
                for word in (row.on, row.off)
            )
        case Enum():
            return " ".join(f"`{word}`" for word in row.values)
        case Numeric():
            return row.quantity.unit or "number"
        case _:
            return "text"


def mqtt_lines(definition: Definition) -> Iterator[str]:
    """The lines of a model's table in docs/mqtt.md, without its head."""
    for row in rows_of(definition):
        if Shown.PAYLOAD not in row.shown:
            continue
        can = "".join(
            letter
            for letter, bit in (("S", Access.STATE), ("G", Access.GET), ("W", Access.SET))
            if bit in row.access
        )
        listed = "yes" if Shown.EXPOSES in row.shown else "no"
        said = "see below" if isinstance(row, Action) else values(row)
        yield f"| `{row.name}` | {can} | {said} | {listed} |"


def with_tables(
    page: str, level: str, head: str, lines: Callable[[Definition], Iterator[str]]
) -> str:
    """Return a page with the tables of all models; the rest of the page is kept.

    Args:
        page: the page.
        level: the marks of a model's heading, such as "##".
        head: the first line of the tables.
        lines: makes the lines of a model's table.

    Raises:
        MissingSectionError: a model has no heading, or its section no table.
    """
    for definition in MODELS:
        heading = f"\n{level} {definition.model} "
        before, found, after = page.partition(heading)
        section, next_heading, rest = after.partition("\n##")
        intro, has_table, old = section.partition(f"\n{head}\n")
        if not found or not has_table:
            raise MissingSectionError(
                f"write {level} {definition.model} · {definition.description}, below it the line"
                f" {head}"
            )
        kept = old.split("\n")
        while kept and kept[0].startswith("|"):
            del kept[0]
        ruler = "|---" * (head.count("|") - 1) + "|"
        table = "\n".join((head, ruler, *lines(definition), *kept))
        page = before + heading + intro + "\n" + table + next_heading + rest
    return page


def actions_of(definition: Definition) -> str:
    """Return the line below a model's table in docs/mqtt.md: its actions, if it has any."""
    action = definition.action
    if action is None:
        return ""
    sent = {word for event in action.events for word in event.types}
    line = f"Actions: {_listed(word for word in action.values if word in sent)}."
    if unsent := _listed(word for word in action.values if word not in sent):
        line += f" Only in `exposes`, as this device does not send them: {unsent}."
    return f"\n{line}\n"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def with_sections(
    page: str,
    level: str,
    heading: Callable[[Definition], str],
    head: str,
    end_of: Callable[[Definition], str] = lambda _: "",
) -> str:
    """A page with a section for every model; a missing one comes after that of the model before.

    Args:
        page: the page.
        level: the marks of a model's heading.
        heading: returns the heading of a model, without marks.
        head: the first line of the tables.
        end_of: returns what comes below the table of a new section.

    Raises:
        MissingSectionError: the page has no section for the first model.
    """
    for before, definition in zip((None, *MODELS), MODELS, strict=False):
        if f"\n{level} {definition.model} " in page:
            continue
        if before is None:
            raise MissingSectionError(f"write {level} {heading(definition)}, below it {head}")
        start = page.index(f"\n{level} {before.model} ") + 1
        end = page.find("\n##", start)
        rest = "" if end < 0 else page[end:]
        kept = page[: end if end >= 0 else None].rstrip()
        page = f"{kept}\n\n{level} {heading(definition)}\n\n{head}\n{end_of(definition)}{rest}"
    return page


def with_rows(page: str) -> str:
    """README.md with a row for every model, and their number where it names it."""
    page = NUMBER_OF_MODELS.sub(str(len(MODELS)), page)
    start = page.index(f"\n{README_HEAD}\n") + 1
    end = page.index("\n\n", start)
    rows = page[start:end].split("\n")
    for definition in MODELS:
        if not any(row.startswith(f"| {definition.model} |") for row in rows):
            rows.append(
                f"| {definition.model} | `{definition.zigbee_model}` | {gist(definition)} |"
            )
    return page[:start] + "\n".join(rows) + page[end:]


def gist(definition: Definition) -> str:
    """Return a model's description, its main functions and events, without settings and diagnostics."""
    names = [group.device_class or group.name.replace("_", " ") for group in definition.groups]
    names += [
        name.replace("_", " ")
        for row in definition.properties
        for name in (
            [event.name for event in row.events] if isinstance(row, Action) else [row.name]
        )
        if Shown.HOME in row.shown
        and row.enabled
        and (row.category is None or row.name == "battery")
        and definition.group_of(row.name) is None
    ]
    return f"{definition.description}: {', '.join(names)}"


def with_table(page: str, table: Iterable[str]) -> str:
    """A page with a table as its lines are now; the rest of the page stays."""
    head, *lines = table
    before, _, after = page.partition(f"{head}\n")
    kept = after.split("\n")
    while kept and kept[0].startswith("|"):
        del kept[0]
    return before + "\n".join((head, *lines, *kept))


def pages() -> Iterator[tuple[Path, str]]:
    """The pages with tables, as they have to be.

    Raises:
        MissingSectionError, MissingTextError: a model lacks what only a person can write.
    """
    yield README, with_rows(README.read_text())
    devices = with_sections(
        DEVICES.read_text(),
        "##",
        lambda each: f"{each.model} · {each.description} (`{each.zigbee_model}`)",
        DEVICES_HEAD,
    )
    yield DEVICES, with_tables(devices, "##", DEVICES_HEAD, device_lines)
    yield (
        ARCHITECTURE,
        reduce(
            with_table,
            (layout.table(), layout.later_table(), places.table()),
            ARCHITECTURE.read_text(),
        ),
    )
    mqtt = with_sections(
        MQTT.read_text(),
        "###",
        lambda each: f"{each.model} {each.zigbee_model}, {each.description}",
        MQTT_HEAD,
        actions_of,
    )
    yield MQTT, with_tables(mqtt, "###", MQTT_HEAD, mqtt_lines)


def main() -> int:
    """Write the pages."""
    try:
        for path, text in list(pages()):
            path.write_text(text)
    except (MissingSectionError, MissingTextError) as error:
        print(f"docs: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
