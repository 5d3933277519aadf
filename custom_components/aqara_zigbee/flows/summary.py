"""The summary of a migration, which the config flow shows before it starts.

The texts are those of ``selector.takeover`` in the translations.
"""

from collections.abc import Iterable, Iterator, Mapping

from ..core.models import DEFINITIONS
from ..core.radio import Ieee
from ..mirror.names import address
from ..mirror.topics import topic_name
from ..radio.backup import Backup
from ..radio.migration.source import SourceDevice, model_of
from ..radio.migration.survey import CoordinatorAction, Survey
from ..texts import Texts, plain

_MOST_LINES = 10
"""Maximum number of listed lines."""

type _Names = Mapping[Ieee, str | None]


def coordinator_line(found: Survey, held: Backup | None, texts: Texts) -> str:
    """Return the action on the coordinator."""
    network = found.network
    line = texts.put(
        found.deed,
        channel=network.channel,
        pan_id=f"0x{network.pan_id:04x}",
        extended_pan_id=network.extended_pan_id,
    )
    if found.deed is CoordinatorAction.OVERWRITE and held is not None:
        line += " " + texts.put(
            "overwritten_network",
            channel=held.channel,
            extended_pan_id=held.extended_pan_id,
            devices=held.devices,
        )
    return line


def device_list(found: Survey, names: _Names, texts: Texts) -> str:
    """Return all devices, by what they become."""
    parts = [
        _part(texts.put(title, count=len(members)), (_device(m, names) for m in members))
        for title, members in (
            ("devices_ours", found.ours),
            ("devices_others", found.others),
            ("devices_unknown", found.unknown),
        )
        if members
    ]
    return "\n\n".join(parts)


def loss_list(found: Survey, texts: Texts, *, is_mqtt: bool = False) -> str:
    """Return what is not migrated.

    Args:
        found: the survey.
        texts: the translated texts.
        is_mqtt: whether the devices were on MQTT, where they are registered again.
    """
    lines = ", ".join(map(str, found.damaged_lines[:_MOST_LINES]))
    if len(found.damaged_lines) > _MOST_LINES:
        lines += ", …"
    losses = [texts.put(loss, count=n, lines=lines) for loss, n in found.losses.items()]
    if is_mqtt:
        losses += [
            texts["old_mqtt_devices"],
            *(
                texts.put("topic_changes", name=plain(old), topic=plain(new))
                for old, new in _topics(found)
            ),
        ]
    return _part(texts["losses"], (texts["lost_always"], *losses))


def _topics(found: Survey) -> Iterator[tuple[str, str]]:
    """Yield friendly names that are not allowed in topics, and their replacements."""
    for member in found.ours:
        if member.name is not None and (topic := topic_name(member.name)) != member.name:
            yield member.name, topic or address(member.node.ieee)


def doubt_list(found: Survey, texts: Texts) -> str:
    """Return the warnings."""
    if not found.doubts:
        return ""
    return _part(texts["doubts"], (texts[doubt] for doubt in found.doubts))


def _part(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"**{title}**", "", *(f"- {line}" for line in lines)])


def _device(member: SourceDevice, names: _Names) -> str:
    """Return a device's name and model, or its model and address if it has no name.

    The name is a user's text and must not act as Markdown.
    """
    model = model_of(member.node)
    kind = DEFINITIONS[model].description if model in DEFINITIONS else model
    ieee = member.node.ieee
    name = names.get(ieee) or member.name
    first, *second = [part for part in (name, kind, None if name else ieee) if part]
    return plain(f"{first} ({second[0]})" if second else first)
