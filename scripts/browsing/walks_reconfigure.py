"""Walks through Reconfigure, and through a discovered coordinator that replaces one."""

from scripts.browsing.grounds import DOMAIN, PARTIAL, coordinator, line, start_coordinator
from scripts.browsing.scene import Scene, walk
from scripts.browsing.walks_setup import set_up
from scripts.demo_api import soon

_LONG = 60.0
"""Seconds for what a coordinator takes."""


@walk("replace")
async def replace(scene: Scene) -> None:
    """Reconfigure: another port, wrong and right; a new coordinator in the place of one that is dead."""
    used = await start_coordinator(seed=41, is_formed=True)
    try:
        await set_up(scene, used)
        title = (await scene.grounds.others())[0]["title"]
        dialog = await scene.page.reconfigure(title)
        await dialog.at("menu", "reconfigure")
        await dialog.choose("move_port")
        await dialog.at("form", "port")
        await dialog.fill(path="/dev/ttyUSB97")
        await dialog.submit()
        await dialog.at("form", "port", error="port_not_found", seconds=_LONG)
        await dialog.close()
        async with coordinator(seed=42) as new:
            dialog = await scene.page.reconfigure(title)
            await dialog.at("menu", "reconfigure")
            await used.stop()
            await dialog.choose("replace")
            await dialog.at("form", "choose_backup", seconds=_LONG)
            await dialog.fill(path=new.url)
            await scene.page.picture("replace", "dialog-data-entry-flow dialog")
            await dialog.submit()
            await dialog.at("abort", "replaced", seconds=_LONG)
            await dialog.finish()
            await scene.grounds.delete_others()
    finally:
        await used.stop()
        await scene.grounds.delete_others()


@walk("moved")
async def moved(scene: Scene) -> None:
    """The port of a coordinator without a network, with another one, and the right one; then a backup."""
    async with (
        coordinator(seed=43, is_formed=True) as used,
        coordinator(seed=44) as blank,
        coordinator(seed=45, is_formed=True) as other,
    ):
        try:
            entry = await set_up(scene, used)
            title = (await scene.grounds.others())[0]["title"]
            dialog = await scene.page.reconfigure(title)
            await dialog.at("menu", "reconfigure")
            await dialog.choose("move_port")
            await dialog.at("form", "port")
            for wrong, error in ((blank, "blank_stick"), (other, "other_network")):
                await dialog.fill(path=wrong.url)
                await dialog.submit()
                await dialog.at("form", "port", error=error, seconds=_LONG)
                await scene.page.picture(f"moved-{error}", "dialog-data-entry-flow dialog")
            async with scene.grounds.replaced(*PARTIAL):
                await dialog.fill(path=used.url)
                await dialog.submit()
                await dialog.at("form", "port", error="incomplete_stick", seconds=_LONG)
            with line() as port:
                await port.connect(used)
                await dialog.fill(path=port.path)
                await dialog.submit()
                await dialog.at("abort", "reconfigure_successful", seconds=_LONG)
                await dialog.finish()
                await scene.grounds.loaded(DOMAIN, entry)
                dialog = await scene.page.reconfigure(title)
                await dialog.at("menu", "reconfigure")
                await dialog.choose("restore_here")
                await dialog.at("form", "choose_backup")
                await dialog.submit()
                await dialog.at("form", "confirm_restore", seconds=_LONG)
                await scene.page.picture("restore-here", "dialog-data-entry-flow dialog")
                await dialog.submit()
                await dialog.at("abort", "restored", seconds=_LONG)
                await dialog.finish()
                await scene.grounds.loaded(DOMAIN, entry)
                await scene.grounds.delete_others()
        finally:
            await scene.grounds.delete_others()


@walk("replace-lost")
async def replace_lost(scene: Scene) -> None:
    """A coordinator is discovered while another one is not connected, and replaces it."""
    grounds = scene.grounds
    used = await start_coordinator(seed=46, is_formed=True)
    try:
        connectivity = await grounds.entity_of_entry(await set_up(scene, used), "connectivity")
        async with coordinator(seed=47) as new:
            await grounds.discover(int(new.url.rpartition(":")[2]), "Spare stick")
            await used.stop()

            async def is_lost() -> bool | None:
                states = await grounds.demo.assistant.states()
                return states[connectivity]["state"] == "off" or None

            await soon("the loss of the coordinator", is_lost)
            dialog = await scene.page.discovered("Spare stick")
            await dialog.at("form", "confirm")
            await scene.page.picture("discovered", "dialog-data-entry-flow dialog")
            await dialog.submit()
            await dialog.at("menu", "lost")
            await scene.page.picture("replace-lost", "dialog-data-entry-flow dialog")
            await dialog.choose("replace_lost")
            step = await dialog.at("form", "choose_backup")
            assert step.fields == ["backup"], step.fields
            await dialog.submit()
            await dialog.at("abort", "replaced", seconds=_LONG)
            await dialog.finish()
            await grounds.delete_others()
    finally:
        await used.stop()
        await grounds.delete_others()
