"""The dialog "Add device", watched while devices come."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
import re
from typing import Any

from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESSED, FlowResultType
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
import zigpy.device

from custom_components.aqara_zigbee.config_flow import ADD_DEVICE
from custom_components.aqara_zigbee.const import DOMAIN, VIRTUAL_PORT
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.flows import add_device
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.simulator.devices import Plug, Relay, Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import entity_id, join, until


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for others no longer than a moment."""
    monkeypatch.setattr(add_device, "REFRESH", 0.1)
    monkeypatch.setattr(add_device, "TICK", 0.1)


def suggested(shown: SubentryFlowResult) -> dict[str, str]:
    """Return the values that a form is filled in with, besides its defaults."""
    assert shown["data_schema"] is not None
    return {
        str(field): field.description["suggested_value"]
        for field in shown["data_schema"].schema
        if field.description
    }


def placeholders(shown: SubentryFlowResult) -> Mapping[str, str]:
    """Return the placeholders of the texts."""
    return shown["description_placeholders"] or {}


class Dialogue:
    """The dialog as a person sees it.

    Attributes:
        answers: how many steps were answered.
    """

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.entry = entry
        self.shown: dict[str, Any] = {}
        self.seen: list[str] = []
        self.answers = 0

    async def open(self) -> SubentryFlowResult:
        """Press the button."""
        flow = await self.hass.config_entries.subentries.async_init(
            (self.entry.entry_id, ADD_DEVICE), context={"source": SOURCE_USER}
        )
        self.flow_id = flow["flow_id"]
        return flow

    async def answer(self, data: dict[str, Any]) -> SubentryFlowResult:
        """Fill in the form; its other fields keep their defaults."""
        self.answers += 1
        return await self.hass.config_entries.subentries.async_configure(self.flow_id, data)

    async def current(self) -> SubentryFlowResult:
        """Return the current step, fetched as the frontend does."""
        shown = await self.hass.config_entries.subentries.async_configure(self.flow_id)
        self.seen.append((shown["description_placeholders"] or {}).get("devices", ""))
        return shown

    async def watch(
        self, condition: Callable[[SubentryFlowResult], object], seconds: float = 90
    ) -> SubentryFlowResult:
        """Poll until a condition holds."""
        async with asyncio.timeout(seconds):
            while not condition(shown := await self.current()):
                await asyncio.sleep(0.02)
        return shown

    async def name_devices(self, seconds: float = 90) -> SubentryFlowResult:
        """Watch until a device is ready, and the dialog asks for its name."""
        return await self.wait_for("name_device", seconds)

    async def wait_for(self, step: str, seconds: float = 90) -> SubentryFlowResult:
        """Poll until a step is shown."""
        return await self.watch(
            lambda shown: shown["step_id"] == step and "progress" not in shown["type"], seconds
        )


def is_finished(result: SubentryFlowResult) -> bool:
    """Whether the dialog has ended."""
    return (result["type"], result.get("reason")) == (FlowResultType.ABORT, "finished")


def is_open_for_minutes(shown: SubentryFlowResult) -> bool:
    """Whether the dialog shows that the network is open for the full time."""
    (time,) = re.findall(r"open until (\d\d:\d\d:\d\d)", placeholders(shown)["network"])
    until = dt_util.parse_time(time)
    assert until is not None
    now = dt_util.now()
    seconds = (datetime.combine(now, until, now.tzinfo) - now).total_seconds() % 86400
    return 240 < seconds <= 255


@pytest.fixture
def dialogue(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> Dialogue:
    """The dialog of a running network."""
    return Dialogue(hass, entry)


async def test_from_joining_to_a_name(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    dialogue: Dialogue,
    device_registry: dr.DeviceRegistry,
    area_registry: ar.AreaRegistry,
) -> None:
    """One sees each stage, gives a name and a room, and the network is closed."""
    kitchen = area_registry.async_create("Kitchen")
    await dialogue.open()
    shown = await dialogue.current()
    assert shown["type"] is FlowResultType.SHOW_PROGRESS
    assert is_open_for_minutes(shown)
    assert dialogue.seen == ["No device has joined yet."]
    plug = home.add(Plug())
    home.network.search(plug)
    shown = await dialogue.name_devices()
    assert placeholders(shown) == {"device": "Mi smart plug", "address": plug.ieee}
    assert any("is being identified" in seen for seen in dialogue.seen)
    result = await dialogue.answer({"name": "Kettle", "area": kitchen.id})
    assert is_finished(result)
    assert "**Kettle** is ready" in placeholders(result)["devices"]
    registered = registered_device(hass, entry.entry_id, plug.ieee)
    assert registered is not None
    assert (registered.name_by_user, registered.area_id) == ("Kettle", kitchen.id)
    await until(lambda: not home.network.hub.is_open)


async def test_first_page_lists_how_every_model_is_paired(
    hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway
) -> None:
    dialogue = Dialogue(hass, entry)
    shown = await dialogue.open()
    lines = placeholders(shown)["how"].split("\n\n")
    texts = [line.partition("**: ")[2] for line in lines]
    assert all(texts)
    assert len(set(texts)) == len(texts), (
        "models that are paired in the same way are listed together"
    )
    listed = [
        name.split()[-1] for line in lines for name in line.partition("**: ")[0].split("**, ")
    ]
    assert sorted(listed) == sorted(model.model for model in DEFINITIONS.distinct())
    assert listed[:2] == ["ZNMS12LM", "ZNMS11LM"]


async def test_name_reaches_the_entity_ids(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    dialogue: Dialogue,
    entity_registry: er.EntityRegistry,
) -> None:
    """As when a device is renamed on its page; what the user has changed is kept."""
    taken = entity_registry.async_get_or_create("switch", "other", "1", object_id_base="Heater")
    assert taken.entity_id == "switch.heater"
    await dialogue.open()
    plug = home.add(Plug())
    home.network.search(plug)
    await dialogue.name_devices()
    own = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{plug.ieee}-power")
    assert own == "sensor.mi_smart_plug_power"
    entity_registry.async_update_entity(own, new_entity_id="sensor.watts")
    await dialogue.answer({"name": "Heater"})
    ids = {
        each.unique_id.removeprefix(f"{plug.ieee}-"): each.entity_id
        for each in entity_registry.entities.values()
        if each.unique_id.startswith(plug.ieee)
    }
    assert ids.pop("power") == "sensor.watts"
    assert ids["state"] == "switch.heater_2"
    assert ids["energy"] == "sensor.heater_energy"
    assert all(".heater" in each for each in ids.values()), "disabled ones, too"
    await hass.async_block_till_done()
    assert hass.states.get("sensor.heater_energy")


async def test_existing_device_keeps_its_entity_ids(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """Automations may use them; it was only identified again."""
    plug = Plug()
    device = await join(home, gateway, plug)
    before = entity_id(hass, device, "state")
    await dialogue.open()
    await gateway.radio.interview(plug.ieee)
    await dialogue.name_devices()
    await dialogue.answer({"name": "Old plug"})
    assert entity_id(hass, device, "state") == before


async def test_several_at_once(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """Ours are named one after the other; an unsupported one is shown as such."""
    await dialogue.open()
    for node in (Plug(), Relay(), Thermometer()):
        home.network.search(home.add(node))
    await until(lambda: len(gateway) == 3)
    first = placeholders(await dialogue.name_devices())["device"]
    await dialogue.answer({"name": first})
    shown = await dialogue.name_devices()
    assert {first, placeholders(shown)["device"]} == {"Mi smart plug", "Dual relay module"}
    await dialogue.answer({"name": "Second"})
    result = await dialogue.wait_for("joined")
    summary = placeholders(result)["devices"]
    assert "**Second** is ready" in summary
    assert "**virtual.thermometer** has joined, but" in summary
    assert result["menu_options"] == ["open", "choose", "finish"], "the plug is a router"
    result = await dialogue.answer({"next_step_id": "choose"})
    assert result["type"] is FlowResultType.FORM
    result = await dialogue.answer({"via": gateway.radio.coordinator.ieee})
    assert result["step_id"] == "pairing"


async def test_named_while_another_one_is_identified(
    home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """The dialog waits for it, and asks for its name as well."""
    await dialogue.open()
    home.network.search(home.add(Plug()))
    await dialogue.name_devices()
    relay = home.add(Relay())
    home.faults.mute(relay)
    home.network.search(relay)
    await until(lambda: relay.ieee in gateway)
    result = await dialogue.answer({"name": "First"})
    assert result["step_id"] == "pairing"
    home.faults.mute(relay, mute=False)
    shown = await dialogue.name_devices()
    assert placeholders(shown)["device"] == "Dual relay module"
    assert is_finished(await dialogue.answer({"name": "Second"}))


async def test_pairing_with_a_name_takes_as_few_steps_as_in_zha(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """The button permits joins, and the first form that is asked is the last."""
    shown = await dialogue.open()
    assert (shown["type"], shown["step_id"]) == (FlowResultType.SHOW_PROGRESS, "pairing")
    assert home.network.hub.is_open
    home.network.search(home.add(Plug()))
    shown = await dialogue.name_devices()
    assert shown["data_schema"] is not None
    assert shown["data_schema"]({}) == {"name": "Mi smart plug", "another": False}
    result = await dialogue.answer({})
    assert is_finished(result)
    assert dialogue.answers == 1


async def test_another_device(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """One toggle, and the dialog waits for the next one, with the network open for the full time."""
    await dialogue.open()
    home.network.search(home.add(Plug()))
    await dialogue.name_devices()
    await gateway.permit(60, dt_util.utcnow())
    result = await dialogue.answer({"name": "Kettle", "another": True})
    assert result["step_id"] == "pairing"
    assert is_open_for_minutes(result)
    home.network.search(home.add(Relay()))
    shown = await dialogue.name_devices()
    assert placeholders(shown)["device"] == "Dual relay module"
    assert is_finished(await dialogue.answer({}))
    assert not hass.config_entries.async_entries(DOMAIN)[0].subentries


async def test_no_device_joins(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """After joins have ended, the dialog shows it and offers another try."""
    await dialogue.open()
    await hass.services.async_call(
        "switch",
        "turn_off",
        {"entity_id": "switch.test_permit_joining"},
        blocking=True,
    )
    shown = await dialogue.wait_for("joined")
    assert shown["menu_options"] == ["open", "finish"]
    assert "No device has joined" in placeholders(shown)["devices"]
    await dialogue.answer({"next_step_id": "open"})
    assert home.network.hub.is_open
    home.network.search(home.add(Plug()))
    shown = await dialogue.name_devices()
    result = await dialogue.answer({"name": "Kettle"})
    assert is_finished(result)


async def test_device_that_is_removed_before_it_has_a_name(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    dialogue: Dialogue,
) -> None:
    """The dialogue comes to its end without it."""
    await dialogue.open()
    plug = home.add(Plug())
    home.network.search(plug)
    await dialogue.name_devices()
    plug.power_off()
    await gateway.dismiss(plug.ieee, force=True)
    assert registered_device(hass, entry.entry_id, plug.ieee) is None
    result = await dialogue.answer({"name": "Kettle"})
    assert is_finished(result)
    assert registered_device(hass, entry.entry_id, plug.ieee) is None


async def test_stalled_interview(
    home: Home, gateway: Gateway, dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent device is shown as such after a minute and a half, with zigpy's retries."""
    monkeypatch.setattr(zigpy.device, "DEFAULT_REQUEST_RETRIES", 0)
    await dialogue.open()
    stranger = home.add(Thermometer())
    home.network.search(stranger)
    home.faults.confirm(0xE9, node=stranger)  # MAC_NO_ACK, every time
    await dialogue.watch(lambda shown: "stopped responding" in placeholders(shown)["devices"])
    await asyncio.sleep(0.5)
    shown = await dialogue.current()
    assert shown["type"] is FlowResultType.SHOW_PROGRESS, "its button can still be pressed"
    assert "stopped responding" in placeholders(shown)["devices"]


async def test_list_is_updated_while_others_join(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """The list of those that cannot be named changes on its own; a form that is filled in does not."""
    await dialogue.open()
    home.network.search(home.add(Thermometer()))
    await dialogue.watch(lambda shown: "has joined, but" in placeholders(shown)["devices"])
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": "switch.test_permit_joining"}, blocking=True
    )
    await dialogue.wait_for("joined")
    signals = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
    await gateway.permit(60, dt_util.utcnow())
    home.network.search(home.add(Plug()))
    await until(lambda: signals)
    shown = await dialogue.watch(
        lambda shown: "**Mi smart plug** is ready" in placeholders(shown)["devices"]
    )
    assert (shown["step_id"], shown["menu_options"]) == ("joined", ["name_device", "finish"])
    assert "Pairing is open until" in placeholders(shown)["network"]
    await dialogue.answer({"next_step_id": "name_device"})
    signals.clear()
    home.network.search(home.add(Relay()))
    await until(lambda: len(gateway) == 3)
    await asyncio.sleep(0.5)
    assert not signals


async def test_closing_the_dialog_ends_joins(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    await dialogue.open()
    assert home.network.hub.is_open
    hass.config_entries.subentries.async_abort(dialogue.flow_id)
    await until(lambda: not home.network.hub.is_open)


async def test_device_that_was_known_before_needs_no_name(
    home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """It is listed when it is back, and the dialog finishes when the network is closed."""
    plug = Plug()
    await join(home, gateway, plug)
    await dialogue.open()
    plug.announce()
    await dialogue.watch(lambda shown: "is back" in placeholders(shown).get("devices", ""))
    await gateway.permit(0, dt_util.utcnow())
    assert is_finished(await dialogue.watch(is_finished))


async def test_radio_that_cannot_permit_joins(
    home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """The dialog ends with the reason; where a router is asked for, the form shows it."""
    await dialogue.open()
    home.network.search(home.add(Plug()))
    await dialogue.name_devices()
    home.unplug()
    await until(lambda: not gateway.online)
    result = await dialogue.answer({"another": True})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_opened")
    assert "not connected" in placeholders(result)["reason"]
    result = await dialogue.open()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_opened")


async def test_network_that_is_not_running(
    hass: HomeAssistant, gateway: Gateway, dialogue: Dialogue
) -> None:
    await hass.config_entries.async_unload(dialogue.entry.entry_id)
    result = await dialogue.open()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    await hass.config_entries.async_setup(dialogue.entry.entry_id)


async def test_router_that_does_not_respond_stays_chosen(
    home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    relay = Relay()
    router = await join(home, gateway, relay)
    await dialogue.open()
    await gateway.permit(0, dt_util.utcnow())
    await dialogue.watch(lambda shown: shown.get("step_id") == "joined")
    result = await dialogue.answer({"next_step_id": "choose"})
    assert suggested(result) == {}
    home.faults.confirm(233, node=relay)
    result = await dialogue.answer({"via": router.ieee})
    assert (result["step_id"], result["errors"]) == ("choose", {"base": "not_opened"})
    assert suggested(result) == {"via": router.ieee}
    home.faults.clear()
    result = await dialogue.answer({"via": router.ieee})
    assert result["step_id"] == "pairing"


async def test_sixth_simulated_device(hass: HomeAssistant) -> None:
    """In a virtual home another device can be added, and the coordinator be disconnected."""
    device = {"path": VIRTUAL_PORT, "baudrate": 115200, "flow_control": None}
    entry = MockConfigEntry(domain=DOMAIN, title="Virtual", data={"device": device})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    gateway: Gateway = entry.runtime_data.gateway
    await until(lambda: sum(d.definition is not None for d in gateway.values()) == 5)
    before = set(gateway)
    dialogue = Dialogue(hass, entry)
    result = await dialogue.open()
    assert result["step_id"] == "choose", "nothing else would join"
    (stick,) = [s for s in hass.states.async_entity_ids("switch") if "plugged_in" in s]
    await hass.services.async_call("switch", "turn_off", {"entity_id": stick}, blocking=True)
    await until(lambda: not gateway.online)
    result = await dialogue.answer({"simulated": "lumi.relay.c2acn01"})
    assert (result["step_id"], result["errors"]) == ("choose", {"base": "not_opened"})
    assert suggested(result) == {"via": "all", "simulated": "lumi.relay.c2acn01"}
    await hass.services.async_call("switch", "turn_on", {"entity_id": stick}, blocking=True)
    await until(lambda: gateway.online)
    await dialogue.answer({"simulated": "lumi.relay.c2acn01"})
    await until(lambda: set(gateway) - before)
    (sixth,) = set(gateway) - before
    await until(lambda: gateway[sixth].definition is not None)
    shown = await dialogue.name_devices()
    async with asyncio.timeout(60):
        while not is_finished(shown):  # others are not identified yet
            is_form = shown["type"] is FlowResultType.FORM
            shown = await (dialogue.answer({}) if is_form else dialogue.wait_for("name_device"))

    await hass.services.async_call("switch", "turn_off", {"entity_id": stick}, blocking=True)
    await until(lambda: not gateway[sixth].available)
    assert hass.states.is_state(stick, "off")
    await hass.services.async_call("switch", "turn_on", {"entity_id": stick}, blocking=True)
    await until(lambda: gateway[sixth].available)

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert set(entry.runtime_data.gateway) == {*before, sixth}
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
