"""Faults of a page: texts that are keys, entries that are cut, errors on the console."""

from dataclasses import dataclass, field
from pathlib import Path
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Page as Tab

_RAW = (
    (re.compile(r"component\.\w+\.[\w.]+"), "the key of a text"),
    (re.compile(r"\[%key"), "a reference to a text"),
    (re.compile(r"\{[a-z_]+\}"), "an unresolved placeholder"),
    (re.compile(r"\[[a-z_]+\](?!\()"), "an unresolved placeholder"),
    # Bold text ends only in front of a space or punctuation, or without punctuation of its own at its end.
    (re.compile(r"\*\*"), "Markdown"),
    (re.compile(r"(?<![\w./:-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w./:-])"), "a key"),
)
"""Texts that must not be shown; entity ids, paths and file names have dots or slashes."""

_NOISE = (
    # The machine that runs this has no internet, and needs none: brands, maps, Home Assistant's own news.
    "net::ERR_",
    # Chromium reports this for every page on http.
    "Cross-Origin-Opener-Policy",
    # The frontend closes its connection when a page is left, and what is under way then ends with this.
    "Connection lost",
    # Home Assistant has no images of custom integrations, but the frontend requests them.
    "brands",
    # The network map of an entry that a walk deletes while the page loads it; the walk `network-map` checks one.
    "/api/image_proxy/image.cc2652",
)
"""Parts of console errors that are not ours, with the reason why."""

_PROVOKED = (
    "states.db is damaged",
    "file is not a database",
    # Home Assistant's own, of a file that cannot be written.
    "aqara_zigbee.overwritten.backups",
)
"""Parts of errors in the log that the walks `damaged` and `network` provoke."""

_LONGEST = 300
"""Characters of a fault; the rest of an error is where it was raised in the frontend."""

_TEXTS = """
root => {
  const texts = [];
  const walk = node => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.textContent.trim()) texts.push(node.textContent.trim());
      return;
    }
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (["STYLE", "SCRIPT", "CODE", "SVG"].includes(node.tagName.toUpperCase())) return;
      const style = getComputedStyle(node);
      if (style.display === "none" || style.visibility === "hidden") return;
      if (node.tagName === "SLOT") {
        const assigned = node.assignedNodes();
        for (const each of assigned.length ? assigned : node.childNodes) walk(each);
        return;
      }
    }
    for (const each of (node.shadowRoot ?? node).childNodes) walk(each);
  };
  walk(root);
  return texts;
}
"""
"""All texts below an element as they are shown, through shadow roots and slots."""

_CUT = """
root => {
  const cut = [];
  const walk = node => {
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    const style = getComputedStyle(node);
    if (style.display === "none") return;
    const clips = ["hidden", "clip"].includes(style.overflowX) && style.textOverflow === "ellipsis";
    if (clips && node.clientWidth && node.scrollWidth > node.clientWidth + 1)
      cut.push(`${node.textContent.trim() || node.getRootNode().host?.textContent.trim()}`);
    for (const each of (node.shadowRoot ?? node).children) walk(each);
    if (node.shadowRoot) for (const each of node.children) walk(each);
  };
  walk(root);
  return cut;
}
"""
"""Texts below an element that end in three dots because they do not fit."""


@dataclass
class Faults:
    """The faults found so far.

    Attributes:
        where: the walk and the look that are under way.
        found: each fault once, in the order they were met.
    """

    where: str = ""
    found: list[str] = field(default_factory=list)

    def add(self, what: str) -> None:
        """Note a fault, in one line."""
        what = what.partition("\n")[0][:_LONGEST]
        fault = f"{self.where}: {what}"
        if fault not in self.found:
            self.found.append(fault)
            print(f"  FAULT   {what}", flush=True)

    def listen(self, tab: Tab) -> None:
        """Note errors on a tab's console from now on."""
        tab.on("console", self._on_message)
        tab.on("pageerror", lambda error: self._on_error(f"{error}"))

    def _on_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._on_error(f"{message.text} {message.location.get('url', '')}")

    def _on_error(self, text: str) -> None:
        if not any(noise in text for noise in _NOISE):
            self.add(f"error on the console: {text}")

    def check_log(self, path: Path) -> None:
        """Note errors in Home Assistant's log that are about the integration."""
        for line in path.read_text(errors="replace").splitlines():
            is_ours = " ERROR " in line and "aqara_zigbee" in line
            if is_ours and not any(provoked in line for provoked in _PROVOKED):
                self.add(f"error in the log: {line}")

    def check_texts(self, texts: list[str]) -> None:
        """Record texts that are not meant for people."""
        for text in texts:
            for pattern, what in _RAW:
                if found := pattern.search(text):
                    self.add(f"{what} is shown: {found[0]!r} in {text[:120]!r}")


async def texts_of(tab: Tab, selector: str) -> list[str]:
    """All texts that are shown below an element."""
    texts: list[str] = await tab.locator(selector).first.evaluate(_TEXTS)
    return texts


async def cut_texts(tab: Tab, selector: str) -> list[str]:
    """Texts below an element that do not fit."""
    texts: list[str] = await tab.locator(selector).first.evaluate(_CUT)
    return texts
