"""Walk through every dialog in Home Assistant's real frontend, and report faults."""

import argparse
import asyncio
from collections.abc import AsyncIterator
import contextlib
from dataclasses import dataclass
import json
import os
from pathlib import Path
import signal
import sys
import tempfile
import time
import traceback
from typing import override

from playwright.async_api import (
    Browser,
    BrowserContext,
    Error as BrowserError,
    async_playwright,
)

from scripts.browsing import walks  # noqa: F401 - registers the walks
from scripts.browsing.faults import Faults
from scripts.browsing.grounds import DOMAIN, Grounds, grounds
from scripts.browsing.page import Page, WalkError
from scripts.browsing.pictures import publish
from scripts.browsing.scene import WALKS, Scene, Walk
from scripts.browsing.texts import Texts
from scripts.demo_api import DemoError
from scripts.demo_process import LOG

MOST_MINUTES = 75
WALK_SECONDS = 240
SLOW_WALK_SECONDS = 720

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Look:
    """The appearance of the frontend.

    Attributes:
        is_whole: whether all walks are made, and not only those for every look or language.
    """

    width: int
    theme: str
    language: str
    is_whole: bool = True

    @property
    def folder(self) -> str:
        """The name of the folder for its pictures."""
        return f"{self.width}-{self.theme}-{self.language}"

    def includes(self, walk: Walk) -> bool:
        """Whether a walk is made in this look."""
        if walk.is_slow:
            return self == LOOKS[0]
        is_translated = walk.in_each_language and self.language != "en"
        return self.is_whole or walk.is_everywhere or is_translated

    @override
    def __str__(self) -> str:
        return f"{self.width} px, {self.theme}, {self.language}"


LOOKS = (
    Look(1280, "light", "en"),
    Look(390, "dark", "en"),
    Look(1280, "dark", "en", is_whole=False),
    Look(390, "light", "en", is_whole=False),
    Look(390, "dark", "de", is_whole=False),
    Look(390, "dark", "zh-Hans", is_whole=False),
)


def looks_of(options: argparse.Namespace) -> list[Look]:
    """The looks that fit the command line; one that is named but not in the list is made up."""
    if options.width or options.theme or options.lang:
        found = [
            look
            for look in LOOKS
            if (options.width or look.width) == look.width
            and (options.theme or look.theme) == look.theme
            and (options.lang or look.language) == look.language
        ]
        return found or [
            Look(options.width or 1280, options.theme or "light", options.lang or "en")
        ]
    return list(LOOKS)


async def speak(found: Grounds, language: str) -> None:
    """Set the language of Home Assistant and its frontend."""
    ask = found.demo.assistant.ask
    if (await ask("get_config"))["language"] != language:
        await ask("config/core/update", language=language)
        # Entities are named when they are added.
        await found.demo.assistant.reload(found.demo.entry)
        await found.loaded(DOMAIN, found.demo.entry)
    value = dict.fromkeys(
        ("number_format", "time_format", "date_format", "first_weekday"), "language"
    )
    await ask(
        "frontend/set_user_data",
        key="language",
        value={"language": language, "time_zone": "local", **value},
    )


@contextlib.asynccontextmanager
async def tab_in(browser: Browser, look: Look, found: Grounds) -> AsyncIterator[BrowserContext]:
    """A browser that is signed in, of a width and with a theme."""
    assistant = found.demo.assistant
    context = await browser.new_context(
        viewport={"width": look.width, "height": 844 if look.width < 600 else 960},
        color_scheme="dark" if look.theme == "dark" else "light",
        device_scale_factor=2,
        locale=look.language,
        timezone_id="Europe/Berlin",  # the demo's own
        reduced_motion="reduce",
        service_workers="block",
    )
    context.set_default_timeout(20_000)
    tokens = {
        **assistant.tokens,
        "hassUrl": assistant.url,
        "clientId": assistant.url + "/",
        # The access token is good for half an hour, the refresh token for longer than all walks take.
        "expires": 0,
    }
    stored = {"hassTokens": tokens, "selectedLanguage": look.language, "dockedSidebar": "auto"}
    lines = (
        f"localStorage.setItem({json.dumps(key)}, {json.dumps(json.dumps(value))});"
        for key, value in stored.items()
    )
    await context.add_init_script("\n".join(lines))
    try:
        yield context
    finally:
        await context.close()


async def make(walk: Walk, scene: Scene) -> None:
    """Make one walk, and note how it ends."""
    began = time.monotonic()
    seconds = SLOW_WALK_SECONDS if walk.is_slow else WALK_SECONDS
    try:
        async with asyncio.timeout(seconds):
            await walk.run(scene)
    except TimeoutError:
        scene.page.faults.add(f"the walk did not end within {seconds} s")
    except (WalkError, BrowserError, DemoError, AssertionError) as error:
        scene.page.faults.add(f"the walk ended: {error!r}")
        traceback.print_exc(limit=-3)
    else:
        print(f"  ok      {walk.name} ({time.monotonic() - began:.0f} s)", flush=True)
        return
    with contextlib.suppress(BrowserError):
        await scene.page.tab.screenshot(path=scene.page.pictures / f"failed-{walk.name}.png")


async def walk_through(options: argparse.Namespace) -> int:
    """Start everything, run the walks, print the faults."""
    pictures = Path(tempfile.mkdtemp(prefix="aqara-browser-"))
    faults = Faults()
    async with (
        asyncio.timeout(MOST_MINUTES * 60),
        grounds(options.port) as found,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=list(_ARGUMENTS)
        )
        for look in looks_of(options):
            print(f"{look}:", flush=True)
            await speak(found, look.language)
            for walk in WALKS.values():
                if not (walk.name in options.only if options.only else look.includes(walk)):
                    continue
                faults.where = f"{walk.name} ({look})"
                async with tab_in(browser, look, found) as context:
                    tab = await context.new_page()
                    faults.listen(tab)
                    folder = pictures / look.folder
                    folder.mkdir(exist_ok=True)
                    page = Page(tab, found.demo.assistant, Texts(look.language), faults, folder)
                    await make(walk, Scene(page, found))
        await browser.close()
        faults.where = "everything"
        faults.check_log(LOG)
    print(f"Pictures: {pictures}")
    if options.pictures:
        for name in publish(pictures / LOOKS[0].folder):
            print(f"browser: {name} was not taken, so the docs keep their picture")
    for fault in faults.found:
        print(f"browser: {fault}")
    print(f"{len(faults.found)} faults")
    return bool(faults.found)


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="scripts/browser",
        description=__doc__,
        epilog="Walks: " + ", ".join(WALKS),
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=list(WALKS), help="these walks"
    )
    parser.add_argument("--lang", help="only this language, as in translations/")
    parser.add_argument("--width", type=int, help="only this width, in pixels")
    parser.add_argument("--theme", choices=("light", "dark"), help="only this theme")
    parser.add_argument("--port", type=int, default=0, help="of the web page (default: any)")
    parser.add_argument(
        "--pictures", action="store_true", help="write the pictures of the docs into docs/images"
    )
    options = parser.parse_args()
    # Whoever ends us by pid ends what we started, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return asyncio.run(walk_through(options))
    except DemoError as error:
        print(f"browser: {error}", file=sys.stderr)
        return 1
    except TimeoutError:
        print(f"browser: it did not end within {MOST_MINUTES} minutes", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
