"""Programs the demo starts, and ends."""

import asyncio
import contextlib
import fcntl
import os
from pathlib import Path
import signal
import socket

from scripts.demo_api import DemoError

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / os.environ.get("DEMO_FOLDER", ".demo")
"""Home Assistant's configuration; DEMO_FOLDER names another one for a second demo."""

LOG = FOLDER / "output.log"
LOCK = "demo.lock"
"""A file in a demo's folder, locked as long as the demo runs."""


def claim(folder: Path) -> int:
    """Lock a folder for one demo. Returns the descriptor, which unlocks it when it is closed.

    Raises:
        DemoError: a demo runs in it, or it holds something that no demo has made.
    """
    lock = folder / LOCK
    is_other = folder != ROOT / ".demo" and folder.is_dir() and any(folder.iterdir())
    if is_other and not lock.is_file():
        raise DemoError(f"{folder} is not the folder of a demo, so it is left as it is")
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise DemoError(
            f"a demo is already running in {folder}. End it first, or give the second one a "
            "folder of its own: DEMO_FOLDER=.demo-2 scripts/demo"
        ) from error
    return descriptor


def free_port(wanted: int = 0) -> int:
    """A free TCP port on loopback, the wanted one if it is."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise DemoError("no free port")


class Process:
    """A program we started, and end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, *command: str, log: Path, pipe: bool = False) -> Process:
        """Start a program; its output goes to `log`, or to `line` if it is piped."""
        with log.open("ab") as output:
            return cls(
                await asyncio.create_subprocess_exec(
                    *command,
                    cwd=ROOT,
                    stdout=asyncio.subprocess.PIPE if pipe else output,
                    stderr=output,
                    start_new_session=True,
                )
            )

    async def line(self) -> str:
        """Its next line."""
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()

    async def wait(self) -> None:
        """Until it ends by itself."""
        await self._process.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._process.returncode is not None

    def kill(self) -> None:
        """End it and what it started at once, in the middle of whatever it does."""
        os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """End it, at last by force."""
        if self.ended:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(20):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
