"""Walks that open each dialog and look at the first page of each of its ways. Made in every language."""

from collections.abc import Awaitable, Callable

from scripts.browsing.page import Dialog
from scripts.browsing.scene import Scene, walk
from scripts.browsing.texts import TRANSLATIONS, Texts

OWN = "CC2652"
"""Beginning of the title of the demo's config entry."""


async def _first_pages(open_dialog: Callable[[], Awaitable[Dialog]], menu: str) -> None:
    """Choose each entry of a menu, in a dialog of its own."""
    dialog = await open_dialog()
    options = (await dialog.at("menu", menu)).options
    await dialog.close()
    for option in options:
        dialog = await open_dialog()
        await dialog.at("menu", menu)
        await dialog.choose(option)
        await dialog.settled(but=menu)
        await dialog.close()


@walk("first-setup", is_everywhere=True)
async def first_setup(scene: Scene) -> None:
    """Each way of setting up a network."""
    # ZHA is stopped as soon as its way is confirmed, not on its first page.
    await _first_pages(scene.page.add_integration, "user")


@walk("first-options", is_everywhere=True)
async def first_options(scene: Scene) -> None:
    """Each entry of the options."""
    await _first_pages(lambda: scene.page.configure(OWN), "init")


@walk("first-reconfigure", is_everywhere=True)
async def first_reconfigure(scene: Scene) -> None:
    """Each way of reconfiguring a coordinator."""
    await _first_pages(lambda: scene.page.reconfigure(OWN), "reconfigure")


@walk("first-devices", is_everywhere=True)
async def first_devices(scene: Scene) -> None:
    """The settings of each device."""
    listed: list[dict[str, str]] = (await scene.grounds.demo.home.do("list"))["devices"]
    for device in listed:
        dialog = await scene.page.configure(OWN)
        await dialog.at("menu", "init")
        await dialog.choose("choose_device")
        await dialog.at("form", "choose_device")
        await dialog.fill(device=device["ieee"])
        await dialog.submit()
        await dialog.at("form", "device")
        await dialog.close()


@walk("widths")
async def widths(scene: Scene) -> None:
    """Titles and menus in every language, measured: the frontend breaks only the titles of forms."""
    page = scene.page
    dialog = await page.configure(OWN)
    await dialog.at("menu", "init")
    room = await dialog.room()
    for path in sorted(TRANSLATIONS.glob("*.json")):
        texts = Texts(path.stem)
        for kind, lines in (("title", texts.single_titles()), ("option", texts.options())):
            for key, text in lines.items():
                if (width := await dialog.width(kind, text)) > room[kind]:
                    page.faults.add(f"{path.stem}: {key} needs {width:.0f} px: {text!r}")
    await dialog.close()
