"""Takes a network's identity off what a stick or a backup holds."""

from hashlib import sha256

from ..core.identity import Identity
from .backup import Backup


def identity_of(network: Backup) -> Identity:
    """What tells a network from others; its key only as a fingerprint."""
    info = network.as_dict()["network_info"]
    key = sha256(f"aqara_zigbee {info['network_key']['key']}".encode()).hexdigest()
    return Identity(
        coordinator=network.coordinator,
        extended_pan_id=network.extended_pan_id,
        pan_id=network.pan_id,
        channel=network.channel,
        update_id=int(info["nwk_update_id"]),
        key=key,
    )
