"""Run a command in a running demo, and print the result."""

import contextlib
import json
from typing import Any

from scripts.demo_api import DemoError, Home
from scripts.demo_process import FOLDER

CONTROL = FOLDER / "control"
"""Holds the TCP port of the simulator's control interface while a demo runs."""

NOT_RUNNING = "no demo is running. Start one with scripts/demo, in another terminal."


async def do(order: str, *arguments: str) -> int:
    """Send an order with its arguments, each written as NAME=VALUE.

    Raises:
        DemoError: no demo is running, or the order was refused.
    """
    try:
        home = Home(int(CONTROL.read_text()))
        answer = await home.do(order, **_named(arguments))
    except (OSError, ValueError) as error:  # a demo that was killed leaves the file
        raise DemoError(NOT_RUNNING) from error
    print(in_words(order, answer))
    return 0


def _named(arguments: tuple[str, ...]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for argument in arguments:
        name, separator, value = argument.partition("=")
        if not separator or not name:
            raise DemoError(f"write arguments as NAME=VALUE, such as device=plug, not {argument!r}")
        with contextlib.suppress(ValueError):
            value = json.loads(value)
        named[name] = value
    return named


def in_words(order: str, answer: dict[str, Any]) -> str:
    """Return the text for an answer.

    Raises:
        DemoError: the command had no effect.
    """
    if order == "list":
        return "\n".join(_listed(device) for device in answer["devices"])
    if order == "add":
        return _added(answer["device"], has_joined=answer["joined"])
    if order in ("pair", "rejoin") and answer.get("result") is False:
        raise DemoError(
            "it found no open network yet. Open it: Add device on the page of the integration"
        )
    rest = {name: value for name, value in answer.items() if name != "ok"}
    return json.dumps(rest, indent=2) if rest else "done"


def _listed(device: dict[str, Any]) -> str:
    actions = (" ".join([name, *arguments]) for name, arguments in device["actions"].items())
    state = "joined" if device["joined"] else "not joined"
    return f"{device['name']}: {device['model']}, {state}\n  {', '.join(actions)}"


def _added(device: dict[str, Any], *, has_joined: bool) -> str:
    name = device["name"]
    if has_joined:
        return f"{name} was added and has joined"
    return (
        f"{name} was added, but has not joined, because the network is not open or join=true is "
        f"missing.\nOpen the network (Add device on the page of the integration), then: "
        f"scripts/demo --do pair device={name}"
    )
