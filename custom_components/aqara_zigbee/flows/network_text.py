"""Texts of networks and backups, from ``selector.backup`` in the translations."""

from collections.abc import Collection, Mapping
from datetime import datetime

from homeassistant.util import dt as dt_util

from ..core.identity import CHANNEL, COORDINATOR, EXTENDED_PAN_ID, PAN_ID
from ..radio.backup import Backup
from ..storage.backup_list import StoredBackup, line, moment
from ..texts import Texts, plain


def label(title: str, kept: StoredBackup, texts: Texts) -> str:
    """Return a backup's label; the title is that of its entry, empty for an overwritten network."""
    return f"{line(kept, texts)} · {title or texts['overwritten']}"


def describe(
    network: Backup,
    texts: Texts,
    kept: StoredBackup | None = None,
    differing: Collection[str] = (),
) -> str:
    """Return a backup as a list: where it is from, and its network.

    Args:
        network: the network in it.
        texts: the translated texts.
        kept: its entry in the list of backups; None for a file.
        differing: names of the facts to be in bold, as of `Backup.differences`.
    """
    if kept is not None:
        taken: datetime | None = kept.taken
        origin = {"backup": f"{texts[kept.reason]}, {moment(kept.taken)}"}
    else:
        taken = network.taken
        origin = {"source": plain(network.source), "time": moment(taken) if taken else ""}
    age = {"age": str((dt_util.utcnow() - taken).days)} if taken else {}
    facts = {**origin, **age, **_network(network)}
    if kept is not None:
        facts["devices"] = str(kept.devices)
    return _list(facts, texts, differing)


def describe_held(network: Backup, texts: Texts, differing: Collection[str] = ()) -> str:
    """Return the network on a coordinator as a list, with the same arguments as `describe`.

    Its source and time are those of reading it just now, so they are omitted.
    """
    return _list(_network(network), texts, differing)


def _network(network: Backup) -> dict[str, str]:
    return {
        CHANNEL: str(network.channel),
        PAN_ID: f"0x{network.pan_id:04x}",
        EXTENDED_PAN_ID: network.extended_pan_id,
        COORDINATOR: network.coordinator,
        "devices": str(network.devices),
    }


def _list(facts: Mapping[str, str], texts: Texts, differing: Collection[str]) -> str:
    lines = {name: f"{texts[f'fact_{name}']}: {value}" for name, value in facts.items() if value}
    return "\n".join(
        f"- **{text}**" if name in differing else f"- {text}" for name, text in lines.items()
    )


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
