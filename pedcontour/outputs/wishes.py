"""What a user asks of the outputs, in words, and what becomes of it: the one place where it is parsed and checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pedcontour.outputs.names import RoiNames
from pedcontour.outputs.profiles import find_profile
from pedcontour.outputs.style import DECIMALS, NAME_LENGTHS, OutputStyle, check_choice


@dataclass(frozen=True)
class OutputWishes:
    """The output options as typed, on the command line or in a request; None and () leave a choice to the profile.

    ``names`` is the id of a template (on the command line also a path); numbers are texts, as they come.
    """

    profile: str | None = None
    outputs: tuple[str, ...] = ()
    seg_encoding: str | None = None
    holes: str | None = None
    decimals: str | None = None
    name_length: str | None = None
    names: str | None = None
    empty_rois: str | None = None

    def given(self) -> dict[str, str | list[str]]:
        """The options that were given, by name: what a client sends."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items() if value}


WISH_FIELDS = tuple(field.name for field in fields(OutputWishes))
"""The options' names, the same everywhere."""


def style_of(wishes: OutputWishes, find_names: Callable[[str], RoiNames]) -> OutputStyle:
    """The style that a user's words stand for: the profile's values, replaced by what was said.

    ``find_names`` gives the template of an id. Raises ``OutputOptionError`` that lists the valid values,
    ``NamesInvalidError`` when a template cannot be used or its names do not fit.
    """
    profile = find_profile(wishes.profile)
    said: dict[str, Any] = {
        "formats": tuple(name.casefold() for name in wishes.outputs),
        "seg_encoding": _word(wishes.seg_encoding),
        "holes": _word(wishes.holes),
        "empty_rois": _word(wishes.empty_rois),
        "decimals": _number("decimals", wishes.decimals, DECIMALS),
        "name_length": _number("name_length", wishes.name_length, NAME_LENGTHS),
        "names": find_names(wishes.names) if wishes.names else None,
    }
    return OutputStyle(**_over(profile.preset, said), profile=profile.id)


def _over(preset: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    return {**preset, **{name: value for name, value in said.items() if value not in (None, ())}}


def _word(value: str | None) -> str | None:
    return value.casefold() if value else None


def _number(option: str, text: str | None, valid: range) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        check_choice(option, text, valid)
    return int(text)
