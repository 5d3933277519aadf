"""The demo's dashboard: a section for every device, made from what Home Assistant has registered."""

from typing import Any

from scripts.demo_api import Demo, devices_of

_FIRST = (
    "switch",
    "event",
    "binary_sensor",
    "sensor",
    "select",
    "number",
    "button",
    "update",
)
_DRAWN = {"power", "energy"}


async def dashboard(demo: Demo) -> dict[str, Any]:
    """A dashboard with all enabled entities and graphs of what changes."""
    entities = await demo.assistant.ask("config/entity_registry/list")
    states = await demo.assistant.states()
    sections = []
    for device in sorted(await devices_of(demo), key=lambda device: str(device["name_by_user"])):
        own = [
            entity
            for entity in entities
            if entity["device_id"] == device["id"] and entity["disabled_by"] is None
        ]
        own.sort(key=lambda entity: _FIRST.index(entity["entity_id"].partition(".")[0]))
        sections.append(_section(device, own, states))
    view = {
        "title": "Home",
        "path": "home",
        "type": "sections",
        "max_columns": 5,
        "sections": sections,
    }
    return {"title": "Aqara Zigbee", "views": [view]}


def _section(
    device: dict[str, Any], entities: list[dict[str, Any]], states: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    rows = [
        {
            "entity": entity["entity_id"],
            "name": entity["original_name"] or entity["name"] or device["name_by_user"],
        }
        for entity in entities
    ]
    cards: list[dict[str, Any]] = [
        {"type": "heading", "heading": f"{device['name_by_user']} · {device['model_id']}"},
        {"type": "entities", "entities": rows, "grid_options": {"columns": 12}},
    ]
    drawn = [
        row
        for row in rows
        if states.get(row["entity"], {}).get("attributes", {}).get("device_class") in _DRAWN
    ]
    if drawn:
        cards.append(
            {
                "type": "history-graph",
                "entities": drawn,
                "hours_to_show": 0.25,
                "grid_options": {"columns": 12},
            }
        )
    return {"type": "grid", "cards": cards}
