"""The mirror on Home Assistant's MQTT client. Loaded only where the mirror is switched on."""

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
from ..const import DOMAIN
from ..core.device import Device
from ..core.gateway import Gateway
from ..mirror.bridge import is_ours, retained_topics
from ..mirror.mirror import Mirror
from ..mirror.outbox import Outbox
from ..mirror.ports import Cancel, Hook, House
from ..mirror.settings import Settings
from ..mirror.topics import Topics
from ..vitals import read as read_vitals
from .clock import HomeClock

_LOGGER = logging.getLogger(__name__)

_WORRY_SECONDS = 300.0
"""How long there may be no broker before it is told as a problem."""

_SUBSCRIBE_SECONDS = 5.0
"""How long subscribing may take before it is taken for done."""

_LISTEN_SECONDS = 1.0

_FOREIGN, _UNAVAILABLE = "mqtt_foreign_bridge", "mqtt_unavailable"
"""Issues, by their texts."""

type Configure = Callable[[Mapping[str, Any]], None]


class Session(House):
    """The mirror running with one set of options."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        gateway: Gateway,
        settings: Settings,
        configure: Configure,
        hooks: Mapping[str, Hook] | None,
    ) -> None:
        """Make a session that has not begun.

        Args:
            hass: Home Assistant.
            entry: whose network.
            gateway: the network.
            settings: how to speak.
            configure: changes settings in the entry's options.
            hooks: what answers bridge requests the mirror cannot.

        Raises:
            DeliveryError: the radio is gone.
        """
        self._hass = hass
        self._entry = entry
        self._settings = settings
        self._configure = configure
        self._clock = HomeClock(hass)
        self._outbox = Outbox(partial(_send, hass))
        self._mirror = Mirror(
            gateway,
            settings,
            entry.entry_id,
            broker=self._outbox,
            clock=self._clock,
            house=self,
            hooks=hooks,
        )
        self._gateway = gateway
        self._undo: list[CALLBACK_TYPE] = []
        self._timer: Cancel | None = None
        self._mqtt_changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @callback
    def start(self) -> None:
        """Begin, and speak as soon as there is an MQTT client."""
        self._mirror.start()
        self._undo.append(
            async_dispatcher_connect(
                self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._some_entry_changed
            )
        )
        self._task = self._entry.async_create_background_task(
            self._hass, self._run(), f"{DOMAIN} mirror"
        )

    async def stop(self, *, withdraw: bool = False) -> None:
        """Say goodbye and leave nothing behind."""
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
        while not await mqtt.async_wait_for_mqtt_client(self._hass):
            self._tell_unavailable()
            await self._mqtt_changed.wait()
            self._mqtt_changed.clear()
        self._connection_lost()
        await self._subscribe()
        await self._outbox.pump()

    @callback
    def _some_entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == mqtt.DOMAIN:
            self._mqtt_changed.set()

    async def _subscribe(self) -> None:
        hass, filters = self._hass, self._mirror.filters
        for topic in filters:
            # Not decoded: what is no UTF-8 would be logged in full.
            remove = await mqtt.async_subscribe(hass, topic, self._received, encoding=None)
            self._undo.append(remove)
        self._undo += [
            mqtt.async_on_subscribe_done(hass, filters[0], 0, self._subscribed),
            mqtt.async_subscribe_connection_status(hass, self._connection_changed),
            hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._device_changed),
        ]
        if mqtt.is_connected(hass):
            self._connection_changed(connected=True)

    # What Home Assistant's client tells

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
        """The broker came or went. When it came, subscriptions are made anew before we speak."""
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

    # Troubles

    @callback
    def _connection_lost(self) -> None:
        self._wait(_WORRY_SECONDS, self._tell_unavailable)

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
    def _tell_unavailable(self) -> None:
        self._tell(_UNAVAILABLE)

    @override
    def tell_foreign(self, *, is_there: bool) -> None:
        if is_there:
            self._tell(_FOREIGN)
        else:
            self._untell(_FOREIGN)

    @callback
    def _untell(self, key: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, f"{key}_{self._entry.entry_id}")

    @callback
    def _tell(self, key: str) -> None:
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

    # What the mirror wants of Home Assistant

    @override
    def name_of(self, device: Device) -> str:
        return registry.name_of(self._hass, self._entry.entry_id, device.ieee)

    @override
    def rename(self, device: Device, name: str) -> None:
        if found := registry.registered_device(self._hass, self._entry.entry_id, device.ieee):
            dr.async_get(self._hass).async_update_device(found.id, name_by_user=name)

    # The next two end the mirror; what it is just saying has to be said before.

    @override
    def configure(self, settings: Mapping[str, Any]) -> None:
        self._hass.loop.call_soon(self._configure, settings)

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


async def forget(hass: HomeAssistant, base_topic: str, identity: str, names: list[str]) -> None:
    """Take back what a broker retains of a mirror that is no more.

    Args:
        hass: Home Assistant, connected to the broker.
        base_topic: where the mirror spoke. Where another bridge speaks now nothing is touched.
        identity: what told it from others.
        names: its devices' friendly names.
    """
    if not is_ours(await _retained(hass, Topics(base_topic).bridge("info")), identity):
        return
    outbox = Outbox(partial(_send, hass))
    for topic in retained_topics(base_topic, names):
        outbox.publish(topic, "", retain=True)
    await outbox.drain()


async def _retained(hass: HomeAssistant, topic: str) -> str:
    """What the broker retains on a topic; empty if nothing, or if it does not say."""
    found: asyncio.Future[str] = hass.loop.create_future()

    @callback
    def received(message: mqtt.ReceiveMessage) -> None:
        if not found.done():
            found.set_result(str(message.payload))

    remove = await mqtt.async_subscribe(hass, topic, received)
    try:
        async with asyncio.timeout(_LISTEN_SECONDS):
            return await found
    except TimeoutError:
        return ""
    finally:
        remove()


async def _send(hass: HomeAssistant, topic: str, payload: str, qos: int, retain: bool) -> None:
    """Publish a message; without a connection it is lost."""
    try:
        await mqtt.async_publish(hass, topic, payload, qos, retain)
    except HomeAssistantError as error:
        _LOGGER.debug("%s was not sent: %s", topic, error)
