"""Texts that `scripts/browser` reports as faults, without a browser."""

from pathlib import Path

import pytest

from scripts.browsing.faults import Faults
from scripts.browsing.texts import TRANSLATIONS, Texts


@pytest.mark.parametrize(
    "text",
    [
        "component.aqara_zigbee.config.step.port.title",
        "[%key:component::aqara_zigbee::title%]",
        "Nothing was found at {path}.",
        "Pairing is open until [time].",
        "wrong_finger",
        "State: lock_opened_outside!",
        "**警告：**配对时它会闭合两个触点。",
    ],
)
def test_raw_texts_are_faults(text: str) -> None:
    faults = Faults("a walk")
    faults.check_texts([text])
    assert len(faults.found) == 1
    assert faults.found[0].startswith("a walk: ")


@pytest.mark.parametrize(
    "text",
    [
        "Nothing was found at this port.",
        "event.front_door_door_activity",
        "The file coordinator_backup.json is missing.",
        "Select /dev/serial/by-id/usb-ti_cc2652-if00.",
        "socket://192.168.1.20:6638",
        "[1] of 3",
    ],
)
def test_plain_texts_names_and_paths_are_not_reported(text: str) -> None:
    faults = Faults("a walk")
    faults.check_texts([text])
    assert not faults.found


def test_a_fault_is_noted_once() -> None:
    faults = Faults("a walk")
    faults.check_texts(["wrong_finger", "wrong_finger"])
    faults.check_texts(["wrong_finger"])
    assert len(faults.found) == 1


def test_own_errors_in_the_log_are_faults(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    begin = "2026-11-27 04:23:54.323 ERROR (MainThread)"
    log.write_text(
        f"{begin} [custom_components.aqara_zigbee.radio.reconnect] Attempt 1 failed unexpectedly\n"
        f"{begin} [homeassistant.components.mqtt.client] Failed to connect\n"
        f"{begin} [custom_components.aqara_zigbee.storage.store] /home/a.states.db is damaged\n"
        "2026-11-27 04:23:54.323 INFO (MainThread) [custom_components.aqara_zigbee] Lost the coordinator\n"
    )
    faults = Faults("a walk")
    faults.check_log(log)
    assert len(faults.found) == 1
    assert "Attempt 1" in faults.found[0]


@pytest.mark.parametrize("language", sorted(path.stem for path in TRANSLATIONS.glob("*.json")))
def test_texts_are_found_by_their_key(language: str) -> None:
    texts = Texts(language)
    found = texts.get("config.progress.probe", {"path": "/dev/ttyUSB0"})
    assert found is not None
    assert "/dev/ttyUSB0" in found
    assert texts.get("config.step.nowhere.title") is None
