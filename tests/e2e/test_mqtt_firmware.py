"""Firmware over MQTT on a real broker: check, progress, installation on a device."""

from homeassistant.core import HomeAssistant

from custom_components.aqara_zigbee import update as firmware
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.e2e.broker import Client
from tests.firmware import image, put
from tests.ha.conftest import join, until

PLUG = "Mi smart plug"


async def test_update_by_mqtt(
    hass: HomeAssistant, home: Home, gateway: Gateway, listener: Client
) -> None:
    plug = Plug()
    device = await join(home, gateway, plug)
    await until(lambda: device.upkeep.running)
    check = {"id": PLUG}
    assert await listener.request("device/ota_update/check", check) == {
        "data": {"id": PLUG, "update_available": False, "updateAvailable": False},
        "status": "ok",
    }
    path = put(firmware.folder(hass), "lumi.plug", 92)
    found = await listener.request("device/ota_update/check", check)
    assert found["data"]["update_available"] is True
    assert found["data"]["source"] == path.name
    response = await listener.request("device/ota_update/update", {"id": PLUG, "transaction": 1})
    assert response == {
        "data": {
            "id": PLUG,
            "from": {"file_version": 90, "software_build_id": None, "date_code": "09-04-2018"},
            "to": {"file_version": 92, "software_build_id": None, "date_code": "09-04-2018"},
        },
        "status": "ok",
        "transaction": 1,
    }
    assert plug.ota.checked == image(92)
    told = [m.content["update"] for m in listener.said(PLUG) if "update" in m.content]
    assert {update["state"] for update in told} == {"idle", "available", "updating"}
    shares = [update["progress"] for update in told if "progress" in update]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    assert told[-1] == {"state": "idle", "installed_version": 92, "latest_version": 92}
