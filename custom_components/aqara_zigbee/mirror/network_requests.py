"""Requests about the network as a whole: its map, and what its coordinator remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.device import Device
from ..core.errors import AqaraError
from ..core.gateway import Gateway
from ..core.radio import Ieee, Neighbour
from .facts import known, manufacturer_of, model_id_of, type_of
from .line import Line
from .message import Answer, Data, Message, RequestError
from .names import COORDINATOR, address
from .payload import Json

_ROUTER = "Router"
_FORMER_CHILD = 4


@dataclass(slots=True)
class Map:
    """Who is on the network, and who hears whom.

    Attributes:
        heard: the neighbour tables, by whose they are.
        silent: routers that did not tell theirs.
    """

    heard: dict[Ieee, list[Neighbour]] = field(default_factory=dict)
    silent: set[Ieee] = field(default_factory=set)


class NetworkRequests:
    """Answers requests about the network."""

    def __init__(self, gateway: Gateway, line: Line) -> None:
        self._gateway = gateway
        self._line = line

    @property
    def answers(self) -> Mapping[str, Answer]:
        """What answers which request."""
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
        """Routers that the coordinator has forgotten; they have to be paired anew."""
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
        found = await self._look_around()
        return {"type": form, "routes": False, "value": forms[form](found)}

    async def _look_around(self) -> Map:
        """Ask everyone who hears others, one after the other."""
        found = Map()
        hub = self._gateway.radio.coordinator.ieee
        routers = [d for d in self._gateway.values() if type_of(d) == _ROUTER]
        for ieee in (hub, *(router.ieee for router in routers if router.available)):
            try:
                found.heard[ieee] = list(await self._gateway.radio.neighbours(ieee))
            except AqaraError:
                found.silent.add(ieee)
        found.silent |= {router.ieee for router in routers if not router.available}
        return found

    def _links(self, found: Map) -> list[tuple[Neighbour, Ieee, int]]:
        """Who is heard, by whom, and the network address of that."""
        places = {device.ieee: device.node.nwk for device in self._gateway.values()}
        return [
            (neighbour, ieee, places.get(ieee, 0))
            for ieee, neighbours in found.heard.items()
            for neighbour in neighbours
            if neighbour.relation != _FORMER_CHILD
        ]

    # Forms

    def _raw(self, found: Map) -> Json:
        hub = self._gateway.radio.coordinator.ieee
        return {
            "nodes": [
                _node(hub, COORDINATOR, COORDINATOR, 0, is_silent=hub in found.silent),
                *(self._device_node(device, found) for device in self._gateway.values()),
            ],
            "links": [_link(*link) for link in self._links(found)],
        }

    def _device_node(self, device: Device, found: Map) -> Json:
        definition, seen = device.definition, device.last_seen
        node = _node(
            device.ieee,
            self._line.names[device],
            type_of(device),
            device.node.nwk,
            is_silent=device.ieee in found.silent,
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

    def _graphviz(self, found: Map) -> str:
        nodes = [
            f'  "{address(ieee)}" [label="{_escaped(name)}"];'
            for ieee, name in self._labels().items()
        ]
        links = [
            f'  "{address(heard.ieee)}" -> "{address(ieee)}" [label="{heard.link_quality}"];'
            for heard, ieee, _ in self._links(found)
        ]
        return "\n".join(["digraph G {", "  node [shape=box];", *nodes, *links, "}"])

    def _plantuml(self, found: Map) -> str:
        cards = [
            f'card "{_escaped(name)}" as {address(ieee)}' for ieee, name in self._labels().items()
        ]
        links = [
            f"{address(heard.ieee)} --> {address(ieee)}: {heard.link_quality}"
            for heard, ieee, _ in self._links(found)
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


def _link(heard: Neighbour, ieee: Ieee, nwk: int) -> Json:
    """A link as Zigbee2MQTT has it: from who is heard to who hears."""
    source, target = address(heard.ieee), address(ieee)
    return {
        "source": {"ieeeAddr": source, "networkAddress": heard.nwk},
        "target": {"ieeeAddr": target, "networkAddress": nwk},
        "sourceIeeeAddr": source,
        "sourceNwkAddr": heard.nwk,
        "targetIeeeAddr": target,
        "depth": heard.depth,
        "relationship": heard.relation,
        "deviceType": heard.kind,
        "linkquality": heard.link_quality,
        "lqi": heard.link_quality,
        "routes": [],
    }


def _escaped(name: str) -> str:
    """A name that ends no quotation; names come from anywhere."""
    return name.replace("\\", "/").replace('"', "'").replace("\n", " ")
