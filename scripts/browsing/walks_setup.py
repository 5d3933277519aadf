"""Walks through the config flow: each way of setting up a network, to its end and to its errors."""

from pathlib import Path
import shutil
import tempfile
import zipfile

from scripts.browsing.grounds import (
    DOMAIN,
    OVERWRITTEN,
    PARTIAL,
    READ_ERRORS,
    WRITE_ERRORS,
    ZHA_DATABASE,
    Coordinator,
    coordinator,
    delete_uploads,
    instead,
    line,
    newest_backup,
    other_program,
    stored,
)
from scripts.browsing.page import Dialog
from scripts.browsing.scene import Scene, walk
from scripts.demo_process import ROOT, free_port

_TAKEOVER = ROOT / "tests" / "fixtures" / "takeover" / "zigbee2mqtt"
_NEWER = b'{"metadata": {"version": 9}, "network_key": {}}'
_LONG = 60.0
"""Seconds for what a coordinator takes: reading or writing its network, and the start after it."""


async def way(scene: Scene, option: str) -> Dialog:
    """Open the config flow and choose a way."""
    dialog = await scene.page.add_integration()
    await dialog.at("menu", "user")
    await dialog.choose(option)
    return dialog


async def at_port(scene: Scene, url: str) -> Dialog:
    """Set up a coordinator at a port."""
    dialog = await way(scene, "port")
    await dialog.at("form", "port")
    await dialog.fill(path=url)
    await dialog.submit()
    return dialog


async def keep_network(scene: Scene, used: Coordinator, path: str | None = None) -> str:
    """Set up a coordinator with its network, without the frontend; the id of the new entry.

    Args:
        scene: where.
        used: the coordinator.
        path: of its port, if it has another one.
    """
    before = {entry["entry_id"] for entry in await scene.grounds.others()}
    await scene.grounds.demo.assistant.configure(
        DOMAIN,
        {"next_step_id": "port"},
        {"path": path or used.url},
        {"next_step_id": "keep"},
    )
    others = await scene.grounds.others()
    (entry,) = (each["entry_id"] for each in others if each["entry_id"] not in before)
    await scene.grounds.loaded(DOMAIN, entry)
    return str(entry)


async def set_up(scene: Scene, used: Coordinator) -> str:
    """Set up a coordinator with its network, and back it up; the id of the new entry."""
    entry = await keep_network(scene, used)
    await scene.grounds.demo.assistant.call(DOMAIN, "create_backup", config_entry_id=entry)
    return entry


async def _created(scene: Scene, dialog: Dialog) -> None:
    """Wait for a new entry, close the dialog by its button, and delete the entry."""
    await dialog.complete(seconds=_LONG)
    await scene.grounds.delete_others()


@walk("setup", in_each_language=True)
async def setup(scene: Scene) -> None:
    """The menu itself."""
    dialog = await scene.page.add_integration()
    await dialog.at("menu", "user")
    await scene.page.picture("setup", "dialog-data-entry-flow dialog")
    await dialog.close()


@walk("virtual")
async def virtual(scene: Scene) -> None:
    """The virtual coordinator: added, its devices there, refused a second time and when reconfigured."""
    dialog = await way(scene, "virtual")
    await dialog.at("form", "virtual")
    await scene.page.picture("virtual")
    await dialog.submit()
    await dialog.complete(seconds=_LONG)
    dialog = await way(scene, "virtual")
    await dialog.at("abort", "already_configured")
    await dialog.close()
    dialog = await scene.page.reconfigure("Virtual coordinator")
    await dialog.at("abort", "virtual_stays")
    await dialog.close()
    await scene.grounds.delete_others()


@walk("ports")
async def ports(scene: Scene) -> None:
    """Ports with nothing, something else, a service's name, another program; coordinators that are taken."""
    for url, error in (
        (f"socket://127.0.0.1:{free_port()}", "port_not_found"),
        ("/dev/ttyUSB97", "port_not_found"),
        ("mdns://slzb-06", "port_is_service"),
        (scene.grounds.zha.url, "port_used_by_zha"),
    ):
        dialog = await at_port(scene, url)
        await dialog.at("form", "port", error=error)
        await scene.page.picture(f"port-{error}")
        # The same dialog goes on with a port that is right, or wrong in another way.
        await dialog.fill(path=f"socket://127.0.0.1:{free_port()}")
        await dialog.submit()
        await dialog.at("form", "port", error="port_not_found")
        await dialog.close()
    for greeting, error in ((b"", "no_answer"), (b"SSH-2.0-OpenSSH_9.2\r\n", "not_zstack")):
        async with other_program(greeting) as url:
            dialog = await at_port(scene, url)
            await dialog.at("form", "port", error=error, seconds=_LONG)
            await dialog.close()
    with line() as port, port.locked():
        dialog = await at_port(scene, port.path)
        await dialog.at("form", "port", error="port_busy", seconds=_LONG)
        await scene.page.picture("port-port_busy")
        await dialog.close()


@walk("coordinator-errors")
async def coordinator_errors(scene: Scene) -> None:
    """Coordinators that cannot be used; and one whose network is incomplete."""
    dialog = await at_port(scene, "/dev/ttyUSB97")
    for error, failing in READ_ERRORS.items():
        await dialog.at("form", "port", error="port_not_found")
        async with scene.grounds.replaced(
            f"custom_components.{DOMAIN}.flows.port", "probe", failing
        ):
            await dialog.submit()
            await dialog.at("form", "port", error=error)
        await scene.page.picture(f"port-{error}")
        await dialog.submit()
    await dialog.at("form", "port", error="port_not_found")
    await dialog.close()
    async with coordinator(seed=25, is_formed=True) as used, scene.grounds.replaced(*PARTIAL):
        dialog = await at_port(scene, used.url)
        await dialog.at("menu", "incomplete", seconds=_LONG)
        await scene.page.picture("incomplete", "dialog-data-entry-flow dialog")
        await dialog.close()


@walk("blank")
async def blank(scene: Scene) -> None:
    """A coordinator without a network gets a new one, although there are backups to restore."""
    demo = scene.grounds.demo
    await demo.assistant.call(DOMAIN, "create_backup", config_entry_id=demo.entry)
    async with coordinator(seed=21) as new:
        dialog = await at_port(scene, new.url)
        await dialog.at("menu", "blank", seconds=_LONG)
        await scene.page.picture("blank")
        await dialog.choose("form")
        await dialog.complete(seconds=_LONG)
        # It has no devices yet.
        dialog = await scene.page.configure((await scene.grounds.others())[0]["title"])
        await dialog.at("menu", "init", seconds=_LONG)
        await dialog.choose("choose_device")
        await dialog.at("abort", "no_devices")
        await dialog.close()
        await scene.grounds.delete_others()


@walk("network")
async def network(scene: Scene) -> None:
    """A coordinator with a network: a new one is confirmed once more; the old one can be kept."""
    async with coordinator(seed=22, is_formed=True) as used:
        dialog = await at_port(scene, used.url)
        await dialog.at("menu", "network", seconds=_LONG)
        await scene.page.picture("network", "dialog-data-entry-flow dialog")
        await dialog.choose("form")
        await dialog.at("form", "form")
        await scene.page.picture("form-again")
        with instead(stored(OVERWRITTEN, "backups"), None):
            # Its network could not be saved before.
            await dialog.submit()
            await dialog.at("form", "port", error="storage_failed", seconds=_LONG)
        await scene.page.picture("form-storage-failed")
        await dialog.close()
        dialog = await at_port(scene, used.url)
        await dialog.at("menu", "network", seconds=_LONG)
        await dialog.choose("form")
        await dialog.at("form", "form")
        await dialog.submit()
        await _created(scene, dialog)
        dialog = await at_port(scene, used.url)
        await dialog.at("menu", "network", seconds=_LONG)
        await dialog.choose("keep")
        await _created(scene, dialog)


@walk("restore")
async def restore(scene: Scene) -> None:
    """A backup of the demo's network, and files that are none."""
    demo = scene.grounds.demo
    await demo.assistant.call(DOMAIN, "create_backup", config_entry_id=demo.entry)
    dialog = await way(scene, "from_backup")
    await dialog.at("form", "choose_backup")
    await dialog.fill(backup="upload", path=f"socket://127.0.0.1:{free_port()}")
    await scene.page.picture("restore-upload", "dialog-data-entry-flow dialog")
    await dialog.submit()
    await dialog.at("form", "upload_backup")
    with tempfile.TemporaryDirectory() as folder:
        for name, content, error in (
            ("picture.json", b"\x89PNG\r\n", "file_unreadable"),
            ("other.json", b'{"format": "something else"}', "not_a_backup"),
            ("newer.json", _NEWER, "backup_newer"),
            ("older.json", b'{"adapterType": "zStack", "data": {}}', "backup_legacy"),
            ("half.json", b'{"network_info": {}, "node_info": {}}', "backup_incomplete"),
            ("large.json", b" " * (4 * 1024 * 1024 + 1), "file_too_large"),
        ):
            path = Path(folder) / name
            path.write_bytes(content)
            await dialog.fill(file=path)
            await dialog.submit()
            await dialog.at("form", "upload_backup", error=error)
        await dialog.fill(file=path)
        delete_uploads()
        await dialog.submit()
        await dialog.at("form", "upload_backup", error="upload_gone")
    await scene.page.picture("restore-wrong-file")
    await dialog.close()
    dialog = await way(scene, "from_backup")
    await dialog.at("form", "choose_backup")
    await dialog.fill(path=f"socket://127.0.0.1:{free_port()}")
    await dialog.submit()
    # The demo's own network is set up already.
    await dialog.at("abort", "already_configured")
    await dialog.close()


@walk("restore-over")
async def restore_over(scene: Scene) -> None:
    """A backup of a network, in place of another one: only once that is confirmed."""
    async with coordinator(seed=23, is_formed=True) as old:
        content = newest_backup(await set_up(scene, old))
        dialog = await way(scene, "from_backup")
        await dialog.at("form", "choose_backup")
        await scene.grounds.delete_others()
        await dialog.fill(path=f"socket://127.0.0.1:{free_port()}")
        await dialog.submit()
        await dialog.at("form", "choose_backup", error="backup_gone")
        await dialog.close()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backup.json"
        path.write_text(content)
        async with coordinator(seed=24, is_formed=True) as other:
            dialog = await way(scene, "from_backup")
            await dialog.at("form", "choose_backup")
            await dialog.fill(backup="upload", path=other.url)
            await dialog.submit()
            await dialog.at("form", "upload_backup")
            await dialog.fill(file=path)
            await dialog.submit()
            await dialog.at("form", "confirm_restore", seconds=_LONG)
            await dialog.submit()
            await dialog.at("form", "confirm_restore", error="not_confirmed")
            await scene.page.picture("confirm-restore", "dialog-data-entry-flow dialog")
            for error, failing in WRITE_ERRORS.items():
                await dialog.fill(overwrite=True)
                async with scene.grounds.replaced(
                    f"custom_components.{DOMAIN}.flows.restore", "restore", failing
                ):
                    await dialog.submit()
                    await dialog.at("form", "confirm_restore", error=error)
            await dialog.fill(overwrite=True)
            await dialog.submit()
            await _created(scene, dialog)


def _archive(folder: Path, *left_out: str) -> Path:
    """A backup as Zigbee2MQTT makes it."""
    path = folder / "zigbee2mqtt-backup.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (_TAKEOVER / "version-2").iterdir():
            if file.name not in left_out:
                archive.write(file, file.name)
    return path


@walk("zigbee2mqtt")
async def zigbee2mqtt(scene: Scene) -> None:
    """Migrate from Zigbee2MQTT: without files, with wrong ones, with a backup, at a wrong port, to the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dialog = await way(scene, "zigbee2mqtt")
        await dialog.at("form", "zigbee2mqtt")
        await dialog.submit()
        await dialog.at("form", "zigbee2mqtt", error="no_file")
        wrong = folder / "wrong.zip"
        wrong.write_bytes(b"PK\x03\x04 no archive")
        await dialog.fill(archive=wrong)
        await dialog.submit()
        await dialog.at("form", "zigbee2mqtt", error="file_unreadable")
        await dialog.close()

        dialog = await way(scene, "zigbee2mqtt")
        await dialog.at("form", "zigbee2mqtt")
        await dialog.fill(archive=_archive(folder, "database.db"))
        await dialog.submit()
        await dialog.at("form", "zigbee2mqtt", error="file_missing")
        await scene.page.picture("zigbee2mqtt-missing")
        await dialog.close()

        for database, lines, error in (
            ("database.db", b"SQLite format 3\x00", "wrong_file"),
            ("empty.db", b'{"id": 1, "type": "Coordinator"}\n', "no_devices_in_file"),
        ):
            dialog = await way(scene, "zigbee2mqtt")
            await dialog.at("form", "zigbee2mqtt")
            await dialog.unfold()
            (folder / database).write_bytes(lines)
            await dialog.fill(
                backup=_TAKEOVER / "version-2" / "coordinator_backup.json",
                database=folder / database,
            )
            await dialog.submit()
            await dialog.at("form", "zigbee2mqtt", error=error)
            await dialog.close()

        state = folder / "home.json"
        shutil.copy(_TAKEOVER / "home.json", state)
        async with coordinator(seed=0, state=state) as used:
            dialog = await way(scene, "zigbee2mqtt")
            await dialog.at("form", "zigbee2mqtt")
            await dialog.fill(archive=_archive(folder))
            await dialog.submit()
            await dialog.at("form", "port")
            await dialog.fill(path=f"socket://127.0.0.1:{free_port()}")
            await dialog.submit()
            await dialog.at("form", "port", error="port_not_found")
            await dialog.fill(path=used.url)
            await dialog.submit()
            await dialog.at("form", "summary", seconds=_LONG)
            await scene.page.picture("move-in", "dialog-data-entry-flow dialog")
            await dialog.submit()
            await _created(scene, dialog)


@walk("zha")
async def zha(scene: Scene) -> None:
    """Migrate from ZHA up to the summary; ZHA runs again when the dialog is closed there."""
    dialog = await way(scene, "zha")
    await dialog.at("form", "zha")
    await dialog.submit()
    await dialog.at("form", "summary", seconds=_LONG)
    await scene.page.picture("zha-summary")
    await dialog.close()
    await scene.grounds.zha_is_loaded()


@walk("zha-and-back")
async def zha_and_back(scene: Scene) -> None:
    """Migrate from ZHA to the end, return to ZHA's network, and migrate once more."""
    grounds = scene.grounds

    async def migrate() -> Dialog:
        dialog = await way(scene, "zha")
        await dialog.at("form", "zha")
        await dialog.submit()
        await dialog.at("form", "summary", seconds=_LONG)
        await dialog.submit()
        return dialog

    try:
        dialog = await migrate()
        await dialog.complete(seconds=_LONG)
        (entry,) = [each["entry_id"] for each in await grounds.others()]
        await grounds.loaded(DOMAIN, entry)
        await grounds.disable(entry, disabled=True)
        await grounds.disable(grounds.zha_entry, disabled=False)
        await grounds.zha_is_loaded()
        dialog = await way(scene, "zha_network")
        await dialog.at("form", "zha_return")
        await scene.page.picture("zha-return", "dialog-data-entry-flow dialog")
        await dialog.submit()
        await dialog.at("abort", "returned_to_zha")
        await dialog.finish()
        await grounds.loaded(DOMAIN, entry)
        dialog = await migrate()
        await dialog.at("abort", "migrated_from_zha", seconds=_LONG)
        await dialog.finish()
        await grounds.loaded(DOMAIN, entry)
    finally:
        await grounds.delete_others()
        await grounds.disable(grounds.zha_entry, disabled=False)
        await grounds.zha_is_loaded()


@walk("guest")
async def guest(scene: Scene) -> None:
    """Use ZHA's network, and its own options; without ZHA it is not offered."""
    dialog = await way(scene, "zha_network")
    await dialog.at("form", "zha_network")
    await scene.page.picture("guest")
    await dialog.submit()
    await dialog.complete(seconds=_LONG)
    dialog = await scene.page.configure("ZHA network")
    menu = await dialog.at("menu", "init")
    assert menu.options == ["choose_device", "mqtt", "zha_entities"], menu.options
    await dialog.choose("zha_entities")
    await dialog.at("form", "zha_entities")
    await dialog.submit()
    await dialog.complete()
    dialog = await scene.page.reconfigure("ZHA network")
    await dialog.at("abort", "guest_stays")
    await dialog.close()
    await scene.grounds.delete_others()


@walk("no-zha")
async def no_zha(scene: Scene) -> None:
    """ZHA's network is offered only while ZHA runs; migrating from it also when it does not."""
    running = await scene.page.add_integration()
    await running.at("menu", "user")
    await scene.grounds.disable(scene.grounds.zha_entry, disabled=True)
    try:
        await running.choose("zha_network")
        await running.at("abort", "zha_not_running")
        await running.close()
        dialog = await scene.page.add_integration()
        menu = await dialog.at("menu", "user")
        assert "zha_network" not in menu.options, menu.options
        assert "zha" in menu.options, menu.options
        await dialog.choose("zha")
        await dialog.at("form", "zha")
        for content, error in (
            (b"no database", "zha_database_unusable"),
            (None, "zha_no_database"),
        ):
            with instead(ZHA_DATABASE, content):
                await dialog.submit()
                await dialog.at("form", "zha", error=error, seconds=_LONG)
        await dialog.close()
    finally:
        await scene.grounds.disable(scene.grounds.zha_entry, disabled=False)
        await scene.grounds.zha_is_loaded()
