"""docs/devices.md lists each model's properties in Home Assistant and on MQTT."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from homeassistant.const import Platform
import pytest

from custom_components.aqara_zigbee.const import DOCS
from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.group import Cover
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.flows.firmware_options import HELP
from scripts import docs
from tests import examples
from tests.core.invented import cover, definition as invented

EVERY_MODEL = pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=lambda one: one.model)


def exposed(entries: list[dict[str, object]]) -> Iterator[str]:
    """The properties that Zigbee2MQTT exposes, also those within a composite."""
    for entry in entries:
        features = entry.get("features")
        if isinstance(features, list):
            yield from exposed(features)
        else:
            yield str(entry["property"])


def test_tables_match_the_rows() -> None:
    for path, text in docs.pages():
        assert path.read_text() == text, "run scripts/docs"


@EVERY_MODEL
def test_every_property_of_zigbee2mqtt_is_in_the_table(definition: Definition) -> None:
    """Those of its `exposes`, and those that its converters make of the example frames."""
    known = set(exposed(examples.described(definition.zigbee_model)["exposes"]))
    for example in examples.load(examples.FILES[definition.zigbee_model]):
        if example.frame and not example.options.get("legacy"):
            known |= example.expected.keys()
    named = {line.split(" | ")[0].removeprefix("| ") for line in docs.device_lines(definition)}
    assert known - named == set()


def test_texts_by_a_person_are_demanded() -> None:
    with pytest.raises(docs.MissingSectionError, match="write ## "):
        docs.with_tables("# Page\n", "##", docs.DEVICES_HEAD, docs.device_lines)
    with pytest.raises(docs.MissingTextError, match=r'add "humidities".*entity\.sensor'):
        docs.name_of(Platform.SENSOR, "humidities")


def test_a_table_is_replaced_and_the_rest_is_kept() -> None:
    page = docs.MQTT.read_text()
    spoilt = page.replace("| `power` | SG | W | yes |\n", "| `strength` | S | N | no |\n")
    assert spoilt != page
    assert docs.with_tables(spoilt, "###", docs.MQTT_HEAD, docs.mqtt_lines) == page


def test_a_model_without_a_section_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """After that of the model before, on every page; what stands there already stays."""
    before = {path: path.read_text() for path, _ in docs.pages()}
    monkeypatch.setattr(docs, "MODELS", (*docs.MODELS, cover(groups=(Cover("state", "position"),))))
    after = dict(docs.pages())
    added = {
        path: set(after[path].splitlines()) - set(text.splitlines())
        for path, text in before.items()
    }
    number = len(docs.MODELS)
    row = "| INVENTED | `lumi.invented` | D: cover |"
    assert row in added[docs.README]
    assert docs.NUMBER_OF_MODELS.findall(after[docs.README]) == [str(number)] * 2
    assert "## INVENTED · D (`lumi.invented`)" in added[docs.DEVICES]
    section = after[docs.DEVICES].partition("## INVENTED")[2]
    assert "| state | cover with the device's name | `state` |" in section
    assert "### INVENTED lumi.invented, D" in added[docs.MQTT]
    section = after[docs.MQTT].partition("### INVENTED")[2].partition("\n## ")[0]
    assert "| `position` | SGW | % | yes |" in section
    assert after[docs.MQTT].index("### INVENTED") < after[docs.MQTT].index("## Options of a device")
    for path, text in before.items():
        kept = docs.NUMBER_OF_MODELS.sub(str(number), text)
        assert set(kept.splitlines()) <= set(after[path].splitlines())


def test_a_new_section_names_the_actions() -> None:
    """Below the table of docs/mqtt.md, which refers to them."""
    knob = DEFINITIONS["lumi.remote.rkba01"]
    before, _, after = docs.MQTT.read_text().partition(f"\n### {knob.model} ")
    _, next_heading, rest = after.partition("\n##")
    page = docs.with_sections(
        before + next_heading + rest,
        "###",
        lambda each: f"{each.model} new",
        docs.MQTT_HEAD,
        docs.actions_of,
    )
    section = page.partition(f"\n### {knob.model} ")[2].partition("\n##")[0]
    turns = "`start_rotating`, `rotation`, `stop_rotating`"
    assert section.endswith(f"Actions: `hold`, `single`, `double`, `release`, {turns}.\n")


def test_actions_that_a_device_does_not_send_are_named_apart() -> None:
    assert docs.actions_of(DEFINITIONS["lumi.weather"]) == ""
    knob = DEFINITIONS["lumi.remote.rkba01"]
    assert knob.action is not None
    button = replace(knob.action, events=knob.action.events[:1])
    sent, _, unsent = docs.actions_of(invented(button)).partition(" Only in `exposes`")
    assert sent.strip() == "Actions: `hold`, `single`, `double`, `release`."
    assert unsent.endswith(": `start_rotating`, `rotation`, `stop_rotating`.\n")


def test_the_row_of_a_new_model_names_its_events() -> None:
    found = {definition.model: docs.gist(definition) for definition in DEFINITIONS.distinct()}
    assert found["ZNXNKG02LM"].endswith(": battery, button, rotation, rotation step")
    assert found["MCCGQ11LM"].endswith(": battery, contact")


def test_the_help_about_firmware_files_exists() -> None:
    """The dialog links to a section of a page."""
    page, _, section = HELP.removeprefix(f"{DOCS}/").partition("#")
    text = (Path(__file__).parents[2] / "docs" / page).read_text().lower()
    assert f"\n## {section.replace('-', ' ')}\n" in text
