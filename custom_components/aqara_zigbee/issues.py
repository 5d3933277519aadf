"""Repair issues as Home Assistant keeps them: told, taken back, and gone with their entry.

An issue's id is its kind and whom it is about: a config entry, or a device by its address.
"""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from .const import DOMAIN
from .core.radio import Ieee

ATTR_ENTRY = "entry_id"
ATTR_IEEE = "ieee"


def _issue_id(kind: str, about: str) -> str:
    return f"{kind}_{about}"


@callback
def tell(
    hass: HomeAssistant,
    entry: ConfigEntry,
    kind: str,
    placeholders: dict[str, str] | None = None,
    *,
    ieee: Ieee | None = None,
    is_fixable: bool = False,
    is_fatal: bool = False,
    text: str | None = None,
) -> None:
    """Tell of a trouble, or of its present state. Who has chosen to ignore it is not told again.

    Args:
        hass: Home Assistant.
        entry: whose network has it.
        kind: what trouble.
        placeholders: for its text; one about the network has its `title` besides.
        ieee: the device it is about; None if it is about the network.
        is_fixable: whether `repairs` has a flow for it.
        is_fatal: whether the network is down because of it.
        text: the name of its text, where that is not the kind.
    """
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(kind, ieee or entry.entry_id),
        is_fixable=is_fixable,
        severity=ir.IssueSeverity.ERROR if is_fatal else ir.IssueSeverity.WARNING,
        translation_key=text or kind,
        translation_placeholders={
            **({} if ieee else {"title": entry.title}),
            **(placeholders or {}),
        },
        # Every user can read this, so it names things and tells nothing about them.
        data={ATTR_ENTRY: entry.entry_id, ATTR_IEEE: ieee},
    )


@callback
def take_back(hass: HomeAssistant, entry: ConfigEntry, kind: str, ieee: Ieee | None = None) -> None:
    """The trouble is over, if there was any."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(kind, ieee or entry.entry_id))


@callback
def told(hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
    """The kinds of trouble an entry and its devices have now."""
    return sorted(
        {
            issue.translation_key or issue.issue_id
            for issue in _of_entry(hass, entry)
            if issue.active
        }
    )


@callback
def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take everything back that was told of an entry and its devices."""
    for issue in _of_entry(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


def _of_entry(hass: HomeAssistant, entry: ConfigEntry) -> list[ir.IssueEntry]:
    """Also those that are only remembered as ignored: they have nothing left but their id."""
    registered = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    identifiers = {ident for each in registered for ident in each.identifiers}
    owners = (entry.entry_id, *(ieee for domain, ieee in identifiers if domain == DOMAIN))
    return [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
        and (
            (issue.data or {}).get(ATTR_ENTRY) == entry.entry_id or issue.issue_id.endswith(owners)
        )
    ]
