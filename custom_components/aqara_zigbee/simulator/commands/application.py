"""AppConfig and AF: starting the network, endpoints, messages."""

from typing import TYPE_CHECKING, Any

from ..descriptors import SimpleDescriptor
from ..message import Message
from ..mt import c, t
from ..zcl import PROFILE_HOME_AUTOMATION
from .table import answers

if TYPE_CHECKING:
    from ..coordinator import Coordinator

STEERING_SECONDS = 180
"""Seconds that BDB network steering permits joins (BDB 8.3, bdbcMinCommissioningTime)."""


@answers(c.AppConfig.BDBStartCommissioning)
def _commission(radio: Coordinator, request: Any) -> int:
    modes = c.app_config.BDBCommissioningMode
    if request.Mode & modes.NwkFormation:
        radio.commission()
    if request.Mode & modes.NwkSteering:
        radio.permit(STEERING_SECONDS)
    return 0


@answers(c.AppConfig.BDBSetChannel)
def _channels(radio: Coordinator, request: Any) -> int:
    if request.IsPrimary:
        radio.channels = int(request.Channel)
    return 0


@answers(c.AppConfig.BDBSetJoinUsesInstallCodeKey)
def _install_codes(radio: Coordinator, request: Any) -> int:
    radio.install_codes_only = bool(request.BdbJoinUsesInstallCodeKey)
    return 0


@answers(
    c.AppConfig.BDBAddInstallCode,
    c.AppConfig.BDBSetTcRequireKeyExchange,
    c.AppConfig.SetAllowRejoinTCPolicy,
    c.AppConfig.SetDefaultRemoteEndDeviceTimeout,
)
def _accepted(_radio: Coordinator, _request: Any) -> int:
    return 0


@answers(c.AF.Register)
def _register(radio: Coordinator, request: Any) -> int:
    if request.Endpoint in radio.endpoints:
        return int(t.Status.APS_DUPLICATE_ENTRY)
    radio.endpoints[request.Endpoint] = SimpleDescriptor(
        request.DeviceId,
        [int(cluster) for cluster in request.InputClusters],
        [int(cluster) for cluster in request.OutputClusters],
        request.DeviceVersion,
        request.ProfileId,
    )
    return 0


@answers(c.AF.Delete)
def _unregister(radio: Coordinator, request: Any) -> int:
    return 0 if radio.endpoints.pop(request.Endpoint, None) else int(t.Status.INVALID_PARAMETER)


@answers(c.AF.DataRequestExt)
def _data_ext(radio: Coordinator, request: Any) -> int:
    destination = request.DstAddrModeAddress
    return _transmit(radio, request, destination.mode, destination.address)


@answers(c.AF.DataRequest, c.AF.DataRequestSrcRtg)
def _data(radio: Coordinator, request: Any) -> int:
    broadcast = request.DstAddr >= 0xFFF8
    return _transmit(
        radio, request, t.AddrMode.Broadcast if broadcast else t.AddrMode.NWK, request.DstAddr
    )


def _transmit(radio: Coordinator, request: Any, mode: Any, address: Any) -> int:
    source = radio.endpoints.get(request.SrcEndpoint)
    profile = PROFILE_HOME_AUTOMATION if source is None else source.profile
    message = Message(
        int(request.ClusterId),
        request.SrcEndpoint,
        request.DstEndpoint,
        bytes(request.Data),
        profile,
    )
    acked = bool(request.Options & c.af.TransmitOptions.ACK_REQUEST)
    return radio.transmit(mode, address, message, sequence=request.TSN, acked=acked)
