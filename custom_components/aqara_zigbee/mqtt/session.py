"""The mirror on Home Assistant's MQTT client. Imported only if the mirror is enabled."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
import logging
from typing import Any, override

from homeassistant.components import mqtt
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .. import registry
from ..const import CONF_MQTT, DOMAIN
from ..core.device import Device
from ..core.gateway import Gateway
from ..core.updates import Updates
from ..mirror.bridge import is_ours, retained_topics
from ..mirror.mirror import Mirror
from ..mirror.names import stored_names
from ..mirror.outbox import Outbox
from ..mirror.ports import Cancel, MirrorHost
from ..mirror.requests.ota import FirmwareRequests
from ..mirror.settings import Settings
from ..mirror.topics import Topics
from ..runtime import AqaraConfigEntry
from ..storage import unwritten
from ..watch.host_info import read as read_vitals
from .clock import HomeClock
from .options import options_of

_LOGGER = logging.getLogger(__name__)

_WORRY_SECONDS = 300.0
"""Seconds without a broker before an issue is created."""

_SUBSCRIBE_SECONDS = 5.0
"""Seconds after which a subscription counts as done."""

_LISTEN_SECONDS = 1.0

_FOREIGN, _UNAVAILABLE = "mqtt_foreign_bridge", "mqtt_unavailable"
"""Issues by their translation keys."""


class Session(MirrorHost):
    """The mirror running with one set of options."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AqaraConfigEntry,
        gateway: Gateway,
        options: Mapping[str, Any],
        updates: Updates | None,
    ) -> None:
        """Create a session that is not started.

        Args:
            hass: Home Assistant.
            entry: the network's entry.
            gateway: the network.
            options: the mirror's options as the entry stores them.
            updates: the firmware updates of the network, if MQTT may request them.

        Raises:
            DeliveryError: the radio was lost.
        """
        self._hass = hass
        self._entry = entry
        self._settings = Settings.of(options)
        self._clock = HomeClock(hass)
        self._outbox = Outbox(partial(_send, hass))
        self._mirror = Mirror(
            gateway,
            self._settings,
            entry.entry_id,
            broker=self._outbox,
            clock=self._clock,
            house=self,
            hooks=None if updates is None else FirmwareRequests(updates).hooks,
        )
        self._gateway = gateway
        self._undo: list[CALLBACK_TYPE] = []
        self._timer: Cancel | None = None
        self._mqtt_changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @callback
    def start(self) -> None:
        """Start, and connect as soon as there is an MQTT client."""
        self._mirror.start()
        self._undo.append(
            async_dispatcher_connect(
                self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._some_entry_changed
            )
        )
        self._task = self._entry.async_create_background_task(
            self._hass, self._run(), f"{DOMAIN} mirror"
        )

    @callback
    def change(self, options: Mapping[str, Any]) -> bool:
        """Apply other options; return False if the base topic differs, which needs a new session."""
        settings = Settings.of(options)
        if settings.base_topic != self._settings.base_topic:
            return False
        if settings != self._settings:
            self._settings = settings
            self._mirror.change(settings)
        return True

    async def stop(self, *, withdraw: bool = False) -> None:
        """Publish the offline state and stop."""
        self._mirror.stop(withdraw=withdraw)
        while self._undo:
            self._undo.pop()()
        if self._task is not None:
            self._task.cancel()
        self._stop_waiting()
        self._untell(_UNAVAILABLE)
        self._untell(_FOREIGN)
        await self._outbox.drain()

    async def _run(self) -> None:
        while not (await mqtt.async_wait_for_mqtt_client(self._hass) and await self._subscribe()):
            self._report_unavailable()
            await self._mqtt_changed.wait()
            self._mqtt_changed.clear()
        await self._outbox.pump()

    @callback
    def _some_entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == mqtt.DOMAIN:
            self._mqtt_changed.set()

    async def _subscribe(self) -> bool:
        """Subscribe to all topics; False, and to none, if the client is lost before."""
        hass, filters = self._hass, self._mirror.filters
        subscriptions: list[CALLBACK_TYPE] = []
        try:
            for topic in filters:
                # Not decoded: invalid UTF-8 would be logged in full.
                undo = await mqtt.async_subscribe(hass, topic, self._received, encoding=None)
                subscriptions.append(undo)
        except HomeAssistantError as error:
            _LOGGER.debug("Could not subscribe: %s", error)
            for unsubscribe in subscriptions:
                unsubscribe()
            return False
        self._connection_lost()
        self._undo += [
            *subscriptions,
            mqtt.async_on_subscribe_done(hass, filters[0], 0, self._subscribed),
            mqtt.async_subscribe_connection_status(hass, self._connection_changed),
            hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._device_changed),
        ]
        if mqtt.is_connected(hass):
            self._connection_changed(connected=True)
        return True

    # Callbacks of Home Assistant's client

    @callback
    def _received(self, message: mqtt.ReceiveMessage) -> None:
        payload = message.payload
        content = payload.encode() if isinstance(payload, str) else bytes(payload)
        self._mirror.received(message.topic, content, retained=message.retain)

    @callback
    def _subscribed(self) -> None:
        self._stop_waiting()
        self._untell(_UNAVAILABLE)
        self._mirror.connected()

    @callback
    def _connection_changed(self, connected: bool) -> None:
        """Called when the connection changes. Topics are subscribed again before publishing."""
        if connected:
            self._wait(_SUBSCRIBE_SECONDS, self._subscribed)
        else:
            self._mirror.disconnected()
            self._outbox.clear()
            self._connection_lost()

    @callback
    def _device_changed(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        if event.data["action"] != "update" or not {"name", "name_by_user"} & set(
            event.data["changes"]
        ):
            return
        registered = dr.async_get(self._hass).async_get(event.data["device_id"])
        for domain, ieee in registered.identifiers if registered else ():
            if domain == DOMAIN and (device := self._gateway.get(ieee)):
                self._mirror.renamed(device)

    # Issues

    @callback
    def _connection_lost(self) -> None:
        self._wait(_WORRY_SECONDS, self._report_unavailable)

    @callback
    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = self._clock.call_later(seconds, then)

    @callback
    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def _report_unavailable(self) -> None:
        self._report(_UNAVAILABLE)

    @override
    def report_other_bridge(self, *, is_there: bool) -> None:
        if is_there:
            self._report(_FOREIGN)
        else:
            self._untell(_FOREIGN)

    @callback
    def _untell(self, key: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, f"{key}_{self._entry.entry_id}")

    @callback
    def _report(self, key: str) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{key}_{self._entry.entry_id}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={
                "title": self._entry.title,
                "topic": self._settings.base_topic,
            },
        )

    # Functions of Home Assistant for the mirror

    @override
    def name_of(self, device: Device) -> str:
        return registry.name_of(self._hass, self._entry.entry_id, device.ieee)

    @override
    async def rename(self, device: Device, name: str) -> None:
        if found := registry.registered_device(self._hass, self._entry.entry_id, device.ieee):
            await unwritten.rename(self._hass, self._gateway, found, name)

    @override
    async def configure(self, settings: Mapping[str, Any]) -> None:
        ours = {**options_of(self._entry), **settings}
        options = {**self._entry.options, CONF_MQTT: ours}
        await unwritten.keep_options(self._gateway, options)
        self._hass.config_entries.async_update_entry(self._entry, options=options)

    # This ends the mirror; its pending messages have to be sent before.

    @override
    def restart(self) -> None:
        reload = self._hass.config_entries.async_schedule_reload
        self._hass.loop.call_soon(reload, self._entry.entry_id)

    @override
    def vitals(self) -> Mapping[str, Any]:
        return read_vitals()

    @override
    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._entry.async_create_background_task(self._hass, work, f"{DOMAIN} mirror work")


async def forget_entry(hass: HomeAssistant, entry: ConfigEntry, stored: Mapping[str, Any]) -> None:
    """Clear the retained messages of a removed entry, by the stored data of its network."""
    topic = options_of(entry)["base_topic"]
    await forget(hass, topic, entry.entry_id, stored_names(stored))


async def forget(hass: HomeAssistant, base_topic: str, identity: str, names: list[str]) -> None:
    """Clear the retained messages of a removed mirror.

    Args:
        hass: Home Assistant, connected to the broker.
        base_topic: the mirror's base topic. If another bridge uses it now, nothing is changed.
        identity: the mirror's id.
        names: its devices' friendly names.
    """
    if not is_ours(await _retained(hass, Topics(base_topic).bridge("info")), identity):
        return
    outbox = Outbox(partial(_send, hass))
    for topic in retained_topics(base_topic, names):
        outbox.publish(topic, "", retain=True)
    await outbox.drain()


async def _retained(hass: HomeAssistant, topic: str) -> str:
    """Return the retained message of a topic; empty if there is none or no answer."""
    found: asyncio.Future[str] = hass.loop.create_future()

    @callback
    def received(message: mqtt.ReceiveMessage) -> None:
        if not found.done():
            found.set_result(str(message.payload))

    try:
        remove = await mqtt.async_subscribe(hass, topic, received)
    except HomeAssistantError:  # the client has just gone
        return ""
    try:
        async with asyncio.timeout(_LISTEN_SECONDS):
            return await found
    except TimeoutError:
        return ""
    finally:
        remove()


async def _send(hass: HomeAssistant, topic: str, payload: str, qos: int, retain: bool) -> None:
    """Publish a message; without a connection it is lost, as is one that the client rejects."""
    try:
        await mqtt.async_publish(hass, topic, payload, qos, retain)
    except (HomeAssistantError, ValueError) as error:
        _LOGGER.debug("%s was not sent: %s", topic, error)
