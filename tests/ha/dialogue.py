"""Config and options flows as a browser goes through them: over REST, with real uploads."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from homeassistant.components import file_upload
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.aqara_zigbee.const import DOMAIN

FLOWS = "/api/config/config_entries/flow"
OPTIONS = "/api/config/config_entries/options/flow"

type Clients = Callable[..., Awaitable[TestClient[Any, Any]]]


class Dialogue:
    """One dialogue at a time.

    Attributes:
        shown: what it shows now.
    """

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self._client = client
        self._url = FLOWS
        self.shown: dict[str, Any] = {}

    async def start(self, entry_id: str | None = None) -> dict[str, Any]:
        """Set something up, or an entry up anew."""
        self._url = FLOWS
        data = {"handler": DOMAIN} | ({"entry_id": entry_id} if entry_id else {})
        return await self._took(await self._client.post(self._url, json=data))

    async def options(self, entry_id: str) -> dict[str, Any]:
        """Open an entry's options."""
        self._url = OPTIONS
        return await self._took(await self._client.post(self._url, json={"handler": entry_id}))

    @property
    def _flow(self) -> str:
        return f"{self._url}/{self.shown['flow_id']}"

    async def say(self, **answer: object) -> dict[str, Any]:
        """Answer what is shown, and wait for progress to end."""
        await self._took(await self._client.post(self._flow, json=answer))
        async with asyncio.timeout(60):
            while self.shown["type"] in ("progress", "progress_done"):
                await asyncio.sleep(0.02)
                await self._took(await self._client.get(self._flow))
        return self.shown

    async def choose(self, *steps: str) -> dict[str, Any]:
        """Choose from one menu after the other."""
        for step in steps:
            assert step in self.shown["menu_options"], self.shown
            await self.say(next_step_id=step)
        return self.shown

    async def begin(self, **answer: object) -> dict[str, Any]:
        """Answer, and wait for nothing."""
        return await self._took(await self._client.post(self._flow, json=answer))

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
        """What is behind a link."""
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
        """What it complains of."""
        return self.shown.get("errors") or {}

    @property
    def text(self) -> str:
        """All that it puts into the texts."""
        return "\n".join(map(str, (self.shown.get("description_placeholders") or {}).values()))


@pytest.fixture
async def dialogue(
    hass: HomeAssistant, hass_client: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Dialogue:
    """Somebody in front of a browser, whose uploads lie apart from those of other tests."""
    monkeypatch.setattr(file_upload, "TEMP_DIR_NAME", tmp_path / "uploads")
    for component in ("config", DOMAIN):  # its addresses must be known before somebody asks
        assert await async_setup_component(hass, component, {})
    return Dialogue(await hass_client())
