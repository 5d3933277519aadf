"""Requests about the network: map, backup, coordinator check."""

from collections.abc import Mapping

from ...core.device import Device
from ...core.gateway import Gateway
from ...core.network_scan import Scan
from ...core.radio import Ieee, Neighbour
from ..context import MirrorContext
from ..device_info import known, manufacturer_of, model_id_of, type_of
from ..names import COORDINATOR, address
from ..payload import Json
from .message import Answer, Data, Message, RequestError

_ROUTER = "Router"


class NetworkRequests:
    """Answers requests about the network."""

    def __init__(self, gateway: Gateway, line: MirrorContext) -> None:
        self._gateway = gateway
        self._line = line

    @property
    def answers(self) -> Mapping[str, Answer]:
        """The handler of each request."""
        return {
            "backup": self._backup,
            "coordinator_check": self._coordinator_check,
            "networkmap": self._networkmap,
        }

    async def _backup(self, _message: Message) -> Data:
        raise RequestError(
            "A backup holds the network key, which never leaves by MQTT;"
            " download one in Home Assistant"
        )

    async def _coordinator_check(self, _message: Message) -> Data:
        """List routers that are unknown to the coordinator; they have to be paired again."""
        remembered = await self._gateway.radio.addresses()
        return {
            "missing_routers": [
                {"friendly_name": self._line.names[device], "ieee_address": address(device.ieee)}
                for device in self._gateway.values()
                if type_of(device) == _ROUTER and device.ieee not in remembered
            ]
        }

    async def _networkmap(self, message: Message) -> Data:
        form = message.get("type", message.get(""))
        forms = {"raw": self._raw, "graphviz": self._graphviz, "plantuml": self._plantuml}
        if not isinstance(form, str) or form not in forms:
            raise RequestError(f"Invalid type, allowed are: {','.join(forms)}")
        found = await self._gateway.scanner.scan(self._line.clock.now)
        return {"type": form, "routes": False, "value": forms[form](found)}

    def _links(self, found: Scan) -> list[tuple[Neighbour, Ieee, int]]:
        """Return the neighbors, the device that lists each, and its network address."""
        places = {device.ieee: device.node.nwk for device in self._gateway.values()}
        return [(neighbour, ieee, places.get(ieee, 0)) for ieee, neighbour in found.links()]

    # Formats

    def _raw(self, found: Scan) -> Json:
        hub = self._gateway.radio.coordinator.ieee
        return {
            "nodes": [
                _node(hub, COORDINATOR, COORDINATOR, 0, is_silent=hub in found.failed),
                *(self._device_node(device, found) for device in self._gateway.values()),
            ],
            "links": [_link(*link) for link in self._links(found)],
        }

    def _device_node(self, device: Device, found: Scan) -> Json:
        definition, seen = device.definition, device.last_seen
        node = _node(
            device.ieee,
            self._line.names[device],
            type_of(device),
            device.node.nwk,
            is_silent=device.ieee in found.failed,
        )
        return node | known(
            manufacturerName=manufacturer_of(device),
            modelID=model_id_of(device),
            lastSeen=int(seen.timestamp() * 1000) if seen else None,
            definition=known(
                model=definition.model,
                vendor=definition.vendor,
                description=definition.description,
                supports=", ".join(row.name for row in definition.properties),
            )
            if definition
            else None,
        )

    def _labels(self) -> dict[Ieee, str]:
        hub = {self._gateway.radio.coordinator.ieee: COORDINATOR}
        return hub | {each.ieee: self._line.names[each] for each in self._gateway.values()}

    def _graphviz(self, found: Scan) -> str:
        nodes = [
            f'  "{address(ieee)}" [label="{_escaped(name)}"];'
            for ieee, name in self._labels().items()
        ]
        links = [
            f'  "{address(neighbour.ieee)}" -> "{address(ieee)}" [label="{neighbour.link_quality}"];'
            for neighbour, ieee, _ in self._links(found)
        ]
        return "\n".join(["digraph G {", "  node [shape=box];", *nodes, *links, "}"])

    def _plantuml(self, found: Scan) -> str:
        cards = [
            f'card "{_escaped(name)}" as {address(ieee)}' for ieee, name in self._labels().items()
        ]
        links = [
            f"{address(neighbour.ieee)} --> {address(ieee)}: {neighbour.link_quality}"
            for neighbour, ieee, _ in self._links(found)
        ]
        return "\n".join(["@startuml", *cards, *links, "@enduml"])


def _node(ieee: Ieee, name: str, kind: str, nwk: int, *, is_silent: bool) -> dict[str, Json]:
    return {
        "ieeeAddr": address(ieee),
        "friendlyName": name,
        "type": kind,
        "networkAddress": nwk,
        "failed": ["lqi"] if is_silent else [],
    }


def _link(neighbour: Neighbour, ieee: Ieee, nwk: int) -> Json:
    """Return a link in Zigbee2MQTT's format: from the neighbor to the device that lists it."""
    source, target = address(neighbour.ieee), address(ieee)
    return {
        "source": {"ieeeAddr": source, "networkAddress": neighbour.nwk},
        "target": {"ieeeAddr": target, "networkAddress": nwk},
        "sourceIeeeAddr": source,
        "sourceNwkAddr": neighbour.nwk,
        "targetIeeeAddr": target,
        "depth": neighbour.depth,
        "relationship": neighbour.relation,
        "deviceType": neighbour.kind,
        "linkquality": neighbour.link_quality,
        "lqi": neighbour.link_quality,
        "routes": [],
    }


def _escaped(name: str) -> str:
    """Return a name without quotes; names can be any text."""
    return name.replace("\\", "/").replace('"', "'").replace("\n", " ")
