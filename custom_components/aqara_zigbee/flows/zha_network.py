"""The step of the config flow that uses ZHA's running network instead of a coordinator."""

from collections import Counter
from typing import Any, override

from homeassistant.config_entries import SOURCE_USER, ConfigFlow, ConfigFlowResult
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.selector import BooleanSelector
from homeassistant.helpers.typing import DiscoveryInfoType
import probatio

from .. import host
from ..core.identity import unique_id
from ..core.models import DEFINITIONS
from ..core.radio import Ieee
from ..registry import name_of, owner_of_device
from ..runtime import CONF_DISABLE_ZHA, CONF_HOST, ZHA, AqaraConfigEntry, is_guest
from ..texts import load_texts
from ..watch import issues

_SETTLED_SECONDS = 1.0

SCHEMA = probatio.Schema({probatio.Optional(CONF_DISABLE_ZHA, default=False): BooleanSelector()})


class ZhaNetworkFlow(ConfigFlow):
    """Sets up an entry that uses ZHA's network.

    Attributes:
        _offered: the extended PAN id of the offered network.
        _unfollow: unsubscribes from ZHA.
        _cancel: cancels the next check of the offer.
    """

    _offered = ""
    _unfollow: tuple[CALLBACK_TYPE, ...] = ()
    _cancel: CALLBACK_TYPE | None = None

    @property
    def _zha_network(self) -> list[str]:
        """Return the menu's step, while ZHA is running."""
        return ["zha_network"] if self._running_zha else []

    async def async_step_zha_network(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Explain what ZHA does and which devices were found, and ask for confirmation.

        An entry that used the network on its own coordinator is continued.
        """
        found, members = await self._find_zha_network()
        if self._own_of_network is not None:
            return await self.async_step_zha_return()
        self._abort_if_unique_id_configured()
        self._abort_if_listed_elsewhere(members, None)
        if user_input is None:
            return self._show_zha_network("zha_network", found, members)
        return self.async_create_entry(
            title=await _title(self.hass), data={CONF_HOST: ZHA}, options=user_input
        )

    async def async_step_zha_return(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the network's existing entry should use it with ZHA from now on."""
        found, members = await self._find_zha_network()
        own = self._own_of_network
        if own is None:
            return self.async_abort(reason="already_configured")
        self._abort_if_listed_elsewhere(members, own)
        if user_input is None:
            return self._show_zha_network("zha_return", found, members)
        issues.forget(self.hass, own)
        entries = self.hass.config_entries
        entries.async_update_entry(
            own,
            title=await _title(self.hass),
            data={CONF_HOST: ZHA},
            options={**own.options, **user_input},
        )
        if own.disabled_by is not None:
            await entries.async_set_disabled_by(own.entry_id, None)
        else:
            entries.async_schedule_reload(own.entry_id)
        return self.async_abort(reason="returned_to_zha")

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Handle the discovery of our devices on ZHA's network."""
        return await self._offer_zha_network() or self.async_abort(reason="zha_not_running")

    async def _offer_zha_network(self) -> ConfigFlowResult | None:
        """Offer ZHA's network while our devices are on it; return None without any."""
        found = self._running_zha
        if found is None or not _members(found):
            return None
        await self.async_set_unique_id(unique_id(found.extended_pan_id))
        self._abort_if_unique_id_configured()
        name = await _title(self.hass)
        if found.title.casefold() != ZHA:
            name += f" · {found.title}"
        self.context["title_placeholders"] = {"name": name}
        self._offered = found.extended_pan_id
        self._unfollow = (
            host.follow(self.hass, self._check_soon),
            self.hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._check_soon),
        )
        return await self.async_step_zha_network()

    @callback
    def _check_soon(self, _event: object = None) -> None:
        """Schedule a check: ZHA signals the removal of a device before it is removed."""
        if self._cancel is not None:
            self._cancel()
        job = HassJob(self._withdraw, cancel_on_shutdown=True)
        self._cancel = async_call_later(self.hass, _SETTLED_SECONDS, job)

    @callback
    def _withdraw(self, _now: object) -> None:
        """End the offer if it is not valid any more. A restarting ZHA may be back soon."""
        entries = self.hass.config_entries
        found = self._running_zha
        if found is None:
            holds = bool(entries.async_loaded_entries(ZHA)) or any(
                entry.disabled_by is None
                for entry in entries.async_entries(ZHA, include_ignore=False)
            )
        else:
            holds = found.extended_pan_id == self._offered and bool(_members(found))
        if not holds:
            entries.flow.async_abort(self.flow_id)

    @callback
    @override
    def async_remove(self) -> None:
        super().async_remove()
        if self._cancel is not None:
            self._cancel()
        for unfollow in self._unfollow:
            unfollow()
        self._unfollow = ()

    @property
    def _running_zha(self) -> host.ZhaHost | None:
        try:
            return host.running(self.hass)
        except host.HostChangedError:
            return None

    async def _find_zha_network(self) -> tuple[host.ZhaHost, dict[Ieee, str]]:
        """Return ZHA, and its devices of our models.

        Raises:
            AbortFlow: it is not running.
        """
        try:
            found = host.running(self.hass)
        except host.HostChangedError as error:
            raise AbortFlow("zha_changed") from error
        if found is None:
            raise AbortFlow("zha_not_running")
        await self.async_set_unique_id(
            unique_id(found.extended_pan_id), raise_on_progress=self.source != SOURCE_USER
        )
        return found, _members(found)

    @property
    def _own_of_network(self) -> AqaraConfigEntry | None:
        """Return the entry that used this network on its own coordinator."""
        for entry in self._async_current_entries(include_ignore=False):
            if not is_guest(entry) and entry.unique_id == self.unique_id:
                return entry
        return None

    def _show_zha_network(
        self, step: str, found: host.ZhaHost, members: dict[Ieee, str]
    ) -> ConfigFlowResult:
        counts = Counter(DEFINITIONS[model].description for model in members.values())
        return self.async_show_form(
            step_id=step,
            data_schema=SCHEMA,
            description_placeholders={
                "title": found.title,
                "devices": ", ".join(f"{n} × {what}" for what, n in counts.items()) or "–",
            },
        )

    def _abort_if_listed_elsewhere(
        self, members: dict[Ieee, str], own: AqaraConfigEntry | None
    ) -> None:
        """Abort if another entry with its own coordinator has one of the devices.

        Raises:
            AbortFlow: there is one.
        """
        owners = {ieee: owner_of_device(self.hass, ieee) for ieee in members}
        taken = [
            name_of(self.hass, owner, ieee)
            for ieee, owner in owners.items()
            if owner is not None and (own is None or owner != own.entry_id)
        ]
        if taken:
            raise AbortFlow("devices_on_own_network", {"devices": ", ".join(taken)})


async def _title(hass: HomeAssistant) -> str:
    return (await load_texts(hass, "zha_network"))["network"]


def _members(found: host.ZhaHost) -> dict[Ieee, str]:
    """Return the devices of our models, by their model identifiers."""
    return {ieee: model for ieee, model in found.models.items() if model in DEFINITIONS}
