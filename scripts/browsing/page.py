"""A tab with Home Assistant's frontend, and what a person does in it.

Texts and controls are found through the frontend's open shadow roots, which Playwright's selectors
pierce. Where a dialog stands is read from the dialog's own step, so that walks name steps and
options by the keys the integration knows them by, in whatever language they are shown.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
import re
import time
from typing import Any

from playwright.async_api import (
    ElementHandle,
    Error as BrowserError,
    Locator,
    Page as Tab,
)

from scripts.browsing.faults import Faults, cut_texts, texts_of
from scripts.browsing.texts import Texts
from scripts.demo_api import HomeAssistant

PATIENCE = 20.0
"""Seconds for what should come at once, on a machine that is busy."""

_RENDERED = 5.0
"""Seconds until a step must show all its texts."""

DIALOG = "dialog-data-entry-flow"

_ITEM = "dialog-form"
_MARKDOWN = re.compile(r"[\\`*_<\[\n]")
_INTEGRATION = "/config/integrations/integration/aqara_zigbee"

_STEP = """
() => {
  const dialog = document.querySelector("home-assistant")?.shadowRoot
    ?.querySelector("dialog-data-entry-flow");
  if (!dialog?._open || dialog._loading || !dialog._step || dialog._step.isAnswered) return null;
  return dialog._step;
}
"""
_ANSWERED = """
() => {
  document.querySelector("home-assistant").shadowRoot
    .querySelector("dialog-data-entry-flow")._step.isAnswered = true;
}
"""
"""Marks a step, so that it is not taken for the next one."""

_FIELD = """
([root, name]) => {
  let found = null;
  const walk = node => {
    if (node.nodeType !== Node.ELEMENT_NODE || found) return;
    if (node.localName.startsWith("ha-selector-") && node.name === name) { found = node; return; }
    for (const each of node.shadowRoot?.children ?? []) walk(each);
    for (const each of node.children) walk(each);
  };
  walk(root);
  return found;
}
"""


_MOVING = """
() => {
  const moving = root => root.getAnimations().some(each =>
      each.playState === "running" && each.effect.getComputedTiming().endTime < Infinity)
    || [...root.querySelectorAll("*")].some(each => each.shadowRoot && moving(each.shadowRoot));
  return moving(document);
}
"""
"""Whether something moves or fades; what never ends, such as a spinner, does not count."""

_STILL = 3
"""Times in a row that nothing may move: a movement can begin a moment after its cause."""

_HIDDEN = """
() => {
  let hidden = 0;
  const walk = node => {
    const isPage = node.clientHeight > innerHeight / 2;
    if (isPage && ["auto", "scroll"].includes(getComputedStyle(node).overflowY))
      hidden = Math.max(hidden, node.scrollHeight - node.clientHeight);
    for (const each of [...node.shadowRoot?.children ?? [], ...node.children]) walk(each);
  };
  walk(document.body);
  return hidden;
}
"""
"""The pixels of a page that are only seen by scrolling; a list in it that scrolls does not count."""

_TALLEST = 6000

_TO_TOP = """
node => {
  for (; node; node = node.assignedSlot ?? node.parentNode ?? node.host) node.scrollTop = 0;
}
"""
"""Scrolls everything that an element is in to its top."""


_PARTS = {
    "title": f"{DIALOG} .dialog-title",
    "option": f"{DIALOG} step-flow-menu .mdc-deprecated-list-item__primary-text",
}
_WIDTH = """
(element, text) => {
  const context = document.createElement("canvas").getContext("2d");
  context.font = getComputedStyle(element).font;
  return context.measureText(text).width;
}
"""


class WalkError(Exception):
    """A walk cannot continue; the message has its position."""


@dataclass(frozen=True)
class Step:
    """The current step of a dialog.

    Attributes:
        kind: form, menu, progress, abort or create_entry.
        name: the step's id; of an abort its reason.
        errors: keys by fields.
        options: of a menu.
        fields: of a form.
    """

    kind: str
    name: str
    errors: Mapping[str, str]
    options: Sequence[str]
    fields: Sequence[str]
    placeholders: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Step:
        """A step as Home Assistant has sent it."""
        name = data.get("reason") if data["type"] == "abort" else data.get("step_id")
        return cls(
            kind=data["type"],
            name=str(name or ""),
            errors=data.get("errors") or {},
            options=list(data.get("menu_options") or ()),
            fields=[each["name"] for each in data.get("data_schema") or ()],
            placeholders=data.get("description_placeholders") or {},
        )


class Page:
    """A tab.

    Args:
        tab: Playwright's.
        assistant: the Home Assistant it shows.
        texts: in the language it is shown in.
        faults: where to note what is wrong.
        pictures: the folder for pictures.
    """

    def __init__(
        self,
        tab: Tab,
        assistant: HomeAssistant,
        texts: Texts,
        faults: Faults,
        pictures: Path,
    ) -> None:
        self.tab = tab
        self.assistant = assistant
        self.texts = texts
        self.faults = faults
        self.pictures = pictures

    @property
    def is_narrow(self) -> bool:
        """Whether it is as narrow as a phone."""
        size = self.tab.viewport_size
        return size is not None and size["width"] < 600

    async def go(self, path: str, wait_for: str) -> None:
        """Go to one of Home Assistant's pages, and wait until something is shown on it."""
        if self.tab.url == "about:blank":
            await self.tab.goto(self.assistant.url + path)
        else:
            await self.tab.evaluate(
                "path => { history.pushState(null, '', path);"
                " dispatchEvent(new Event('location-changed')); }",
                path,
            )
        await self.tab.locator(wait_for).first.wait_for(timeout=PATIENCE * 1000)

    async def shown_texts(self, selector: str) -> list[str]:
        """All texts below an element."""
        return await texts_of(self.tab, selector)

    async def settle(self) -> None:
        """Wait until a page shows the same texts twice, half a second apart."""
        before: list[str] = []
        for _ in range(20):
            await asyncio.sleep(0.5)
            now = await texts_of(self.tab, "home-assistant")
            if now == before:
                return
            before = now

    async def still(self) -> None:
        """Wait until nothing moves or fades any more."""
        times = 0
        for _ in range(50):
            times = 0 if await self.tab.evaluate(_MOVING) else times + 1
            if times == _STILL:
                return
            await asyncio.sleep(0.1)

    async def check(self, selector: str) -> None:
        """Check for texts below an element that are not meant for people."""
        self.faults.check_texts(await texts_of(self.tab, selector))

    async def picture(self, name: str, selector: str = "home-assistant") -> None:
        """Take a picture of the page, or of an element with a little around it."""
        path = self.pictures / f"{name}.png"
        await self.tab.mouse.move(0, 0)  # nothing is highlighted
        await self.still()
        if selector == "home-assistant":
            await self.tab.screenshot(path=path, scale="css")
            return
        box = await self.tab.locator(selector).first.bounding_box()
        if box is None:
            raise WalkError(f"{selector} cannot be seen")
        await self.tab.screenshot(
            path=path,
            clip={
                "x": max(box["x"] - 16, 0),
                "y": max(box["y"] - 16, 0),
                "width": box["width"] + 32,
                "height": box["height"] + 32,
            },
        )

    async def whole_picture(self, name: str) -> None:
        """Take a picture of a page with all that is otherwise only seen by scrolling."""
        size = self.tab.viewport_size
        assert size is not None
        height = min(size["height"] + await self.tab.evaluate(_HIDDEN), _TALLEST)
        await self.tab.set_viewport_size({"width": size["width"], "height": height})
        await self.settle()
        await self.picture(name)
        await self.tab.set_viewport_size(size)

    # Dialogs of flows

    async def integration(self) -> None:
        """Go to the integration's page."""
        await self.go(_INTEGRATION, "ha-config-entry-row")

    async def add_integration(self) -> Dialog:
        """Open the dialog that sets up one more network."""
        await self.integration()
        await self.tab.locator("ha-config-integration-page .actions ha-button").first.click()
        # For discovered devices, Home Assistant first asks whether to add them.
        other = self.tab.locator("dialog-add-integration ha-list-item-button").last
        await other.or_(self.tab.locator(f"{DIALOG} step-flow-menu")).first.wait_for()
        if await other.is_visible():
            await other.click()
        return await self._dialog("config")

    async def discovered(self, name: str) -> Dialog:
        """Open the dialog that sets up a coordinator which Home Assistant has discovered."""
        await self.integration()
        await self.tab.locator("ha-config-integration-page .actions ha-button").first.click()
        offers = self.tab.locator("dialog-add-integration ha-list-item-button")
        await offers.filter(has_text=name).first.click()
        return await self._dialog("config")

    async def _row(self, title: str) -> Locator:
        await self.integration()
        return self.tab.locator("ha-config-entry-row").filter(has_text=title).first

    async def configure(self, title: str) -> Dialog:
        """Open the options of a config entry."""
        row = await self._row(title)
        await row.locator("ha-icon-button[slot=end]").first.click()
        return await self._dialog("options")

    async def add_device(self, title: str) -> Dialog:
        """Open the dialog that adds devices, by the button, or in the menu of one of several entries."""
        row = await self._row(title)
        button = self.tab.locator("ha-config-integration-page .actions ha-button").last
        if await self.tab.locator("ha-config-entry-row").count() == 1:
            await button.click()
        else:
            await row.locator("ha-dropdown ha-icon-button[slot=trigger]").first.click()
            await row.locator("ha-dropdown-item[value=subentry_device]").click()
        return await self._dialog("config_subentries.device")

    async def reconfigure(self, title: str) -> Dialog:
        """Open the dialog that reconfigures a config entry."""
        row = await self._row(title)
        await row.locator("ha-dropdown ha-icon-button[slot=trigger]").first.click()
        await row.locator("ha-dropdown-item[value=reconfigure]").click()
        return await self._dialog("config")

    async def fix(self, key: str, title: str) -> Dialog:
        """Open a repair that can be fixed, by the key of its texts and its title."""
        await self.repair(title)
        return await self._dialog(f"issues.{key}.fix_flow")

    async def repair(self, title: str) -> None:
        """Open a repair."""
        await self.go("/config/repairs", "ha-config-repairs")
        await self.tab.locator("ha-config-repairs").get_by_text(title).first.click()

    async def close_repair(self) -> None:
        """Close the dialog of a repair that only explains, with the cross."""
        dialog = self.tab.locator("dialog-repairs-issue")
        await dialog.locator("ha-icon-button[data-dialog=close]").first.click()
        await dialog.locator("ha-markdown").wait_for(state="hidden")

    async def select_in_more_info(self, option: str) -> None:
        """Choose an option in the dialog of a select entity."""
        dialog = self.tab.locator("ha-more-info-dialog")
        await dialog.locator("ha-select, ha-control-select-menu").first.click()
        for each in await dialog.locator("ha-dropdown-item").all():
            if await each.evaluate("each => each.value") == option:
                await each.click()
                return
        raise WalkError(f"there is no {option} to choose")

    async def more_info(self, entity: str) -> None:
        """Open the dialog of an entity."""
        await self.go("/config/entities", "ha-config-entities")
        await self.tab.evaluate(
            """entityId => document.querySelector("home-assistant").dispatchEvent(
                new CustomEvent("hass-more-info", {detail: {entityId}, bubbles: true, composed: true})
            )""",
            entity,
        )
        await self.tab.locator("ha-more-info-dialog ha-more-info-info").wait_for()

    async def close_more_info(self) -> None:
        """Close the dialog of an entity."""
        await self.tab.keyboard.press("Escape")
        await self.tab.locator("ha-more-info-dialog ha-more-info-info").wait_for(state="hidden")

    async def _dialog(self, prefix: str) -> Dialog:
        await self.tab.locator(DIALOG).wait_for(state="attached", timeout=PATIENCE * 1000)
        return Dialog(self, prefix)

    async def step(self) -> Step | None:
        """Return the step of the open dialog; None while it loads, or without one."""
        data = await self.tab.evaluate(_STEP)
        return None if data is None else Step.of(data)


class Dialog:
    """The dialog of a flow.

    Args:
        page: where it is open.
        prefix: of the keys of its texts.
    """

    def __init__(self, page: Page, prefix: str) -> None:
        self._page = page
        self._tab = page.tab
        self.prefix = prefix

    async def at(
        self,
        kind: str,
        name: str | None = None,
        *,
        error: str | None = None,
        seconds: float = PATIENCE,
    ) -> Step:
        """Wait until the dialog is at a step, and look at it.

        Args:
            kind: of step.
            name: of the step, or the reason of an abort; None for any.
            error: one of the errors it shows; None for none.
            seconds: how long to wait.

        Raises:
            WalkError: it did not get there.
        """
        deadline = time.monotonic() + seconds
        step = None
        while time.monotonic() < deadline:
            step = await self._page.step()
            if step and step.kind == kind and name in (None, step.name):
                shown = set(step.errors.values())
                if (not shown and error is None) or error in shown:
                    await self.check(step)
                    return step
            await asyncio.sleep(0.1)
        raise WalkError(f"the dialog is not at {kind} {name} with error {error}, but at {step}")

    async def settled(self, but: str, seconds: float = 60) -> Step:
        """Wait until the dialog is at another step than one, and has done what it does in between."""
        deadline = time.monotonic() + seconds
        step = None
        while time.monotonic() < deadline:
            step = await self._page.step()
            if step and step.name != but and step.kind != "progress":
                await self.check(step)
                return step
            await asyncio.sleep(0.1)
        raise WalkError(f"the dialog hangs at {step}")

    async def check(self, step: Step) -> None:
        """Look whether a step shows the texts it should, and nothing else."""
        faults = self._page.faults
        deadline = time.monotonic() + _RENDERED
        # Controls are loaded when they are first needed.
        while missing := self._missing(step, await self.text()):
            if time.monotonic() > deadline:
                faults.add(f"{step.kind} {step.name} does not show {', '.join(missing)}")
                break
            await asyncio.sleep(0.1)
        faults.check_texts(await texts_of(self._tab, f"{DIALOG} ha-dialog"))
        for cut in await cut_texts(self._tab, f"{DIALOG} ha-dialog"):
            faults.add(f"cut at {step.kind} {step.name}: {cut!r}")

    def _missing(self, step: Step, shown: str) -> list[str]:
        return [wanted for wanted in self._wanted(step) if wanted not in shown]

    def _wanted(self, step: Step) -> list[str]:
        """The texts that a step shows: its title, its options, its fields, its errors.

        Of the reason why a flow ends, what is in front of the first mark of Markdown.
        """
        texts = self._page.texts
        base = f"{self.prefix}.step.{step.name}"
        keys = [f"{base}.title"] if step.kind in ("form", "menu") else []
        keys += [f"{base}.menu_options.{option}" for option in step.options]
        keys += [f"{base}.menu_option_descriptions.{option}" for option in step.options]
        keys += [f"{base}.data.{each}" for each in step.fields]
        keys += [f"{self.prefix}.error.{each}" for each in step.errors.values()]
        found = [texts.get(key, step.placeholders) for key in keys]
        if step.kind == "abort":
            reason = texts.get(f"{self.prefix}.abort.{step.name}", step.placeholders) or step.name
            found.append(_MARKDOWN.split(reason.strip().removeprefix("- "))[0])
        return [" ".join(text.split()) for text in found if text]

    async def text(self) -> str:
        """All that is shown, in one line."""
        return " ".join(" ".join(await texts_of(self._tab, f"{DIALOG} ha-dialog")).split())

    async def shows(self, key: str, times: int = 1, seconds: float = PATIENCE) -> None:
        """Wait until a text is shown, so many times.

        Raises:
            WalkError: it is not.
        """
        wanted = self._page.texts.get(key) or key
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (await self.text()).count(wanted) >= times:
                return
            await asyncio.sleep(0.2)
        raise WalkError(f"the dialog does not show {wanted!r} {times} times")

    async def choose(self, option: str) -> None:
        """Choose an entry of a menu."""
        entries = self._tab.locator(f"{DIALOG} step-flow-menu ha-list-item")
        for index in range(await entries.count()):
            entry = entries.nth(index)
            if await entry.evaluate("each => each.step") == option:
                await self._tab.evaluate(_ANSWERED)
                await entry.click()
                return
        raise WalkError(f"the menu does not offer {option}")

    async def room(self) -> dict[str, float]:
        """The most pixels that the title of a menu and its entries can have."""
        wide = "all => Math.max(...all.map(each => each.clientWidth))"
        return {
            kind: float(await self._tab.locator(selector).evaluate_all(wide))
            for kind, selector in _PARTS.items()
        }

    async def width(self, kind: str, text: str) -> float:
        """The pixels that a text needs as a title of a menu, or as one of its entries."""
        return float(await self._tab.locator(_PARTS[kind]).first.evaluate(_WIDTH, text))

    async def submit(self) -> None:
        """Press the button of a form, or the one at the end."""
        await self._tab.evaluate(_ANSWERED)
        await self._tab.locator(f"{DIALOG} ha-button[slot=primaryAction]").click()

    async def enter(self, name: str) -> None:
        """Press the Enter key in a field, which submits the form."""
        await self._tab.evaluate(_ANSWERED)
        control = await field_of(self._tab, DIALOG, name)
        await (await _part(control, "input")).press("Enter")

    async def complete(self, seconds: float = PATIENCE) -> None:
        """Wait until a flow has made or changed its entry, and close the dialog.

        Raises:
            WalkError: the flow ends differently, or the dialog does not close.
        """
        await self.at("create_entry", seconds=seconds)
        await self.submit()
        await self.closed()

    async def finish(self) -> None:
        """Press the button of a flow that has ended without an entry."""
        await self._tab.locator(f"{DIALOG} ha-button[slot=secondaryAction]").click()
        await self.closed()

    async def fill(self, **values: str | int | bool | Path) -> None:
        """Fill in fields of a form, by their names."""
        for name, value in values.items():
            await fill(self._tab, DIALOG, name, value)

    async def unfold(self) -> None:
        """Open all sections of a form; a form with an error shows them closed again."""
        sections = self._tab.locator(f"{DIALOG} ha-form-expandable ha-expansion-panel")
        for index in range(await sections.count()):
            if not await sections.nth(index).evaluate("each => each.expanded"):
                await sections.nth(index).locator("#summary").click()

    async def scroll_to_top(self) -> None:
        """Show the beginning of a form."""
        await self._tab.locator(f"{DIALOG} ha-form").first.evaluate(_TO_TOP)

    async def add_item(self, of: str, /, **values: str | int) -> None:
        """Add an item to a field that is a list."""
        found = await field_of(self._tab, DIALOG, of)
        button = await found.query_selector("ha-button")
        assert button is not None
        await button.click()
        await self._tab.locator(f"{_ITEM} ha-form").wait_for()
        for each, value in values.items():
            await fill(self._tab, _ITEM, each, value)
        await self._tab.locator(f"{_ITEM} ha-button[slot=primaryAction]").click()
        await self._tab.locator(f"{_ITEM} ha-form").wait_for(state="hidden")

    async def close(self) -> None:
        """Close it with the cross."""
        await self._tab.locator(f"{DIALOG} ha-icon-button[data-dialog=close]").first.click()
        await self.closed()

    async def closed(self) -> None:
        """Wait until it is closed."""
        try:
            await self._tab.wait_for_function(f"() => !({_STEP})()", timeout=PATIENCE * 1000)
            await self._tab.locator(f"{DIALOG}").wait_for(state="hidden", timeout=PATIENCE * 1000)
        except BrowserError as error:
            raise WalkError("the dialog does not close") from error


async def field_of(tab: Tab, form: str, name: str) -> ElementHandle:
    """The control of a field.

    Raises:
        WalkError: the form has none of this name.
    """
    root = await tab.locator(form).element_handle()
    found = (await tab.evaluate_handle(_FIELD, [root, name])).as_element()
    if found is None:
        raise WalkError(f"the form has no field {name}")
    return found


async def fill(tab: Tab, form: str, name: str, value: str | int | bool | Path) -> None:
    """Fill in a field, as a person does with this kind of control."""
    control = await field_of(tab, form, name)
    kind = str(await control.evaluate("each => each.localName")).removeprefix("ha-selector-")
    match kind:
        case "boolean":
            switch = await _part(control, "ha-switch")
            if await switch.evaluate("each => each.checked") != value:
                await switch.click()
        case "select":
            await _select(control, str(value))
        case "file":
            await (await _part(control, "input[type=file]")).set_input_files(Path(str(value)))
            await tab.wait_for_function("each => each.value", arg=control)
        case "serial_port":
            await _enter_port(tab, form, name, control, str(value))
        case _:
            await (await _part(control, "input, textarea")).fill(str(value))


async def _part(control: ElementHandle, selector: str) -> ElementHandle:
    found = await control.wait_for_selector(selector, state="attached")
    assert found is not None
    return found


async def _select(control: ElementHandle, value: str) -> None:
    """Choose from radio buttons, or from a list that drops down."""
    if (opener := await control.query_selector("ha-select ha-picker-field")) is not None:
        await opener.click()
    for option in await control.query_selector_all("ha-radio-option, ha-dropdown-item"):
        if await option.evaluate("each => each.value") == value:
            await option.click()
            return
    raise WalkError(f"there is no {value} to choose")


async def _enter_port(tab: Tab, form: str, name: str, control: ElementHandle, value: str) -> None:
    """Type a port; the last entry of the list that drops down is for that."""
    if (picker := await control.query_selector("ha-picker-field")) is not None:
        await picker.click()
        await _part(control, "ha-picker-combo-box ha-combo-box-item")
        await (await control.query_selector_all("ha-picker-combo-box ha-combo-box-item"))[
            -1
        ].click()
        await _part(control, "ha-input input")
    control = await field_of(tab, form, name)
    await (await _part(control, "ha-input input")).fill(value)
