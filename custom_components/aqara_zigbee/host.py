"""ZHA in the same Home Assistant, whose network can be used. Only this file uses ZHA's internals.

Used are `get_zha_gateway`, the same since Home Assistant 2024.8, and of what it returns
`application_controller` and `async_reinterview_device` (since zha 2). None of them is a public
interface.
"""

from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from zigpy.application import ControllerApplication

from .core.radio import Ieee
from .radio.guest import Reinterview, extended_pan_id_of
from .radio.guest_devices import models_of
from .runtime import ZHA


class HostChangedError(Exception):
    """This version of ZHA differs from the known ones."""


@dataclass(frozen=True, slots=True)
class ZhaHost:
    """A running ZHA.

    Attributes:
        app: its zigpy application.
        reinterview: interviews a device again; None if ZHA has no such function.
        radio_type: the type of its coordinator: ``znp``, ``ezsp``, ``deconz`` …
        title: the title of its config entry.
    """

    app: ControllerApplication
    reinterview: Reinterview | None
    radio_type: str
    title: str

    @property
    def extended_pan_id(self) -> str:
        """The extended PAN id of its network."""
        return extended_pan_id_of(self.app)

    @property
    def models(self) -> dict[Ieee, str]:
        """The known model identifiers of its devices."""
        return models_of(self.app)


@callback
def running(hass: HomeAssistant) -> ZhaHost | None:
    """Return ZHA, if it is loaded.

    Raises:
        HostChangedError: it is loaded, but differs from the known versions.
    """
    loaded: list[ConfigEntry] = hass.config_entries.async_loaded_entries(ZHA)
    if not loaded:
        return None
    try:
        # If loaded, it is imported already; otherwise it must not be imported.
        from homeassistant.components.zha.helpers import (  # noqa: PLC0415
            get_zha_gateway,
        )

        gateway = get_zha_gateway(hass)
        app: ControllerApplication | None = gateway.application_controller
        if app is None:
            return None
        reinterview = getattr(gateway, "async_reinterview_device", None)
        return ZhaHost(app, reinterview, str(loaded[0].data.get("radio_type", "")), loaded[0].title)
    except ValueError:  # it is being unloaded
        return None
    except (ImportError, AttributeError, TypeError, KeyError) as error:
        raise HostChangedError(str(error)) from error


@callback
def follow(hass: HomeAssistant, changed: Callable[[], None]) -> Callable[[], None]:
    """Call `changed` whenever ZHA's config entry or its state changes.

    Returns:
        A function that unsubscribes.
    """

    @callback
    def entry_changed(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == ZHA:
            changed()

    return async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed)
