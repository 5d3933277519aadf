"""Draws a scan of the network as SVG, readable on a phone, in light and dark themes.

One row for each device, below its parent with the best link: names stay readable for any number of
devices. The same scan, names and texts give the same drawing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from .network_scan import Kind, Scan, TreePosition, arrange
from .radio import Ieee

_WIDTH = 400
_HEAD = 84
_ROW = 48
_FOOT = 20
_LEFT = 26
_INDENT = 22
_DEEPEST = 7
"""Maximum indented levels; deeper ones are not indented further."""
_TEXT_END = 334
_CHARACTER = 8.4
"""Width of a character."""
_BAR = 44

_GOOD, _FAIR = 120, 60
"""Minimum link quality, of 255, that is shown as good or fair; there is no standard."""

_STYLE = """
text{font:15px system-ui,-apple-system,Roboto,"Noto Sans",sans-serif;fill:#1c1c1c}
.b{fill:#fff}.h{font-size:18px;font-weight:600}.s{font-size:12px;fill:#5f6368}.e{font-weight:600}
.n{text-anchor:end;font-weight:600}.l{fill:none;stroke:#9aa0a6;stroke-width:1.5}.t{fill:#e3e5e8}
.c{fill:#1565c0}.r{fill:#00796b}.d{fill:#6d7278}.o{fill:none;stroke:#c62828;stroke-width:2;stroke-dasharray:3 2}
.x{fill:#c62828}.good{fill:#2e7d32}.fair{fill:#b26a00}.weak{fill:#c62828}
@media(prefers-color-scheme:dark){text{fill:#e8eaed}.b{fill:#1c1c1e}.s{fill:#a9adb3}.l{stroke:#70757a}
.t{fill:#3a3b3e}.c{fill:#64b5f6}.r{fill:#4db6ac}.d{fill:#9aa0a6}.o{stroke:#ef9a9a}.x{fill:#ef9a9a}
.good{fill:#81c784}.fair{fill:#ffb74d}.weak{fill:#ef9a9a}}
"""


class DrawingTexts(Protocol):
    """The texts of the drawing by key."""

    def __getitem__(self, key: str) -> str:
        """Return a text."""
        ...

    def put(self, key: str, **values: object) -> str:
        """Return a text with values."""
        ...


def draw(
    scan: Scan, names: Mapping[Ieee, str], texts: DrawingTexts, written: Callable[[datetime], str]
) -> str:
    """Return a scan as SVG.

    Args:
        scan: the scan.
        names: the devices' names; those without a name are shown by their address.
        texts: the translated texts.
        written: formats a time.
    """
    places = arrange(scan)
    parts = [
        _text(16, 30, texts["title"], "h"),
        _text(16, 50, texts.put("scanned", time=written(scan.time)), "s"),
        _legend(texts),
    ]
    y, rows, has_heading = _HEAD, dict[Ieee, tuple[int, int]](), False
    for place in places:
        ieee = place.member.ieee
        if place.parent is None and ieee != scan.coordinator and not has_heading:
            has_heading = True
            parts.append(_text(16, y + 28, texts["unheard"], "e"))
            y += _ROW
        x = _LEFT + _INDENT * min(place.depth, _DEEPEST)
        rows[ieee] = x, y + 20
        if place.parent is not None:
            parts.append(_branch(*rows[place.parent], *rows[ieee]))
        name = names.get(ieee) or (texts["unknown"] if place.member.kind is Kind.UNKNOWN else ieee)
        parts.append(_row(x, y, place, name, _state(place, scan, texts, written)))
        y += _ROW
    return _svg(y + _FOOT, texts["title"], parts)


def draw_message(title: str, lines: list[str]) -> str:
    """Return a drawing that contains only a text."""
    rows = [_text(16, 62 + 22 * row, line, "s") for row, line in enumerate(lines)]
    return _svg(62 + 22 * len(lines), title, [_text(16, 30, title, "h"), *rows])


def _svg(height: int, title: str, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" role="img">'
        f"<title>{_plain(title)}</title><style>{_STYLE}</style>"
        f'<rect class="b" width="{_WIDTH}" height="{height}" rx="12"/>{"".join(parts)}</svg>'
    )


def _legend(texts: DrawingTexts) -> str:
    """Return the legend as one text, so that its parts follow each other whatever their widths are."""
    grades = "".join(
        f'<tspan class="{quality}" dx="12">●</tspan><tspan dx="4">{_plain(texts[quality])}</tspan>'
        for quality in ("good", "fair", "weak")
    )
    return f'<text x="16" y="70" class="s">{_plain(texts["link_quality"])}{grades}</text>'


def _row(x: int, y: int, place: TreePosition, name: str, state: str) -> str:
    """Return a device's row: kind, name, state and link quality."""
    member = place.member
    middle = y + 20
    kind = {Kind.COORDINATOR: "c", Kind.ROUTER: "r"}.get(member.kind, "d")
    if member.available:
        size = {Kind.COORDINATOR: 10, Kind.ROUTER: 8}.get(member.kind, 6)
        shape = f'<circle class="{kind}" cx="{x}" cy="{middle}" r="{size}"/>'
    else:
        shape = f'<circle class="b" cx="{x}" cy="{middle}" r="7"/>'
        shape += f'<circle class="o" cx="{x}" cy="{middle}" r="7"/>'
    left = x + 16
    shown = _shortened(name, (_TEXT_END - left) / _CHARACTER)
    text = _text(left, middle + 1, shown, "" if member.available else "x")
    text += _text(left, middle + 18, state, "s" if member.available else "s x")
    return f"<g><title>{_plain(name)}</title>{shape}{text}{_quality(place.link_quality, y)}</g>"


def _quality(quality: int | None, y: int) -> str:
    if quality is None:
        return ""
    grade = "good" if quality >= _GOOD else "fair" if quality >= _FAIR else "weak"
    start = _WIDTH - 16 - _BAR
    return (
        _text(_WIDTH - 16, y + 20, str(quality), f"n {grade}")
        + f'<rect class="t" x="{start}" y="{y + 27}" width="{_BAR}" height="6" rx="3"/>'
        + f'<rect class="{grade}" x="{start}" y="{y + 27}" rx="3" height="6"'
        + f' width="{max(3, _BAR * quality // 255)}"/>'
    )


def _branch(x: int, y: int, to_x: int, to_y: int) -> str:
    """Return the line from a device to its child; deep levels are below each other."""
    return f'<path class="l" d="M{x} {y + 11}V{to_y}H{max(to_x - 9, x)}"/>'


def _state(
    place: TreePosition, scan: Scan, texts: DrawingTexts, written: Callable[[datetime], str]
) -> str:
    member = place.member
    if not member.available:
        seen = member.last_seen
        return texts.put("silent", time=written(seen)) if seen else texts["never_seen"]
    if member.kind is Kind.UNKNOWN:
        return member.ieee
    kind = texts[member.kind]
    return f"{kind} · {texts['unanswered']}" if member.ieee in scan.failed else kind


def _columns(text: str) -> int:
    """Return the width of a text in characters; East Asian ones are twice as wide."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _shortened(name: str, columns: float) -> str:
    if _columns(name) <= columns:
        return name
    kept = ""
    for char in name:
        if _columns(kept + char) + 1 > columns:
            break
        kept += char
    return kept.rstrip() + "…"


def _text(x: int, y: int, text: str, style: str) -> str:
    styled = f' class="{style}"' if style else ""
    return f'<text x="{x}" y="{y}"{styled}>{_plain(text)}</text>'


def _plain(text: str) -> str:
    """Return a text as plain XML text; characters that XML does not allow are dropped."""
    return escape("".join(char for char in text if char.isprintable()), {'"': "&quot;"})
