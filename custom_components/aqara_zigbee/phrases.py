"""Translated parts of texts that are assembled at run time, in the language of the installation.

The frontend translates a form's own texts, but not the placeholders, such as lists. Their texts are
among the selectors of the translations.
"""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import (
    async_get_cached_translations,
    async_get_translations,
)

from .const import DOMAIN

_MARKDOWN = "\\`*_[]<>#|~&@"


class Phrases:
    """Texts by key. A key without a text stands for itself."""

    def __init__(self, words: dict[str, str]) -> None:
        self._words = words

    def __getitem__(self, key: str) -> str:
        """Return the text of a key."""
        return self._words.get(key, key)

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


async def phrases(hass: HomeAssistant, subject: str) -> Phrases:
    """Return the texts of a subject: ``selector.<subject>.options`` in the translations."""
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    return _phrases(texts, subject)


@callback
def cached_phrases(hass: HomeAssistant, subject: str) -> Phrases:
    """The same without waiting. Home Assistant caches them while the integration is loaded."""
    texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    return _phrases(texts, subject)


def _phrases(texts: Mapping[str, str], subject: str) -> Phrases:
    prefix = f"component.{DOMAIN}.selector.{subject}.options."
    return Phrases(
        {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}
    )
