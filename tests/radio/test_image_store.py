"""Images and their models: folders, names, indexes, downloads."""

import asyncio
from hashlib import sha512
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from custom_components.aqara_zigbee.core.firmware import (
    Firmware,
    ImageSources,
    Obstacle,
    Release,
    UpdateError,
)
from custom_components.aqara_zigbee.radio.ota.image import Content, names, read_index
from custom_components.aqara_zigbee.radio.ota.image_store import MOST_BYTES, ImageStore
from tests.firmware import IMAGE_TYPE, LUMI, image, put

PLUG = "lumi.plug"
RUNNING = Firmware(LUMI, IMAGE_TYPE, 90)
ADDRESS = "https://example.org/plug.ota"


class Internet:
    """Answers by URL and records the requests."""

    def __init__(self, **pages: bytes) -> None:
        self.pages: dict[str, bytes] = dict(pages)
        self.asked: list[str] = []

    async def fetch(self, address: str) -> bytes:
        """Return the content of a URL."""
        self.asked.append(address)
        name = "index" if address.endswith("index.json") else address
        if name not in self.pages:
            raise UpdateError(Obstacle.UNUSABLE, f"{address}: 404")
        return self.pages[name]


def entry(content: bytes, **changes: Any) -> dict[str, Any]:
    """Return an index's entry of an image for the plug."""
    found = {
        "manufacturerCode": LUMI,
        "imageType": IMAGE_TYPE,
        "fileVersion": 92,
        "fileSize": len(content),
        "url": ADDRESS,
        "sha512": sha512(content).hexdigest().upper(),
        "modelId": PLUG,
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


async def newest(library: ImageStore, model: str = PLUG, running: Firmware = RUNNING) -> int | None:
    """The version that would be offered."""
    release = await library.newest(model, running)
    return None if release is None else release.version


# What is in a file


def test_content() -> None:
    content = Content.of(image(92, hardware=(1, 18)) + b"junk")
    assert content == Content(LUMI, IMAGE_TYPE, 92, image(92, hardware=(1, 18)), (1, 18))
    assert Content.of(image(92)).hardware is None


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"no firmware",
        image(92)[:40],
        image(92)[:-1],
        b"\0" + image(92),
        image(92)[:58] + b"\xff" + image(92)[59:],
        image(92, device=bytes(8)),
    ],
)
def test_no_content(file: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Content.of(file)


# Which device it is for


@pytest.mark.parametrize(
    ("name", "is_for"),
    [
        ("lumi.plug", True),
        ("lumi.plug_20180904", True),
        ("ota_lumi.plug_v1.2", True),
        ("lumi.plug-92", True),
        ("lumi.plug v92", True),
        ("lumi.plug.mmeu01", False),
        ("lumi.plug_old", False),
        ("xlumi.plug", False),
        ("alumi.plug_1", False),
        ("lumi.plugin", False),
        ("plug", False),
    ],
)
def test_names(name: str, is_for: bool) -> None:
    assert names(name, PLUG) is is_for


@pytest.mark.parametrize(
    ("file", "is_offered"),
    [
        ("lumi.plug/image.ota", True),
        ("lumi.plug/lumi.plug_92.ota", True),
        ("lumi.plug_92.ota", True),
        ("LUMI.PLUG_92.OTA", True),
        ("downloads/lumi.plug_92.bin", True),
        ("lumi.plug.mmeu01/image.ota", False),
        ("lumi.plug.mmeu01/lumi.plug_92.ota", False),
        ("lumi.plug/lumi.plug.mmeu01_92.ota", False),
        ("lumi.plug.mmeu01_92.ota", False),
        ("image.ota", False),
        ("downloads/image.ota", False),
        ("lumi.plug/image.json", False),
        ("lumi.plug/.image.ota", False),
        ("a/b/lumi.plug_92.ota", False),
    ],
)
async def test_an_image_is_for_one_model(tmp_path: Path, file: str, is_offered: bool) -> None:
    """Nothing in an image shows this, and a wrong one would brick the device."""
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image(92))
    assert await newest(ImageStore(ImageSources(tmp_path))) == (92 if is_offered else None)


@pytest.mark.parametrize(
    ("content", "running", "version"),
    [
        (image(92), RUNNING, 92),
        (image(90), RUNNING, None),
        (image(89), RUNNING, None),
        (image(92, manufacturer=0x1037), RUNNING, None),
        (image(92, image_type=1), RUNNING, None),
        (image(92, hardware=(1, 18)), RUNNING, None),
        (image(92, hardware=(1, 18)), Firmware(LUMI, IMAGE_TYPE, 90, 18), 92),
        (image(92, hardware=(1, 18)), Firmware(LUMI, IMAGE_TYPE, 90, 19), None),
        (image(92, hardware=(1, 18)), Firmware(LUMI, IMAGE_TYPE, 90, 0), None),
    ],
)
async def test_an_image_fits(
    tmp_path: Path, content: bytes, running: Firmware, version: int | None
) -> None:
    put(tmp_path, PLUG, 92, content)
    assert await newest(ImageStore(ImageSources(tmp_path)), running=running) == version


# The folder


async def test_missing_folder(tmp_path: Path) -> None:
    assert await newest(ImageStore(ImageSources(tmp_path / "nowhere"))) is None
    assert await newest(ImageStore(ImageSources())) is None


async def test_folder_is_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """New, changed, broken and deleted files; a broken one is logged once."""
    library = ImageStore(ImageSources(tmp_path))
    path = put(tmp_path, PLUG, 91)
    assert await newest(library) == 91
    path.write_bytes(image(93, octets=500))
    assert await newest(library) == 93
    caplog.clear()
    path.write_bytes(b"broken")
    for _ in range(3):
        assert await newest(library) is None
    assert caplog.text.count("not a usable firmware file") == 1
    path.unlink()
    assert await newest(library) is None


async def test_file_that_cannot_be_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Such as one that is far too long."""
    put(tmp_path, PLUG, 91)
    put(tmp_path, PLUG, 92, image(92, octets=MOST_BYTES))
    assert await newest(ImageStore(ImageSources(tmp_path))) == 91
    assert "92.ota is not a usable" in caplog.text


async def test_folder_that_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(image(92))
    assert await newest(ImageStore(ImageSources(path))) is None


async def test_index_in_the_folder_has_the_models_of_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By checksum, whatever a file is called."""
    (tmp_path / "a.ota").write_bytes(image(92))
    (tmp_path / "index.json").write_text(json.dumps([entry(image(92))]))
    library = ImageStore(ImageSources(tmp_path))
    assert await newest(library) == 92
    assert await newest(library, "lumi.lock.acn02") is None
    for broken in ("{}", "no json", "[" * 100_000):
        (tmp_path / "index.json").write_text(broken)
        assert await newest(library) is None
    assert caplog.text.count("index.json cannot be read") == 3


async def test_file_of_unknown_purpose_is_explained_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.ota").write_bytes(image(92))
    library = ImageStore(ImageSources(tmp_path))
    for _ in range(2):
        assert await newest(library) is None
    assert caplog.text.count("does not say which model it is for") == 1
    assert "such as lumi.plug" in caplog.text


async def test_loading(tmp_path: Path) -> None:
    put(tmp_path, PLUG, 92, image(92) + b"junk")
    library = ImageStore(ImageSources(tmp_path))
    release = await library.newest(PLUG, RUNNING)
    assert release is not None
    assert await library.load(release) == image(92)


# Indexes


def test_index() -> None:
    (found,) = read_index(
        json.dumps(
            [
                entry(image(92), minFileVersion=80, maxFileVersion=91, releaseNotes="Better."),
                entry(image(92), modelId=None),
                entry(image(92), fileVersion="many"),
                entry(image(92), sha512=None),
                "nonsense",
                None,
            ]
        ).encode()
    )
    assert found.model == PLUG
    assert (found.oldest, found.newest) == (80, 91)
    assert found.release == Release(
        LUMI, IMAGE_TYPE, 92, len(image(92)), ADDRESS, sha512(image(92)).hexdigest(), "Better."
    )


@pytest.mark.parametrize(
    ("changes", "is_offered"),
    [
        ({}, True),
        ({"minFileVersion": 90, "maxFileVersion": 90}, True),
        ({"minFileVersion": 91}, False),
        ({"maxFileVersion": 89}, False),
        ({"hardwareVersionMin": 1}, False),
        ({"hardwareVersionMax": 1}, False),
        ({"modelId": "lumi.plug.mmeu01"}, False),
        ({"imageType": 1}, False),
        ({"url": "http://example.org/plug.ota"}, False),
        ({"url": "/etc/passwd"}, False),
    ],
)
async def test_what_an_index_offers(changes: dict[str, Any], is_offered: bool) -> None:
    internet = Internet(index=json.dumps([entry(image(92), **changes)]).encode())
    library = ImageStore(ImageSources(fetch=internet.fetch))
    library.sources.remote = True
    assert await newest(library) == (92 if is_offered else None)


async def test_hardware_in_an_index() -> None:
    index = json.dumps([entry(image(92), hardwareVersionMin=10)]).encode()
    library = ImageStore(ImageSources(fetch=Internet(index=index).fetch))
    library.sources.remote = True
    assert await newest(library, running=Firmware(LUMI, IMAGE_TYPE, 90, 10)) == 92
    assert await newest(library, running=Firmware(LUMI, IMAGE_TYPE, 90, 9)) is None


async def test_index_is_downloaded_once_and_only_if_enabled(tmp_path: Path) -> None:
    """Twenty devices that look at the same time make one request."""
    internet = Internet(index=json.dumps([entry(image(92))]).encode())
    library = ImageStore(ImageSources(tmp_path, internet.fetch))
    assert await newest(library) is None
    assert internet.asked == []
    library.sources.remote = True
    assert set(await asyncio.gather(*(newest(library) for _ in range(20)))) == {92}
    assert len(internet.asked) == 1


async def test_failing_index_is_logged_once_and_retried_after_an_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    internet = Internet()
    library = ImageStore(ImageSources(fetch=internet.fetch))
    library.sources.remote = True
    for _ in range(3):
        assert await newest(library) is None
    assert len(internet.asked) == 1
    assert caplog.text.count("cannot be read") == 1


async def test_file_is_preferred_to_the_same_version_from_the_internet(tmp_path: Path) -> None:
    path = put(tmp_path, PLUG, 92)
    internet = Internet(index=json.dumps([entry(image(92))]).encode())
    library = ImageStore(ImageSources(tmp_path, internet.fetch))
    library.sources.remote = True
    release = await library.newest(PLUG, RUNNING)
    assert release is not None
    assert release.origin == str(path)


async def test_download_is_checked() -> None:
    internet = Internet(index=json.dumps([entry(image(92))]).encode())
    library = ImageStore(ImageSources(fetch=internet.fetch))
    library.sources.remote = True
    release = await library.newest(PLUG, RUNNING)
    assert release is not None
    for page in (image(92) + b"\0", image(93), b""):
        internet.pages[ADDRESS] = page
        with pytest.raises(UpdateError, match="checksum"):
            await library.load(release)
    internet.pages[ADDRESS] = image(92)
    assert await library.load(release) == image(92)


async def test_index_with_wrong_data_of_an_image() -> None:
    """The right checksum of another version."""
    internet = Internet(index=json.dumps([entry(image(91))]).encode())
    internet.pages[ADDRESS] = image(91)
    library = ImageStore(ImageSources(fetch=internet.fetch))
    library.sources.remote = True
    release = await library.newest(PLUG, RUNNING)
    assert release is not None
    with pytest.raises(UpdateError, match="header"):
        await library.load(release)


async def test_no_download_once_it_is_disabled() -> None:
    internet = Internet(index=json.dumps([entry(image(92))]).encode())
    library = ImageStore(ImageSources(fetch=internet.fetch))
    library.sources.remote = True
    release = await library.newest(PLUG, RUNNING)
    assert release is not None
    library.sources.remote = False
    assert await newest(library) is None
    with pytest.raises(UpdateError, match="turned off"):
        await library.load(release)
    assert len(internet.asked) == 1
