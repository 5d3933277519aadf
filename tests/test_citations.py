"""Every citation resolves, and no section or capture is uncited."""

from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[1]
PROTOCOL = ROOT / "docs" / "protocol.md"
CAPTURES = ROOT / "docs" / "captures.md"
GLOSSARY = ROOT / "docs" / "glossary.md"

_SECTION = re.compile(r"^#{2,3} (\d(?:\.\d+)?) ", re.MULTILINE)
_CITED_SECTIONS = re.compile(r"[Pp]rotocol (\d(?:\.\d+)?(?:(?:, | and )\d(?:\.\d+)?)*)")
_CAPTURE = re.compile(r"\b(?:ZN[A-Z0-9]+LM|LLKZMK11LM|AQARA)-\d{3}\b")
_ROW = re.compile(r"^\| ((?:ZN[A-Z0-9]+LM|LLKZMK11LM|AQARA)-\d{3}) \|", re.MULTILINE)
_ELSEWHERE = re.compile(r"\b[Cc]ontract §?\d|user-asks|seed page|zigpy-notes|\bdesign \d")


def _texts() -> dict[Path, str]:
    """Return the texts with citations: code, tests, scripts, docs."""
    files = [
        *(ROOT / "README.md", *(ROOT / "docs").glob("*.md")),
        *(
            file
            for folder in ("custom_components", "tests", "scripts", "benchmarks")
            for file in (ROOT / folder).rglob("*")
            if file.suffix in {".py", ".json"}
        ),
    ]
    return {file: file.read_text(encoding="utf-8") for file in files if file != Path(__file__)}


TEXTS = _texts()
SECTIONS = set(_SECTION.findall(PROTOCOL.read_text(encoding="utf-8")))
ROWS = _ROW.findall(CAPTURES.read_text(encoding="utf-8"))


def _cited_sections(text: str) -> set[str]:
    return {
        section
        for match in _CITED_SECTIONS.findall(text)
        for section in re.split(r", | and ", match)
    }


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_citations_resolve(file: Path) -> None:
    """A section of docs/protocol.md, a row of docs/captures.md; no document that is not here."""
    assert _cited_sections(TEXTS[file]) <= SECTIONS
    assert set(_CAPTURE.findall(TEXTS[file])) <= set(ROWS)
    assert _ELSEWHERE.findall(TEXTS[file]) == []


def test_every_section_is_cited() -> None:
    """A chapter is cited by one of its sections, too."""
    cited = {
        section
        for file, text in TEXTS.items()
        if file != PROTOCOL
        for section in _cited_sections(text)
    }
    cited |= {section.partition(".")[0] for section in cited}
    assert SECTIONS - cited == set()


def test_every_capture_is_cited_once_listed() -> None:
    cited = {
        capture
        for file, text in TEXTS.items()
        if file != CAPTURES
        for capture in _CAPTURE.findall(text)
    }
    assert set(ROWS) - cited == set()
    assert len(ROWS) == len(set(ROWS))


def test_glossary_is_short() -> None:
    assert len(GLOSSARY.read_text(encoding="utf-8").splitlines()) <= 40
