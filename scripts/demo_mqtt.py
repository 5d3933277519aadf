"""The demo's MQTT mirror: switched on as a user would, and tried from outside Home Assistant."""

from collections.abc import Awaitable, Callable
from typing import Any

from scripts.demo_api import Demo, devices_of, model_of
from scripts.demo_broker import Broker
from scripts.demo_report import Report
from tests.e2e.broker import Client, client

BASE_TOPIC = "zigbee2mqtt"

type Condition = Callable[[], Awaitable[bool]]


async def connect(demo: Demo, broker: Broker) -> None:
    """Set up Home Assistant's MQTT integration with the broker.

    Raises:
        DemoError: it does not like it.
    """
    await demo.assistant.configure(
        "mqtt",
        {
            "broker": "127.0.0.1",
            "port": broker.port,
            "protocol": broker.protocol,
            "other_settings": {
                "set_client_cert": False,
                "set_ca_cert": "off",
                "tls_insecure": False,
                "transport": "tcp",
                "keepalive": 60,
            },
        },
    )


async def switch_on(demo: Demo) -> None:
    """Switch the mirror on in the options flow.

    Raises:
        DemoError: the flow does not end as it should.
    """
    await demo.assistant.options(
        demo.entry,
        {"next_step_id": "mqtt"},
        {
            "enabled": True,
            "base_topic": BASE_TOPIC,
            "messages": {
                "last_seen": "disable",
                "elapsed": False,
                "cache_state": True,
                "include_device": False,
            },
            "actions": {"action_topic": True, "action_reset": False},
            "bridge": {"availability": "json", "permit_join": True, "log_level": "info"},
        },
    )


async def check_mqtt(report: Report, demo: Demo, broker: Broker) -> None:
    """Talk to the mirror as Zigbee2MQTT's clients do, and let its broker go and come back."""
    async with client(broker.port, BASE_TOPIC) as program:
        trial = Trial(report, demo, program)
        await trial.check_devices()
        await trial.check_plug()
        await trial.check_actions()
        await trial.check_renaming()
        await trial.check_requests()
    await broker.stop()
    await broker.start()
    async with client(broker.port, BASE_TOPIC) as program:
        trial = Trial(report, demo, program)
        await trial.check_devices("after the broker's restart")
        await trial.check_plug("after the broker's restart")


class Trial:
    """The checks of the mirror.

    Args:
        program: a client of the broker outside Home Assistant.
    """

    def __init__(self, report: Report, demo: Demo, program: Client) -> None:
        self._report = report
        self._demo = demo
        self._program = program

    async def _name(self, model: str) -> str:
        """Return a device's name in Home Assistant."""
        for device in await devices_of(self._demo):
            if await model_of(self._demo, device) == model:
                return str(device["name_by_user"])
        raise LookupError(model)

    async def _expect(self, what: str, condition: Condition, when: str = "") -> None:
        await self._report.expect(f"MQTT: {what}{when and f', {when}'}", condition)

    def _said(self, topic: str, *, after: int = 0, **members: Any) -> Condition:
        """A condition: an object with these members was received, after a number of messages."""

        async def condition() -> bool:
            return any(
                members.items() <= message.content.items()
                for message in self._program.said(topic)[after:]
                if message.payload
            )

        return condition

    async def check_devices(self, when: str = "") -> None:
        """All devices are described, by the names they have in Home Assistant."""
        names = {device["name_by_user"] for device in await devices_of(self._demo)}

        async def described() -> bool:
            editions = self._program.said("bridge/devices")
            last = editions[-1].content if editions else []
            return {each["friendly_name"] for each in last if "definition" in each} == names

        await self._expect("bridge/devices", described, when)
        await self._expect("bridge/state", self._said("bridge/state", state="online"), when)

    async def _obeys(self, name: str, *, is_on: bool) -> Condition:
        """Wish for a state; whether the simulated plug itself then has it."""
        word = "ON" if is_on else "OFF"
        self._program.send(f"{name}/set", {"state": word})

        async def condition() -> bool:
            home = (await self._demo.home.do("snapshot"))["snapshot"]
            (plug,) = (node for node in home["devices"] if node["model"] == "lumi.plug")
            return bool(plug["state"]["on"] == [is_on])

        return condition

    async def check_plug(self, when: str = "") -> None:
        """Command, report and reading."""
        name, program = await self._name("lumi.plug"), self._program
        await self._expect("/set switches the plug on", await self._obeys(name, is_on=True), when)
        await self._expect("and says so", self._said(name, state="ON"), when)
        count = len(program.said(name))
        await self._demo.home.do("press", "plug")
        await self._expect(
            "the plug's button is told", self._said(name, after=count, state="OFF"), when
        )
        count = len(program.said(name))
        program.send(f"{name}/get", {"state": ""})
        await self._expect("/get is answered", self._said(name, after=count, state="OFF"), when)

    async def check_actions(self) -> None:
        """Presses and rings are published as objects and as plain text."""
        lock = await self._name("lumi.lock.acn02")
        await self._demo.home.do("finger", "locks2", user=3)
        await self._expect(
            "the lock's visitor", self._said(lock, action="finger_open_user_id3", action_user=3)
        )

        async def told() -> bool:
            return any(
                message.payload == "lock_opened_outside"
                for message in self._program.said(f"{lock}/action")
            )

        await self._expect("the lock's door, as plain text", told)

    async def check_renaming(self) -> None:
        """Names go both ways, and the old ones are taken back."""
        old = await self._name("lumi.plug")
        self._program.send("bridge/request/device/rename", {"from": old, "to": "kitchen/kettle"})

        async def renamed() -> bool:
            return await self._name("lumi.plug") == "kitchen/kettle"

        await self._expect("a rename by MQTT renames in Home Assistant", renamed)
        await self._expect("/set by the new name", await self._obeys("kitchen/kettle", is_on=True))
        (device,) = (
            device
            for device in await devices_of(self._demo)
            if device["name_by_user"] == "kitchen/kettle"
        )
        await self._demo.assistant.ask(
            "config/device_registry/update", device_id=device["id"], name_by_user=old
        )

        async def taken_back() -> bool:
            return [m.payload for m in self._program.said("kitchen/kettle/availability")][-1:] == [
                ""
            ]

        await self._expect("a rename in Home Assistant takes the old topics back", taken_back)
        await self._expect("/set by the old name again", await self._obeys(old, is_on=False))

    async def check_requests(self) -> None:
        """Requests are answered, those it cannot fulfil too."""
        for request, body, answer in (
            ("permit_join", {"time": 0}, {"status": "ok", "data": {"time": 0}}),
            ("health_check", {}, {"status": "ok", "data": {"healthy": True}}),
            ("touchlink/scan", {}, {"status": "error"}),
        ):
            self._program.send(f"bridge/request/{request}", {**body, "transaction": "demo"})
            said = self._said(f"bridge/response/{request}", transaction="demo", **answer)
            await self._expect(f"bridge/request/{request}", said)
