"""SYS: reset, version, memory."""

from typing import TYPE_CHECKING, Any

from ..addresses import eui64
from ..mt import c, t
from ..nvram import Key
from .table import answers

if TYPE_CHECKING:
    from ..coordinator import Coordinator

CHUNK = 246
"""Bytes of an item in one response: a frame's 250 without status, length and two to spare."""


@answers(c.SYS.ResetReq)
def _reset(radio: Coordinator, _request: Any) -> None:
    radio.reset()


@answers(c.SYS.Ping)
def _ping(radio: Coordinator, _request: Any) -> Any:
    return c.SYS.Ping.Rsp(Capabilities=t.MTCapabilities(radio.firmware.capabilities))


@answers(c.SYS.Version)
def _version(radio: Coordinator, _request: Any) -> Any:
    firmware = radio.firmware
    return c.SYS.Version.Rsp(
        TransportRev=firmware.transport,
        ProductId=firmware.product,
        MajorRel=firmware.major,
        MinorRel=firmware.minor,
        MaintRel=firmware.maintenance,
        CodeRevision=firmware.revision,
        BootloaderBuildType=c.sys.BootloaderBuildType.NON_BOOTLOADER_BUILD,
        BootloaderRevision=0xFFFFFFFF,
    )


@answers(c.SYS.GetExtAddr)
def _address(radio: Coordinator, _request: Any) -> Any:
    return c.SYS.GetExtAddr.Rsp(ExtAddr=eui64(radio.ieee_bytes))


@answers(c.SYS.Random)
def _random(radio: Coordinator, _request: Any) -> Any:
    return c.SYS.Random.Rsp(Value=radio.rng.randrange(0x10000))


@answers(c.SYS.SetTxPower)
def _power(_radio: Coordinator, request: Any) -> Any:
    """Z-Stack 3.30 answers with a status (TI `mt_sys.c`); a CC2652P sends with -20 to 20 dBm."""
    possible = -20 <= request.TXPower <= 20
    return c.SYS.SetTxPower.Rsp(StatusOrPower=0 if possible else int(t.Status.INVALID_PARAMETER))


@answers(c.SYS.OSALNVLength)
def _osal_length(radio: Coordinator, request: Any) -> Any:
    return c.SYS.OSALNVLength.Rsp(ItemLen=radio.nvram.osal_length(request.Id))


@answers(c.SYS.OSALNVItemInit)
def _osal_init(radio: Coordinator, request: Any) -> int:
    return radio.nvram.osal_init(request.Id, request.ItemLen, request.Value)


@answers(c.SYS.OSALNVRead, c.SYS.OSALNVReadExt)
def _osal_read(radio: Coordinator, request: Any) -> Any:
    status, value = radio.nvram.osal_read(request.Id, request.Offset, CHUNK)
    return request.Rsp(Status=t.Status(status), Value=t.ShortBytes(value))


@answers(c.SYS.OSALNVWrite, c.SYS.OSALNVWriteExt)
def _osal_write(radio: Coordinator, request: Any) -> int:
    return radio.nvram.osal_write(request.Id, request.Offset, request.Value)


@answers(c.SYS.OSALNVDelete)
def _osal_delete(radio: Coordinator, request: Any) -> int:
    return radio.nvram.osal_delete(request.Id, request.ItemLen)


def _key(request: Any) -> Key:
    return Key(request.SysId, request.ItemId, request.SubId)


@answers(c.SYS.NVLength)
def _nv_length(radio: Coordinator, request: Any) -> Any:
    return c.SYS.NVLength.Rsp(Length=len(radio.nvram.get(_key(request))))


@answers(c.SYS.NVCreate)
def _nv_create(radio: Coordinator, request: Any) -> int:
    return radio.nvram.create(_key(request), request.Length)


@answers(c.SYS.NVRead)
def _nv_read(radio: Coordinator, request: Any) -> Any:
    status, value = radio.nvram.read(_key(request), request.Offset, min(request.Length, CHUNK))
    return c.SYS.NVRead.Rsp(Status=t.Status(status), Value=t.ShortBytes(value))


@answers(c.SYS.NVWrite)
def _nv_write(radio: Coordinator, request: Any) -> int:
    return radio.nvram.write(_key(request), request.Offset, request.Value)


@answers(c.SYS.NVUpdate)
def _nv_update(radio: Coordinator, request: Any) -> int:
    return radio.nvram.update(_key(request), request.Value)


@answers(c.SYS.NVDelete)
def _nv_delete(radio: Coordinator, request: Any) -> int:
    return radio.nvram.delete(_key(request))


@answers(c.SYS.NVCompact)
def _nv_compact(_radio: Coordinator, _request: Any) -> int:
    return 0
