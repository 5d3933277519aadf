"""Unique ids of entries by their network."""

from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from ..core.identity import COORDINATOR, KEY, extended_pan_id_in, unique_id
from ..radio.backup import Backup
from ..storage.network import KnownNetwork


async def unique_id_of(hass: HomeAssistant, network: Backup, own_entry: str = "") -> str:
    """Return the unique id of a network's entry, whatever its port.

    It contains the extended PAN id. Networks can have the same one, as those of Zigbee2MQTT until
    2023; the second of them also has its coordinator's address in its unique id.

    Args:
        hass: Home Assistant.
        network: the network.
        own_entry: the id of the network's entry; empty for a new one.
    """
    plain = unique_id(network.extended_pan_id)
    is_taken = False
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.entry_id == own_entry:
            continue
        if extended_pan_id_in(entry.unique_id) != network.extended_pan_id:
            continue
        if await has_network(KnownNetwork(hass, entry), network):
            return str(entry.unique_id)
        is_taken |= entry.unique_id == plain
    return f"{plain},coordinator={network.coordinator}" if is_taken else plain


async def has_network(known: KnownNetwork, network: Backup) -> bool:
    """Whether a network is a state of an entry's, as far as that is known."""
    await known.load()
    if known.identity is None:
        return known.extended_pan_id in (None, network.extended_pan_id)
    differences = known.identity.differences(network.identity)
    return known.identity.extended_pan_id == network.extended_pan_id and {
        COORDINATOR,
        KEY,
    }.isdisjoint(differences)
