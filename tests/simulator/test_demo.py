"""Output of `scripts/demo --do`, and two demos at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
import os
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from custom_components.aqara_zigbee.simulator import Home, Knob, Lock
from scripts import demo_do
from scripts.demo_api import DemoError, HomeAssistant
from scripts.demo_do import NOT_RUNNING, do
from scripts.demo_process import LOCK, claim, free_port
from scripts.simulator.control import Control

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def control_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "control"
    monkeypatch.setattr(demo_do, "CONTROL", file)
    return file


@pytest.fixture
async def control(home: Home, control_file: Path, socket_enabled: None) -> AsyncIterator[Control]:
    home.add(Knob(), joined=True)
    home.add(Lock())
    control = Control(home)
    port = await control.serve()
    await asyncio.to_thread(control_file.write_text, str(port))
    yield control
    await control.close()


@pytest.mark.usefixtures("control")
async def test_commands_are_answered_with_text(capsys: pytest.CaptureFixture[str]) -> None:
    await do("list")
    listed = capsys.readouterr().out
    assert "knob: lumi.remote.rkba01, joined\n" in listed
    assert "lock: lumi.lock.aq1, not joined\n" in listed
    assert "turn degrees steps pressed" in listed
    assert len(listed.splitlines()) == 4
    await do("double", "device=knob")
    assert capsys.readouterr().out == "done\n"
    await do("add", "model=lumi.plug", "join=true")
    assert "has not joined" in (out := capsys.readouterr().out)
    assert "scripts/demo --do pair device=plug" in out


@pytest.mark.usefixtures("control")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("hold",), "which device is missing. There are: knob, lock"),
        (("hold", "device=door"), "no device 'door'. There are: knob, lock"),
        (("hold", "knob"), "NAME=VALUE"),
        (("pair", "device=lock"), "no open network"),
        (("jump", "device=knob"), "'jump' is unknown"),
    ],
)
async def test_errors_are_sentences(arguments: tuple[str, ...], error: str) -> None:
    with pytest.raises(DemoError, match=error):
        await do(*arguments)


def test_a_joined_device_is_reported() -> None:
    answer = {"ok": True, "device": {"name": "relay"}, "joined": True}
    assert demo_do.in_words("add", answer) == "relay was added and has joined"


@pytest.mark.parametrize("content", [None, "", "closed"])
async def test_no_demo_runs(control_file: Path, content: str | None) -> None:
    """The file is missing, empty, or from a demo that was killed."""
    if content is not None:
        text = str(free_port()) if content == "closed" else content
        await asyncio.to_thread(control_file.write_text, text)
    with pytest.raises(DemoError, match=NOT_RUNNING):
        await do("list")


def test_a_second_demo_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "second"
    first = claim(folder)
    with pytest.raises(DemoError, match="already running"):
        claim(folder)
    os.close(first)
    os.close(claim(folder))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "configuration.yaml").touch()
    with pytest.raises(DemoError, match="left as it is"):
        claim(tmp_path)
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize(
    ("errors", "submissions"),
    [(["radio_failed"], 2), (["radio_failed"] * 3, 3), (["not_found"], 1), ([], 1)],
)
async def test_only_a_slow_coordinator_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, errors: list[str], submissions: int
) -> None:
    steps: list[dict[str, Any]] = [{"type": "form", "errors": {"base": key}} for key in errors]
    submitted: list[str] = []

    async def post(path: str, _data: object) -> dict[str, Any]:
        if path.endswith("/flow"):
            return {"type": "form", "flow_id": "one"}
        submitted.append(path)
        return steps.pop(0) if steps else {"type": "create_entry"}

    assistant = HomeAssistant(Mock(), "")
    monkeypatch.setattr(assistant, "_post", post)
    ends_well = submissions > len(errors)
    with nullcontext() if ends_well else pytest.raises(DemoError):
        await assistant.configure("some", {"path": "some"})
    assert len(submitted) == submissions
