"""ZDO: requests to devices, joining, routes."""

from __future__ import annotations

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
    radio.callbacks.add(int(request.ClusterId))
    return 0


@answers(c.ZDO.MsgCallbackRemove)
def _stop_listening(radio: Coordinator, request: Any) -> int:
    radio.callbacks.discard(int(request.ClusterId))
    return 0


@answers(c.ZDO.MgmtPermitJoinReq)
def _permit(radio: Coordinator, request: Any) -> int:
    """Opens the coordinator, everyone, or one router; 255, "for ever", is refused."""
    if request.Duration > LONGEST_PERMIT:
        return int(t.Status.INVALID_PARAMETER)
    body = bytes([request.Duration, request.TCSignificance])
    if request.AddrMode == t.AddrMode.Broadcast:
        radio.ask(int(request.Dst), zdo.Command.MGMT_PERMIT_JOINING, body)
        radio.ask(radio.nwk, zdo.Command.MGMT_PERMIT_JOINING, body)
    else:
        radio.ask(int(request.Dst), zdo.Command.MGMT_PERMIT_JOINING, body)
    return 0


@answers(c.ZDO.MgmtNWKUpdateReq)
def _update(radio: Coordinator, request: Any) -> int:
    """A change of channel happens to the coordinator itself and is answered by nothing."""
    if request.ScanDuration == zdo.CHANGE_CHANNEL:
        moves = radio.change_channel(int(request.Channels))
        return 0 if moves else int(t.Status.INVALID_PARAMETER)
    body = struct.pack("<IBB", int(request.Channels), request.ScanDuration, request.ScanCount)
    radio.ask(int(request.Dst), zdo.Command.MGMT_NWK_UPDATE, body)
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


_PLAIN_REQUESTS: dict[Any, zdo.Command] = {
    c.ZDO.NodeDescReq: zdo.Command.NODE_DESC,
    c.ZDO.PowerDescReq: zdo.Command.POWER_DESC,
    c.ZDO.SimpleDescReq: zdo.Command.SIMPLE_DESC,
    c.ZDO.ActiveEpReq: zdo.Command.ACTIVE_EP,
    c.ZDO.MatchDescReq: zdo.Command.MATCH_DESC,
    c.ZDO.BindReq: zdo.Command.BIND,
    c.ZDO.UnBindReq: zdo.Command.UNBIND,
    c.ZDO.MgmtLqiReq: zdo.Command.MGMT_LQI,
    c.ZDO.MgmtRtgReq: zdo.Command.MGMT_RTG,
    c.ZDO.MgmtBindReq: zdo.Command.MGMT_BIND,
}
"""MT requests that are a destination and the body of a ZDO request: what Zigbee2MQTT uses."""


def _passed_on(command: zdo.Command) -> Answer:
    def respond(radio: Coordinator, request: Any) -> int:
        data = bytes(request.to_frame(align=True).data)
        radio.ask(int.from_bytes(data[:2], "little"), command, data[2:])
        return 0

    return respond


for _definition, _command in _PLAIN_REQUESTS.items():
    answers(_definition)(_passed_on(_command))


@answers(c.ZDO.IEEEAddrReq)
def _ieee_address(radio: Coordinator, request: Any) -> int:
    body = struct.pack("<HBB", int(request.NWK), request.RequestType, request.StartIndex)
    radio.ask(int(request.NWK), zdo.Command.IEEE_ADDR, body)
    return 0


@answers(c.ZDO.NwkAddrReq)
def _nwk_address(radio: Coordinator, request: Any) -> int:
    body = bytes(request.IEEE.serialize()) + bytes([request.RequestType, request.StartIndex])
    radio.ask(zdo.BROADCAST_AWAKE, zdo.Command.NWK_ADDR, body)
    return 0


@answers(c.ZDO.MgmtLeaveReq)
def _leave(radio: Coordinator, request: Any) -> int:
    """MT numbers the option bits from below, the air from above."""
    options = int(request.RemoveChildren_Rejoin)
    flags = (0x80 if options & 0x01 else 0) | (0x40 if options & 0x02 else 0)
    radio.ask(
        int(request.DstAddr),
        zdo.Command.MGMT_LEAVE,
        bytes(request.IEEE.serialize()) + bytes([flags]),
    )
    return 0
