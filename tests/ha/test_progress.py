"""Progress steps whose work ends at once, late, badly, or after the dialog was closed."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, override
from unittest.mock import AsyncMock

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
    AbortFlow,
    FlowResultType,
    UnknownFlow,
)
import pytest
from pytest_homeassistant_custom_component.common import (
    MockModule,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from custom_components.aqara_zigbee.flows.progress import ProgressStep
from custom_components.aqara_zigbee.simulator import Home
from tests.ha.conftest import DEVICE, until
from tests.ha.dialogue import Dialogue

DOMAIN = "progress_test"


class Flow(ProgressStep[ConfigFlowResult], ConfigFlow):
    """One progress step, and a form after it.

    Attributes:
        work: what is done.
        then: what is done before the form is shown.
        forms: how often the form's step was run.
    """

    work: Callable[[], Awaitable[None]]
    then: Callable[[], Awaitable[object]]
    forms = 0
    failure: BaseException | None = None

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask before the work starts."""
        if user_input is None:
            return self.async_show_form(step_id="user")
        return await self.async_step_busy()

    async def async_step_busy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The progress step."""
        return await self._work("busy", self._run, done="form", failed="form")

    async def _run(self) -> None:
        await type(self).work()

    async def async_step_form(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the next form, after a moment."""
        type(self).forms += 1
        await type(self).then()
        return self.async_show_form(step_id="form")

    @override
    def _set_error(self, error: BaseException) -> None:
        super()._set_error(error)
        type(self).failure = error


class Watched:
    """A flow, the event that ends its work, and the times at which it signals a change."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.manager = hass.config_entries.flow
        self.release = asyncio.Event()
        self.signals: list[float] = []
        Flow.work = self.release.wait  # type: ignore[assignment]
        Flow.then = partial(asyncio.sleep, 0.05)
        Flow.forms, Flow.failure = 0, None
        hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESSED, self._signalled)

    @callback
    def _signalled(self, event: Event[dict[str, Any]]) -> None:
        self.signals.append(asyncio.get_running_loop().time())

    async def start(self) -> ConfigFlowResult:
        """Go to the progress step."""
        flow = await self.manager.async_init(DOMAIN, context={"source": "user"})
        self.flow_id = flow["flow_id"]
        return await self.manager.async_configure(self.flow_id, {})

    async def fetch(self) -> ConfigFlowResult:
        """Fetch the current step."""
        return await self.manager.async_configure(self.flow_id)


@pytest.fixture
async def watched(hass: HomeAssistant) -> Any:
    mock_integration(hass, MockModule(DOMAIN))
    mock_platform(hass, f"{DOMAIN}.config_flow", None)
    with mock_config_flow(DOMAIN, Flow):
        yield Watched(hass)


async def test_work_that_is_over_shows_no_progress(watched: Watched) -> None:
    watched.release.set()
    shown = await watched.start()
    assert (shown["type"], shown["step_id"]) == (FlowResultType.FORM, "form")


async def test_work_that_takes_a_moment_shows_no_progress(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flow, "grace", 10)
    asyncio.get_running_loop().call_later(0.1, watched.release.set)
    shown = await watched.start()
    assert (shown["type"], shown["step_id"]) == (FlowResultType.FORM, "form")
    assert not watched.signals


async def test_progress_stays_until_the_frontend_is_subscribed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is over as soon as its progress is shown; the change is signalled later."""
    monkeypatch.setattr(Flow, "least_shown", 2)
    before = asyncio.get_running_loop().time()
    shown = await watched.start()
    assert shown["type"] is FlowResultType.SHOW_PROGRESS
    watched.release.set()
    await asyncio.sleep(0.05)
    assert (await watched.fetch())["type"] is FlowResultType.SHOW_PROGRESS
    await until(lambda: watched.signals)
    assert watched.signals[0] - before >= 2
    assert (await watched.fetch())["step_id"] == "form"


async def test_change_is_signalled_until_it_is_fetched(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flow, "reminders", (0.05,) * 100)
    await watched.start()
    watched.release.set()
    await until(lambda: len(watched.signals) >= 3)
    assert (await watched.fetch())["step_id"] == "form"
    count = len(watched.signals)
    await asyncio.sleep(0.2)
    assert len(watched.signals) == count


async def test_signals_end_without_a_fetch(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser that was shut never will."""
    monkeypatch.setattr(Flow, "reminders", (0.01, 0.01))
    await watched.start()
    watched.release.set()
    await until(lambda: len(watched.signals) >= 3)
    await asyncio.sleep(0.1)
    assert len(watched.signals) == 3, "the first, and one for each reminder"
    assert (await watched.fetch())["step_id"] == "form"


async def test_fetched_twice_at_once(watched: Watched) -> None:
    """The step after progress runs once; concurrent requests get its result."""
    await watched.start()
    watched.release.set()
    await until(lambda: watched.signals)
    one, other = await asyncio.gather(watched.fetch(), watched.fetch())
    assert (one["step_id"], other["step_id"]) == ("form", "form")
    assert Flow.forms == 1


async def test_closed_before_progress_is_shown(
    hass: HomeAssistant, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flow, "grace", 10)
    answer = hass.async_create_task(watched.start())
    await asyncio.sleep(0.05)
    watched.manager.async_abort(watched.flow_id)
    watched.release.set()
    with pytest.raises(UnknownFlow):
        await answer
    assert Flow.forms == 0


@pytest.mark.parametrize("grace", [0, 10])
async def test_unexpected_error_ends_progress(
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    grace: float,
) -> None:
    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise LookupError("of ours")

    monkeypatch.setattr(Flow, "grace", grace)
    monkeypatch.setattr(Flow, "work", fail)
    shown = await watched.start()
    if shown["type"] is FlowResultType.SHOW_PROGRESS:
        await until(lambda: watched.signals)
        shown = await watched.fetch()
    assert shown["step_id"] == "form"
    assert isinstance(Flow.failure, LookupError)
    assert "Unexpected error" in caplog.text
    caplog.clear()


async def test_step_after_progress_that_fails_is_tried_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is not done twice, and the dialog does not hang."""
    failing_step = AsyncMock(side_effect=[LookupError("of ours"), None])
    monkeypatch.setattr(Flow, "then", failing_step)
    await watched.start()
    watched.release.set()
    await until(lambda: watched.signals)
    with pytest.raises(LookupError):
        await watched.fetch()
    assert (await watched.fetch())["step_id"] == "form"
    assert Flow.forms == 2


async def test_dialog_may_end_after_progress(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flow, "then", AsyncMock(side_effect=AbortFlow("already_configured")))
    await watched.start()
    watched.release.set()
    await until(lambda: watched.signals)
    shown = await watched.fetch()
    assert (shown["type"], shown["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert Flow.forms == 1


async def test_closed_between_progress_and_the_next_step(
    hass: HomeAssistant, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Concurrent requests end with the dialog."""
    held = asyncio.Event()
    monkeypatch.setattr(Flow, "then", held.wait)
    await watched.start()
    watched.release.set()
    await until(lambda: watched.signals)
    both = [hass.async_create_task(watched.fetch()) for _ in range(2)]
    await until(lambda: Flow.forms)
    watched.manager.async_abort(watched.flow_id)
    with pytest.raises(UnknownFlow):
        await both[1]
    held.set()
    with pytest.raises(UnknownFlow):
        await both[0]
    assert Flow.forms == 1


@pytest.mark.parametrize("failure", [None, LookupError("of ours")])
async def test_work_outlives_its_dialog(
    hass: HomeAssistant, watched: Watched, failure: Exception | None
) -> None:
    """A coordinator is not left half written, and what the work needs is kept until it ends."""

    async def work() -> None:
        await watched.release.wait()
        if failure:
            raise failure

    Flow.work = work
    await watched.start()
    flow = watched.manager._progress[watched.flow_id]
    assert isinstance(flow, Flow)
    watched.manager.async_abort(watched.flow_id)
    settled = hass.async_create_task(flow._settled())
    await asyncio.sleep(0.05)
    assert not settled.done()
    watched.release.set()
    await settled
    await Flow()._settled()


async def test_wrong_ports_of_one_dialog(
    dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the times that users get and no signal but the first."""
    monkeypatch.undo()
    monkeypatch.setattr(ProgressStep, "reminders", ())
    await dialogue.start()
    await dialogue.choose("port")
    for path in ("/dev/ttyUSB7", "socket://127.0.0.1:9", "bla"):
        await dialogue.submit(path=path)
        assert (dialogue.shown["step_id"], dialogue.errors) == (
            "port",
            {"base": "port_not_found"},
        )


async def test_unexpected_error_is_shown_in_the_form(
    dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_port: object) -> None:
        raise LookupError("of ours")

    monkeypatch.setattr("custom_components.aqara_zigbee.flows.port.probe", fail)
    await dialogue.start()
    await dialogue.choose("port")
    await dialogue.submit(path=DEVICE["path"])
    assert dialogue.errors == {"base": "unknown"}


async def test_closed_while_the_port_is_read(
    hass: HomeAssistant, dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator without a network is not formed after the dialog was closed."""
    monkeypatch.setattr(ProgressStep, "grace", 10)
    async with Home(seed=3, speed=20) as blank:
        blank.plug_in("blank")
        await dialogue.start()
        await dialogue.choose("port")
        answer = hass.async_create_task(dialogue.post(path="virtual://blank"))
        await until(lambda: blank.port.line is not None)
        await dialogue.close()
        assert await answer == 404
        assert blank.records.network is None
