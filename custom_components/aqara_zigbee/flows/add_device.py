"""The dialog "Add device": permits joins at once, shows the joining devices, and asks for their names.

It is a subentry flow, so that the integration's page has a button for it. It creates no subentry.
"""

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigEntryState, SubentryFlowResult
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    AreaSelector,
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..config_flow import AddDeviceFlow
from ..const import DOMAIN
from ..core.errors import DeliveryError
from ..core.gateway import MOST_SECONDS, Gateway
from ..core.models import DEFINITIONS
from ..core.pairing import PairingDevices, Stage
from ..core.radio import Ieee
from ..registry import name_of, registered_device, rename
from ..runtime import AqaraConfigEntry, Runtime
from ..texts import load_texts, plain
from .progress import ProgressStep

if TYPE_CHECKING:
    from ..simulation import Simulation

CONF_ANOTHER = "another"
CONF_AREA = "area"
CONF_NAME = "name"
CONF_SIMULATED = "simulated"
CONF_VIA = "via"

ALL = "all"
"""The coordinator and all routers."""

TICK = 5.0
"""Maximum seconds between two updates of the progress bar."""

REFRESH = 1.0
"""Seconds between two checks of the list for changes."""

_LISTS = {"pairing", "joined"}
"""The steps that list devices."""

PATIENCE = timedelta(minutes=1)
"""Maximum time to wait for a running interview after joins have ended."""


class AddDeviceSteps(ProgressStep[SubentryFlowResult], AddDeviceFlow):
    """Permits joins, shows the progress of each device, and asks for names."""

    _opened: Gateway | None = None
    _arrivals: PairingDevices | None = None
    _updates: asyncio.Task[None] | None = None
    _asked: Ieee = ""
    _wants_another = False

    def __init__(self) -> None:
        self._named: set[Ieee] = set()
        self._fetched: dict[str, str] = {}

    @property
    def _entry(self) -> AqaraConfigEntry:
        entry: AqaraConfigEntry = self._get_entry()
        return entry

    @property
    def _runtime(self) -> Runtime:
        return self._entry.runtime_data

    @property
    def _gateway(self) -> Gateway:
        return self._runtime.gateway

    @property
    def _simulation(self) -> Simulation | None:
        own = self._runtime.own
        return own.simulation if own is not None else None

    @override
    @callback
    def async_remove(self) -> None:
        """End joins, however the dialog ends."""
        super().async_remove()
        if self._opened is not None:
            self._shown.stop()
            self.hass.async_create_task(
                self._opened.shut(dt_util.utcnow()), f"{DOMAIN} close the network"
            )
        for task in (self._task, self._updates):
            if task is not None:
                task.cancel()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Permit joins at once. For a virtual coordinator, first ask for a simulated device."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if self._simulation is not None:
            return await self.async_step_choose()
        return await self.async_step_open()

    async def async_step_open(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Permit joins through the coordinator and all routers."""
        try:
            await self._open({CONF_VIA: ALL})
        except DeliveryError as error:
            return self.async_abort(
                reason="not_opened", description_placeholders={"reason": str(error)}
            )
        return await self.async_step_pairing()

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Explain each model's pairing, and ask through which router devices may join."""
        errors, reason = {}, ""
        if user_input is not None:
            try:
                await self._open(user_input)
            except DeliveryError as error:
                errors["base"], reason = "not_opened", str(error)
            else:
                return await self.async_step_pairing()
        return self.async_show_form(
            step_id="choose",
            data_schema=self.add_suggested_values_to_schema(self._choice(), user_input),
            errors=errors,
            description_placeholders={
                "reason": reason,
                "how": "\n".join(f"- {line}" for line in await self._pairing_help()),
            },
        )

    @property
    def _routers(self) -> list[Ieee]:
        return [device.ieee for device in self._gateway.values() if device.is_router]

    def _choice(self) -> probatio.Schema:
        ways = [ALL, self._gateway.radio.coordinator.ieee, *self._routers]
        fields: dict[probatio.Marker, Any] = {
            probatio.Required(CONF_VIA, default=ALL): SelectSelector(
                SelectSelectorConfig(
                    options=[SelectOptionDict(value=way, label=self._name(way)) for way in ways],
                    mode=SelectSelectorMode.DROPDOWN,
                    translation_key="via",
                )
            )
        }
        if simulation := self._simulation:
            fields[probatio.Optional(CONF_SIMULATED)] = SelectSelector(
                SelectSelectorConfig(
                    options=[
                        SelectOptionDict(value=model, label=name)
                        for model, name in simulation.models.items()
                    ],
                    mode=SelectSelectorMode.DROPDOWN,
                )
            )
        return probatio.Schema(fields)

    def _name(self, ieee: Ieee) -> str:
        return name_of(self.hass, self._entry.entry_id, ieee)

    async def _open(self, choice: dict[str, Any]) -> None:
        """Permit joins and follow them.

        Raises:
            DeliveryError: the radio or the router did not confirm it.
        """
        via = choice[CONF_VIA]
        now = dt_util.utcnow()
        await self._gateway.permit(MOST_SECONDS, now, None if via == ALL else via)
        self._opened = self._gateway
        if self._arrivals is not None:
            self._arrivals.stop()
        self._news = asyncio.Event()
        self._arrivals = PairingDevices(self._gateway, self._note)
        self._last = now
        self._opened_at = now
        if self._updates is None:
            self._updates = self.hass.async_create_background_task(
                self._keep_up_to_date(), f"{DOMAIN} devices that join"
            )
        if (model := choice.get(CONF_SIMULATED)) and self._simulation:
            self._simulation.pair(model)

    @callback
    def _note(self) -> None:
        self._last = dt_util.utcnow()
        self._news.set()

    async def async_step_pairing(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show joining devices, until one is ready or joins have ended."""
        self._fetched = await self._list_texts()
        return await self._work(
            "pairing",
            self._until_settled,
            done="arrived",
            failed="joined",
            placeholders=self._fetched,
        )

    async def async_step_arrived(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the name of a device that is ready, or list all if there is none."""
        if self._unnamed:
            return await self.async_step_name_device()
        if self._shown and self._are_all_ready:
            return await self.async_step_finish()
        return await self.async_step_joined()

    @property
    def _are_all_ready(self) -> bool:
        """Whether every device can be used."""
        return all(stage in (Stage.READY, Stage.BACK) for stage in self._shown.values())

    async def _until_settled(self) -> None:
        while not (self._unnamed or self._is_over):
            self.async_update_progress(1 - self._remaining.total_seconds() / MOST_SECONDS)
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._news.wait()

    async def _keep_up_to_date(self) -> None:
        """Refresh an open list in the dialog when it has changed."""
        while True:
            await asyncio.sleep(REFRESH)
            if self.cur_step is None or self.cur_step["step_id"] not in _LISTS:
                continue
            if await self._list_texts() != self._fetched:
                self.async_notify_flow_changed()

    async def _pairing_help(self) -> list[str]:
        """Return how the models are paired, those that are paired in the same way together."""
        texts = await load_texts(self.hass, "pairing_help")
        models: dict[str, list[str]] = {}
        for each in DEFINITIONS.distinct():
            named = f"**{each.description} {each.model}**"
            models.setdefault(texts[each.model.lower()], []).append(named)
        return [f"{', '.join(names)}: {text}" for text, names in models.items()]

    async def _list_texts(self) -> dict[str, str]:
        """Return the devices, and the end of joins."""
        texts = await load_texts(self.hass, "stage")
        until = None if self._opened is None else self._opened.open_until
        time = f"{dt_util.as_local(until):%H:%M:%S}" if until else ""
        return {
            # No list: the frontend centers the texts of progress, but not the marks of a list.
            "how": "\n\n".join(await self._pairing_help()),
            "devices": await self._list(),
            "network": texts.put("open", time=time) if until else texts["closed"],
        }

    @property
    def _shown(self) -> PairingDevices:
        assert self._arrivals is not None
        return self._arrivals

    @property
    def _remaining(self) -> timedelta:
        until = None if self._opened is None else self._opened.open_until
        return max(until - dt_util.utcnow(), timedelta()) if until else timedelta()

    @property
    def _unnamed(self) -> list[Ieee]:
        """Return the ready devices that have not been named in this dialog."""
        ready = (ieee for ieee, stage in self._shown.items() if stage is Stage.READY)
        return [ieee for ieee in ready if ieee not in self._named]

    @property
    def _is_over(self) -> bool:
        """Whether joins have ended and no interview is running, or one takes too long."""
        if self._remaining:
            return False
        silence = dt_util.utcnow() - self._last
        return not self._shown or self._shown.are_settled or silence > PATIENCE

    async def _list(self) -> str:
        """Return the joined devices, a line each, in the language of the installation."""
        texts = await load_texts(self.hass, "stage")
        lines = [
            f"- **{plain(self._name(ieee))}** {texts[stage]}" for ieee, stage in self._shown.items()
        ]
        return "\n".join(lines) or texts["nobody"]

    async def async_step_joined(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """List the devices; more can be waited for while joins are permitted."""
        texts = self._fetched = await self._list_texts()
        options = ["name_device"] if self._unnamed else ["open"]
        if self._routers and not self._unnamed:
            options.append("choose")
        return self.async_show_menu(
            step_id="joined",
            menu_options=[*options, "finish"],
            description_placeholders=texts,
        )

    async def async_step_name_device(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the name and area of each new device; the names are those of the models at first."""
        if user_input is not None:
            self._rename(self._asked, user_input)
            self._named.add(self._asked)
            self._wants_another = user_input[CONF_ANOTHER]
        if not self._unnamed:
            return await self._after_names()
        self._asked = self._unnamed[0]
        name = self._name(self._asked)
        fields = {
            probatio.Required(CONF_NAME, default=name): TextSelector(),
            probatio.Optional(CONF_AREA): AreaSelector(),
            probatio.Required(CONF_ANOTHER, default=False): BooleanSelector(),
        }
        return self.async_show_form(
            step_id="name_device",
            data_schema=probatio.Schema(fields),
            description_placeholders={"device": plain(name), "address": self._asked},
        )

    async def _after_names(self) -> SubentryFlowResult:
        """Wait for another device or for those that are not ready, or finish."""
        if self._wants_another:
            self._wants_another = False
            return await self.async_step_open()
        if self._are_all_ready:
            return await self.async_step_finish()
        if self._remaining and not self._shown.are_settled:
            return await self.async_step_pairing()
        return await self.async_step_joined()

    def _rename(self, ieee: Ieee, answers: dict[str, Any]) -> None:
        registered = registered_device(self.hass, self._entry.entry_id, ieee)
        if registered is None:
            return
        name = answers[CONF_NAME].strip()
        rename(
            self.hass,
            registered,
            name=name or None,
            area=answers.get(CONF_AREA),
            # Automations may use the entity ids of a device that was only paired again.
            with_entity_ids=registered.created_at >= self._opened_at,
        )

    async def async_step_finish(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Finish with the list of devices; `async_remove` ends joins."""
        texts = await load_texts(self.hass, "stage")
        return self.async_abort(
            reason="finished",
            description_placeholders={"devices": await self._list(), "network": texts["closed"]},
        )
