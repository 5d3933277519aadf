"""Texts of networks and backups, from ``selector.backup`` in the translations."""

from homeassistant.util import dt as dt_util

from ..radio.backup import Backup
from ..storage.backup_list import StoredBackup, line
from ..texts import Texts, plain


def label(title: str, kept: StoredBackup, texts: Texts) -> str:
    """Return a backup's label; the title is that of its entry, empty for an overwritten network."""
    return f"{line(kept, texts)} ({title or texts['overwritten']})"


def describe(network: Backup, texts: Texts, kept: StoredBackup | None = None) -> str:
    """Return a network as a list."""
    taken = kept.taken if kept else network.taken
    facts = {
        "fact_reason": texts[kept.reason] if kept else "",
        "fact_source": "" if kept else plain(network.source),
        "fact_time": f"{dt_util.as_local(taken):%Y-%m-%d %H:%M}" if taken else "",
        "fact_age": str((dt_util.utcnow() - taken).days) if taken else "",
        "fact_channel": str(network.channel),
        "fact_pan_id": f"0x{network.pan_id:04x}",
        "fact_extended_pan_id": network.extended_pan_id,
        "fact_coordinator": network.coordinator,
        "fact_devices": str(network.devices),
    }
    return "\n".join(f"- {texts[name]}: {value}" for name, value in facts.items() if value)


def describe_coordinator(held: Backup | None, network: Backup, texts: Texts) -> str:
    """Return what happens to a coordinator's network."""
    if held is None:
        return texts["stick_blank"]
    if not held.is_whole and held.is_same_network(network):
        return texts["stick_incomplete"]
    if not held.differences(network):
        return texts["stick_same"]
    return texts.put(
        "stick_earlier" if held.is_same_network(network) else "stick_other",
        channel=held.channel,
        pan_id=f"0x{held.pan_id:04x}",
        extended_pan_id=held.extended_pan_id,
        devices=held.devices,
    )
