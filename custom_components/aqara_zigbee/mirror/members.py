"""The devices of the network in the conversation: who is there, what becomes of them."""

from collections.abc import Mapping

from ..core.device import Device, Update
from ..core.gateway import Event, Gateway
from ..core.radio import Ieee
from .bridge import DEVICES, INFO, Bridge
from .bulletin import Bulletin
from .exposes import definition_of
from .health import Tally
from .line import Line
from .names import address
from .payload import Json, dump
from .ports import Cancel
from .settings import Settings
from .voice import LINK, Voice


class Members:
    """Gives each device a name and a voice, and tells of those that come and go.

    Attributes:
        tally: what devices did since the start.
        last_joined: the device that joined last.
    """

    def __init__(self, gateway: Gateway, line: Line, bridge: Bridge, bulletin: Bulletin) -> None:
        self._gateway = gateway
        self._line = line
        self._bridge = bridge
        self._bulletin = bulletin
        self._voices: dict[Ieee, Voice] = {}
        self._undo: dict[Ieee, Cancel] = {}
        self._stale: list[str] = []
        self._has_spoken = False
        self.tally = Tally(line.clock.now())
        self.last_joined: Device | None = None

    def start(self) -> Cancel:
        """Name the devices and follow the network, until the returned function is called."""
        devices = list(self._gateway.values())
        self._stale = self._line.names.meet(devices)
        for device in devices:
            self._follow(device)
        return self._gateway.subscribe(self._witness)

    def stop(self) -> None:
        """Let no device speak any more."""
        for voice in self._voices.values():
            voice.stop()
        for undo in self._undo.values():
            undo()
        self._voices.clear()
        self._undo.clear()

    def speak(self) -> None:
        """Say what is to stay with the broker; the first time also what is known from before."""
        for name in self._stale:
            self._clear(name)
        self._stale.clear()
        for device in self._gateway.values():
            self._say_availability(device)
            if not self._has_spoken or device.options.get("retain"):
                self._voices[device.ieee].say_known()
        self._has_spoken = True

    @property
    def names(self) -> list[str]:
        """All names under which something may be retained."""
        return [*self._line.names, *self._stale]

    def _follow(self, device: Device) -> None:
        voice = self._voices[device.ieee] = Voice(device, self._line)

        def heard(update: Update) -> None:
            if LINK in update.state and not update.believed:
                self.tally.heard(device)
            voice.heard(update)

        self._undo[device.ieee] = device.subscribe(heard)

    def _witness(self, event: Event, device: Device) -> None:
        self.tally.witness(event, device)
        match event:
            case Event.JOINED:
                self._meet(device)
                self.last_joined = device
                self._tell("device_joined", device)
            case Event.INTERVIEW_STARTED:
                self._tell_interview(device, "started", "IN_PROGRESS")
            case Event.INTERVIEWED:
                self._meet(device)
                self._tell_interview(device, "successful", "SUCCESSFUL", self._findings(device))
            case Event.INTERVIEW_FAILED:
                self._tell_interview(device, "failed", "FAILED")
            case Event.ANNOUNCED:
                self._tell("device_announce", device)
            case Event.LEFT:
                self._tell("device_leave", device)
            case Event.REMOVED:
                self._part(device)
            case Event.AVAILABILITY:
                self._say_availability(device)
                return
            case Event.DESCRIBED:
                pass
        self._bulletin.tell(DEVICES, INFO)

    def _meet(self, device: Device) -> None:
        """A device is there, or better known than before."""
        if device.ieee not in self._voices:
            self._line.names.refresh(device)
            self._follow(device)
            self._say_availability(device)
        self._voices[device.ieee].renew()
        self.renamed(device)

    def _part(self, device: Device) -> None:
        """A device is gone for good; nothing of it stays with the broker."""
        if device.ieee not in self._voices:
            return
        self._voices.pop(device.ieee).stop()
        self._undo.pop(device.ieee)()
        if name := self._line.names.forget(device):
            self._clear(name)
            self._line.journal.info(f"Device '{name}' was removed")

    def renamed(self, device: Device) -> None:
        """Home Assistant's name of a device may have changed."""
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
        self._bulletin.tell(DEVICES, INFO)
        self._say_availability(device)
        self._voices[device.ieee].say_known()

    def options_changed(self, device: Device, options: Mapping[str, Json]) -> None:
        """Options of a device were set by MQTT."""
        if options.get("retain", True) in (False, None):
            self._line.gate.publish(self._topic(device), "", retain=True)
        self._bulletin.tell(DEVICES, INFO)

    # What is said of them beside states

    def _topic(self, device: Device, *rest: str) -> str:
        return self._line.topics.device(self._line.names[device], *rest)

    def _tell(self, kind: str, device: Device, more: Mapping[str, Json] | None = None) -> None:
        if device.ieee not in self._voices:
            return
        who = {
            "friendly_name": self._line.names[device],
            "ieee_address": address(device.ieee),
        }
        event = {"type": kind, "data": who | dict(more or {})}
        self._line.gate.publish(self._line.topics.bridge("event"), dump(event))

    def _tell_interview(
        self, device: Device, status: str, stage: str, more: Mapping[str, Json] | None = None
    ) -> None:
        self._bridge.note_interview(device, stage)
        self._tell("device_interview", device, {"status": status, **(more or {})})

    def _findings(self, device: Device) -> Mapping[str, Json]:
        definition = device.definition
        return {
            "supported": definition is not None,
            "definition": definition_of(definition) if definition else None,
        }

    def _say_availability(self, device: Device) -> None:
        if device.ieee not in self._voices:
            return
        state = state_payload(self._line.settings, is_online=device.available)
        self._line.gate.publish(self._topic(device, "availability"), state, qos=1, retain=True)

    def _clear(self, name: str) -> None:
        """Take back what the broker retains of a device."""
        for topic in self._line.topics.retained(name):
            self._line.gate.publish(topic, "", retain=True)


def state_payload(settings: Settings, *, is_online: bool) -> str:
    """Availability of a device or the bridge, in the form that is wanted (contract 6.6)."""
    word = "online" if is_online else "offline"
    return word if settings.plain_availability else dump({"state": word})
