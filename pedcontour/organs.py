"""Every organ as data: names, codes, colours and sides, read once from ``organs.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pedcontour.errors import StructureUnknownError

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Organ:
    """One organ at risk.

    ``tg263`` is its ROI name (at most 16 characters), ``code`` and ``meaning`` its SNOMED CT property type,
    ``laterality`` the side of a paired organ, ``lies`` the patient's side where most of it lies in usual anatomy,
    ``colour`` its RGB 0-255 in every output, ``usual_ml_per_mm3`` its usual volume over the cube of the trunk's
    effective diameter, or None.
    """

    id: str
    name: str
    tg263: str
    code: str
    meaning: str
    colour: tuple[int, int, int]
    laterality: Side | None = None
    lies: Side | None = None
    evaluated: bool = False
    may_be_absent: bool = False
    usual_ml_per_mm3: float | None = None


@cache
def all_organs() -> dict[str, Organ]:
    """Every known organ by its id, in the order of ``organs.toml``, which is the project's own label order from 1."""
    tables = tomllib.loads(files("pedcontour").joinpath("organs.toml").read_text("utf-8"))["organ"]
    organs = [Organ(**{**table, "colour": tuple(table["colour"])}) for table in tables]
    return {organ.id: organ for organ in organs}


def default_labels() -> dict[int, str]:
    """The project's own label set: 1 spleen ... 19 gallbladder, 0 being background."""
    return dict(enumerate(all_organs(), start=1))


def find_organ(name: str) -> Organ:
    """An organ by its id or its TG-263 name, ignoring case: what users type.

    Raises ``StructureUnknownError`` when there is none.
    """
    wanted = name.strip().casefold()
    for organ in all_organs().values():
        if wanted in (organ.id.casefold(), organ.tg263.casefold()):
            return organ
    raise StructureUnknownError(f"no organ is called {name[:32]!r}")
