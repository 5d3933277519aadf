"""The demo's checks and their results."""

from collections.abc import Awaitable, Callable

from scripts.demo_api import DemoError, soon


class Report:
    """Checks and their results."""

    def __init__(self) -> None:
        self.failures: list[str] = []

    async def expect(
        self, what: str, condition: Callable[[], Awaitable[bool]], seconds: float = 20
    ) -> None:
        """Wait until something is so; note it when it does not come."""

        async def attempt() -> bool | None:
            return await condition() or None

        try:
            await soon(what, attempt, seconds)
        except DemoError as error:
            self.failures.append(str(error))
            print(f"  FAILED  {what}")
        else:
            print(f"  ok      {what}")
