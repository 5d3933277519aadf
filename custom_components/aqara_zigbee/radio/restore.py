"""Reads coordinators, and restores backups on them.

A network is checked before it is written, because a partly written coordinator has no network at
all, and read back afterwards.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
import os

from zigpy.backups import NetworkBackup
from zigpy.state import NetworkInfo, NodeInfo
import zigpy.types as t
from zigpy_znp.const import DEFAULT_TC_LINK_KEY
from zigpy_znp.znp.security import StoredDevice, find_optimal_tclk_seed

from ..core.radio import Coordinator
from .application import Application
from .backup import Backup, BackupError, BackupProblem, load
from .capacity import has_room
from .network import FAILURES, Port, advice_of, coordinator_of, is_z_stack_1, opened


class WriteError(Exception):
    """A network was not written completely. The coordinator's content is unknown.

    Attributes:
        problem: a translation key of the advice.
    """

    def __init__(self, detail: object = "", problem: str = "write_failed") -> None:
        super().__init__(detail)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class CoordinatorContents:
    """The contents of a coordinator.

    Attributes:
        network: its network, None if it is blank.
        is_z_stack_1: whether it runs Z-Stack Home 1.2.
    """

    network: Backup | None
    is_z_stack_1: bool


async def probe(port: Port) -> CoordinatorContents:
    """Read a coordinator's network and the kind of its firmware.

    Raises:
        RadioError: no Z-Stack was reached.
    """
    async with opened(port) as app:
        return CoordinatorContents(await load(app), is_z_stack_1(app))


async def read(port: Port) -> Backup | None:
    """Read a coordinator's network with its device tables; None if it is blank.

    Raises:
        RadioError: no Z-Stack was reached.
    """
    async with opened(port) as app:
        return await load(app)


async def restore(
    port: Port, backup: Backup, now: datetime, others: Iterable[Backup] = ()
) -> Coordinator:
    """Write a network to a coordinator, read it back, and start it once.

    The previous network is overwritten. The frame counter is set above all that were sent.

    Args:
        port: the coordinator's port.
        backup: the network.
        now: the time.
        others: newer states of the same network.

    Raises:
        RadioError: no Z-Stack was reached. Nothing was written.
        BackupError: it has too many devices for this coordinator, or link keys, which Z-Stack Home
            1.2 cannot store. Nothing was written.
        WriteError: it was interrupted, or the coordinator has other contents now.
    """
    async with opened(port) as app:
        held = await load(app)
        wanted = backup.advanced(now, (*others, held) if held else others)
        if wanted.has_link_keys and is_z_stack_1(app):
            raise BackupError(BackupProblem.LINK_KEYS)
        if not await _fits(app, wanted):
            raise BackupError(BackupProblem.TOO_MANY_DEVICES)
        try:
            await _write(app, wanted)
            found = await load(app)
            if found is None or not found.is_whole or not wanted.is_on(found):
                raise WriteError("the data read back differs from the data written")
            await app.start_network()
        except (*FAILURES, RuntimeError, AttributeError) as error:
            # Not RadioError, which means that nothing was changed.
            advice = advice_of(error) or "write_failed"
            raise WriteError(f"{type(error).__name__}: {error}", advice) from error
        return coordinator_of(app)


async def _fits(app: Application, backup: Backup) -> bool:
    """Whether a connected coordinator has room for all its devices and keys."""
    info = NetworkBackup.from_dict(backup.as_dict()).network_info
    await asyncio.to_thread(_keep_out_of_logs, info)
    return await has_room(app, info)


async def _write(app: Application, backup: Backup) -> None:
    """Write it to a connected coordinator."""
    network = NetworkBackup.from_dict(backup.as_dict())  # zigpy-znp modifies it
    await asyncio.to_thread(_keep_out_of_logs, network.network_info)
    await app.write_network_info(network_info=network.network_info, node_info=network.node_info)


def _keep_out_of_logs(info: NetworkInfo) -> None:
    """Convert what zigpy-znp would convert with a warning that contains a key."""
    # Z-Stack has this key built in; no other can be written.
    info.tc_link_key.key = DEFAULT_TC_LINK_KEY
    seed = info.stack_specific.get("zstack", {}).get("tclk_seed") or os.urandom(16).hex()
    keyed = [StoredDevice(NodeInfo(ieee=key.partner_ieee), key) for key in info.key_table]
    best = find_optimal_tclk_seed(keyed, t.KeyData(bytes.fromhex(seed)))
    info.stack_specific = {**info.stack_specific, "zstack": {"tclk_seed": best.serialize().hex()}}
