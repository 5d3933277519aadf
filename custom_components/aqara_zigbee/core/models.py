"""The models, and their definitions. A new one is a file in ``core/devices`` and a line below.

The rest is in docs/architecture.md. A definition is imported when a device needs it: most homes have
devices of a few models only.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import override

from .definition import Definition

MODELS: Mapping[str, str] = {
    "lumi.lock.acn02": "lock_s2",
    "lumi.lock.aq1": "lock",
    "lumi.remote.rkba01": "knob_h1",
    "lumi.plug": "plug_mi",
    "lumi.relay.c2acn01": "relay_dual",
    "lumi.weather": "weather",
    "lumi.sensor_magnet.aq2": "contact",
    "lumi.curtain.acn002": "shade_e1",
    "lumi.remote.b1acn01": "mini_switch",
}
"""The file in ``core/devices`` of each Zigbee model identifier.

The definition in it is a constant with the name of the file, in upper case."""


class Definitions(Mapping[str, Definition]):
    """Definitions by Zigbee model identifier, each imported when it is first needed.

    An import reads files, so `load` is called in an executor before. A definition that was not
    loaded is imported all the same.

    Attributes:
        loaded: the imported definitions.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        """Import nothing yet.

        Args:
            files: as `MODELS`.
        """
        self.loaded: dict[str, Definition] = {}
        self._files = files

    @override
    def __getitem__(self, zigbee_model: str) -> Definition:
        """Return a definition.

        Raises:
            KeyError: the model is unknown.
            ValueError: its file has no definition of this model.
        """
        if zigbee_model not in self.loaded:
            self.loaded[zigbee_model] = _definition(zigbee_model, self._files[zigbee_model])
        return self.loaded[zigbee_model]

    @override
    def __contains__(self, zigbee_model: object) -> bool:
        return zigbee_model in self._files or zigbee_model in self.loaded

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    @override
    def __len__(self) -> int:
        return len(self._files)

    @property
    def are_loaded(self) -> bool:
        """Whether no definition has to be imported any more."""
        return self.loaded.keys() >= self._files.keys()

    def load(self, zigbee_models: Iterable[str] | None = None) -> None:
        """Import the definitions of some models, or all of them. Unknown models have none."""
        for model in self._files if zigbee_models is None else zigbee_models:
            self.get(model)

    def distinct(self) -> tuple[Definition, ...]:
        """Return every definition once, in the order of the models."""
        return tuple({id(each): each for each in self.values()}.values())


def _definition(zigbee_model: str, file: str) -> Definition:
    module = import_module(f".devices.{file}", __package__)
    definition: object = getattr(module, file.upper(), None)
    if not isinstance(definition, Definition) or zigbee_model not in definition.zigbee_models:
        raise ValueError(f"core/devices/{file}.py has no {file.upper()} for {zigbee_model}")
    return definition


DEFINITIONS = Definitions(MODELS)
"""All definitions by Zigbee model identifier."""
