"""Keeps the translations in step with the English texts.

    python -m scripts.translations missing de           texts without a German one, as flat JSON
    python -m scripts.translations merge de texts.json  takes flat JSON in, in the order of the English file

A text is named by its path in the file, with dots: ``config.step.user.title``.
"""

import argparse
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import sys
from typing import Any

FOLDER = Path(__file__).parents[1] / "custom_components" / "aqara_zigbee" / "translations"

LANGUAGES = ("cs", "de", "es", "fr", "it", "nl", "pl", "pt-BR", "ru", "sv", "uk", "zh-Hans")
"""Languages that are complete, besides English."""


def flat(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Texts by their path in a file, in its order."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield path + key, value
        else:
            yield from flat(value, f"{path}{key}.")


def nested(texts: Mapping[str, str]) -> dict[str, Any]:
    """The file of texts by their path."""
    file: dict[str, Any] = {}
    for path, text in texts.items():
        *parents, key = path.split(".")
        place = file
        for parent in parents:
            place = place.setdefault(parent, {})
        place[key] = text
    return file


def read(language: str) -> dict[str, str]:
    """The texts of a language; none if it has no file."""
    path = FOLDER / f"{language}.json"
    return dict(flat(json.loads(path.read_text()))) if path.exists() else {}


def missing(language: str) -> dict[str, str]:
    """English texts that a language lacks."""
    known = read(language)
    return {path: text for path, text in read("en").items() if path not in known}


def merge(language: str, texts: Mapping[str, str]) -> list[str]:
    """Write a language's file with more texts; those that English lacks are dropped.

    Returns:
        paths that English does not have.
    """
    known = {**read(language), **texts}
    english = read("en")
    ordered = {path: known[path] for path in english if path in known}
    text = json.dumps(nested(ordered), ensure_ascii=False, indent=2)
    (FOLDER / f"{language}.json").write_text(text + "\n")
    return [path for path in known if path not in english]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("missing").add_argument("language")
    command = commands.add_parser("merge")
    command.add_argument("language")
    command.add_argument("file", type=Path)
    options = parser.parse_args()
    if options.command == "missing":
        json.dump(missing(options.language), sys.stdout, ensure_ascii=False, indent=2)
        print()
    else:
        for path in merge(options.language, json.loads(options.file.read_text())):
            print(f"not in en.json, left out: {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
