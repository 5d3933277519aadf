"""Devices that fall asleep while they are asked what they are.

Devices of this maker announce their model by themselves and then sleep within seconds. What the
announcement says is enough to work with them; the rest is asked for when they are awake again.
"""

import asyncio
from collections.abc import Callable, Container
import logging

from zigpy.device import Status as DeviceStatus, ZigbeeDevice
from zigpy.endpoint import Status as EndpointStatus
from zigpy.profiles import zha
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from ..core import zcl
from .application import Application

_LOGGER = logging.getLogger(__name__)

PATIENCE = 20.0
"""Seconds an interview may take once the model is known."""

PAUSE = 300.0
"""Seconds between two attempts to finish an interview."""

_MANUFACTURER, _MODEL = 0x0004, 0x0005
_NO_BUFFER = 0


def announced_model(cluster: int, frame: bytes) -> str | None:
    """The model identifier in a report of the Basic cluster, if it carries one."""
    report = zcl.read_report(1, cluster, frame) if cluster == zcl.Cluster.BASIC else None
    if report is None or _MODEL not in report:
        return None
    value = report[_MODEL]
    if not isinstance(value, bytes):
        return None
    return value.partition(b"\0")[0].decode("ascii", "replace") or None


def is_unfinished(device: ZigbeeDevice) -> bool:
    """Whether a device was accepted on its word and still has to be asked.

    Its node descriptor says then what no real one does: that it can receive nothing.
    """
    descriptor = device.node_desc
    return descriptor is not None and descriptor.maximum_buffer_size == _NO_BUFFER


class Receptionist:
    """Accepts known models whose interview gets nowhere, and finishes it later."""

    def __init__(self, app: Application, known: Container[str]) -> None:
        """Make one for an application.

        Args:
            app: whose devices.
            known: the model identifiers that can be accepted on their word.
        """
        self._app = app
        self._known = known
        self._waiting: set[t.EUI64] = set()
        self._tried: dict[t.EUI64, float] = {}

    def heard(self, device: ZigbeeDevice, cluster: int, frame: bytes) -> None:
        """A device that is not known yet sent something."""
        model = announced_model(cluster, frame)
        if model in self._known and device.ieee not in self._waiting:
            self._waiting.add(device.ieee)
            self._app.create_task(self._wait_for(device, str(model)), f"wait for {device.ieee}")

    async def _wait_for(self, device: ZigbeeDevice, model: str) -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            self._waiting.discard(device.ieee)
        current = self._app.devices.get(device.ieee)
        if isinstance(current, ZigbeeDevice) and not current.is_initialized:
            self._accept(current, model)

    def _accept(self, device: ZigbeeDevice, model: str) -> None:
        """Take a device on its word."""
        _LOGGER.info("%s sleeps in the middle of its interview; accepted as %s", device.ieee, model)
        device.cancel_initialization()
        told = device.node_desc or _descriptor()
        device.node_desc = zdo_t.NodeDescriptor(
            **{**told.as_dict(), "maximum_buffer_size": _NO_BUFFER}
        )
        for endpoint in device.non_zdo_endpoints:
            if endpoint.status == EndpointStatus.NEW:
                del device.endpoints[endpoint.endpoint_id]
        if not device.has_non_zdo_endpoints:
            endpoint = device.add_endpoint(1)
            endpoint.profile_id = zha.PROFILE_ID
            endpoint.status = EndpointStatus.ZDO_INIT
            endpoint.add_input_cluster(int(zcl.Cluster.BASIC))
        device.model, device.manufacturer = model, device.manufacturer or "LUMI"
        device.status = DeviceStatus.ENDPOINTS_INIT
        self._app.device_initialized(device)

    def woke(self, device: ZigbeeDevice, now: Callable[[], float]) -> None:
        """A device spoke, so it hears for a moment: go on where its interview ended."""
        if not is_unfinished(device) or device.reinterviewing:
            return
        if now() - self._tried.get(device.ieee, -PAUSE) < PAUSE:
            return
        self._tried[device.ieee] = now()
        self._app.create_task(device.reinterview(), f"finish {device.ieee}")


def _descriptor() -> zdo_t.NodeDescriptor:
    """What is assumed of a device that did not say (contract 0.6)."""
    return zdo_t.NodeDescriptor(
        logical_type=zdo_t.LogicalType.EndDevice,
        complex_descriptor_available=0,
        user_descriptor_available=0,
        reserved=0,
        aps_flags=0,
        frequency_band=zdo_t.NodeDescriptor.FrequencyBand.Freq2400MHz,
        mac_capability_flags=zdo_t.NodeDescriptor.MACCapabilityFlags.AllocateAddress,
        manufacturer_code=0x1037,
        maximum_buffer_size=127,
        maximum_incoming_transfer_size=0,
        server_mask=0,
        maximum_outgoing_transfer_size=0,
        descriptor_capability_field=zdo_t.NodeDescriptor.DescriptorCapability.NONE,
    )
