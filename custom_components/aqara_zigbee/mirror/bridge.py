"""What the bridge says of itself and its devices on its retained topics (contract 6.7)."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from ..core.device import Device
from ..core.errors import DeliveryError
from ..core.gateway import Gateway
from ..core.radio import Coordinator, Endpoint, Ieee
from . import words
from .exposes import definition_of
from .facts import (
    known,
    manufacturer_of,
    model_id_of,
    power_source_of,
    type_of,
)
from .line import Line
from .names import COORDINATOR, address
from .payload import Json, dump
from .ports import House
from .settings import CHECKS
from .topics import Topics

VERSION = "2.12.1"
"""The Zigbee2MQTT whose contract this is. Clients compare it, so it is none of ours."""

CONVERTERS_VERSION = "26.112.0"
HERDSMAN_VERSION = "10.9.5"

DEVICES, INFO = "devices", "info"
RETAINED = (INFO, DEVICES, "groups", "definitions", "extensions", "converters")
"""The topics kept up to date here, beside ``state`` and ``health``."""


class Bridge:
    """The documents.

    Args:
        gateway: the network; its radio must be up.
        identity: tells this mirror from any other.
    """

    def __init__(self, gateway: Gateway, line: Line, house: House, identity: str) -> None:
        self._gateway = gateway
        self._radio = gateway.radio.coordinator
        self._line = line
        self._house = house
        self._identity = identity
        self._stages: dict[Ieee, str] = {}

    @property
    def documents(self) -> Mapping[str, Callable[[], Json]]:
        """What is published retained, by topic."""
        return {
            INFO: self.info,
            DEVICES: self.devices,
            "groups": list,
            "definitions": self.definitions,
            "extensions": list,
            "converters": list,
        }

    def is_ours(self, info: str) -> bool:
        """Whether a ``bridge/info`` was said by this mirror, now or when it ran last."""
        return is_ours(info, self._identity)

    @property
    def _coordinator(self) -> Coordinator:
        """The radio as it is, or was when it was there last."""
        with suppress(DeliveryError):
            self._radio = self._gateway.radio.coordinator
        return self._radio

    def note_interview(self, device: Device, stage: str) -> None:
        """An interview has come to a stage."""
        self._stages[device.ieee] = stage

    # bridge/info

    def info(self) -> Json:
        """The bridge, its network and its settings. There are no secrets in it."""
        radio = self._coordinator
        until = self._gateway.open_until
        is_open = until is not None and until > self._line.clock.now()
        vitals = self._house.vitals()
        return known(
            version=VERSION,
            commit="unknown",
            coordinator={
                "ieee_address": address(radio.ieee),
                "type": "zStack3x0",
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
        """The settings as Zigbee2MQTT's configuration would have them."""
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
        """The coordinator, then all devices."""
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
        """One device."""
        stage = self._stages.get(device.ieee)
        stage = stage or ("SUCCESSFUL" if device.node.is_complete else "PENDING")
        return known(
            ieee_address=address(device.ieee),
            type=type_of(device),
            network_address=device.node.nwk,
            supported=device.definition is not None,
            friendly_name=self._line.names[device],
            disabled=False,
            description=device.options.get("description"),
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
        ) | {"definition": definition_of(device.definition) if device.definition else None}

    # The rest

    def definitions(self) -> Json:
        """Clusters by name, as far as our devices have them."""
        return {
            "actions": [],
            "clusters": {
                name: {"ID": number, "attributes": {}, "commands": {}, "commandsResponse": {}}
                for number, name in words.CLUSTERS.items()
            },
            "custom_clusters": {},
        }


def is_ours(info: str, identity: str) -> bool:
    """Whether a ``bridge/info`` was said by the mirror of that identity."""
    return dump(_mark(identity)) in info


def _mark(identity: str) -> Json:
    """A member of ``bridge/info`` that no Zigbee2MQTT has."""
    return {"by": "aqara_zigbee", "id": identity}


def options_of(device: Device) -> dict[str, Any]:
    """A device's options as Zigbee2MQTT knows them, without those that nobody has set."""
    names = set(CHECKS)
    if device.definition is not None:
        names |= {option.name for option in device.definition.options}
    return {
        name: value
        for name, value in sorted(device.options.items())
        if name in names and value is not None
    }


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
    return [words.cluster_name(number) for number in numbers]


def _revision(firmware: str) -> int:
    """The number in what a stick says of its firmware, 0 if there is none."""
    digits = "".join(char for char in firmware if char in "0123456789")
    return int(digits or 0)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def retained_topics(base_topic: str, names: Iterable[str]) -> list[str]:
    """Everything a mirror may have left with the broker."""
    topics = Topics(base_topic)
    bridge = [topics.bridge(name) for name in (*RETAINED, "health", "state")]
    return bridge + [topic for name in names for topic in topics.retained(name)]
