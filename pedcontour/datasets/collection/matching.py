"""Which ROIs of a structure set draw which organ: decided by names alone, before any contour is looked at."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pedcontour.datasets.collection.rules import BUILT_IN, Meaning, Rules
from pedcontour.dicom.structure_sets import NamedRoi
from pedcontour.errors import RoiAmbiguousError

Thing = tuple[str, str]
"""Kind and id of what a name stands for."""


@dataclass(frozen=True)
class Remark:
    """Something that a person should know of a case: a stable code and a sentence without patient data."""

    code: str
    text: str


@dataclass(frozen=True)
class Matched:
    """ROI numbers by organ id, ROI numbers that draw two organs at once, and the names that mean nothing to us."""

    organs: Mapping[str, tuple[int, ...]]
    divided: Mapping[int, tuple[str, ...]]
    unknown: tuple[str, ...]
    remarks: tuple[Remark, ...]

    @property
    def numbers(self) -> frozenset[int]:
        """Every ROI that is needed."""
        return frozenset(number for own in self.organs.values() for number in own) | self.divided.keys()


def match_rois(rois: Sequence[NamedRoi], rules: Rules, organs: Sequence[str]) -> Matched:
    """Match ROIs to the organs of a data set; ROIs without a closed contour draw nothing.

    An organ is drawn by its own ROI; else by all parts of a merged class; else, where the site divides it, by a ROI of
    two organs. Raises ``RoiAmbiguousError`` where two ROIs have equal claim to be one of these.
    """
    remarks: list[Remark] = []
    named: dict[Thing, list[tuple[int, NamedRoi]]] = defaultdict(list)
    unknown = []
    for roi in rois:
        meaning = rules.meaning_of(roi.name)
        if meaning is None:
            unknown.append(roi.name)
        elif meaning.kind != "ignored":
            _note_the_state(roi, meaning, organs, remarks)
            if roi.contours:
                named[meaning.kind, meaning.id].append((meaning.rank, roi))
    found: dict[str, tuple[int, ...]] = {}
    for organ in organs:
        own = _only(named, ("organ", organ), remarks)
        numbers = _composed(organ, named, rules, remarks) if own is None else (own,)
        if numbers:
            found[organ] = numbers
    divided = _divided(named, rules, [organ for organ in organs if organ not in found], remarks)
    return Matched(found, divided, tuple(unknown), tuple(remarks))


def _note_the_state(roi: NamedRoi, meaning: Meaning, organs: Sequence[str], remarks: list[Remark]) -> None:
    if meaning.kind == "organ" and meaning.id not in organs:
        return
    if not roi.contours:
        remarks.append(Remark("ROI_EMPTY", f"{meaning.id}: named, but without a closed contour"))
    if roi.specks:
        told = f"{meaning.id}: {roi.specks} contours of fewer than three points passed over"
        remarks.append(Remark("CONTOURS_WITHOUT_AREA", told))


def _only(named: Mapping[Thing, list[tuple[int, NamedRoi]]], thing: Thing, remarks: list[Remark]) -> int | None:
    """The number of the one ROI that stands for something; names of a site file go before others."""
    candidates = named.get(thing, [])
    if not candidates:
        return None
    best = min(rank for rank, _ in candidates)
    chosen = [roi for rank, roi in candidates if rank == best]
    if len(chosen) > 1 or (best >= BUILT_IN and len(candidates) > 1):
        raise RoiAmbiguousError(f"{thing[1]}: {len(candidates)} ROIs, number {_numbers(candidates)}")
    if len(candidates) > 1:
        told = f"{thing[1]}: ROI {chosen[0].number} taken of {_numbers(candidates)}, as the site file says"
        remarks.append(Remark("ROI_PREFERRED", told))
    return chosen[0].number


def _numbers(candidates: Sequence[tuple[int, NamedRoi]]) -> str:
    return ", ".join(str(number) for number in sorted(roi.number for _, roi in candidates))


def _composed(
    organ: str, named: Mapping[Thing, list[tuple[int, NamedRoi]]], rules: Rules, remarks: list[Remark]
) -> tuple[int, ...]:
    """The ROIs of all parts of a merged class; nothing where one is missing, for the rest would pass as the whole."""
    lists = rules.composed.get(organ, ())
    for parts in lists:
        if all(("part", part) in named for part in parts):
            numbers = [_only(named, ("part", part), remarks) for part in parts]
            return tuple(number for number in numbers if number is not None)
    there = {part for parts in lists for part in parts if ("part", part) in named}
    if there:
        closest = max(lists, key=lambda parts: len(there & set(parts)))
        missing = ", ".join(part for part in closest if part not in there)
        remarks.append(Remark("PARTS_MISSING", f"{organ}: not complete without {missing}"))
    return ()


def _divided(
    named: Mapping[Thing, list[tuple[int, NamedRoi]]], rules: Rules, missing: Sequence[str], remarks: list[Remark]
) -> dict[int, tuple[str, ...]]:
    divided: dict[int, tuple[str, ...]] = {}
    for group, organs in rules.together.items():
        if ("together", group) not in named or not set(organs) <= set(missing):
            continue
        if group not in rules.divided:
            told = f"{' and '.join(organs)}: one ROI for both; the site file may have it divided"
            remarks.append(Remark("DRAWN_TOGETHER", told))
            continue
        number = _only(named, ("together", group), remarks)
        if number is not None:
            divided[number] = organs
    return divided
