"""A running demo through its own doors: Home Assistant's API, and the simulated home's side door."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass
import json
import time
from typing import Any

import aiohttp

PATIENCE = 60.0

_ATTEMPTS = 3
"""Maximum number of times that an answer to a flow is submitted."""


class DemoError(Exception):
    """A part of the demo did not start; the message is the reason."""


async def soon[T](
    what: str, attempt: Callable[[], Awaitable[T | None]], seconds: float = PATIENCE
) -> T:
    """Try until there is an answer.

    Raises:
        DemoError: there was none in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(aiohttp.ClientError, OSError, KeyError):
            if (found := await attempt()) is not None:
                return found
        await asyncio.sleep(0.2)
    raise DemoError(f"{what} did not happen within {seconds:.0f} s")


class Home:
    """The simulated home's side door: one JSON object a line."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def do(self, order: str, device: str | None = None, **arguments: Any) -> dict[str, Any]:
        """Let something happen in the home.

        Raises:
            DemoError: the home refused.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        try:
            target = {"device": device} if device else {}
            writer.write(json.dumps({"do": order, **target, **arguments}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await reader.readline())
        finally:
            writer.close()
        if not answer["ok"]:
            raise DemoError(answer["error"])
        return answer


class HomeAssistant:
    """A running Home Assistant, through its REST and WebSocket API.

    Attributes:
        url: of its web page, without a path.
        tokens: of the owner, as Home Assistant has issued them.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url
        self.tokens: dict[str, Any] = {}
        self._headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        """Make the owner, as the first page of a new installation does."""
        client = {"client_id": self.url + "/"}
        owner = {"name": "Demo", "username": "demo", "password": "demo", "language": "en"}
        made = await self._post("/api/onboarding/users", {**client, **owner})
        grant = {"grant_type": "authorization_code", "code": made["auth_code"], **client}
        async with self._session.post(self.url + "/auth/token", data=grant) as answer:
            self.tokens = await answer.json()
        self.use(self.tokens["access_token"])

    def use(self, token: str) -> None:
        """Use an access token from now on."""
        self._token = token
        self._headers = {"Authorization": f"Bearer {token}"}

    async def onboarding(self) -> Any:
        """The steps of a new installation; None while it is not up."""
        return await self._get("/api/onboarding")

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        async with self._session.post(self.url + path, json=body, headers=self._headers) as answer:
            if answer.status >= 400:
                raise DemoError(f"{path}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def delete_entry(self, entry: str) -> None:
        """Delete a config entry."""
        await self._delete(f"/api/config/config_entries/entry/{entry}")

    async def _delete(self, path: str) -> None:
        async with self._session.delete(self.url + path, headers=self._headers) as answer:
            answer.raise_for_status()

    async def _get(self, path: str) -> Any:
        async with self._session.get(self.url + path, headers=self._headers) as answer:
            return await answer.json() if answer.status == 200 else None

    async def set_up(self, path: str) -> str:
        """Set us up on a port, as a user would; the new entry's id.

        Raises:
            DemoError: it did not end well.
        """
        await self.configure("aqara_zigbee", {"next_step_id": "port"}, {"path": path})
        return await self.loaded("aqara_zigbee")

    async def loaded(self, domain: str) -> str:
        """The id of an integration's entry, once it is loaded.

        Raises:
            DemoError: it is not in time.
        """

        async def attempt() -> str | None:
            for entry in await self.ask("config_entries/get", domain=domain):
                if entry["state"] == "loaded":
                    return str(entry["entry_id"])
            return None

        return await soon(f"setting up {domain}", attempt)

    async def configure(self, domain: str, *answers: dict[str, Any]) -> None:
        """Set up an integration with these answers to its config flow.

        Raises:
            DemoError: it did not end well.
        """
        await self._flow("/api/config/config_entries/flow", domain, *answers)

    async def options(self, entry: str, *answers: dict[str, Any]) -> None:
        """Go through the options flow with these answers.

        Raises:
            DemoError: it did not end well.
        """
        await self._flow("/api/config/config_entries/options/flow", entry, *answers)

    async def _flow(self, flows: str, handler: str, *answers: dict[str, Any]) -> None:
        step = await self._post(flows, {"handler": handler})
        flow = f"{flows}/{step['flow_id']}"
        step = await self._after_progress(flow, step)
        for answer in answers:
            if step is None or step["type"] not in ("form", "menu"):
                break
            step = await self._submit(flow, answer)
        if step is not None and step["type"] != "create_entry":
            raise DemoError(f"the flow of {handler} ended with {step}")

    async def _submit(self, flow: str, answer: dict[str, Any]) -> Any:
        """Return the step after an answer; on a busy machine, a coordinator can be too slow at first."""
        for _ in range(_ATTEMPTS):
            step = await self._after_progress(flow, await self._post(flow, answer))
            if step is None or step.get("errors") != {"base": "radio_failed"}:
                break
        return step

    async def _after_progress(self, flow: str, step: dict[str, Any] | None) -> Any:
        """The step after one that shows progress; None if the flow ended with it."""
        while step is not None and step["type"] == "progress":
            await asyncio.sleep(0.3)
            step = await self._get(flow)
        return step

    async def reload(self, entry: str) -> None:
        """Reload a config entry.

        Raises:
            DemoError: it cannot be.
        """
        await self._post(f"/api/config/config_entries/entry/{entry}/reload", {})

    async def call(self, domain: str, action: str, **data: Any) -> None:
        """Perform an action.

        Raises:
            DemoError: Home Assistant reports an error.
        """
        await self._post(f"/api/services/{domain}/{action}", data)

    async def automation(self, key: str, **config: Any) -> None:
        """Save an automation, as its editor does.

        Raises:
            DemoError: Home Assistant refuses it.
        """
        await self._post(f"/api/config/automation/config/{key}", config)

    async def automation_config(self, key: str) -> dict[str, Any]:
        """Return an automation as its editor has saved it."""
        found: dict[str, Any] = await self._get(f"/api/config/automation/config/{key}")
        return found

    async def delete_automation(self, key: str) -> None:
        """Delete an automation."""
        await self._delete(f"/api/config/automation/config/{key}")

    async def states(self) -> dict[str, dict[str, Any]]:
        """All states by entity id."""
        return {state["entity_id"]: state for state in await self._get("/api/states")}

    async def text(self, path: str) -> str:
        """Return the content of one of Home Assistant's URLs."""
        async with self._session.get(self.url + path) as response:
            response.raise_for_status()
            return await response.text()

    async def ask(self, command: str, **data: Any) -> Any:
        """Send a WebSocket command.

        Raises:
            DemoError: Home Assistant reports an error.
        """
        address = self.url.replace("http", "ws", 1) + "/api/websocket"
        async with self._session.ws_connect(address, max_msg_size=0) as connection:
            await connection.receive_json()
            await connection.send_json({"type": "auth", "access_token": self._token})
            await connection.receive_json()
            await connection.send_json({"id": 1, "type": command, **data})
            answer = await connection.receive_json()
        if not answer["success"]:
            raise DemoError(f"{command}: {answer['error']}")
        return answer["result"]


@dataclass
class Demo:
    """All that runs.

    Attributes:
        entry: the id of our config entry, once there is one.
    """

    assistant: HomeAssistant
    home: Home
    entry: str = ""


async def devices_of(demo: Demo) -> list[dict[str, Any]]:
    """Our devices in Home Assistant, without the coordinator."""
    registry = await demo.assistant.ask("config/device_registry/list")
    return [
        device
        for device in registry
        if demo.entry in device["config_entries"] and device["via_device_id"] is not None
    ]


def address_of(device: dict[str, Any]) -> str:
    """The IEEE address of a registered device."""
    (address,) = (value for kind, value in device["connections"] if kind == "zigbee")
    return str(address)


async def model_of(demo: Demo, device: dict[str, Any]) -> str:
    """The Zigbee model identifier of a registered device."""
    listed = (await demo.home.do("list"))["devices"]
    return str(next(d["model"] for d in listed if d["ieee"] == address_of(device)))
