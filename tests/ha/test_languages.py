"""Each language has all texts, with the same placeholders and links, and short menu entries."""

from collections import Counter
import json
import re

import hass_frontend
import pytest

from scripts.translations import FOLDER, LANGUAGES, read

ENGLISH = read("en")
_PLACEHOLDER = re.compile(r"\{\w+\}|\[[a-z_]+\](?!\((?:https?:)?/)")
_LINK = re.compile(r"\]\((?:https?:/)?/[^)]*\)|https?://[\w./?=&%-]+")
_FILE = re.compile(r"\w+\.(?:json|yaml|db)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*(\w?)")
_CONFIG = "ui.panel.config"
_LABELS = {
    "Submit": f"{_CONFIG}.integrations.config_flow.submit",
    "Reconfigure": f"{_CONFIG}.integrations.config_entry.reconfigure",
    "Configure >": f"{_CONFIG}.integrations.config_entry.configure",
    "Enter manually": "ui.components.selectors.serial_port.enter_manually",
    "Settings >": "panel.config",
    "> System >": f"{_CONFIG}.dashboard.system.main",
    "> Repairs": f"{_CONFIG}.repairs.caption",
    "Devices & services": f"{_CONFIG}.dashboard.devices.main",
}
"""Buttons and pages of Home Assistant's frontend that our texts name, and the keys of their labels."""
_MOST_MENU = 46
"""Characters of a menu entry that a phone of 390 pixels shows in two lines at most."""
_MOST_REPAIR_TITLE = 30
"""Characters of a step's title that such a phone shows in one line: a repair has its severity below."""
_MOST_SAME_WORDS = 2
"""Texts of up to this length may be equal in another language: names, units, loanwords."""


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    language: str = request.param
    return language


def test_files_are_the_known_languages() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {"en", *LANGUAGES}


def test_all_texts_are_in_the_same_order(language: str) -> None:
    """`python -m scripts.translations missing LANGUAGE` lists what is to be written."""
    assert list(read(language)) == list(ENGLISH)


def test_placeholders_are_the_same(language: str) -> None:
    for path, text in read(language).items():
        assert Counter(_PLACEHOLDER.findall(text)) == Counter(
            _PLACEHOLDER.findall(ENGLISH[path])
        ), path


def test_links_are_the_same(language: str) -> None:
    for path, text in read(language).items():
        assert Counter(_LINK.findall(text)) == Counter(_LINK.findall(ENGLISH[path])), path


def test_frontend_is_named_as_it_names_itself(language: str) -> None:
    labels: dict[str, str] = {}
    for file in (hass_frontend.where() / "static" / "translations").rglob(f"{language}-*.json"):
        labels |= json.loads(file.read_text())
    wrong = {
        path: labels[key]
        for path, text in read(language).items()
        for name, key in _LABELS.items()
        if name in ENGLISH[path] and labels[key].lower() not in text.lower()
    }
    assert wrong == {}


def test_menu_entries_are_short(language: str) -> None:
    long = [
        text
        for path, text in read(language).items()
        if ".menu_options." in path and len(text) > _MOST_MENU
    ]
    assert long == []


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_titles_of_repair_steps_are_short(language: str) -> None:
    """The name of a device can be of any length, but an entry is named in the text."""
    long = [
        text
        for path, text in read(language).items()
        if ".fix_flow.step." in path and path.endswith(".title")
        if "{title}" in text or ("{" not in text and len(text) > _MOST_REPAIR_TITLE)
    ]
    assert long == []


def test_nothing_is_left_in_english(language: str) -> None:
    same = [
        path
        for path, text in read(language).items()
        if text == ENGLISH[path]
        and len(re.findall(r"[A-Za-z]{2,}", _FILE.sub("", _PLACEHOLDER.sub("", text))))
        > _MOST_SAME_WORDS
    ]
    assert same == []


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_bold_text_is_shown_bold(language: str) -> None:
    """Markdown shows the asterisks of bold text that ends with punctuation before a letter.

    CommonMark 0.31.2, 6.2: such a delimiter is not right-flanking, so it closes nothing. Languages
    without spaces, such as Chinese, need the punctuation behind the bold text.
    """
    shown = {
        key
        for key, text in read(language).items()
        for bold, behind in _BOLD.findall(text)
        if behind and not re.search(r"[\w\]}]$", bold)
    }
    assert shown == set()


def test_no_text_is_empty(language: str) -> None:
    assert [path for path, text in read(language).items() if not text.strip()] == []
