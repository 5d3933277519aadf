"""The demo's dashboard, made from what Home Assistant has registered: an overview, and all entities."""

from collections.abc import Callable
from typing import Any

from scripts.demo_api import Demo, devices_of

_FIRST = (
    "light",
    "cover",
    "switch",
    "event",
    "binary_sensor",
    "sensor",
    "select",
    "number",
    "button",
    "update",
)

_INTRO = """\
Home Assistant with **Aqara Zigbee** on a simulated coordinator: two locks, a knob, a plug and a relay.
{pace}The knob dims the lamp; opening the front door sends a notification.

Try it, from a terminal in the repository:

- `scripts/demo --do turn device=knob degrees=90`
- `scripts/demo --do finger device=locks2 user=3`
- `scripts/demo --do unplug`, and `plug_in` again
"""

_PACE = "An hour passes in a minute. "

type Entity = dict[str, Any]


async def dashboard(demo: Demo, lamp: str, *, is_live: bool) -> dict[str, Any]:
    """An overview of what devices do, with a lamp, and a view of all enabled entities."""
    entities = await demo.assistant.ask("config/entity_registry/list")
    states = await demo.assistant.states()
    devices = sorted(await devices_of(demo), key=lambda device: str(device["name_by_user"]))
    owned = {device["id"]: _enabled(device, entities) for device in devices}
    start = {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "Start here"},
            {"type": "markdown", "content": _INTRO.format(pace=_PACE if is_live else "")},
            {
                "type": "tile",
                "entity": lamp,
                "features": [{"type": "light-brightness"}],
                "grid_options": {"columns": 12},
            },
        ],
    }
    overview = [_tiles(device, owned[device["id"]], states) for device in devices]
    every = [_rows(device, owned[device["id"]]) for device in devices]
    return {
        "title": "Aqara Zigbee",
        "views": [
            _view("Home", [start, *overview, _network(entities)], 3),
            _view("All entities", every, 5),
        ],
    }


def _network(entities: list[Entity]) -> dict[str, Any]:
    """Return the network map, and the button that scans again."""
    ours = {
        key: entity["entity_id"]
        for entity in entities
        for key in ("network_map", "scan_network")
        if entity["platform"] == "aqara_zigbee" and entity["unique_id"].endswith(f"-{key}")
    }
    cards: list[dict[str, Any]] = [
        {"type": "heading", "heading": "Network"},
        {
            "type": "picture-entity",
            "entity": ours["network_map"],
            "show_state": False,
            "show_name": False,
            "fit_mode": "contain",
            "grid_options": {"columns": 12},
        },
        {"type": "tile", "entity": ours["scan_network"], "grid_options": {"columns": 12}},
    ]
    return {"type": "grid", "cards": cards}


def _view(title: str, sections: list[dict[str, Any]], columns: int) -> dict[str, Any]:
    path = title.lower().replace(" ", "-")
    return {
        "title": title,
        "path": path,
        "type": "sections",
        "max_columns": columns,
        "sections": sections,
    }


def _enabled(device: dict[str, Any], entities: list[Entity]) -> list[Entity]:
    """The enabled entities of a device, those that show most first."""
    own = [
        entity
        for entity in entities
        if entity["device_id"] == device["id"] and entity["disabled_by"] is None
    ]
    return sorted(own, key=lambda entity: _FIRST.index(entity["entity_id"].partition(".")[0]))


def _name(device: dict[str, Any], entity: Entity) -> str:
    return str(entity["original_name"] or entity["name"] or device["name_by_user"])


def _heading(device: dict[str, Any]) -> dict[str, Any]:
    return {"type": "heading", "heading": f"{device['name_by_user']} · {device['model_id']}"}


def _tiles(
    device: dict[str, Any], entities: list[Entity], states: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return a device's main entities, without its settings; events also with their history."""
    shown = [entity for entity in entities if entity["entity_category"] is None]
    cards = [
        _heading(device),
        *({"type": "tile", "entity": e["entity_id"], "name": _name(device, e)} for e in shown),
    ]
    events = _of(shown, lambda entity_id: entity_id.startswith("event."))
    drawn = _of(shown, lambda entity_id: _device_class(states, entity_id) == "power")
    if events:
        cards.append(
            {
                "type": "logbook",
                "target": {"entity_id": events},
                "hours_to_show": 1,
                "grid_options": {"columns": 12, "rows": 4},
            }
        )
    if drawn:
        cards.append({"type": "history-graph", "entities": drawn, "hours_to_show": 0.25})
    return {"type": "grid", "cards": cards}


def _of(entities: list[Entity], is_wanted: Callable[[str], bool]) -> list[str]:
    return [entity["entity_id"] for entity in entities if is_wanted(entity["entity_id"])]


def _device_class(states: dict[str, dict[str, Any]], entity_id: str) -> str | None:
    kind: str | None = states.get(entity_id, {}).get("attributes", {}).get("device_class")
    return kind


def _rows(device: dict[str, Any], entities: list[Entity]) -> dict[str, Any]:
    rows = [{"entity": e["entity_id"], "name": _name(device, e)} for e in entities]
    return {"type": "grid", "cards": [_heading(device), {"type": "entities", "entities": rows}]}
