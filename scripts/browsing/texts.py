"""The integration's texts in one language, as the frontend should show them."""

from collections.abc import Iterator, Mapping
import json
from typing import Any

from scripts.demo_process import ROOT

TRANSLATIONS = ROOT / "custom_components" / "aqara_zigbee" / "translations"


class Texts:
    """Texts by their key, such as `config.step.port.title`.

    Args:
        language: as in the name of the file.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts: dict[str, Any] = json.loads((TRANSLATIONS / f"{language}.json").read_text())

    def get(self, key: str, placeholders: Mapping[str, str] | None = None) -> str | None:
        """A text with its placeholders filled in; None if there is none."""
        found: Any = self._texts
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                return None
            found = found[part]
        if not isinstance(found, str):
            return None
        text: str = found
        for name, value in (placeholders or {}).items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        flows = {part: self._texts[part] for part in ("config", "options")}
        flows |= {
            f"config_subentries.{kind}": flow
            for kind, flow in self._texts["config_subentries"].items()
        }
        flows |= {
            f"issues.{key}.fix_flow": issue.get("fix_flow", {})
            for key, issue in self._texts["issues"].items()
        }
        for prefix, flow in flows.items():
            for name, step in flow.get("step", {}).items():
                yield f"{prefix}.step.{name}", step

    def single_titles(self) -> dict[str, str]:
        """Titles of menus and of progress by their keys: steps without texts of a form."""
        return {
            f"{key}.title": step["title"]
            for key, step in self._steps()
            if "title" in step and ("menu_options" in step or set(step) == {"title"})
        }

    def options(self) -> dict[str, str]:
        """Entries of menus by their keys."""
        return {
            f"{key}.menu_options.{name}": text
            for key, step in self._steps()
            for name, text in step.get("menu_options", {}).items()
        }
