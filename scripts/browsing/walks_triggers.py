"""A walk through the editor of automations: triggers of the integration, picked by clicks and fired by devices."""

from collections.abc import Awaitable, Callable
from typing import Any

from scripts.browsing.editor import Editor
from scripts.browsing.grounds import DOMAIN
from scripts.browsing.page import WalkError
from scripts.browsing.scene import Scene, walk
from scripts.demo_api import soon
from scripts.demo_check import set_up_lock, watchers

_KNOB = ("Living Room", "Knob")
_DOOR = ("Hall", "Front door")


@walk("triggers")
async def triggers(scene: Scene) -> None:
    """A knob is turned and pressed."""
    knob = (await watchers(scene.grounds.demo))["lumi.remote.rkba01"]
    right = {"direction": "clockwise", "pressed": "released"}
    await _works(scene, _KNOB, "turned", right, lambda: knob.do("turn", degrees=30))
    await _works(scene, _KNOB, "pressed", {"press": "double"}, lambda: knob.do("double"))


@walk("trigger-opened", in_each_language=True)
async def trigger_opened(scene: Scene) -> None:
    """A person opens the door."""
    demo = scene.grounds.demo
    lock = (await watchers(demo))["lumi.lock.acn02"]
    await set_up_lock(demo, lock, users=[{"id": 3, "name": "Ann"}], availability=1500)
    ann = {"person": "Ann", "method": "finger"}
    await _works(scene, _DOOR, "opened", ann, lambda: lock.do("finger", user=3))


async def _works(
    scene: Scene,
    place: tuple[str, str],
    trigger: str,
    fields: dict[str, str],
    event: Callable[[], Awaitable[None]],
) -> None:
    """Make an automation, and let it trigger.

    Args:
        scene: of the walk.
        place: an area, and a device in it.
        trigger: the trigger.
        fields: what is set of it.
        event: what has to trigger it.
    """
    assistant = scene.grounds.demo.assistant
    editor = Editor(scene.page)
    await editor.open()
    await editor.add_trigger(*place, scene.page.texts.get(f"triggers.{trigger}.name") or trigger)
    for name, value in fields.items():
        await editor.set(name, value)
    await scene.page.check("manual-automation-editor")
    await scene.page.picture(f"trigger-{trigger}")
    key = await editor.save(f"Made by clicks: {trigger}")
    try:
        (saved,) = (await assistant.automation_config(key))["triggers"]
        options = {name: _listed(value) for name, value in saved["options"].items()}
        is_right = all(value in options.get(name, ()) for name, value in fields.items())
        if saved["trigger"] != f"{DOMAIN}.{trigger}" or not is_right:
            raise WalkError(f"{trigger} is saved as {saved}")

        async def automation() -> dict[str, Any] | None:
            states = (await assistant.states()).values()
            return next((each for each in states if each["attributes"].get("id") == key), None)

        async def has_run() -> bool | None:
            state = await automation()
            return (state is not None and state["attributes"]["last_triggered"] is not None) or None

        await soon(f"the automation {key}", automation)
        await event()
        await soon(f"the trigger {trigger}", has_run)
    finally:
        await assistant.delete_automation(key)


@walk("people-of-targets")
async def people_of_targets(scene: Scene) -> None:
    """The people of a lock are listed whether its entity, the lock, its area or its label is the target."""
    demo = scene.grounds.demo
    ask = demo.assistant.ask
    lock = (await watchers(demo))["lumi.lock.acn02"]
    await set_up_lock(demo, lock, users=[{"id": 3, "name": "Ann"}], availability=1500)
    entity = await scene.grounds.entity(_DOOR[1], "last_opened_by")
    (device,) = [
        each
        for each in await ask("config/device_registry/list")
        if each["name_by_user"] == _DOOR[1]
    ]
    label = await ask("config/label_registry/create", name="Doors")
    await ask("config/device_registry/update", device_id=device["id"], labels=[label["label_id"]])
    targets = [
        {"entity_id": entity},
        {"device_id": device["id"]},
        {"area_id": device["area_id"]},
        {"label_id": label["label_id"]},
    ]
    key = "people_of_targets"
    parts = {"trigger": "opened", "condition": "last_opened_by"}
    config = {
        f"{part}s": [{part: f"{DOMAIN}.{name}", "target": each, "options": {}} for each in targets]
        for part, name in parts.items()
    }
    for condition in config["conditions"]:
        condition["options"] = {"behavior": "any", "person": ["Bob"]}
    try:
        await demo.assistant.automation(key, alias="People", actions=[], **config)
        editor = Editor(scene.page)
        await editor.edit(key)
        for part in parts:
            for index, target in enumerate(targets):
                await editor.show(part, index)
                try:
                    await editor.set("person", "Ann")
                except WalkError as error:
                    raise WalkError(f"{part} of {target}: {error}") from error
        await scene.page.settle()
        await scene.page.picture("people-of-targets")
    finally:
        await demo.assistant.delete_automation(key)
        await ask("config/label_registry/delete", label_id=label["label_id"])


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
