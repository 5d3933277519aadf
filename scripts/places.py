"""Files that mention each model: tested, and a table in docs/architecture.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from custom_components.aqara_zigbee.core.definition import Definition

ROOT = Path(__file__).parents[1]
PACKAGE = "custom_components/aqara_zigbee/"


@dataclass(frozen=True, slots=True)
class Place:
    """A file that mentions every model.

    Attributes:
        path: of the file; ``{file}`` is the name of the file in core/devices, ``*`` any name.
        what: what the file has of a model, in Markdown.
        mark: what stands in the file if it has it; ``{zigbee}`` is the Zigbee model identifier,
            ``{model}`` the maker's model, ``{key}`` the same in lower case.
        script: what writes it; None where a person does.
    """

    path: str
    what: str
    mark: str
    script: str | None = None

    def is_found(self, definition: Definition, file: str) -> bool:
        """Whether a model is mentioned here."""
        names = {
            "file": file,
            "zigbee": definition.zigbee_model,
            "model": definition.model,
            "key": definition.model.lower(),
        }
        mark = self.mark.format(**names)
        found = ROOT.glob(self.path.format(**names))
        return any(mark in path.read_text(encoding="utf-8") for path in found)


PLACES = (
    Place(
        f"{PACKAGE}core/devices/{{file}}.py",
        "the definition: where each value comes from, what it means, what can be written",
        '"{zigbee}"',
    ),
    Place(f"{PACKAGE}core/models.py", "its line in `MODELS`", '"{zigbee}": "{file}"'),
    Place(
        f"{PACKAGE}simulator/devices/*.py",
        "a simulated device, from real descriptors; it imports no definition",
        'MODEL = "{zigbee}"',
    ),
    Place(f"{PACKAGE}simulator/devices/__init__.py", "its line in `MODELS`", "MODELS"),
    Place(
        "tests/fixtures/{file}.json",
        "a frame for each source of each row. `scripts/decode {file}` adds what Zigbee2MQTT reads from them",
        '"{zigbee}"',
    ),
    Place(
        f"{PACKAGE}translations/en.json",
        "names of its entities and their states, how to pair it (`selector.pairing_help`)",
        '"{key}"',
    ),
    Place(f"{PACKAGE}icons.json", "icons of entities whose device class has none", "entity"),
    Place(
        f"{PACKAGE}mirror/z2m_texts.py",
        "Zigbee2MQTT's descriptions of properties that no other model has, or has with another one",
        "PROPERTIES",
    ),
    Place(
        "tests/fixtures/{file}.exposes.json",
        "how Zigbee2MQTT describes it",
        '"{model}"',
        "scripts/exposes {zigbee}",
    ),
    Place("README.md", "its row, and the number of models", "| {model} |", "scripts/docs"),
    Place(
        "docs/devices.md", "its section with the table of properties", "## {model} ", "scripts/docs"
    ),
    Place("docs/mqtt.md", "its section with the table of keys", "### {model} ", "scripts/docs"),
    Place(
        "tests/ha/__snapshots__/test_entities.ambr",
        "its entities as they are registered",
        "test_registered[{zigbee}]",
        "pytest tests/ha/test_entities.py --snapshot-update",
    ),
)
"""All of them; those that a person writes come first."""

HEAD = "| File | What it has of a model | Written by |"


def table() -> Iterator[str]:
    """The table in docs/architecture.md."""
    yield HEAD
    yield "|---|---|---|"
    for place in PLACES:
        path = place.path.removeprefix(PACKAGE).replace("{file}", "MODEL")
        script = place.script or "hand"
        by = script if place.script is None else f"`{script}`"
        what = place.what.replace("{file}", "MODEL")
        yield f"| `{path}` | {what} | {by.replace('{zigbee}', 'ID')} |"
