"""Firmware on MQTT: checks, progress, failures."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import AqaraError, DeliveryError
from custom_components.aqara_zigbee.core.firmware import Obstacle, UpdateError
from custom_components.aqara_zigbee.core.updates import Updates
from custom_components.aqara_zigbee.mirror.ports import Hook
from custom_components.aqara_zigbee.mirror.requests.ota import FirmwareRequests
from tests.core.programmer import ScriptedProgrammer
from tests.mirror.stage import Stage

CHECK, UPDATE = "device/ota_update/check", "device/ota_update/update"


class Workshop:
    """A plug on a stage, and its updater."""

    def __init__(self, make: Callable[..., Stage], **settings: Any) -> None:
        hooks: dict[str, Hook] = {}
        self.programmer = ScriptedProgrammer()

        async def late(device: Device | None, message: Any) -> dict[str, Any]:
            raise NotImplementedError

        hooks[CHECK] = late
        self.stage = make(hooks=hooks, **settings)
        self.plug = self.stage.add("lumi.plug")
        work = self.stage.home.work.append
        updates = Updates(self.stage.gateway, self.programmer, work)
        hooks |= FirmwareRequests(updates).hooks
        self.stage.begin()

    async def reports(self, version: int) -> None:
        """Let the plug report its firmware version."""
        self.programmer.reports(self.plug, version)
        await self.stage.settle()

    def published(self) -> list[Any]:
        """Return the published ``update`` objects."""
        return [state["update"] for state in self.stage.states()]


@pytest.fixture
def shop(make: Callable[..., Stage]) -> Workshop:
    """A workshop whose plug has not reported a version."""
    return Workshop(make)


def idle(version: int) -> dict[str, Any]:
    return {"state": "idle", "installed_version": version, "latest_version": version}


async def test_no_update_object_before_a_version_is_reported(shop: Workshop) -> None:
    shop.stage.receive("187a0a00001001", 6)
    assert shop.stage.states() == [{"state": "ON"}]


async def test_every_state_has_the_update_object(shop: Workshop) -> None:
    await shop.reports(90)
    shop.stage.receive("187a0a00001001", 6)
    assert shop.stage.states() == [{"update": idle(90)}, {"state": "ON", "update": idle(90)}]


async def test_check(shop: Workshop) -> None:
    """With both generations' keys; the result is published in the state, too."""
    shop.programmer.answers(shop.plug, 90)
    response = await shop.stage.request(CHECK, {"id": "device", "transaction": 7})
    assert response == {
        "data": {"id": "device", "update_available": False, "updateAvailable": False},
        "status": "ok",
        "transaction": 7,
    }
    shop.stage.forget()
    shop.programmer.offer(92)
    response = await shop.stage.request(CHECK, "device")
    assert response["data"] == {
        "id": "device",
        "update_available": True,
        "updateAvailable": True,
        "source": "a file",
        "release_notes": "lumi.plug",
    }
    assert shop.published() == [
        {"state": "available", "installed_version": 90, "latest_version": 92}
    ]


async def test_check_without_an_answer(shop: Workshop) -> None:
    response = await shop.stage.request(CHECK, {"id": "device"})
    assert response["error"] == (
        "Failed to check if update available for 'device'"
        " (The device did not respond to the OTA request)"
    )


async def test_update(shop: Workshop) -> None:
    """States have the progress, with the remaining time at the current pace."""
    shop.plug.about.date_code = "02-28-2017"
    shop.programmer.offer(92)
    await shop.reports(90)
    shop.stage.forget()

    def wait() -> None:
        shop.stage.clock.pass_(30)
        shop.plug.upkeep.percent = 60
        shop.plug.notify_firmware()

    shop.programmer.during = wait
    response = await shop.stage.request(UPDATE, {"id": "device"})
    nobody = {"software_build_id": None}
    assert response["data"] == {
        "id": "device",
        "from": {"file_version": 90, "date_code": "02-28-2017", **nobody},
        "to": {"file_version": 92, "date_code": None, **nobody},
    }
    versions = {"installed_version": 90, "latest_version": 92}
    published = shop.published()
    assert published[0] == {"state": "updating", **versions}
    assert published[1] == {"state": "updating", "progress": 0, "remaining": None, **versions}
    assert {"state": "updating", "progress": 60, "remaining": 20, **versions} in published
    assert published[-1] == idle(92)


@pytest.mark.parametrize("name", [CHECK, UPDATE])
async def test_one_at_a_time(shop: Workshop, name: str) -> None:
    await shop.reports(90)
    shop.plug.upkeep.is_updating = True
    response = await shop.stage.request(name, {"id": "device"})
    assert response["error"] == "Update or check for update already in progress for 'device'"
    assert shop.programmer.updated == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        *((UpdateError(obstacle, "36 %"), ": 36 %)") for obstacle in Obstacle),
        (UpdateError(Obstacle.ASLEEP), "The device is asleep; wake it right after the request)"),
        (DeliveryError("the coordinator is gone"), "(the coordinator is gone)"),
    ],
)
async def test_failure_has_a_reason(shop: Workshop, error: AqaraError, reason: str) -> None:
    shop.programmer.offer(92)
    await shop.reports(90)
    shop.programmer.error = error
    response = await shop.stage.request(UPDATE, {"id": "device"})
    assert response["status"] == "error"
    assert response["error"].startswith("Update of 'device' failed (")
    assert response["error"].endswith(reason)
    assert shop.published()[-1]["state"] == "available"


async def test_nothing_newer(shop: Workshop) -> None:
    await shop.reports(90)
    response = await shop.stage.request(UPDATE, {"id": "device"})
    assert response["error"] == "Update of 'device' failed (No image currently available)"


async def test_a_new_transfer_has_a_pace_of_its_own(shop: Workshop) -> None:
    shop.programmer.offer(92)
    await shop.reports(90)
    shop.stage.forget()
    upkeep = shop.plug.upkeep
    upkeep.is_updating = True
    for percent in (50, 60, 10, 20):
        upkeep.percent = percent
        shop.plug.notify_firmware()
        shop.stage.clock.pass_(10)
    assert [update["remaining"] for update in shop.published()] == [None, 40, None, 80]
