"""Repair issues in Home Assistant: created, deleted, and removed with their entry.

An issue's id is its kind and its subject: a config entry, or a device's address.
"""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from ..const import DOMAIN
from ..core.radio import Ieee

ATTR_ENTRY = "entry_id"
ATTR_IEEE = "ieee"


def _issue_id(kind: str, about: str) -> str:
    return f"{kind}_{about}"


@callback
def report(
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
    """Create an issue or update it. An ignored issue stays ignored.

    Args:
        hass: Home Assistant.
        entry: the network's entry.
        kind: the kind of issue.
        placeholders: placeholders of its text; one about the network also has its `title`.
        ieee: the device; None for the network.
        is_fixable: whether `repairs` has a fix flow.
        is_fatal: whether the network does not run because of it.
        text: its translation key, if not the kind.
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
        # Every user can read this, so it has names, but no details.
        data={ATTR_ENTRY: entry.entry_id, ATTR_IEEE: ieee},
    )


@callback
def take_back(hass: HomeAssistant, entry: ConfigEntry, kind: str, ieee: Ieee | None = None) -> None:
    """Delete an issue, if it exists."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(kind, ieee or entry.entry_id))


@callback
def reported(hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
    """Return the kinds of current issues of an entry and its devices."""
    return sorted(
        {
            issue.translation_key or issue.issue_id
            for issue in _of_entry(hass, entry)
            if issue.active
        }
    )


@callback
def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete all issues of an entry and its devices."""
    for issue in _of_entry(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


def _of_entry(hass: HomeAssistant, entry: ConfigEntry) -> list[ir.IssueEntry]:
    """All issues of an entry, including ignored ones that are not active, which have only an id."""
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
