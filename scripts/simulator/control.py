"""A second door to the home, for people and scripts: one JSON object a line, answered by one line.

    {"do": "list"}
    {"do": "press", "device": "plug"}
    {"do": "finger", "device": "locks2", "user": 3}
    {"do": "add", "model": "lumi.relay.c2acn01", "options": {"version": 47}, "join": true}
    {"do": "confirm", "status": 225, "times": 3}
    {"do": "unplug"}

The answer is `{"ok": true, …}` or `{"ok": false, "error": "…"}`. `list` names every device's
actions and what they take. Loopback only, eight guests at most, four kilobytes a line.
"""

from annotationlib import Format
import asyncio
from collections.abc import Callable
import inspect
import json
from typing import Any

from custom_components.aqara_zigbee.simulator.actions import Action, actions_of
from custom_components.aqara_zigbee.simulator.devices import MODELS
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.life import Life
from custom_components.aqara_zigbee.simulator.node import Node

LONGEST_LINE = 4096
MOST_GUESTS = 8

_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "float | None": (int, float, type(None)),
    "bool": (bool,),
    "str": (str,),
}


class RefusedError(ValueError):
    """The request is invalid; the text is the reason."""


def _parameters(action: Action) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(action, annotation_format=Format.STRING).parameters)


class Control:
    """The door.

    Args:
        home: what it leads to.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.life: Life | None = None
        self._server: asyncio.Server | None = None
        self._guests: set[asyncio.Task[Any]] = set()
        self._orders: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "list": self._list,
            "add": self._add,
            "remove": self._remove,
            "confirm": self._confirm,
            "silence": self._silence,
            "half_open": self._half_open,
            "heal": self._heal,
            "drop_link": self._drop_link,
            "reset": self._reset,
            "unplug": self._unplug,
            "plug_in": self._plug_in,
            "live": self._live,
            "snapshot": lambda _request: {"snapshot": self.home.snapshot()},
        }

    # -- The line --------------------------------------------------------------------------------

    async def serve(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Open the door. Returns the port number."""
        self._server = await asyncio.start_server(self._welcome, host, port, limit=LONGEST_LINE)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Close it and send everyone home."""
        if self.life is not None:
            self.life.stop()
        if self._server is not None:
            self._server.close()
        for guest in list(self._guests):
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            if len(self._guests) < MOST_GUESTS:
                self._guests.add(task)
                await self._talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            self._guests.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:  # too long: further lines cannot be separated
                writer.write(
                    _line({"ok": False, "error": f"more than {LONGEST_LINE} bytes in a line"})
                )
                return
            if not line:
                return
            writer.write(_line(self.answer(line)))
            await writer.drain()

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one line. It never raises."""
        try:
            return {"ok": True, **self._carry_out(json.loads(line))}
        except RefusedError as error:
            return {"ok": False, "error": str(error)}
        except (ValueError, RecursionError) as error:
            return {"ok": False, "error": f"not understood: {error}"}

    def _carry_out(self, request: Any) -> dict[str, Any]:
        if not isinstance(request, dict):
            raise RefusedError("not an object")
        order = request.pop("do", None)
        if not isinstance(order, str):
            raise RefusedError("what to do is missing")
        if order in self._orders:
            return self._orders[order](request)
        if not any(order in actions_of(node) for node in self.home.devices):
            raise RefusedError(
                f"{order!r} is unknown. Known: {', '.join(sorted(self._orders))}, and what devices "
                "can do, which list shows"
            )
        node = self._device(request.pop("device", None))
        action = actions_of(node).get(order)
        if action is None:
            raise RefusedError(
                f"{node.name} cannot {order}. It can: {', '.join(sorted(actions_of(node)))}"
            )
        result = action(**self._fitting(action, request))
        return {"result": result} if isinstance(result, bool) else {}

    # -- Understanding requests --------------------------------------------------------------------

    def _device(self, name: Any) -> Node:
        try:
            return self.home.device(name)
        except KeyError, TypeError:
            known = ", ".join(sorted(node.name for node in self.home.devices))
            reason = "which device is missing" if name is None else f"there is no device {name!r}"
            raise RefusedError(f"{reason}. There are: {known}") from None

    def _fitting(self, action: Action, given: dict[str, Any]) -> dict[str, Any]:
        """Arguments as the action's signature wants them; those for devices are names."""
        wanted = _parameters(action)
        if unknown := given.keys() - wanted.keys():
            raise RefusedError(f"no argument {', '.join(sorted(unknown))}")
        missing = [
            name
            for name, parameter in wanted.items()
            if parameter.default is parameter.empty and name not in given
        ]
        if missing:
            raise RefusedError(f"{', '.join(missing)} missing")
        return {name: self._value(wanted[name], value) for name, value in given.items()}

    def _value(self, parameter: inspect.Parameter, value: Any) -> Any:
        kind = str(parameter.annotation)
        if kind == "Member | None":
            return None if value is None else self._device(value)
        if (isinstance(value, bool) and kind != "bool") or not isinstance(value, _TYPES[kind]):
            raise RefusedError(f"{parameter.name} is to be {kind}")
        return value

    @staticmethod
    def _number(request: dict[str, Any], name: str, default: int | None) -> int | None:
        value = request.get(name, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise RefusedError(f"{name} is to be int")
        return value

    # -- Orders to the home ------------------------------------------------------------------------

    def _list(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"devices": [self._describe(node) for node in self.home.devices]}

    @staticmethod
    def _describe(node: Node) -> dict[str, Any]:
        return {
            "name": node.name,
            "ieee": node.ieee,
            "model": node.MODEL,
            "nwk": node.nwk,
            "joined": node.joined,
            "powered": node.powered,
            "awake": node.awake,
            "actions": {
                name: {
                    each: str(parameter.annotation)
                    for each, parameter in _parameters(action).items()
                }
                for name, action in actions_of(node).items()
            },
        }

    def _add(self, request: dict[str, Any]) -> dict[str, Any]:
        kind = MODELS.get(request.get("model", ""))
        options = request.get("options", {})
        if kind is None:
            raise RefusedError(f"that model is unknown. Models are {', '.join(sorted(MODELS))}")
        if not isinstance(options, dict):
            raise RefusedError("options are to be an object")
        if unknown := options.keys() - inspect.signature(kind).parameters.keys():
            raise RefusedError(f"no option {', '.join(sorted(unknown))}")
        node = kind(**options)
        node.name = str(request.get("name", ""))
        self.home.add(node)
        joined = bool(request.get("join")) and node.pair()
        return {"device": self._describe(node), "joined": joined}

    def _remove(self, request: dict[str, Any]) -> dict[str, Any]:
        self.home.remove(self._device(request.get("device")))
        return {}

    def _confirm(self, request: dict[str, Any]) -> dict[str, Any]:
        node = self._device(request["device"]) if "device" in request else None
        status = self._number(request, "status", 225)
        self.home.faults.confirm(status or 0, node=node, times=self._number(request, "times", None))
        return {}

    def _silence(self, request: dict[str, Any]) -> dict[str, Any]:
        self.home.faults.silent = bool(request.get("on", True))
        return {}

    def _half_open(self, request: dict[str, Any]) -> dict[str, Any]:
        self.home.faults.half_open = bool(request.get("on", True))
        return {}

    def _heal(self, _request: dict[str, Any]) -> dict[str, Any]:
        self.home.faults.clear()
        return {}

    def _drop_link(self, _request: dict[str, Any]) -> dict[str, Any]:
        self.home.drop_link()
        return {}

    def _unplug(self, _request: dict[str, Any]) -> dict[str, Any]:
        self.home.unplug()
        return {}

    def _plug_in(self, _request: dict[str, Any]) -> dict[str, Any]:
        self.home.port.push_in()
        return {}

    def _reset(self, _request: dict[str, Any]) -> dict[str, Any]:
        self.home.reset_radio()
        return {}

    def _live(self, request: dict[str, Any]) -> dict[str, Any]:
        """Let days pass at a factor; 0 stops them."""
        factor = request.get("factor", 60)
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or factor < 0:
            raise RefusedError("factor is to be float, 0 or more")
        if self.life is not None:
            self.life.stop()
        self.life = Life(self.home, factor=factor, seed=self.home.seed) if factor else None
        if self.life is not None:
            self.life.start()
        return {}


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"
