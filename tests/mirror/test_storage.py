"""Requests whose result cannot be written to disk are answered with the reason."""

from collections.abc import Mapping
from typing import Any, override

import pytest

from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.errors import StorageError
from tests.core.network import IEEE
from tests.mirror.stage import HandHouse, Stage


class FullHouse(HandHouse):
    """A Home Assistant whose disk is full."""

    @override
    async def rename(self, device: Device, name: str) -> None:
        raise StorageError("no space")

    @override
    async def configure(self, settings: Mapping[str, Any]) -> None:
        raise StorageError("no space")


@pytest.mark.parametrize(
    ("request_", "payload"),
    [
        ("device/rename", {"from": "device", "to": "kettle"}),
        ("device/options", {"id": "device", "options": {"qos": 1}}),
        ("options", {"options": {"advanced": {"elapsed": True}}}),
    ],
)
async def test_refused(request_: str, payload: dict[str, Any]) -> None:
    stage = Stage()

    async def keep(_ieee: str | None) -> None:
        raise StorageError("no space")

    stage.gateway._keep = keep
    device = stage.add("lumi.plug")
    stage.house.__class__ = FullHouse
    stage.begin()
    response = await stage.request(request_, {**payload, "transaction": 7})
    assert response["status"] == "error"
    assert "Could not be saved: no space" in response["error"]
    assert response["transaction"] == 7
    assert "qos" not in device.options
    assert stage.gateway[IEEE] is device
    stage.close()
