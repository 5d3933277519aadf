"""Config and options flows as a browser goes through them: over REST, with real uploads."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from homeassistant.components import file_upload
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESSED
from homeassistant.setup import async_setup_component
import pytest

from custom_components.aqara_zigbee.const import DOMAIN

FLOWS = "/api/config/config_entries/flow"
OPTIONS = "/api/config/config_entries/options/flow"

type Clients = Callable[..., Awaitable[TestClient[Any, Any]]]


class Dialogue:
    """One dialog at a time.

    Attributes:
        shown: what it shows now.
    """

    def __init__(self, hass: HomeAssistant, client: TestClient[Any, Any]) -> None:
        self._hass = hass
        self._client = client
        self._url = FLOWS
        self.shown: dict[str, Any] = {}

    async def start(self, entry_id: str | None = None) -> dict[str, Any]:
        """Start setting up an integration, or reconfiguring an entry."""
        self._url = FLOWS
        data = {"handler": DOMAIN} | ({"entry_id": entry_id} if entry_id else {})
        return await self._took(await self._client.post(self._url, json=data))

    def take_over(self, shown: Mapping[str, Any]) -> None:
        """Continue a flow that Home Assistant has started."""
        self._url = FLOWS
        self.shown = dict(shown)

    async def options(self, entry_id: str) -> dict[str, Any]:
        """Open an entry's options."""
        self._url = OPTIONS
        return await self._took(await self._client.post(self._url, json={"handler": entry_id}))

    @property
    def _flow(self) -> str:
        return f"{self._url}/{self.shown['flow_id']}"

    async def submit(self, **answer: object) -> dict[str, Any]:
        """Answer the current step, and wait for progress to end.

        Like the frontend, this subscribes only once progress is shown, and fetches the step only
        after an event.
        """
        await self._took(await self._client.post(self._flow, json=answer))
        async with asyncio.timeout(60):
            while self.shown["type"] in ("progress", "progress_done"):
                await self._progressed()
                await self._took(await self._client.get(self._flow))
        return self.shown

    async def _progressed(self) -> None:
        changed = asyncio.Event()

        @callback
        def on_event(event: Event[dict[str, Any]]) -> None:
            if event.data["flow_id"] == self.shown["flow_id"]:
                changed.set()

        unsubscribe = self._hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESSED, on_event)
        try:
            await changed.wait()
        finally:
            unsubscribe()

    async def choose(self, *steps: str) -> dict[str, Any]:
        """Choose from one menu after the other."""
        for step in steps:
            assert step in self.shown["menu_options"], self.shown
            await self.submit(next_step_id=step)
        return self.shown

    async def begin(self, **answer: object) -> dict[str, Any]:
        """Answer, and wait for nothing."""
        return await self._took(await self._client.post(self._flow, json=answer))

    async def post(self, **answer: object) -> int:
        """Answer, and take the status only."""
        return (await self._client.post(self._flow, json=answer)).status

    async def close(self) -> None:
        """Close the window."""
        response = await self._client.delete(self._flow)
        assert response.status == HTTPStatus.OK

    async def upload(self, name: str, content: bytes) -> str:
        """Upload a file; what it is known by."""
        form = FormData()
        form.add_field("file", content, filename=name, content_type="application/octet-stream")
        response = await self._client.post("/api/file_upload", data=form)
        assert response.status == HTTPStatus.OK, await response.text()
        answer: dict[str, str] = await response.json()
        return answer["file_id"]

    async def download(self, url: str) -> bytes:
        """Return the content of a link."""
        response = await self._client.get(url)
        assert response.status == HTTPStatus.OK, await response.text()
        content: bytes = await response.read()
        return content

    async def _took(self, response: Any) -> dict[str, Any]:
        assert response.status == HTTPStatus.OK, await response.text()
        self.shown = await response.json()
        return self.shown

    @property
    def errors(self) -> Mapping[str, str]:
        """The form's errors."""
        return self.shown.get("errors") or {}

    @property
    def text(self) -> str:
        """All that it puts into the texts."""
        return "\n".join(map(str, (self.shown.get("description_placeholders") or {}).values()))


@pytest.fixture
async def dialogue(
    hass: HomeAssistant, hass_client: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Dialogue:
    """A user in front of a browser, with uploads separate from those of other tests."""
    monkeypatch.setattr(file_upload, "TEMP_DIR_NAME", tmp_path / "uploads")
    for component in ("config", DOMAIN):  # its views must be registered before a request
        assert await async_setup_component(hass, component, {})
    return Dialogue(hass, await hass_client())
