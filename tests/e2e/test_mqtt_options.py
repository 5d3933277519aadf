"""The MQTT step of the options flow."""

from types import SimpleNamespace
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.home import Home
from tests.e2e.broker import Client
from tests.e2e.conftest import switch_on

ANSWER: dict[str, Any] = {
    "enabled": True,
    "base_topic": "zigbee2mqtt",
    "messages": {
        "last_seen": "iso_8601_local",
        "elapsed": True,
        "cache_state": True,
        "include_device": False,
    },
    "actions": {"action_topic": True, "action_reset": False},
    "bridge": {"availability": "plain", "permit_join": False, "log_level": "debug"},
}


async def open_step(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Open the step."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    assert "mqtt" in result["menu_options"]
    return dict(
        await hass.config_entries.options.async_configure(
            result["flow_id"], {"next_step_id": "mqtt"}
        )
    )


async def test_enabled_without_a_restart_of_the_radio(
    hass: HomeAssistant,
    mqtt_up: MockConfigEntry,
    home: Home,
    entry: MockConfigEntry,
    listener: Client,
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    gateway: Gateway = entry.runtime_data.gateway
    result = await open_step(hass, entry)
    suggested = {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description
    }
    assert suggested == {"enabled": False, "base_topic": "zigbee2mqtt"}
    result = dict(await hass.config_entries.options.async_configure(result["flow_id"], ANSWER))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["mqtt"] == {
        "enabled": True,
        "base_topic": "zigbee2mqtt",
        "last_seen": "ISO_8601_local",
        "elapsed": True,
        "cache_state": True,
        "include_device": False,
        "action_topic": True,
        "action_reset": False,
        "plain_availability": True,
        "permit_join": False,
        "log_level": "debug",
    }
    assert (await listener.receive("bridge/state")).payload == "online"
    assert entry.runtime_data.gateway is gateway
    assert gateway.online

    result = await open_step(hass, entry)
    await hass.config_entries.options.async_configure(
        result["flow_id"], {**ANSWER, "enabled": False}
    )
    await listener.until(lambda: listener.said("bridge/state")[-1].payload == "")
    assert listener.said("bridge/state")[-2].payload == "offline"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("base_topic", "error"),
    [
        ("", {"base_topic": "topic_empty_level"}),
        ("a/#", {"base_topic": "topic_characters"}),
        ("x" * 300, {"base_topic": "topic_too_long"}),
        ("taken", {"base_topic": "topic_taken"}),
    ],
)
async def test_invalid_base_topics(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    gateway: Gateway,
    entry: MockConfigEntry,
    base_topic: str,
    error: dict[str, str],
) -> None:
    other = MockConfigEntry(domain=DOMAIN, data={"device": {"path": "x"}}, unique_id="other")
    other.add_to_hass(hass)
    switch_on(hass, other, base_topic="taken")
    result = await open_step(hass, entry)
    result = dict(
        await hass.config_entries.options.async_configure(
            result["flow_id"], {**ANSWER, "base_topic": base_topic}
        )
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == error
    result = dict(await hass.config_entries.options.async_configure(result["flow_id"], ANSWER))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_mqtt_must_be_set_up_first(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.runtime_data = SimpleNamespace(own=None)
    entry.mock_state(hass, ConfigEntryState.LOADED)
    result = await open_step(hass, entry)
    result = dict(await hass.config_entries.options.async_configure(result["flow_id"], ANSWER))
    assert result["errors"] == {"base": "no_mqtt"}
    result = dict(
        await hass.config_entries.options.async_configure(
            result["flow_id"], {**ANSWER, "enabled": False}
        )
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
