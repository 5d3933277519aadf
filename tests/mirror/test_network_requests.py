"""Requests about the network as a whole."""

from typing import Any

import pytest

from custom_components.aqara_zigbee.core.radio import Ieee, Neighbour
from tests.mirror.stage import ADDRESS, IEEE, OTHER, Stage

HUB = "00:12:4b:00:00:00:00:01"
HUB_ADDRESS, OTHER_ADDRESS = "0x00124b0000000001", "0x00158d0001a1b2c5"
STRANGER = "00:15:8d:00:00:00:00:99"


def received(ieee: Ieee, *, nwk: int = 7, kind: int = 1, relation: int = 2) -> Neighbour:
    """Return an entry of a neighbor table."""
    return Neighbour(ieee, nwk, kind, relation, depth=1, link_quality=120)


@pytest.fixture
def network(stage: Stage) -> Stage:
    """A plug that is the coordinator's neighbor, and a sleeping knob that is its child."""
    stage.add("lumi.plug", "plug")
    stage.add("lumi.remote.rkba01", 'k"n|ob', OTHER)
    stage.radio.tables = {
        HUB: [received(IEEE), received(OTHER, kind=2, relation=1), received(STRANGER, relation=4)],
        IEEE: [received(HUB, nwk=0, kind=0, relation=0)],
    }
    stage.begin()
    return stage


async def map_of(stage: Stage, form: str = "raw") -> Any:
    response = await stage.request("networkmap", {"type": form})
    assert response["status"] == "ok"
    assert response["data"]["type"] == form
    return response["data"]["value"]


async def test_raw(network: Stage) -> None:
    network.receive("187a0a00001001", 6)
    found = await map_of(network)
    hub, plug, knob = found["nodes"]
    assert hub == {
        "ieeeAddr": HUB_ADDRESS,
        "friendlyName": "Coordinator",
        "type": "Coordinator",
        "networkAddress": 0,
        "failed": [],
    }
    assert plug | {"definition": None} == {
        "ieeeAddr": ADDRESS,
        "friendlyName": "plug",
        "type": "Router",
        "networkAddress": 0x1234,
        "failed": [],
        "manufacturerName": "LUMI",
        "modelID": "lumi.plug",
        "lastSeen": int(network.clock.now().timestamp() * 1000),
        "definition": None,
    }
    assert plug["definition"]["model"] == "ZNCZ02LM"
    assert (knob["type"], knob["failed"]) == ("EndDevice", [])
    assert "lastSeen" not in knob
    assert [(link["sourceIeeeAddr"], link["targetIeeeAddr"]) for link in found["links"]] == [
        (ADDRESS, HUB_ADDRESS),
        (OTHER_ADDRESS, HUB_ADDRESS),
        (HUB_ADDRESS, ADDRESS),
    ], "a former child is no link"
    assert found["links"][1] == {
        "source": {"ieeeAddr": OTHER_ADDRESS, "networkAddress": 7},
        "target": {"ieeeAddr": HUB_ADDRESS, "networkAddress": 0},
        "sourceIeeeAddr": OTHER_ADDRESS,
        "sourceNwkAddr": 7,
        "targetIeeeAddr": HUB_ADDRESS,
        "depth": 1,
        "relationship": 1,
        "deviceType": 2,
        "linkquality": 120,
        "lqi": 120,
        "routes": [],
    }


async def test_routers_without_an_answer_are_listed(network: Stage) -> None:
    del network.radio.tables[IEEE]
    found = await map_of(network)
    assert [node["failed"] for node in found["nodes"]] == [[], ["lqi"], []]
    del network.radio.tables[HUB]
    network.gateway[IEEE].available = False
    network.radio.tables[IEEE] = [received(HUB)]
    found = await map_of(network)
    assert [node["failed"] for node in found["nodes"]] == [["lqi"], ["lqi"], []]
    assert found["links"] == [], "who is gone is not asked"


async def test_unknown_model(stage: Stage) -> None:
    stage.add("some.thing", "thing")
    stage.begin()
    (_, thing) = (await map_of(stage))["nodes"]
    assert thing["modelID"] == "some.thing"
    assert "definition" not in thing


async def test_pictures(network: Stage) -> None:
    assert await map_of(network, "graphviz") == (
        "digraph G {\n"
        "  node [shape=box];\n"
        f'  "{HUB_ADDRESS}" [label="Coordinator"];\n'
        f'  "{ADDRESS}" [label="plug"];\n'
        f'  "{OTHER_ADDRESS}" [label="k\'n|ob"];\n'
        f'  "{ADDRESS}" -> "{HUB_ADDRESS}" [label="120"];\n'
        f'  "{OTHER_ADDRESS}" -> "{HUB_ADDRESS}" [label="120"];\n'
        f'  "{HUB_ADDRESS}" -> "{ADDRESS}" [label="120"];\n'
        "}"
    )
    lines = (await map_of(network, "plantuml")).splitlines()
    assert (lines[0], lines[-1]) == ("@startuml", "@enduml")
    assert f'card "plug" as {ADDRESS}' in lines
    assert f"{HUB_ADDRESS} --> {ADDRESS}: 120" in lines


@pytest.mark.parametrize("payload", ["", "x", {}, {"type": []}, {"type": "svg"}, "5"])
async def test_unknown_formats(network: Stage, payload: object) -> None:
    response = await network.request("networkmap", payload)
    assert response["error"] == "Invalid type, allowed are: raw,graphviz,plantuml"


async def test_forgotten_routers(network: Stage) -> None:
    """End devices are not listed: a coordinator need not know those of other routers."""
    network.radio.remembered = {IEEE: 1}
    assert (await network.request("coordinator_check"))["data"] == {"missing_routers": []}
    network.radio.remembered = {}
    assert (await network.request("coordinator_check"))["data"] == {
        "missing_routers": [{"friendly_name": "plug", "ieee_address": ADDRESS}]
    }
    network.radio.is_deaf = True
    assert (await network.request("coordinator_check"))["error"] == "nobody answers"


async def test_keys_stay(network: Stage) -> None:
    response = await network.request("backup", {"transaction": 1})
    assert response["status"] == "error"
    assert response["transaction"] == 1
    assert "network key" in response["error"]
