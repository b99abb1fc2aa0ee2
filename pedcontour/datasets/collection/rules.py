"""What ROI names mean and how a site annotates: the built-in names, and a site file that goes before them."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pedcontour.errors import SiteFileError
from pedcontour.organs import all_organs

BUILT_IN = 1_000
"""Rank of every built-in name: behind all names of a site file, which rank by their order there."""

_INSIGNIFICANT = str.maketrans("", "", " _-.+()")

Kind = Literal["organ", "part", "together", "ignored"]


@dataclass(frozen=True)
class Meaning:
    """What a name stands for; of several names of one thing the lowest ``rank`` is meant."""

    kind: Kind
    id: str
    rank: int


@dataclass(frozen=True)
class Stated:
    """What the site states of one case: organs that surgery removed, and organs that are not to be relied on."""

    absent: frozenset[str] = frozenset()
    unannotated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """How the structure sets of a site are read.

    ``absent`` are organs drawn in every case that has them, so that a missing one was removed. ``divided`` are the ids
    of ``together`` whose two sides are told apart by place. ``newest`` takes the latest of several structure sets of a
    series; ``images_complete`` wants every image here that it refers to. ``digest`` tells whether anything but
    ``cases`` changed.
    """

    meanings: Mapping[str, Meaning]
    beginnings: tuple[str, ...]
    composed: Mapping[str, tuple[tuple[str, ...], ...]]
    together: Mapping[str, tuple[str, ...]]
    absent: frozenset[str] = frozenset()
    divided: frozenset[str] = frozenset()
    gaps_allowed: bool = False
    sides_checked: bool = True
    newest: bool = False
    images_complete: bool = True
    cases: Mapping[str, Stated] = field(default_factory=dict)
    digest: str = ""

    def meaning_of(self, name: str) -> Meaning | None:
        """What a ROI name stands for, or None where nobody said."""
        known = self.meanings.get(folded(name))
        if known is None and name.strip().casefold().startswith(self.beginnings):
            return Meaning("ignored", "", BUILT_IN)
        return known


def folded(name: str) -> str:
    """A name without what does not count in it."""
    return name.casefold().translate(_INSIGNIFICANT)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Together(_Strict):
    names: list[str] = Field(default_factory=list)
    organs: list[str] = Field(min_length=2, max_length=2)


class _Ignored(_Strict):
    names: list[str] = Field(default_factory=list)
    beginnings: list[str] = Field(default_factory=list)


class _Case(_Strict):
    absent: list[str] = Field(default_factory=list)
    unannotated: list[str] = Field(default_factory=list)


class _Names(_Strict):
    """The tables that both files have."""

    organs: dict[str, list[str]] = Field(default_factory=dict)
    parts: dict[str, list[str]] = Field(default_factory=dict)
    composed: dict[str, list[list[str]]] = Field(default_factory=dict)
    together: dict[str, _Together] = Field(default_factory=dict)
    ignored: _Ignored = Field(default_factory=_Ignored)


class _SiteFile(_Names):
    absent_if_missing: list[str] = Field(default_factory=list)
    divide: list[str] = Field(default_factory=list)
    gaps: Literal["refuse", "allow"] = "refuse"
    sides: Literal["check", "trust"] = "check"
    structure_sets: Literal["only", "newest"] = "only"
    images: Literal["all", "some"] = "all"
    cases: dict[str, _Case] = Field(default_factory=dict)


@cache
def built_in_rules() -> Rules:
    """The rules without a site file."""
    text = files("pedcontour.datasets.collection").joinpath("roi_names.toml").read_text("utf-8")
    names = _Names.model_validate(tomllib.loads(text))
    meanings = _meanings(names, BUILT_IN, in_order=False)
    for organ in all_organs().values():
        for name in (organ.id, organ.name, organ.tg263):
            meanings[folded(name)] = Meaning("organ", organ.id, BUILT_IN)
    return Rules(
        meanings,
        tuple(start.casefold() for start in names.ignored.beginnings),
        {organ: tuple(map(tuple, lists)) for organ, lists in names.composed.items()},
        {group: tuple(entry.organs) for group, entry in names.together.items()},
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def read_rules(path: Path | None) -> Rules:
    """The built-in rules, with those of a site file before them. Raises ``SiteFileError``."""
    if path is None:
        return built_in_rules()
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SiteFileError(type(error).__name__) from None
    except (ValueError, RecursionError):
        raise SiteFileError("it is not readable as TOML") from None
    try:
        site = _SiteFile.model_validate(document)
    except ValidationError as refused:
        first = refused.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SiteFileError(f"{place}: {first['msg']}") from None
    return _with_site(built_in_rules(), site)


def _with_site(built_in: Rules, site: _SiteFile) -> Rules:
    own = _meanings(site, 0, in_order=True)
    together = {**built_in.together, **{group: tuple(entry.organs) for group, entry in site.together.items()}}
    composed = {
        **built_in.composed,
        **{organ: tuple(map(tuple, lists)) for organ, lists in site.composed.items()},
    }
    rules = replace(
        built_in,
        meanings={**built_in.meanings, **own},
        beginnings=(*built_in.beginnings, *(start.casefold() for start in site.ignored.beginnings if start)),
        composed=composed,
        together=together,
        absent=frozenset(site.absent_if_missing),
        divided=frozenset(site.divide),
        gaps_allowed=site.gaps == "allow",
        sides_checked=site.sides == "check",
        newest=site.structure_sets == "newest",
        images_complete=site.images == "all",
        cases={
            case: Stated(frozenset(entry.absent), frozenset(entry.unannotated)) for case, entry in site.cases.items()
        },
        digest=hashlib.sha256(f"{built_in.digest} {site.model_dump_json(exclude={'cases'})}".encode()).hexdigest(),
    )
    _check(rules, site)
    return rules


def _meanings(names: _Names, rank: int, *, in_order: bool) -> dict[str, Meaning]:
    """Every name under its folded form. Raises ``SiteFileError`` for a name that is given to two things."""
    meanings: dict[str, Meaning] = {}
    for kind, entries in _entries(names):
        for thing, given in entries:
            for place, name in enumerate(given):
                meaning = Meaning(kind, thing, rank + place if in_order else rank)
                known = meanings.setdefault(folded(name), meaning)
                if (known.kind, known.id) != (kind, thing):
                    raise SiteFileError(f"{name[:64]!r} stands for {known.id or known.kind} and for {thing or kind}")
    return meanings


def _entries(names: _Names) -> Iterable[tuple[Kind, Iterable[tuple[str, list[str]]]]]:
    yield "organ", names.organs.items()
    yield "part", names.parts.items()
    yield "together", [(group, entry.names) for group, entry in names.together.items()]
    yield "ignored", [("", names.ignored.names)]


def _check(rules: Rules, site: _SiteFile) -> None:
    """Whether everything that the site file names exists."""
    organs = all_organs()
    parts = {meaning.id for meaning in rules.meanings.values() if meaning.kind == "part"} | set(site.parts)
    removable = {organ.id for organ in organs.values() if organ.may_be_absent}
    stated = list(site.cases.values())
    allowed: list[tuple[str, Iterable[str], Iterable[str]]] = [
        ("organs", site.organs, organs),
        ("composed", site.composed, organs),
        ("composed", [part for lists in site.composed.values() for one in lists for part in one], parts),
        ("together", [organ for entry in site.together.values() for organ in entry.organs], organs),
        ("divide", site.divide, rules.together),
        ("absent_if_missing", site.absent_if_missing, removable),
        ("cases absent", [organ for case in stated for organ in case.absent], removable),
        ("cases unannotated", [organ for case in stated for organ in case.unannotated], organs),
    ]
    for table, given, known in allowed:
        if strangers := sorted(set(given) - set(known)):
            raise SiteFileError(f"{table}: {strangers[0][:64]!r} is none of {', '.join(sorted(known))}")
