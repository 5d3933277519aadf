"""The mirrored devices: their names, and their joins and leaves."""

from collections.abc import Mapping

from ..core.device import Device
from ..core.events import NetworkEvent, Update
from ..core.gateway import Gateway
from ..core.radio import Ieee
from .bridge import DEVICES, INFO, Bridge, described
from .bridge_health import MessageCounts
from .context import MirrorContext
from .device_info import manufacturer_of, model_id_of
from .device_publisher import DevicePublisher
from .names import address
from .payload import Json, dump
from .ports import Cancel
from .retained import RetainedDocuments
from .settings import DeviceSettings, Settings, retains_no_more


class MirroredDevices:
    """Gives each device a name and a publisher, and publishes joins and leaves.

    Attributes:
        tally: message counts since the start.
        last_joined: the last device that joined.
    """

    def __init__(
        self, gateway: Gateway, line: MirrorContext, bridge: Bridge, bulletin: RetainedDocuments
    ) -> None:
        self._gateway = gateway
        self._line = line
        self._bridge = bridge
        self._bulletin = bulletin
        self._voices: dict[Ieee, DevicePublisher] = {}
        self._undo: dict[Ieee, Cancel] = {}
        self._stale: list[str] = []
        self._is_publishing = False
        self.tally = MessageCounts(line.clock.now())
        self.last_joined: Device | None = None

    def start(self) -> Cancel:
        """Name the devices and subscribe to the network, until the returned function is called."""
        devices = list(self._gateway.values())
        self._stale = self._line.names.assign(devices)
        for device in devices:
            self._follow(device)
        return self._gateway.subscribe(self._on_event)

    def stop(self) -> None:
        """Stop all publishers."""
        for voice in self._voices.values():
            voice.stop()
        for undo in self._undo.values():
            undo()
        self._voices.clear()
        self._undo.clear()

    def speak(self) -> None:
        """Publish retained messages; the first time also the values from storage."""
        for name in self._stale:
            self._clear(name)
        self._stale.clear()
        for device in self._gateway.values():
            self._publish_availability(device)
            if not self._is_publishing or DeviceSettings.of(device.options).retain:
                self._voices[device.ieee].publish_known()
        self._is_publishing = True

    @property
    def names(self) -> list[str]:
        """All names with retained messages."""
        return [*self._line.names, *self._stale]

    def _follow(self, device: Device) -> None:
        voice = self._voices[device.ieee] = DevicePublisher(device, self._line)

        def on_update(update: Update) -> None:
            if update.received:
                self.tally.on_frame(device)
            voice.on_update(update)
            for key, error in update.failed.items():
                name = self._line.names[device]
                self._line.journal.error(
                    f"Publish 'set' '{key}' to '{name}' failed: 'Error: {error}'"
                )

        self._undo[device.ieee] = device.subscribe(on_update)

    def _on_event(self, event: NetworkEvent, device: Device) -> None:
        self.tally.on_event(event, device)
        match event:
            case NetworkEvent.JOINED:
                self._add(device)
                self.last_joined = device
                self._line.journal.info(f"Device '{self._name(device)}' joined")
                self._publish_event("device_joined", device)
            case NetworkEvent.INTERVIEW_STARTED:
                self._line.journal.info(f"Starting interview of '{self._name(device)}'")
                self._publish_interview(device, "started", "IN_PROGRESS")
                # A joining device has announced itself; Zigbee2MQTT publishes this when the
                # interview starts.
                self._publish_event("device_announce", device)
            case NetworkEvent.INTERVIEWED:
                self._add(device)
                self._log_interview(device)
                self._publish_interview(device, "successful", "SUCCESSFUL", self._findings(device))
            case NetworkEvent.INTERVIEW_FAILED:
                self._line.journal.error(
                    f"Failed to interview '{self._name(device)}',"
                    " device has not successfully been paired"
                )
                self._publish_interview(device, "failed", "FAILED")
            case NetworkEvent.ANNOUNCED:
                self._publish_event("device_announce", device)
            case NetworkEvent.LEFT:
                self._line.journal.warning(f"Device '{self._name(device)}' left the network")
                self._publish_event("device_leave", device)
            case NetworkEvent.REMOVED:
                self._part(device)
            case NetworkEvent.AVAILABILITY:
                self._publish_availability(device)
                return
            case NetworkEvent.DESCRIBED:
                pass
        self._bulletin.publish(DEVICES, INFO)

    def _add(self, device: Device) -> None:
        """Called when a device is added, or its model becomes known."""
        if device.ieee not in self._voices:
            self._line.names.refresh(device)
            self._follow(device)
            self._publish_availability(device)
        self._voices[device.ieee].renew()
        self.renamed(device)

    def _part(self, device: Device) -> None:
        """Called when a device is removed; its retained messages are cleared."""
        if device.ieee not in self._voices:
            return
        self._voices.pop(device.ieee).stop()
        self._undo.pop(device.ieee)()
        if name := self._line.names.forget(device):
            self._clear(name)

    def renamed(self, device: Device) -> None:
        """Called when Home Assistant's name of a device may have changed."""
        if device.ieee not in self._voices:
            return
        change = self._line.names.refresh(device)
        if change is None:
            return
        if self._line.gate.is_open:
            self._clear(change.old)
        else:
            self._stale.append(change.old)
        self._line.journal.info(f"Device '{change.old}' is now '{change.new}'")
        self._bulletin.publish_now(DEVICES, INFO)
        self._publish_availability(device)
        self._voices[device.ieee].publish_known()

    def settings_changed(self, old: Settings) -> None:
        """Called when the mirror's settings have changed."""
        if old.plain_availability != self._line.settings.plain_availability:
            for device in self._gateway.values():
                self._publish_availability(device)
        self._bulletin.publish_now(INFO)

    def options_changed(self, device: Device, options: Mapping[str, Json]) -> None:
        """Called when options of a device were set by MQTT."""
        if retains_no_more(options):
            self._line.gate.publish(self._topic(device), "", retain=True)
        self._bulletin.publish(DEVICES, INFO)

    # Other messages about devices

    def _name(self, device: Device) -> str:
        """Return a device's friendly name; its address if it has none yet."""
        has_name = device.ieee in self._voices
        return self._line.names[device] if has_name else address(device.ieee)

    def _log_interview(self, device: Device) -> None:
        name, definition, journal = self._name(device), device.definition, self._line.journal
        journal.info(f"Successfully interviewed '{name}', device has successfully been paired")
        if definition is not None:
            what = f"{definition.vendor} {definition.description} ({definition.model})"
            journal.info(f"Device '{name}' is supported, identified as: {what}")
            return
        journal.warning(
            f"Device '{name}' with Zigbee model '{model_id_of(device)}' and manufacturer name"
            f" '{manufacturer_of(device)}' is NOT supported"
        )

    def _topic(self, device: Device, *rest: str) -> str:
        return self._line.topics.device(self._line.names[device], *rest)

    def _publish_event(
        self, kind: str, device: Device, more: Mapping[str, Json] | None = None
    ) -> None:
        if device.ieee not in self._voices:
            return
        who = {
            "friendly_name": self._line.names[device],
            "ieee_address": address(device.ieee),
        }
        event = {"type": kind, "data": who | dict(more or {})}
        self._line.gate.publish(self._line.topics.bridge("event"), dump(event))

    def _publish_interview(
        self, device: Device, status: str, stage: str, more: Mapping[str, Json] | None = None
    ) -> None:
        self._bridge.note_interview(device, stage)
        self._publish_event("device_interview", device, {"status": status, **(more or {})})

    def _findings(self, device: Device) -> Mapping[str, Json]:
        return {
            "supported": device.definition is not None,
            "definition": described(device),
        }

    def _publish_availability(self, device: Device) -> None:
        if device.ieee not in self._voices:
            return
        state = state_payload(self._line.settings, is_online=device.available)
        self._line.gate.publish(self._topic(device, "availability"), state, qos=1, retain=True)

    def _clear(self, name: str) -> None:
        """Clear the retained messages of a device."""
        for topic in self._line.topics.retained(name):
            self._line.gate.publish(topic, "", retain=True)


def state_payload(settings: Settings, *, is_online: bool) -> str:
    """Return the availability of a device or the bridge, in the configured form (protocol 6.6)."""
    word = "online" if is_online else "offline"
    return word if settings.plain_availability else dump({"state": word})
