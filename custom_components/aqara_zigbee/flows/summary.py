"""The summary of a migration, which the config flow shows before it starts.

The texts are those of ``selector.takeover`` in the translations.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from ..core.models import DEFINITIONS
from ..core.radio import Ieee
from ..mirror.names import address
from ..mirror.topics import topic_name
from ..radio.backup import Backup
from ..radio.migration.source import SourceDevice, model_of
from ..radio.migration.survey import CoordinatorAction, Survey
from ..texts import Texts, plain

_MOST_LISTED = 10
"""Maximum number of listed lines, and of listed options."""

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
        _part(texts.put(title, count=len(members)), (_device(m, names) for m in members), note)
        for title, note, members in (
            ("devices_ours", "", found.ours),
            ("devices_others", texts["devices_others_note"], found.others),
            ("devices_unknown", texts["devices_unknown_note"], found.unknown),
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
    lines = _some(map(str, found.damaged_lines))
    options = _some(map(plain, found.lost_options))
    losses = [
        texts.put(loss, count=n, lines=lines, options=options) for loss, n in found.losses.items()
    ]
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


def _some(values: Iterable[str]) -> str:
    first = list(islice(values, _MOST_LISTED + 1))
    return ", ".join([*first[:_MOST_LISTED], *("…" for _ in first[_MOST_LISTED:])])


def _part(title: str, lines: Iterable[str], note: str = "") -> str:
    head = [f"**{title}**", "", *([note, ""] if note else [])]
    return "\n".join([*head, *(f"- {line}" for line in lines)])


def _device(member: SourceDevice, names: _Names) -> str:
    """Return a device's name and model, or its model and address if it has no name.

    The name is a user's text and must not act as Markdown.
    """
    model = model_of(member.node)
    kind = DEFINITIONS[model].description if model in DEFINITIONS else model
    ieee = member.node.ieee
    name = names.get(ieee) or member.name
    return plain(" · ".join(part for part in (name, kind, None if name else ieee) if part))
