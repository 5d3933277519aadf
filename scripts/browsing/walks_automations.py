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
    """A knob is turned and pressed, and a person opens the door."""
    demo = scene.grounds.demo
    found = await watchers(demo)
    knob, lock = found["lumi.remote.rkba01"], found["lumi.lock.acn02"]
    await set_up_lock(demo, lock, users=[{"id": 3, "name": "Ann"}], availability=1500)
    right = {"direction": "clockwise", "pressed": "released"}
    await _works(scene, _KNOB, "turned", right, lambda: knob.do("turn", degrees=30))
    await _works(scene, _KNOB, "pressed", {"press": "double"}, lambda: knob.do("double"))
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


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
