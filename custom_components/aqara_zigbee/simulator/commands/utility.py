"""UTIL: the table of children, and other commands."""

from typing import TYPE_CHECKING, Any

from ..addresses import eui64, readable
from ..mt import c, t
from .table import answers

if TYPE_CHECKING:
    from ..coordinator import Coordinator

ASSOC_COMMANDS_SINCE = 20201017
"""UTIL.AssocRemove and AssocAdd exist in Koenkk's builds from then on (zigpy-znp `send_packet`)."""


@answers(c.UTIL.GetDeviceInfo)
def _device_info(radio: Coordinator, _request: Any) -> Any:
    state = t.DeviceState
    children = [t.NWK(nwk) for nwk in _child_addresses(radio)][:100]
    return c.UTIL.GetDeviceInfo.Rsp(
        Status=t.Status.SUCCESS,
        IEEE=eui64(radio.ieee_bytes),
        NWK=t.NWK(radio.nwk),
        DeviceType=t.DeviceTypeCapabilities(0x07),
        DeviceState=state.StartedAsCoordinator if radio.running else state.InitializedNotStarted,
        AssociatedDevices=t.NWKList(children),
    )


def _child_addresses(radio: Coordinator) -> list[int]:
    known = (radio.known_address(ieee) for ieee in radio.network.children)
    return [nwk for nwk in known if nwk is not None]


@answers(c.UTIL.AssocCount)
def _association_count(radio: Coordinator, _request: Any) -> Any:
    return c.UTIL.AssocCount.Rsp(Count=len(radio.network.children))


@answers(c.UTIL.AssocFindDevice)
def _association_by_index(radio: Coordinator, request: Any) -> Any:
    """The structure as it is in memory; zigpy-znp recognizes a CC26x2 by its 36 bytes."""
    children = _child_addresses(radio)
    nwk = children[request.Index] if request.Index < len(children) else None
    return c.UTIL.AssocFindDevice.Rsp(Device=t.Bytes(_associated(nwk).serialize(align=True)))


@answers(c.UTIL.AssocGetWithAddress)
def _association_by_address(radio: Coordinator, request: Any) -> Any:
    ieee = bytes(request.IEEE.serialize())
    wanted = [nwk for nwk in _child_addresses(radio) if nwk == int(request.NWK)]
    if any(ieee):
        wanted = (
            [radio.records.known.address_of(ieee) or 0]
            if readable(ieee) in radio.network.children
            else []
        )
    return c.UTIL.AssocGetWithAddress.Rsp(Device=_associated(wanted[0] if wanted else None))


def _associated(nwk: int | None) -> Any:
    relation = c.util.NodeRelation.NOTUSED if nwk is None else c.util.NodeRelation.CHILD_RFD
    return c.util.Device(
        shortAddr=0xFFFE if nwk is None else nwk,
        addrIdx=0,
        nodeRelation=relation,
        devStatus=0,
        assocCnt=0,
        age=0,
        linkInfo=c.util.LinkInfo(
            txCounter=0, txCost=1, rxLqi=255, inKeySeqNum=0, inFrmCntr=0, txFailure=0
        ),
        endDev=c.util.AgingEndDevice(endDevCfg=0, deviceTimeout=0),
        timeoutCounter=0,
        keepaliveRcv=0,
        ctrl=0,
    )


@answers(c.UTIL.AssocRemove, since=ASSOC_COMMANDS_SINCE)
def _dissociate(radio: Coordinator, request: Any) -> int:
    radio.network.children.discard(readable(bytes(request.IEEE.serialize())))
    return 0


@answers(c.UTIL.AssocAdd, since=ASSOC_COMMANDS_SINCE)
def _associate(radio: Coordinator, request: Any) -> int:
    radio.network.children.add(readable(bytes(request.IEEE.serialize())))
    return 0


@answers(c.UTIL.TimeAlive)
def _time_alive(radio: Coordinator, _request: Any) -> Any:
    return c.UTIL.TimeAlive.Rsp(Seconds=int(radio.clock.now() - radio.started_at))


@answers(c.UTIL.CallbackSubCmd)
def _subscribe(_radio: Coordinator, _request: Any) -> int:
    return 0


@answers(c.UTIL.LEDControl)
def _led(_radio: Coordinator, _request: Any) -> None:
    """Firmware without LEDs does not answer (zigpy-znp `_set_led_mode`)."""
