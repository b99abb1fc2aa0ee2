"""What the regions are called in the files: TG-263, or a site's own template, checked before anything is drawn."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pedcontour.errors import NamesInvalidError
from pedcontour.organs import all_organs

Colour = tuple[int, int, int]

ALLOWED = re.compile(r"[!-\[\]-~]([ -\[\]-~]*[!-\[\]-~])?")
"""Printable ASCII without the backslash, which separates values in DICOM, and without blanks at the ends, which it
drops. Results carry the character set of the CT, whatever it is: ASCII is what all of them share."""

TEMPLATE_ENDINGS = (".toml", ".json")
"""A template is one or the other, by the end of its file's name."""

MAX_TITLE_LENGTH = 200

REVIEW_SUFFIX = "_rev"
"""Follows an organ's name in that of the region which an absence rule took out of it, kept for a look."""

REVIEW_COLOUR: Colour = (255, 0, 255)
"""Every such region: no organ has it."""


def review_name(roi_name: str) -> str:
    """The name of what was taken out of the region of this name."""
    return roi_name + REVIEW_SUFFIX


@dataclass(frozen=True)
class RoiName:
    """A site's name for an organ, and its colour (RGB 0-255) where the site has one of its own."""

    name: str
    colour: Colour | None = None


@dataclass(frozen=True)
class RoiNames:
    """ROI names and colours by organ id; organs that ``own`` leaves out keep those of ``organs.toml``."""

    id: str
    title: str
    own: Mapping[str, RoiName] = field(default_factory=dict)

    def name_of(self, organ: str) -> str:
        """ROI name in the RTSTRUCT and segment label in the SEG."""
        return self.own[organ].name if organ in self.own else all_organs()[organ].tg263

    def review_name_of(self, organ: str) -> str:
        """Name of what an absence rule took out of an organ."""
        return review_name(self.name_of(organ))

    def colour_of(self, organ: str) -> Colour:
        """RGB 0-255 in every output."""
        own = self.own.get(organ)
        return (own.colour if own else None) or all_organs()[organ].colour

    def check(self, longest: int, *, review: bool = False) -> None:
        """Raise ``NamesInvalidError`` when a name is longer than ``longest``, not allowed in DICOM, or used twice.

        Names that differ only in case are one name: planning systems take them for the same structure. With ``review``
        the names of what may be taken out of organs for review count too.
        """
        names = {organ: self.name_of(organ) for organ in all_organs()}
        if review:
            removable = [organ.id for organ in all_organs().values() if organ.may_be_absent]
            names |= {review_name(organ): review_name(names[organ]) for organ in removable}
        taken: dict[str, str] = {}
        for organ, name in names.items():
            if not ALLOWED.fullmatch(name):
                raise NamesInvalidError(f"{organ}: a name is printable ASCII without backslash or blanks at its ends")
            if len(name) > longest:
                raise NamesInvalidError(f"{organ}: {name[:64]!r} has {len(name)} characters, at most {longest} fit")
            other = taken.setdefault(name.casefold(), organ)
            if other != organ:
                raise NamesInvalidError(f"{organ} and {other} are both called {name[:64]!r}")


TG263 = RoiNames("tg263", "AAPM TG-263, as in organs.toml")
"""The names of ``organs.toml``: at most 16 characters."""


def read_template(path: Path) -> RoiNames:
    """A template file, TOML or JSON by its ending; its id is its name without the ending.

    Raises ``NamesInvalidError``; lengths are checked against a style's limit later.
    """
    try:
        text = path.read_text("utf-8")
        document = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError):
        raise NamesInvalidError("the template is not a readable TOML or JSON file") from None
    return parse_template(path.stem, document)


def parse_template(template_id: str, document: Any) -> RoiNames:
    """A template's document: an optional ``title`` and a table ``names``. Raises ``NamesInvalidError``."""
    if not isinstance(document, dict) or not isinstance(document.get("names"), dict):
        raise NamesInvalidError("the template has no table [names]")
    if strangers := sorted(document.keys() - {"title", "names"}):
        raise NamesInvalidError(f"the template has unknown parts: {', '.join(map(_quoted, strangers))}")
    title = document.get("title", template_id)
    if not isinstance(title, str) or len(title) > MAX_TITLE_LENGTH:
        raise NamesInvalidError(f"the title is a text of at most {MAX_TITLE_LENGTH} characters")
    return RoiNames(template_id, title, parse_names(document["names"]))


def parse_names(table: Mapping[str, Any]) -> dict[str, RoiName]:
    """Organ id to a name, or to a table ``{name, colour}``. Raises ``NamesInvalidError``."""
    return {organ: _roi_name(organ, entry) for organ, entry in table.items()}


def _roi_name(organ: str, entry: Any) -> RoiName:
    if organ not in all_organs():
        raise NamesInvalidError(f"{_quoted(organ)} is no organ id of organs.toml")
    given = {"name": entry} if isinstance(entry, str) else entry
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or given.keys() - {"name", "colour"}:
        raise NamesInvalidError(f"{organ}: give a name, or a table with name and colour")
    return RoiName(given["name"], _colour(organ, given["colour"]) if given.get("colour") is not None else None)


def _colour(organ: str, value: Any) -> Colour:
    if not isinstance(value, list | tuple) or len(value) != 3 or not all(_is_level(level) for level in value):
        raise NamesInvalidError(f"{organ}: a colour is three whole numbers from 0 to 255")
    red, green, blue = value
    return red, green, blue


def _is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _quoted(text: Any) -> str:
    return repr(str(text)[:32])
