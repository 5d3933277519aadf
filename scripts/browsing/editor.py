"""The editor of automations: triggers are picked by their target, and their fields set, by clicks only."""

import re

from playwright.async_api import ElementHandle, Locator

from scripts.browsing.page import Page, WalkError

_PICKER = "add-automation-element-dialog"
_SAVED = re.compile(r"/config/automation/edit/\d+$")
_ROW = """
([panel, name]) => {
  let found = null;
  const walk = node => {
    if (node.nodeType !== Node.ELEMENT_NODE || found) return;
    if (node.localName === "ha-selector" && node.key === name) { found = node.parentElement; return; }
    for (const each of node.shadowRoot?.children ?? []) walk(each);
    for (const each of node.children) walk(each);
  };
  walk(panel);
  return found;
}
"""
"""The row of a field: the control, and a box to tick if the field is optional."""


class Editor:
    """The editor with an automation.

    Args:
        page: the tab it is opened in.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._tab = page.tab
        self._part = "trigger"

    async def open(self) -> None:
        """Begin a new automation."""
        await self._page.go("/config/automation/edit/new", "ha-automation-trigger ha-button")

    async def edit(self, key: str) -> None:
        """Open an automation that is saved."""
        await self._page.go(f"/config/automation/edit/{key}", "ha-automation-trigger-row")

    async def show(self, part: str, index: int) -> None:
        """Open the panel of one of the automation's triggers or conditions."""
        if await self.panel.is_visible():
            await self._close_panel()
        self._part = part
        row = self._tab.locator(f"ha-automation-{part}-row").nth(index)
        # At its icon: on a narrow page its middle is a link to the target.
        await row.click(position={"x": 24, "y": 24})
        await self.panel.wait_for()

    async def add_trigger(self, area: str, device: str, title: str) -> None:
        """Add a trigger of a device: the area, the device, the trigger."""
        await self._tab.locator("ha-automation-trigger ha-button").first.click()
        targets = self._tab.locator(f"{_PICKER} ha-automation-add-from-target")
        entries = targets.locator("wa-tree-item, ha-list-item-button")
        wanted = entries.filter(has_text=area).first
        await (wanted if self._page.is_narrow else wanted.locator("[part=expand-button]")).click()
        await entries.filter(has_text=device).last.click()
        triggers = self._tab.locator(f"{_PICKER} ha-automation-add-items ha-list-item-button")
        await triggers.filter(has_text=title).first.click()
        await self.panel.wait_for()

    @property
    def panel(self) -> Locator:
        """The panel with the fields of the trigger or condition."""
        return self._tab.locator(f"ha-automation-sidebar-{self._part}")

    async def _close_panel(self) -> None:
        await self.panel.locator("ha-icon-button[slot=navigationIcon]").first.click()
        await self.panel.wait_for(state="hidden")

    async def set(self, name: str, value: str) -> None:
        """Set a field, and tick it before if it is optional.

        Raises:
            WalkError: the trigger has no such field, or it does not offer the value.
        """
        panel = await self.panel.element_handle()
        row = (await self._tab.evaluate_handle(_ROW, [panel, name])).as_element()
        if row is None:
            raise WalkError(f"the trigger has no field {name}")
        tick = await row.query_selector("ha-checkbox[slot=prefix]")
        if tick is not None and not await tick.evaluate("each => each.checked"):
            await tick.click()
        if (picker := await row.query_selector("ha-entity-state-picker")) is not None:
            await self._pick_state(picker, value)
            return
        for option in await row.query_selector_all(
            "ha-radio-option, ha-selector-select ha-checkbox"
        ):
            if await option.get_attribute("value") == value:
                await option.click()
                return
        raise WalkError(f"the field {name} does not offer {value}")

    async def _pick_state(self, picker: ElementHandle, value: str) -> None:
        """Choose a state in the list that drops down.

        Raises:
            WalkError: it cannot be opened, or it does not list the state.
        """
        field = await picker.query_selector("ha-picker-field")
        if field is None or await field.evaluate("each => each.disabled"):
            raise WalkError("the list cannot be opened")
        await field.click()
        entry = self.panel.locator("ha-picker-combo-box ha-combo-box-item").filter(has_text=value)
        await entry.first.click()
        await entry.first.wait_for(state="hidden")

    async def save(self, name: str) -> str:
        """Save the automation under a name. Returns its key."""
        await self._close_panel()
        await self._tab.locator("manual-automation-editor ha-button[slot=fab]").click()
        dialog = self._tab.locator("ha-dialog-automation-save")
        await dialog.locator("ha-input input").fill(name)
        await dialog.locator("ha-button[slot=primaryAction]").click()
        await self._tab.wait_for_url(_SAVED)
        return str(self._tab.url.rpartition("/")[2])
