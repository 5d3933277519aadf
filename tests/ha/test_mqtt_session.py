"""The mirror on Home Assistant's MQTT client, without a broker: what `tests/e2e` cannot hold still."""

from datetime import timedelta
import json
from typing import Any
from unittest.mock import patch

from homeassistant.components import mqtt as ha_mqtt
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntryChange
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from custom_components.aqara_zigbee import mqtt, registry
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.mqtt import session
from custom_components.aqara_zigbee.mqtt.clock import HomeClock
from tests.core.network import NOON, Home, node
from tests.ha.conftest import until

BASE = "zigbee2mqtt"
PLUG = "Mi smart plug"
OURS = json.dumps({"mirror": {"by": "aqara_zigbee", "id": "entry"}}, separators=(",", ":"))


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Those of Home Assistant's client, which is not shut down here."""
    return True


@pytest.fixture
def client(mqtt_mock: MqttMockHAClient) -> MqttMockHAClient:
    """Home Assistant's MQTT client, without a broker."""
    return mqtt_mock


def published(client: MqttMockHAClient) -> dict[str, Any]:
    """Return the last published messages by topic."""
    return {call.args[0]: call.args[1] for call in client.async_publish.call_args_list}


# The clock


async def test_times_are_home_assistants(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    clock = HomeClock(hass)
    assert clock.local(NOON).isoformat() == "2026-11-20T13:00:00+01:00"
    assert abs(clock.now() - dt_util.utcnow()) < timedelta(minutes=1)


async def test_timers_are_home_assistants(hass: HomeAssistant) -> None:
    rung: list[str] = []
    clock = HomeClock(hass)
    clock.call_later(5, lambda: rung.append("one"))
    cancel = clock.call_later(5, lambda: rung.append("other"))
    cancel()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=6))
    assert rung == ["one"]


# The session


async def test_unsendable_message_does_not_delay_others(
    hass: HomeAssistant, client: MqttMockHAClient, entry: MockConfigEntry
) -> None:
    """The connection breaks just then, or the client does not take a topic."""
    home = Home()
    home.gateway.known(node("lumi.plug"), NOON)
    registry.follow(hass, entry, home.gateway)
    hass.config_entries.async_update_entry(
        entry, options={"mqtt": {"enabled": True, "base_topic": BASE}}
    )
    send = ha_mqtt.async_publish

    async def refuse(hass: HomeAssistant, topic: str, *rest: Any) -> None:
        if topic == f"{BASE}/bridge/info":
            raise HomeAssistantError("not connected")
        if topic == f"{BASE}/bridge/devices":
            raise ValueError("no topic")
        await send(hass, topic, *rest)

    with (
        patch.object(ha_mqtt, "async_publish", refuse),
        patch.object(session, "_SUBSCRIBE_SECONDS", 0),
    ):
        mqtt.follow(hass, entry, home.gateway)
        await until(lambda: f"{BASE}/bridge/state" in published(client), 30)
        await entry._async_process_on_unload(hass)
    assert not {f"{BASE}/bridge/info", f"{BASE}/bridge/devices"} & published(client).keys()
    assert published(client)[f"{BASE}/bridge/state"] == '{"state":"offline"}'
    home.close()


@pytest.mark.parametrize("topics", [0, 1])
async def test_client_that_goes_away_while_we_subscribe(
    hass: HomeAssistant, client: MqttMockHAClient, entry: MockConfigEntry, topics: int
) -> None:
    """No subscription is left, and publishing starts again with the client."""
    home = Home()
    home.gateway.known(node("lumi.plug"), NOON)
    registry.follow(hass, entry, home.gateway)
    hass.config_entries.async_update_entry(
        entry, options={"mqtt": {"enabled": True, "base_topic": BASE}}
    )
    subscribe = ha_mqtt.async_subscribe
    before = subscriptions(hass)
    left = topics
    refused: list[str] = []

    async def refuse(hass: HomeAssistant, topic: str, *rest: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            refused.append(topic)
            raise HomeAssistantError("MQTT is not enabled")
        return await subscribe(hass, topic, *rest, **options)

    with patch.object(session, "_SUBSCRIBE_SECONDS", 0):
        with patch.object(ha_mqtt, "async_subscribe", refuse):
            mqtt.follow(hass, entry, home.gateway)
            issue = f"mqtt_unavailable_{entry.entry_id}"
            await until(lambda: ir.async_get(hass).async_get_issue(DOMAIN, issue), 30)
        assert len(refused) == 1
        assert subscriptions(hass) == before
        assert f"{BASE}/bridge/state" not in published(client)
        (broker,) = hass.config_entries.async_entries("mqtt")
        async_dispatcher_send(hass, SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntryChange.UPDATED, broker)
        await until(lambda: f"{BASE}/bridge/state" in published(client), 30)
        assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is None
        await entry._async_process_on_unload(hass)
    assert subscriptions(hass) == before
    home.close()


def subscriptions(hass: HomeAssistant) -> set[str]:
    """Return the subscriptions below our base topic."""
    found = hass.data[ha_mqtt.DATA_MQTT].client.subscriptions
    return {each.topic for each in found if each.topic.startswith(BASE)}


# What is retained of an entry that is removed


@pytest.mark.parametrize(
    ("info", "is_taken_back"),
    [([OURS, "{}"], True), (['{"version":"2.14.1"}', OURS], False), ([], False)],
    ids=["ours", "theirs", "silence"],
)
async def test_only_own_retained_messages_are_cleared(
    hass: HomeAssistant, client: MqttMockHAClient, info: list[str], is_taken_back: bool
) -> None:
    """The first answer counts; without an answer of the broker nothing is changed."""
    with patch.object(session, "_LISTEN_SECONDS", 0.2 if not info else 30):
        work = hass.async_create_task(session.forget(hass, BASE, "entry", [PLUG]))
        for text in info:
            async_fire_mqtt_message(hass, f"{BASE}/bridge/info", text, retain=True)
        await work
    topics = published(client)
    assert bool(topics) is is_taken_back
    if is_taken_back:
        assert set(topics.values()) == {""}
        assert {f"{BASE}/bridge/state", f"{BASE}/{PLUG}"} <= topics.keys()


async def test_client_that_goes_away_before_anything_is_taken_back(
    hass: HomeAssistant, client: MqttMockHAClient
) -> None:
    """The entry is removed all the same."""
    with patch.object(ha_mqtt, "async_subscribe", side_effect=HomeAssistantError("not enabled")):
        await session.forget(hass, BASE, "entry", [PLUG])
    assert published(client) == {}
