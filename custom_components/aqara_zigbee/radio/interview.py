"""Devices that fall asleep during their interview.

Devices of this maker report their model after joining and then sleep within seconds. The report is
enough to use them; the rest of the interview follows when they are awake again.
"""

import asyncio
from collections.abc import Callable, Mapping
import logging

from zigpy.device import Status as DeviceStatus, ZigbeeDevice
from zigpy.endpoint import Status as EndpointStatus
from zigpy.profiles import zha
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from ..core import zcl
from ..core.definition import Definition
from ..core.limits import until_nul
from .application import Application

_LOGGER = logging.getLogger(__name__)

PATIENCE = 20.0
"""Seconds that an interview may take once the model is known."""

PAUSE = 300.0
"""Seconds between two attempts to complete an interview."""

_MANUFACTURER, _MODEL = 0x0004, 0x0005
_NO_BUFFER = 0
_UNKNOWN_TYPE = 0xFFFF
"""The device type of an endpoint in zigpy's database, which needs a number."""


def announced_model(cluster: int, frame: bytes) -> str | None:
    """Return the model identifier in a report of the Basic cluster, if it has one."""
    report = zcl.read_report(1, cluster, frame) if cluster == zcl.Cluster.BASIC else None
    if report is None or _MODEL not in report:
        return None
    value = report[_MODEL]
    if not isinstance(value, bytes):
        return None
    return until_nul(value.decode("ascii", "replace")) or None


def is_unfinished(device: ZigbeeDevice) -> bool:
    """Whether a device was accepted by its reported model and not interviewed yet.

    Its node descriptor then has an impossible value: a buffer size of 0.
    """
    descriptor = device.node_desc
    return descriptor is not None and descriptor.maximum_buffer_size == _NO_BUFFER


def mark_unknown(device: ZigbeeDevice) -> None:
    """Remove the assumed values of a device that was accepted by its reported model."""
    for endpoint in device.non_zdo_endpoints:
        if is_unfinished(device) and endpoint.device_type == _UNKNOWN_TYPE:
            endpoint.device_type = None


class InterviewFallback:
    """Accepts known models whose interview fails, and completes it later."""

    def __init__(self, app: Application, known: Mapping[str, Definition]) -> None:
        """Create the fallback of an application.

        Args:
            app: the application.
            known: the definitions of models that can be accepted, by model identifier.
        """
        self._app = app
        self._known = known
        self._waiting: set[t.EUI64] = set()
        self._tried: dict[t.EUI64, float] = {}

    def has_battery(self, model: str | None) -> bool:
        """Whether devices of a model have a battery, so that they are not routers."""
        definition = self._known.get(model or "")
        return definition is not None and definition.feed.is_battery

    def on_frame(self, device: ZigbeeDevice, cluster: int, frame: bytes) -> None:
        """Handle a frame of a device that is not initialized."""
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

    def accept_stored(self) -> None:
        """Accept known models in the database whose interview never ended."""
        for device in tuple(self._app.devices.values()):
            if (
                isinstance(device, ZigbeeDevice)
                and not device.is_initialized
                and device.model is not None
                and device.model in self._known
            ):
                self._accept(device, device.model)

    def _accept(self, device: ZigbeeDevice, model: str) -> None:
        """Accept a device by its reported model."""
        _LOGGER.info("The interview of %s is not complete; accepted as %s", device.ieee, model)
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
            endpoint.device_type = _UNKNOWN_TYPE  # type: ignore[assignment]
            endpoint.status = EndpointStatus.ZDO_INIT
            endpoint.add_input_cluster(int(zcl.Cluster.BASIC))
        device.model, device.manufacturer = model, device.manufacturer or "LUMI"
        device.status = DeviceStatus.ENDPOINTS_INIT
        self._app.device_initialized(device)
        self._write_down(device.ieee, model, device.manufacturer)

    def _write_down(self, ieee: t.EUI64, model: str, manufacturer: str) -> None:
        """Let zigpy store the model, among the values of the Basic cluster."""
        device = self._app.devices[ieee]
        for endpoint in device.non_zdo_endpoints if isinstance(device, ZigbeeDevice) else ():
            if (basic := endpoint.in_clusters.get(int(zcl.Cluster.BASIC))) is not None:
                basic.update_attribute(_MODEL, model)
                basic.update_attribute(_MANUFACTURER, manufacturer)
                return

    def woke(self, device: ZigbeeDevice, now: Callable[[], float]) -> None:
        """Continue the interview of a device that has just sent something, so that it is awake."""
        if not is_unfinished(device) or device.reinterviewing:
            return
        if now() - self._tried.get(device.ieee, -PAUSE) < PAUSE:
            return
        self._tried[device.ieee] = now()
        self._app.create_task(device.reinterview(), f"finish {device.ieee}")


def _descriptor() -> zdo_t.NodeDescriptor:
    """Return the assumed descriptor of a device without an interview (protocol 0.6)."""
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
