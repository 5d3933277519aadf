"""Translated parts of texts that are assembled at run time, in the language of the installation.

The frontend translates a form's own texts, but not the placeholders, such as lists. Their texts are
among the selectors of the translations.
"""

from collections.abc import Mapping

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import (
    async_get_cached_translations,
    async_get_translations,
)

from .const import DOMAIN

_MARKDOWN = "\\`*_[]<>#|~&@"


class Texts:
    """Texts by key. A key without a text stands for itself."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: str) -> str:
        """Return the text of a key."""
        return self._texts.get(key, key)

    def put(self, key: str, **values: object) -> str:
        """Return a text with values in place of ``[name]``."""
        text = self[key]
        for name, value in values.items():
            text = text.replace(f"[{name}]", str(value))
        return text


def plain(text: str) -> str:
    """Return a foreign text so that nothing in it is interpreted as Markdown or as a link."""
    escaped = "".join(f"\\{char}" if char in _MARKDOWN else char for char in text)
    return escaped.replace("://", ":\\//").replace("www.", "www\\.")


async def load_texts(hass: HomeAssistant, subject: str) -> Texts:
    """Return the texts of a subject: ``selector.<subject>.options`` in the translations."""
    translations = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    return _of_subject(translations, subject)


async def load_reason(hass: HomeAssistant, entry: ConfigEntry) -> str:
    """Return why an entry of ours does not run, in whole sentences; empty if that is not known.

    Home Assistant's own text is English, and without the last period.
    """
    translations = await async_get_translations(hass, hass.config.language, "exceptions", [DOMAIN])
    key = f"component.{DOMAIN}.exceptions.{entry.error_reason_translation_key}.message"
    if (text := translations.get(key)) is None:
        return entry.reason or ""
    for name, value in (entry.error_reason_translation_placeholders or {}).items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


@callback
def cached_texts(hass: HomeAssistant, subject: str) -> Texts:
    """The same without waiting. Home Assistant caches them while the integration is loaded."""
    translations = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    return _of_subject(translations, subject)


def _of_subject(translations: Mapping[str, str], subject: str) -> Texts:
    prefix = f"component.{DOMAIN}.selector.{subject}.options."
    return Texts(
        {
            key.removeprefix(prefix): text
            for key, text in translations.items()
            if key.startswith(prefix)
        }
    )
