"""The dialogue "Add device", watched while devices come."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import zigpy.device

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.flows import add_device
from custom_components.aqara_zigbee.radio.virtual.devices import Plug, Relay, Thermometer
from custom_components.aqara_zigbee.radio.virtual.home import Home
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.simulation import URL
from tests.ha.conftest import until


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for others no longer than a moment."""
    monkeypatch.setattr(add_device, "LINGER", timedelta(seconds=0.5))
    monkeypatch.setattr(add_device, "TICK", 0.1)


def placeholders(shown: ConfigFlowResult) -> Mapping[str, str]:
    """What is filled into the words on the screen."""
    return shown["description_placeholders"] or {}


class Dialogue:
    """An options flow as a person sees it."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.entry = entry
        self.shown: dict[str, Any] = {}
        self.seen: list[str] = []

    async def open(self, **choice: Any) -> None:
        """Go to "Add device" and submit it."""
        flow = await self.hass.config_entries.options.async_init(self.entry.entry_id)
        self.flow_id = flow["flow_id"]
        result = await self.answer({"next_step_id": "add_device"})
        assert result["step_id"] == "add_device"
        await self.answer({"via": "all"} | choice)

    async def answer(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Fill in what is asked."""
        return await self.hass.config_entries.options.async_configure(self.flow_id, data)

    async def look(self) -> ConfigFlowResult:
        """What is on the screen; asked for as the frontend does."""
        shown = await self.hass.config_entries.options.async_configure(self.flow_id)
        self.seen.append((shown["description_placeholders"] or {}).get("devices", ""))
        return shown

    async def watch(
        self, condition: Callable[[ConfigFlowResult], object], seconds: float = 20
    ) -> ConfigFlowResult:
        """Look again and again until something is so."""
        async with asyncio.timeout(seconds):
            while not condition(shown := await self.look()):
                await asyncio.sleep(0.02)
        return shown

    async def wait_for(self, step: str, seconds: float = 20) -> ConfigFlowResult:
        """Watch until a step is there."""
        return await self.watch(lambda shown: shown["step_id"] == step, seconds)


@pytest.fixture
def dialogue(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> Dialogue:
    """The dialogue of a network that is up."""
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
    shown = await dialogue.look()
    assert shown["type"] is FlowResultType.SHOW_PROGRESS
    assert 250 <= int(placeholders(shown)["remaining"]) <= 254
    assert dialogue.seen == ["Nobody has come yet."]
    plug = home.add(Plug())
    home.network.look_for(plug)
    shown = await dialogue.wait_for("name_device")
    assert placeholders(shown) == {"device": "Mi smart plug", "address": plug.ieee}
    assert any("is being asked what it is" in seen for seen in dialogue.seen)
    assert any("**Mi smart plug**: is ready" in seen for seen in dialogue.seen)
    result = await dialogue.answer({"name": "Kettle", "area": kitchen.id})
    assert result["step_id"] == "paired"
    registered = registered_device(hass, entry.entry_id, plug.ieee)
    assert registered is not None
    assert (registered.name_by_user, registered.area_id) == ("Kettle", kitchen.id)
    assert home.network.hub.is_open
    result = await dialogue.answer({"next_step_id": "finish"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: not home.network.hub.is_open)


async def test_several_in_one_go(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """Ours are named one after the other; an unsupported one is told as such."""
    await dialogue.open()
    for node in (Plug(), Relay(), Thermometer()):
        home.network.look_for(home.add(node))
    await dialogue.wait_for("name_device")
    first = placeholders(await dialogue.look())["device"]
    result = await dialogue.answer({"name": first})
    assert result["step_id"] == "name_device"
    assert {first, placeholders(result)["device"]} == {"Mi smart plug", "Dual relay module"}
    result = await dialogue.answer({"name": "Shutter"})
    assert result["step_id"] == "paired"
    summary = placeholders(result)["devices"]
    assert "**Shutter**: is ready" in summary
    assert "**virtual.thermometer**: has joined, but" in summary
    result = await dialogue.answer({"next_step_id": "add_device"})
    assert result["type"] is FlowResultType.FORM


async def test_nobody_comes(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    """When the network closes, the dialogue says so and offers another try."""
    await dialogue.open()
    await hass.services.async_call(
        "switch",
        "turn_off",
        {"entity_id": "switch.texas_instruments_cc2652_permit_joining"},
        blocking=True,
    )
    shown = await dialogue.wait_for("paired")
    assert shown["menu_options"] == ["add_device", "finish"]
    assert "Nobody has come" in placeholders(shown)["devices"]


async def test_stalled_interview(
    home: Home, gateway: Gateway, dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that falls silent is told as such; after a minute and a half with zigpy's retries."""
    monkeypatch.setattr(zigpy.device, "DEFAULT_REQUEST_RETRIES", 0)
    await dialogue.open()
    stranger = home.add(Thermometer())
    home.network.look_for(stranger)
    home.faults.confirm(0xE9, node=stranger)  # MAC_NO_ACK, every time
    await dialogue.watch(lambda shown: "fell silent" in placeholders(shown)["devices"], 60)


async def test_closing_the_dialogue_closes_the_network(
    hass: HomeAssistant, home: Home, gateway: Gateway, dialogue: Dialogue
) -> None:
    await dialogue.open()
    assert home.network.hub.is_open
    hass.config_entries.options.async_abort(dialogue.flow_id)
    await until(lambda: not home.network.hub.is_open)


async def test_radio_that_cannot_open(home: Home, gateway: Gateway, dialogue: Dialogue) -> None:
    """What went wrong is said where one asked for it."""
    home.unplug()
    await until(lambda: not gateway.online)
    flow = await dialogue.hass.config_entries.options.async_init(dialogue.entry.entry_id)
    dialogue.flow_id = flow["flow_id"]
    await dialogue.answer({"next_step_id": "add_device"})
    result = await dialogue.answer({"via": "all"})
    assert result["errors"] == {"base": "not_opened"}
    assert "not connected" in placeholders(result)["reason"]


async def test_sixth_simulated_device(hass: HomeAssistant) -> None:
    """In a virtual home one can bring in another device, and pull the stick out."""
    device = {"path": URL, "baudrate": 115200, "flow_control": None}
    entry = MockConfigEntry(domain=DOMAIN, title="Virtual", data={"device": device})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    gateway: Gateway = entry.runtime_data.gateway
    await until(lambda: sum(d.definition is not None for d in gateway.values()) == 5, 60)
    before = set(gateway)
    dialogue = Dialogue(hass, entry)
    await dialogue.open(simulated="lumi.relay.c2acn01")
    await dialogue.wait_for("name_device", 60)
    while (await dialogue.look())["step_id"] == "name_device":
        await dialogue.answer({"name": "One more"})
    await dialogue.answer({"next_step_id": "finish"})
    (sixth,) = set(gateway) - before
    assert gateway[sixth].definition is not None

    (stick,) = [s for s in hass.states.async_entity_ids("switch") if "plugged_in" in s]
    await hass.services.async_call("switch", "turn_off", {"entity_id": stick}, blocking=True)
    await until(lambda: not gateway[sixth].available)
    assert hass.states.is_state(stick, "off")
    await hass.services.async_call("switch", "turn_on", {"entity_id": stick}, blocking=True)
    await until(lambda: gateway[sixth].available, 30)

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert set(entry.runtime_data.gateway) == {*before, sixth}
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
