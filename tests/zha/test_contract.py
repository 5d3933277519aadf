"""The names of ZHA and zigpy that are used on ZHA's network, none of which is promised to us.

With a beta of Home Assistant this fails before its users are affected.
"""

import dataclasses
import inspect
from typing import Any

from homeassistant.components.zha.helpers import get_zha_gateway
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from zigpy.application import ControllerApplication
import zigpy.device
from zigpy.device import ZigbeeDevice
import zigpy.types as t
from zigpy.zcl import Cluster
from zigpy.zcl.clusters.general import Basic, Ota, PollControl
from zigpy.zdo import ZDO
import zigpy.zdo.types as zdo_t

from custom_components.aqara_zigbee import host

APPLICATION = {
    "packet_received": ["packet"],
    "add_listener": ["listener"],
    "remove_listener": ["listener"],
    "get_device_with_address": ["address"],
}
"""Methods of the application, with their parameters."""

DEVICE = (
    *("ieee", "nwk", "model", "manufacturer", "is_initialized", "last_seen", "node_desc"),
    *("all_endpoints_init", "endpoints", "non_zdo_endpoints", "zdo"),
)
ENDPOINT = (
    *("endpoint_id", "profile_id", "device_type", "in_clusters", "out_clusters"),
    "device",
)
DESCRIPTOR = (
    *("logical_type", "mac_capability_flags", "manufacturer_code", "is_router", "is_coordinator"),
)
PACKET = (
    *("src", "src_ep", "dst", "dst_ep", "profile_id", "cluster_id", "data", "lqi", "timestamp"),
)
NETWORK = ("channel", "pan_id", "extended_pan_id")
COORDINATOR = ("ieee", "model", "manufacturer", "version")
EVENTS = (
    *("handle_message", "device_joined", "device_initialized", "device_reinterviewed"),
    *("device_left", "device_removed", "connection_lost"),
)


@pytest.mark.parametrize("name", APPLICATION)
def test_methods_of_the_application(name: str) -> None:
    parameters = inspect.signature(getattr(ControllerApplication, name)).parameters
    assert [each for each in parameters if each != "self"] == APPLICATION[name]


@pytest.mark.parametrize("name", ["permit", "energy_scan", "listener_event", "handle_join"])
def test_other_methods_of_the_application(name: str) -> None:
    assert callable(getattr(ControllerApplication, name))


@pytest.mark.parametrize("name", EVENTS)
def test_events_are_reported(name: str) -> None:
    sources = inspect.getsource(inspect.getmodule(ControllerApplication) or zigpy.device)
    assert f'"{name}"' in sources + inspect.getsource(zigpy.device)


def test_request_of_a_device() -> None:
    parameters = inspect.signature(ZigbeeDevice.request).parameters
    wanted = ["profile", "cluster", "src_ep", "dst_ep", "sequence", "data"]
    assert [each for each in parameters if each != "self"][: len(wanted)] == wanted
    assert {"expect_reply", "ask_for_ack", "priority", "retries"} <= parameters.keys()
    assert callable(ZigbeeDevice.get_sequence)
    assert callable(ZigbeeDevice.reinterview)
    assert callable(Cluster.deserialize)


def test_requests_of_zdo() -> None:
    """Opening the network, everywhere and at one router."""
    opening = inspect.signature(ControllerApplication.permit).parameters
    assert list(opening)[1:] == ["time_s", "node"]
    assert list(inspect.signature(ZDO.permit).parameters)[1:2] == ["duration"]
    schema: Any = zdo_t.CLUSTERS[zdo_t.ZDOCmd.Mgmt_Permit_Joining_rsp]
    assert [list(part) for part in schema] == [["Status"], [zdo_t.Status]]


def test_packets() -> None:
    assert set(PACKET) <= {field.name for field in dataclasses.fields(t.ZigbeePacket)}
    assert {"NWK", "IEEE", "Group", "Broadcast"} <= set(t.AddrMode.__members__)
    assert "LOW" in t.PacketPriority.__members__
    address = t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=t.NWK(1))
    assert (address.addr_mode, address.address) == (t.AddrMode.NWK, 1)


def test_clusters_that_zigpy_reads_during_an_interview() -> None:
    found = [each.cluster_id for each in (Basic, Ota, PollControl)]
    assert found == [0x0000, 0x0019, 0x0020]


async def test_running_zha(hass: HomeAssistant, zha: MockConfigEntry) -> None:
    assert list(inspect.signature(get_zha_gateway).parameters) == ["hass"]
    found = host.running(hass)
    assert found is not None
    assert found.reinterview is not None
    assert (found.radio_type, found.title) == ("znp", "ZHA")
    assert zha.unique_id == f"epid={found.extended_pan_id}"
    app: Any = found.app
    assert "packet_received" not in vars(app)
    (coordinator,) = app.devices.values()
    for name in DEVICE:
        assert hasattr(coordinator, name), name
    for name in ENDPOINT:
        assert hasattr(coordinator.non_zdo_endpoints[0], name), name
    for name in DESCRIPTOR:
        assert hasattr(coordinator.node_desc, name), name
    for name in NETWORK:
        assert hasattr(app.state.network_info, name), name
    for name in COORDINATOR:
        assert hasattr(app.state.node_info, name), name


async def test_zha_without_its_accessor(
    hass: HomeAssistant, zha: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of ZHA is an error of its own, with an issue, and no crash."""
    with monkeypatch.context() as patch:
        patch.delattr("homeassistant.components.zha.helpers.get_zha_gateway")
        with pytest.raises(host.HostChangedError):
            host.running(hass)
