"""What a move would do, in words: the summary that the config flow shows before it does anything.

The words are those of ``selector.takeover`` in the translations.
"""

from collections.abc import Iterable, Mapping

from ..core.devices import DEFINITIONS
from ..core.radio import Ieee
from ..phrases import Phrases
from ..radio.backup import Backup
from ..radio.takeover import Deed, Member, Survey, model_of

type _Names = Mapping[Ieee, str | None]


def stick_line(found: Survey, network: Backup, held: Backup | None, words: Phrases) -> str:
    """What is done to the stick."""
    line = words.put(
        found.deed,
        channel=network.channel,
        pan_id=f"0x{network.pan_id:04x}",
        extended_pan_id=network.extended_pan_id,
    )
    if found.deed is Deed.OVERWRITE and held is not None:
        line += " " + words.put(
            "overwritten_network",
            channel=held.channel,
            extended_pan_id=held.extended_pan_id,
            devices=held.devices,
        )
    return line


def device_list(found: Survey, names: _Names, words: Phrases) -> str:
    """All devices, by what becomes of them."""
    parts = [
        _part(words.put(title, count=len(members)), (_device(m, names) for m in members))
        for title, members in (
            ("devices_ours", found.ours),
            ("devices_others", found.others),
            ("devices_unknown", found.unknown),
        )
        if members
    ]
    return "\n\n".join(parts)


def loss_list(found: Survey, words: Phrases) -> str:
    """What does not come along."""
    return _part(
        words["losses"],
        (words["lost_always"], *(words.put(loss, count=n) for loss, n in found.losses.items())),
    )


def doubt_list(found: Survey, words: Phrases) -> str:
    """What one should know before."""
    if not found.doubts:
        return ""
    return _part(words["doubts"], (words[doubt] for doubt in found.doubts))


def _part(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"**{title}**", "", *(f"- {line}" for line in lines)])


def _device(member: Member, names: _Names) -> str:
    """A device by name, and what it is. A name is somebody's text: it must not act as Markdown."""
    model = model_of(member.node)
    kind = DEFINITIONS[model].description if model in DEFINITIONS else model
    name = names.get(member.node.ieee) or member.name or member.node.ieee
    return _plain(f"{name} ({kind})" if kind else name)


def _plain(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text)
