"""ZDO: requests to devices, joining, routes."""

import struct
from typing import TYPE_CHECKING, Any

from .. import zdo
from ..addresses import eui64
from ..mt import c, t
from .table import Answer, answers

if TYPE_CHECKING:
    from ..coordinator import Coordinator

LONGEST_PERMIT = 254


@answers(c.ZDO.StartupFromApp)
def _startup(radio: Coordinator, _request: Any) -> Any:
    radio.commission()
    return c.ZDO.StartupFromApp.Rsp(State=c.zdo.StartupState.RestoredNetworkState)


@answers(c.ZDO.MsgCallbackRegister)
def _listen(radio: Coordinator, request: Any) -> int:
    radio.host_zdo.callbacks.add(int(request.ClusterId))
    return 0


@answers(c.ZDO.MsgCallbackRemove)
def _stop_listening(radio: Coordinator, request: Any) -> int:
    radio.host_zdo.callbacks.discard(int(request.ClusterId))
    return 0


@answers(c.ZDO.MgmtPermitJoinReq)
def _permit(radio: Coordinator, request: Any) -> int:
    """Permit joins at the coordinator, all routers, or one; 255 (no limit) is refused."""
    if request.Duration > LONGEST_PERMIT:
        return int(t.Status.INVALID_PARAMETER)
    body = bytes([request.Duration, request.TCSignificance])
    if request.AddrMode == t.AddrMode.Broadcast:
        radio.host_zdo.ask(int(request.Dst), zdo.ZdoCommand.MGMT_PERMIT_JOINING, body)
        radio.host_zdo.ask(radio.nwk, zdo.ZdoCommand.MGMT_PERMIT_JOINING, body)
    else:
        radio.host_zdo.ask(int(request.Dst), zdo.ZdoCommand.MGMT_PERMIT_JOINING, body)
    return 0


@answers(c.ZDO.MgmtNWKUpdateReq)
def _update(radio: Coordinator, request: Any) -> int:
    """A change of channel concerns the coordinator itself and has no response."""
    if request.ScanDuration == zdo.CHANGE_CHANNEL:
        moves = radio.change_channel(int(request.Channels))
        return 0 if moves else int(t.Status.INVALID_PARAMETER)
    body = struct.pack("<IBB", int(request.Channels), request.ScanDuration, request.ScanCount)
    radio.host_zdo.ask(int(request.Dst), zdo.ZdoCommand.MGMT_NWK_UPDATE, body)
    return 0


@answers(c.ZDO.ExtRouteChk)
def _route(radio: Coordinator, request: Any) -> Any:
    found = radio.network.by_nwk(int(request.Dst)) is not None
    status = c.zdo.RoutingStatus
    return c.ZDO.ExtRouteChk.Rsp(Status=status.SUCCESS if found else status.FAIL)


@answers(c.ZDO.ExtRouteDisc)
def _discover(_radio: Coordinator, _request: Any) -> int:
    return 0


@answers(c.ZDO.ExtNwkInfo)
def _network(radio: Coordinator, _request: Any) -> Any:
    network = radio.records.network
    pan_id, channel = (0xFFFF, 0) if network is None else (network.pan_id, network.channel)
    return c.ZDO.ExtNwkInfo.Rsp(
        Dst=t.NWK(0x0000),
        PanId=t.PanId(pan_id),
        ParentNWK=t.NWK(0x0000),
        ExtendedPanId=t.ExtendedPanId.deserialize(radio.extended_pan())[0],
        ParentIEEE=eui64(bytes(8)),
        Channel=t.Channels(channel),
    )


_PLAIN_REQUESTS: dict[Any, zdo.ZdoCommand] = {
    c.ZDO.NodeDescReq: zdo.ZdoCommand.NODE_DESC,
    c.ZDO.PowerDescReq: zdo.ZdoCommand.POWER_DESC,
    c.ZDO.SimpleDescReq: zdo.ZdoCommand.SIMPLE_DESC,
    c.ZDO.ActiveEpReq: zdo.ZdoCommand.ACTIVE_EP,
    c.ZDO.MatchDescReq: zdo.ZdoCommand.MATCH_DESC,
    c.ZDO.BindReq: zdo.ZdoCommand.BIND,
    c.ZDO.UnBindReq: zdo.ZdoCommand.UNBIND,
    c.ZDO.MgmtLqiReq: zdo.ZdoCommand.MGMT_LQI,
    c.ZDO.MgmtRtgReq: zdo.ZdoCommand.MGMT_RTG,
    c.ZDO.MgmtBindReq: zdo.ZdoCommand.MGMT_BIND,
}
"""MT requests with a destination and the body of a ZDO request, as Zigbee2MQTT sends them."""


def _passed_on(command: zdo.ZdoCommand) -> Answer:
    def respond(radio: Coordinator, request: Any) -> int:
        data = bytes(request.to_frame(align=True).data)
        radio.host_zdo.ask(int.from_bytes(data[:2], "little"), command, data[2:])
        return 0

    return respond


for _definition, _command in _PLAIN_REQUESTS.items():
    answers(_definition)(_passed_on(_command))


@answers(c.ZDO.IEEEAddrReq)
def _ieee_address(radio: Coordinator, request: Any) -> int:
    body = struct.pack("<HBB", int(request.NWK), request.RequestType, request.StartIndex)
    radio.host_zdo.ask(int(request.NWK), zdo.ZdoCommand.IEEE_ADDR, body)
    return 0


@answers(c.ZDO.NwkAddrReq)
def _nwk_address(radio: Coordinator, request: Any) -> int:
    body = bytes(request.IEEE.serialize()) + bytes([request.RequestType, request.StartIndex])
    radio.host_zdo.ask(zdo.BROADCAST_AWAKE, zdo.ZdoCommand.NWK_ADDR, body)
    return 0


@answers(c.ZDO.MgmtLeaveReq)
def _leave(radio: Coordinator, request: Any) -> int:
    """Send Mgmt_Leave_req; MT and the ZDO frame order the option bits differently."""
    options = int(request.RemoveChildren_Rejoin)
    flags = (0x80 if options & 0x01 else 0) | (0x40 if options & 0x02 else 0)
    radio.host_zdo.ask(
        int(request.DstAddr),
        zdo.ZdoCommand.MGMT_LEAVE,
        bytes(request.IEEE.serialize()) + bytes([flags]),
    )
    return 0
