"""Actions of people on a device: methods marked with `@action`, offered by the control port."""

from collections.abc import Callable
import inspect

type Action = Callable[..., object]


def action[F: Action](method: F) -> F:
    """Mark a method as an action of a person."""
    method.__dict__["is_action"] = True
    return method


def actions_of(device: object) -> dict[str, Action]:
    """Return the actions of a device by name."""
    marked = inspect.getmembers(type(device), lambda each: getattr(each, "is_action", False))
    return {name: getattr(device, name) for name, _ in marked}
