"""Words for texts that are put together while running, in the language of the installation.

A form's own texts are translated by the frontend. A list in such a text is not, so its words come
from here; they stand among the selectors of the translations.
"""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN


class Phrases:
    """Words by key. A key without a word is its own word."""

    def __init__(self, words: dict[str, str]) -> None:
        self._words = words

    def __getitem__(self, key: str) -> str:
        """A word or sentence."""
        return self._words.get(key, key)

    def put(self, key: str, **values: object) -> str:
        """A sentence with values in the place of ``[name]``."""
        text = self[key]
        for name, value in values.items():
            text = text.replace(f"[{name}]", str(value))
        return text


async def phrases(hass: HomeAssistant, subject: str) -> Phrases:
    """The words of a subject: ``selector.<subject>.options`` in the translations."""
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    prefix = f"component.{DOMAIN}.selector.{subject}.options."
    return Phrases(
        {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}
    )
