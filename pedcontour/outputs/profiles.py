"""Profiles of planning systems: presets of the output options, as data (``profiles.toml``)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pedcontour.errors import OutputOptionError

GENERIC = "generic"
"""The profile of a request that names none."""


@dataclass(frozen=True)
class Profile:
    """A planning system, and the values of ``OutputStyle`` that suit it; what a request says itself wins."""

    id: str
    title: str
    preset: Mapping[str, Any]


@cache
def all_profiles() -> dict[str, Profile]:
    """Every profile by its id, in the order of ``profiles.toml``."""
    tables = tomllib.loads(files("pedcontour.outputs").joinpath("profiles.toml").read_text("utf-8"))
    return {
        name: Profile(name, table["title"], {key: value for key, value in table.items() if key != "title"})
        for name, table in tables.items()
    }


def find_profile(name: str | None) -> Profile:
    """A profile by its id, ignoring case; None is ``generic``. Raises ``OutputOptionError`` that lists the ids."""
    profile = all_profiles().get((name or GENERIC).casefold())
    if profile is None:
        raise OutputOptionError(f"profile is {str(name)[:32]!r}; choose {', '.join(all_profiles())}")
    return profile
