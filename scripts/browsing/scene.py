"""The table of walks, and what a walk is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scripts.browsing.grounds import Grounds
from scripts.browsing.page import Page


@dataclass(frozen=True)
class Scene:
    """The context of a walk.

    Attributes:
        page: a tab that nothing has happened in.
        grounds: what runs behind it.
    """

    page: Page
    grounds: Grounds


type Steps = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True)
class Walk:
    """A way through the frontend.

    Attributes:
        is_everywhere: whether it is made in every look.
        in_each_language: whether it is made in every language.
        is_slow: whether it takes minutes, and is made once only.
    """

    name: str
    run: Steps
    is_everywhere: bool
    in_each_language: bool
    is_slow: bool


WALKS: dict[str, Walk] = {}
"""By their names, in the order they are made."""


def walk(
    name: str,
    *,
    is_everywhere: bool = False,
    in_each_language: bool = False,
    is_slow: bool = False,
) -> Callable[[Steps], Steps]:
    """Put a function into the table of walks."""

    def put(steps: Steps) -> Steps:
        WALKS[name] = Walk(name, steps, is_everywhere, in_each_language, is_slow)
        return steps

    return put
