"""Copies our blueprints to the configuration folder, where Home Assistant looks for them."""

import logging
from pathlib import Path
import shutil

from homeassistant.core import HomeAssistant

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

SOURCE = Path(__file__).parent / "blueprints" / "automation"


async def copy_blueprints(hass: HomeAssistant) -> None:
    """Copy the blueprints. Home Assistant has started and created its blueprint folder before."""
    target = Path(hass.config.path("blueprints", "automation", DOMAIN))
    try:
        await hass.async_add_executor_job(_copy, target)
    except OSError as error:
        _LOGGER.warning("Could not copy the blueprints to %s: %s", target, error)


def _copy(target: Path) -> None:
    """Copy them if our folder does not exist, so that the user's changes and deletions are kept.

    Without the blueprint folder nothing is copied: Home Assistant adds its own blueprints only
    while the folder does not exist.

    Raises:
        OSError: they cannot be written.
    """
    if target.parent.is_dir() and not target.exists():
        shutil.copytree(SOURCE, target)
