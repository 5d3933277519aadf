"""Retained topics of the bridge: its information and its devices (protocol 6.7)."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime

from ..core.device import Device
from ..core.errors import DeliveryError
from ..core.gateway import Gateway
from ..core.radio import Coordinator, Endpoint, Ieee
from . import z2m_texts
from .context import MirrorContext
from .device_info import known, manufacturer_of, model_id_of, power_source_of, type_of
from .exposes import definition_of
from .names import COORDINATOR, address
from .payload import Json, dump
from .ports import MirrorHost
from .settings import DeviceSettings, options_of
from .topics import Topics

VERSION = "2.14.1"
"""The Zigbee2MQTT version that this was compared with; clients compare it, so it is not our own."""

CONVERTERS_VERSION = "26.105.0"
HERDSMAN_VERSION = "10.9.2"

DEVICES, INFO = "devices", "info"
RETAINED = (INFO, DEVICES, "groups", "definitions", "extensions", "converters")
"""The retained topics of this module; ``state`` and ``health`` are published elsewhere."""

_TYPES = {
    "znp": "zStack3x0",
    "ezsp": "EmberZNet",
    "deconz": "ConBee2/RaspBee2",
    "zigate": "ZiGate",
}
"""Zigbee2MQTT's names of the coordinator types of ZHA."""


class Bridge:
    """Builds the documents of the bridge.

    Args:
        gateway: the network; its radio must be running.
        identity: the id of this mirror.
    """

    def __init__(
        self, gateway: Gateway, line: MirrorContext, house: MirrorHost, identity: str
    ) -> None:
        self._gateway = gateway
        self._radio = gateway.radio.coordinator
        self._line = line
        self._house = house
        self._identity = identity
        self._stages: dict[Ieee, str] = {}

    @property
    def documents(self) -> Mapping[str, Callable[[], Json]]:
        """The functions that build the retained documents, by topic."""
        return {
            INFO: self.info,
            DEVICES: self.devices,
            "groups": list,
            "definitions": self.definitions,
            "extensions": list,
            "converters": list,
        }

    def is_ours(self, info: str) -> bool:
        """Whether a ``bridge/info`` was published by this mirror, now or in an earlier run."""
        return is_ours(info, self._identity)

    @property
    def _coordinator(self) -> Coordinator:
        """The coordinator, or its last known data."""
        with suppress(DeliveryError):
            self._radio = self._gateway.radio.coordinator
        return self._radio

    def note_interview(self, device: Device, stage: str) -> None:
        """Set the stage of a device's interview."""
        self._stages[device.ieee] = stage

    # bridge/info

    def info(self) -> Json:
        """Return the bridge, its network and its settings, without secrets."""
        radio = self._coordinator
        until = self._gateway.open_until
        is_open = until is not None and until > self._line.clock.now()
        vitals = self._house.vitals()
        return known(
            version=VERSION,
            commit="unknown",
            coordinator={
                "ieee_address": address(radio.ieee),
                "type": _TYPES.get(radio.radio_type, radio.radio_type),
                "meta": {"revision": _revision(radio.firmware)},
            },
            zigbee_herdsman={"version": HERDSMAN_VERSION},
            zigbee_herdsman_converters={"version": CONVERTERS_VERSION},
            network={
                "channel": radio.channel,
                "pan_id": radio.pan_id,
                "extended_pan_id": address(radio.extended_pan_id),
            },
            log_level=self._line.settings.log_level,
            permit_join=is_open,
            permit_join_end=_milliseconds(until) if until and is_open else None,
            restart_required=False,
            mqtt={"server": "mqtt://home-assistant", "version": 5},
            os=vitals["os"],
            config=self.config(),
            config_schema={"type": "object", "properties": {}},
            mirror=_mark(self._identity),
        )

    def config(self) -> Json:
        """Return the settings in the form of Zigbee2MQTT's configuration."""
        settings, radio = self._line.settings, self._coordinator
        return {
            "advanced": {
                "cache_state": settings.cache_state,
                "channel": radio.channel,
                "elapsed": settings.elapsed,
                "last_seen": settings.last_seen,
                "log_level": settings.log_level,
                "output": "json",
                "pan_id": radio.pan_id,
            },
            "availability": {
                "enabled": True,
                "active": {"timeout": 10},
                "passive": {"timeout": 1500},
            },
            "blocklist": [],
            "device_options": {},
            "devices": {
                address(device.ieee): {
                    "friendly_name": self._line.names[device],
                    **options_of(device),
                }
                for device in self._gateway.values()
            },
            "frontend": {"enabled": False},
            "groups": {},
            "homeassistant": {"enabled": False, "legacy_action_sensor": settings.action_reset},
            "mqtt": {
                "base_topic": settings.base_topic,
                "include_device_information": settings.include_device,
            },
            "ota": {},
            "passlist": [],
            "serial": {"adapter": "zstack"},
            "version": 4,
        }

    # bridge/devices

    def devices(self) -> Json:
        """Return the coordinator and all devices."""
        return [self._coordinator_entry(), *map(self.device, self._gateway.values())]

    def _coordinator_entry(self) -> Json:
        return {
            "ieee_address": address(self._coordinator.ieee),
            "type": COORDINATOR,
            "network_address": 0,
            "supported": True,
            "friendly_name": COORDINATOR,
            "disabled": False,
            "interviewing": False,
            "interview_completed": True,
            "interview_state": "SUCCESSFUL",
            "endpoints": {"1": _endpoint(Endpoint(), None)},
        }

    def device(self, device: Device) -> Json:
        """Return one device."""
        settings = DeviceSettings.of(device.options)
        stage = self._stages.get(device.ieee)
        stage = stage or ("SUCCESSFUL" if device.node.is_complete else "PENDING")
        return known(
            ieee_address=address(device.ieee),
            type=type_of(device),
            network_address=device.node.nwk,
            supported=device.definition is not None,
            friendly_name=self._line.names[device],
            disabled=settings.disabled,
            description=settings.description,
            power_source=power_source_of(device),
            software_build_id=device.about.software_build_id,
            date_code=device.about.date_code,
            model_id=model_id_of(device),
            manufacturer=manufacturer_of(device),
            interviewing=stage == "IN_PROGRESS",
            interview_completed=device.node.is_complete,
            interview_state=stage,
            endpoints={
                str(number): _endpoint(endpoint, _endpoint_name(device, number))
                for number, endpoint in sorted(device.node.endpoints.items())
            },
        ) | {"definition": described(device)}

    # Other topics

    def definitions(self) -> Json:
        """Return the clusters of our devices by name."""
        return {
            "actions": [],
            "clusters": {
                name: {"ID": number, "attributes": {}, "commands": {}, "commandsResponse": {}}
                for number, name in z2m_texts.CLUSTERS.items()
            },
            "custom_clusters": {},
        }


def is_ours(info: str, identity: str) -> bool:
    """Whether a ``bridge/info`` was published by the mirror with that id."""
    return dump(_mark(identity)) in info


def _mark(identity: str) -> Json:
    """Return a member of ``bridge/info`` that Zigbee2MQTT does not have."""
    return {"by": "aqara_zigbee", "id": identity}


def described(device: Device) -> Json:
    """Return a device's definition with the chosen icon; null if its model is unknown."""
    if device.definition is None:
        return None
    return definition_of(device.definition) | known(icon=DeviceSettings.of(device.options).icon)


def _endpoint_name(device: Device, number: int) -> str | None:
    names = device.definition.endpoints if device.definition else {}
    return next((name for name, endpoint in names.items() if endpoint == number), None)


def _endpoint(endpoint: Endpoint, name: str | None) -> Json:
    return known(
        name=name,
        bindings=[],
        clusters={"input": _clusters(endpoint.inputs), "output": _clusters(endpoint.outputs)},
        configured_reportings=[],
        scenes=[],
    )


def _clusters(numbers: Iterable[int]) -> list[str]:
    return [z2m_texts.cluster_name(number) for number in numbers]


def _revision(firmware: str) -> int:
    """Return the number in a coordinator's firmware version, 0 if there is none."""
    digits = "".join(char for char in firmware if char in "0123456789")
    return int(digits or 0)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def retained_topics(base_topic: str, names: Iterable[str]) -> list[str]:
    """Return all topics on which a mirror may have retained messages."""
    topics = Topics(base_topic)
    bridge = [topics.bridge(name) for name in (*RETAINED, "health", "state")]
    return bridge + [topic for name in names for topic in topics.retained(name)]
