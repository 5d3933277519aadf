"""User texts use the words that Home Assistant uses: plain, current, and one word for one thing."""

import ast
from collections.abc import Iterator, Mapping
from io import StringIO
import json
from pathlib import Path
import re
import tokenize
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
TRANSLATIONS = ROOT / "custom_components" / "aqara_zigbee" / "translations"

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(TRANSLATIONS.parent.rglob("blueprints/**/*.yaml")),
]

_UNIT = r"(seconds?|minutes?|hours?|days?|times|percent|meters?)"
_NUMBER = r"(two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty)"

NOT_USED = {
    r"anew": "again",
    r"and kin": "and similar",
    r"(go|goes|going|went) on": "keep, continue",
    r"for good": "permanently, or leave it out",
    r"holds?(?! (it|its|the|down|for))": "has",
    r"(told|tells)": "reports, shows",
    r"speaks?": "sends, reports",
    r"say(s|ing) (nothing|no more|more|by)": "reports",
    r"in cipher": "encrypted",
    r"(?<!there )(is|was|are) no (?!(longer|newer)\b)\w+": "is not a",
    r"sticks?": "coordinator",
    r"by (itself|themselves)": "automatically",
    r"(quarter|half) of an?": "a figure",
    r"or so": "about",
    r"com(e|es|ing) along": "is kept, is migrated",
    r"stays? behind": "is not migrated",
    r"mov(e|es|ing) in": "migrate",
    r"meanwhile": "during this",
    r"exchanged": "replaced",
    r"metres?": "meter",
    r"nobody": "no one",
    r"somebody": "someone",
    r"look(s|ed)? after": "check",
    r"sign of life": "last message",
    r"again and again": "repeatedly",
    r"once more": "again",
    r"let it be": "leave it alone",
    r"is up|not up": "is running",
    r"left out": "if empty",
    r"forgets?": "removes",
    r"heard": "received, reported",
    r"passwords?": "code",
    r"click(s|ing)?": "select",
    r"please": "leave it out",
    r"e\.g\.|i\.e\.": "for example, that is",
    rf"{_NUMBER} {_UNIT}": "figures",
}
"""Words that are not used any more, and their replacements."""


def leaves(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a translation with their keys."""
    for key, value in part.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}", value


def faults(text: str, not_used: Mapping[str, str] = NOT_USED) -> list[str]:
    """Return the words in a text that are not used any more, each with a better one."""
    text = re.sub(r"\{\w+\}", "", text)
    return [
        f"{found[0]!r}: better {better!r}"
        for word, better in not_used.items()
        for found in re.finditer(rf"(?<!\w)({word})(?!\w)", text, re.IGNORECASE)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The coordinator holds a network.",
        "It is paired anew.",
        "The knob is no device.",
        "Wait ten seconds.",
        "Sticks are told.",
    ],
)
def test_words_are_found(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize(
    "text",
    [
        "There is no backup.",
        "The device is no longer in the network.",
        "Hold it down for 10 seconds.",
        "Hold the button.",
        "A sticker.",
    ],
)
def test_other_words_are_not_found(text: str) -> None:
    assert not faults(text)


def test_texts_use_plain_words() -> None:
    texts = json.loads((TRANSLATIONS / "en.json").read_text())
    assert {path: found for path, text in leaves(texts) if (found := faults(text))} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_use_plain_words(page: Path) -> None:
    # Links, code and templates have other words.
    text = re.sub(
        r"```.*?```|\{\{.*?\}\}|`[^`]*`|\]\([^)]*\)|^\[.*?\]: .*$",
        "",
        page.read_text(),
        flags=re.DOTALL | re.MULTILINE,
    )
    assert faults(text) == []


MODULES = [
    path
    for path in (ROOT / "custom_components" / "aqara_zigbee").rglob("*.py")
    if "simulator" not in path.parts and path.name != "z2m_texts.py"
]


def messages(tree: ast.Module) -> Iterator[str]:
    """Yield strings with blanks that are not docstrings: log messages, reasons of errors."""
    docs = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if node not in docs and " " in text.strip():
                yield text


def test_messages_of_the_code_use_plain_words() -> None:
    found = {
        path.name: faulty
        for path in MODULES
        for text in messages(ast.parse(path.read_text()))
        if (faulty := faults(text))
    }
    assert found == {}


NOT_USED_IN_CODE = {
    # One term for one thing (docs/glossary.md).
    r"sticks?": "coordinator, adapter",
    r"(hears?|heard|hearing)": "receives, is called",
    r"(told|tells?|telling)": "reports, updates, shows",
    r"(said|says?|saying)": "reports, publishes, has",
    r"sp(eaks?|oke|oken|eaking)": "sends, publishes",
    r"words?(?! (or|that stands))": "value, text, name",
    r"troubles?": "problem, issue",
    # Old or poetic.
    r"anew": "again",
    r"nought": "zero",
    r"lest": "so that … not",
    r"(no|some|every)body": "no one, a user, all",
    r"goodbye": "the offline state",
    r"whom": "which",
    r"for (ever|good)": "permanently, endlessly",
    r"again and again": "repeatedly",
    r"(gives?|giving|gave) way": "stops for",
    r"(is|are|was|were|be) gone": "is lost, is removed",
    r"(is|are|be|was) up": "is running",
    r"(let|lets|letting) go": "releases",
}
"""Words that docstrings and comments of the code do not use any more, and their replacements."""

_QUESTION = re.compile(r"(What|Who|Whom|Whose|How|Where|When|Which|Why)\b")
_MEMBER = re.compile(r"^ +\w+(, \w+)*: ", re.MULTILINE)
"""The name of an argument, attribute or exception in a docstring."""


def descriptions(source: str) -> Iterator[str]:
    """Docstrings and comments, without names in code; names of tests."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if name.startswith("test_"):
                    yield name.replace("_", " ")
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield re.sub(r"``.*?``|`[^`]*`", "", _MEMBER.sub("", text), flags=re.DOTALL)
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield re.sub(r"`[^`]*`|noqa: [\w, ]+", "", token.string)


def code_faults(source: str) -> list[str]:
    """Return the words in the descriptions of a module that are not used any more."""
    return [
        fault
        for text in descriptions(source)
        for fault in (
            *faults(text, NOT_USED_IN_CODE),
            *(f"begins with {found[0]!r}" for found in [_QUESTION.match(text)] if found),
        )
    ]


@pytest.mark.parametrize(
    "source",
    [
        '"""Who is on the network."""',
        'x = 1\n"""The words it says."""',
        'def read():\n    """Read the stick anew."""',
        "x = 1  # nobody is told",
        "def test_it_is_told() -> None: ...",
    ],
)
def test_words_are_found_in_code(source: str) -> None:
    assert code_faults(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""Read the frames that `told` returns."""',
        "stick = told()",
        "def told() -> None: ...",
        '"""The port.\n\n    Args:\n        stick: the device.\n    """',
        'raise ValueError("What a word")',
        '"""Whether it has a password."""',
    ],
)
def test_other_words_are_not_found_in_code(source: str) -> None:
    assert not code_faults(source)


CODE = sorted(
    path
    for folder in ("custom_components", "tests", "scripts", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if path != Path(__file__)
)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_descriptions_of_the_code_use_plain_words(path: Path) -> None:
    assert code_faults(path.read_text()) == []


def test_menu_entries_fit_on_a_phone() -> None:
    """Longer entries are cut; further texts are in `menu_option_descriptions`."""
    texts = json.loads((TRANSLATIONS / "en.json").read_text())
    for path, text in leaves(texts):
        if ".menu_options." in path:
            assert len(text) <= 40, path
            assert not path.startswith((".config", ".issues")) or _described(texts, path), path


def _described(texts: dict[str, Any], path: str) -> bool:
    part: Any = texts
    for key in path.replace(".menu_options.", ".menu_option_descriptions.").split(".")[1:]:
        part = part.get(key, {})
    return isinstance(part, str)
