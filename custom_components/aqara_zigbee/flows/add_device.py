"""The step "Add device" of the options flow: the network is opened, and one can watch who comes."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    AreaSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..const import DOMAIN
from ..core.arrivals import Arrivals, Stage
from ..core.errors import DeliveryError
from ..core.gateway import MOST_SECONDS, Gateway
from ..core.radio import Ieee
from ..phrases import phrases
from ..registry import name_of, registered_device
from ..runtime import Runtime

CONF_AREA = "area"
CONF_NAME = "name"
CONF_SIMULATED = "simulated"
CONF_VIA = "via"

ALL = "all"
"""Through the coordinator and every router."""

TICK = 5.0
LINGER = timedelta(seconds=10)
"""How long the dialogue waits for another device after the last one is ready."""

PATIENCE = timedelta(minutes=1)
"""How long it waits for an interview that is under way when the network has closed."""


class AddDeviceFlow(OptionsFlow):
    """Lets devices join, shows how far each is, and asks for their names."""

    _opened: Gateway | None = None
    _arrivals: Arrivals | None = None
    _waiting: asyncio.Task[None] | None = None

    @property
    def _runtime(self) -> Runtime:
        runtime: Runtime = self.config_entry.runtime_data
        return runtime

    @property
    def _gateway(self) -> Gateway:
        return self._runtime.gateway

    @override
    @callback
    def async_remove(self) -> None:
        """However the dialogue ends, the network closes."""
        if self._opened is not None:
            self._shown.stop()
            self.hass.async_create_task(
                self._opened.shut(dt_util.utcnow()), f"{DOMAIN} close the network"
            )
        if self._waiting is not None:
            self._waiting.cancel()

    async def async_step_add_device(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Tell how to pair each model, and ask through whom devices may join."""
        errors, reason = {}, ""
        if user_input is not None:
            try:
                await self._open(user_input)
            except DeliveryError as error:
                errors["base"], reason = "not_opened", str(error)
            else:
                return await self.async_step_pairing()
        return self.async_show_form(
            step_id="add_device",
            data_schema=self._choice(),
            errors=errors,
            description_placeholders={"reason": reason},
        )

    def _choice(self) -> probatio.Schema:
        coordinator = self._gateway.radio.coordinator
        routers = [device.ieee for device in self._gateway.values() if device.is_router]
        ways = [ALL, coordinator.ieee, *routers]
        fields: dict[probatio.Marker, Any] = {
            probatio.Required(CONF_VIA, default=ALL): SelectSelector(
                SelectSelectorConfig(
                    options=[SelectOptionDict(value=way, label=self._name(way)) for way in ways],
                    mode=SelectSelectorMode.DROPDOWN,
                    translation_key="via",
                )
            )
        }
        if simulation := self._runtime.simulation:
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
        return name_of(self.hass, self.config_entry.entry_id, ieee)

    async def _open(self, choice: dict[str, Any]) -> None:
        """Open the network and watch.

        Raises:
            DeliveryError: the radio or the router did not take it.
        """
        via = choice[CONF_VIA]
        await self._gateway.permit(MOST_SECONDS, dt_util.utcnow(), None if via == ALL else via)
        self._opened = self._gateway
        if self._arrivals is not None:
            self._arrivals.stop()
        self._news = asyncio.Event()
        self._arrivals = Arrivals(self._gateway, self._note)
        self._last = dt_util.utcnow()
        if (model := choice.get(CONF_SIMULATED)) and self._runtime.simulation:
            self._runtime.simulation.pair(model)

    @callback
    def _note(self) -> None:
        self._last = dt_util.utcnow()
        self._news.set()

    async def async_step_pairing(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show who comes, until all are ready or time is up."""
        if self._waiting is None or self._waiting.done():
            if self._is_over():
                self._unnamed = [i for i, s in self._shown.items() if s is Stage.READY]
                return self.async_show_progress_done(next_step_id="arrived")
            self._news.clear()
            self._waiting = self.hass.async_create_task(self._wait(), f"{DOMAIN} pairing")
        return self.async_show_progress(
            step_id="pairing",
            progress_action="pairing",
            progress_task=self._waiting,
            description_placeholders={
                "remaining": str(int(self._remaining.total_seconds())),
                "devices": await self._list(bullet=""),  # progress is shown centred
            },
        )

    @property
    def _shown(self) -> Arrivals:
        assert self._arrivals is not None
        return self._arrivals

    @property
    def _remaining(self) -> timedelta:
        until = None if self._opened is None else self._opened.open_until
        return max(until - dt_util.utcnow(), timedelta()) if until else timedelta()

    def _is_over(self) -> bool:
        silence = dt_util.utcnow() - self._last
        if self._shown.are_settled:
            return silence > LINGER or not self._remaining
        return not self._remaining and (not self._shown or silence > PATIENCE)

    async def _wait(self) -> None:
        """Until something happens, or for a moment."""
        self.async_update_progress(1 - self._remaining.total_seconds() / MOST_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK):
                await self._news.wait()

    async def _list(self, bullet: str = "- ") -> str:
        """Who has come, a line each, in the language of the house."""
        words = await phrases(self.hass, "stage")
        lines = [
            f"{bullet}**{self._name(ieee)}**: {words[stage]}" for ieee, stage in self._shown.items()
        ]
        return "  \n".join(lines) or words["nobody"]

    async def async_step_arrived(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go through those who are ready."""
        return await self.async_step_name_device()

    async def async_step_name_device(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what each new device is called, and where it is."""
        if user_input is not None:
            self._rename(self._unnamed.pop(0), user_input)
        if not self._unnamed:
            return await self.async_step_paired()
        name = self._name(self._unnamed[0])
        fields = {
            probatio.Required(CONF_NAME, default=name): TextSelector(),
            probatio.Optional(CONF_AREA): AreaSelector(),
        }
        return self.async_show_form(
            step_id="name_device",
            data_schema=probatio.Schema(fields),
            description_placeholders={"device": name, "address": self._unnamed[0]},
            last_step=False,
        )

    def _rename(self, ieee: Ieee, answers: dict[str, Any]) -> None:
        registered = registered_device(self.hass, self.config_entry.entry_id, ieee)
        if registered is None:
            return
        name = answers[CONF_NAME].strip()
        if name and name != (registered.name_by_user or registered.name):
            dr.async_get(self.hass).async_update_device(registered.id, name_by_user=name)
        if area := answers.get(CONF_AREA):
            dr.async_get(self.hass).async_update_device(registered.id, area_id=area)

    async def async_step_paired(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what came of it, and ask whether to go on."""
        return self.async_show_menu(
            step_id="paired",
            menu_options=["add_device", "finish"],
            description_placeholders={"devices": await self._list()},
        )

    async def async_step_finish(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Nobody else is to come."""
        return self.async_create_entry(data=dict(self.config_entry.options))
