"""Which ROIs of a structure set draw which organ: decided by names alone, before any contour is looked at."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pedcontour.datasets.collection.remarks import Remark, told_names
from pedcontour.datasets.collection.rules import Kind, Rules
from pedcontour.dicom.structure_sets import NamedRoi
from pedcontour.errors import RoiAmbiguousError


@dataclass(frozen=True)
class Matched:
    """ROI numbers by organ id, ROI numbers that draw two organs at once, and the names that mean nothing to us.

    ``claimed`` are all organs that some ROI draws, if only in part or together with another: none of them is missing.
    """

    organs: Mapping[str, tuple[int, ...]]
    divided: Mapping[int, tuple[str, ...]]
    claimed: frozenset[str]
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
    matching = _Matching(rules, organs)
    for roi in rois:
        matching.take(roi)
    return matching.result()


class _Matching:
    def __init__(self, rules: Rules, organs: Sequence[str]) -> None:
        self.rules, self.organs = rules, organs
        self.named: defaultdict[tuple[Kind, str], list[tuple[int, NamedRoi]]] = defaultdict(list)
        self.unknown: list[str] = []
        self.remarks: list[Remark] = []
        self.claimed: set[str] = set()

    def take(self, roi: NamedRoi) -> None:
        """Put a ROI to what its name stands for."""
        meaning = self.rules.meaning_of(roi.name)
        if meaning is None:
            self.unknown.append(roi.name)
        elif meaning.kind != "ignored" and (meaning.kind != "organ" or meaning.id in self.organs):
            if roi.contours:
                self.named[meaning.kind, meaning.id].append((meaning.rank, roi))
            else:
                self._remark("ROI_EMPTY", f"{meaning.id}: named, but without a closed contour")
            if roi.specks:
                told = f"{meaning.id}: {roi.specks} contours of fewer than three points passed over"
                self._remark("CONTOURS_WITHOUT_AREA", told)

    def result(self) -> Matched:
        found: dict[str, tuple[int, ...]] = {}
        for organ in self.organs:
            own = self._only("organ", organ)
            numbers = self._composed(organ) if own is None else (own,)
            if numbers:
                found[organ] = numbers
        divided = self._divided([organ for organ in self.organs if organ not in found])
        claimed = frozenset(self.claimed | found.keys())
        return Matched(found, divided, claimed, tuple(self.unknown), tuple(self.remarks))

    def _remark(self, code: str, text: str) -> None:
        self.remarks.append(Remark(code, text))

    def _only(self, kind: Kind, thing: str) -> int | None:
        """The number of the one ROI that stands for something; names of a site file go before others."""
        candidates = self.named.get((kind, thing), [])
        if not candidates:
            return None
        best = min(rank for rank, _ in candidates)
        chosen = [roi for rank, roi in candidates if rank == best]
        names = told_names(roi.name for _, roi in candidates)
        if len(chosen) > 1:
            raise RoiAmbiguousError(f"{thing}: {names}")
        if len(candidates) > 1:
            self._remark("ROI_PREFERRED", f"{thing}: of {names} the site file takes {told_names([chosen[0].name])}")
        return chosen[0].number

    def _composed(self, organ: str) -> tuple[int, ...]:
        """The ROIs of all parts of a merged class; none where one is missing: the rest would pass as the whole."""
        lists = self.rules.composed.get(organ, ())
        for parts in lists:
            if all(("part", part) in self.named for part in parts):
                numbers = [self._only("part", part) for part in parts]
                return tuple(number for number in numbers if number is not None)
        there = {part for parts in lists for part in parts if ("part", part) in self.named}
        if there:
            closest = max(lists, key=lambda parts: len(there & set(parts)))
            missing = ", ".join(part for part in closest if part not in there)
            self._remark("PARTS_MISSING", f"{organ}: not complete without {missing}")
            self.claimed.add(organ)
        return ()

    def _divided(self, missing: Sequence[str]) -> dict[int, tuple[str, ...]]:
        divided: dict[int, tuple[str, ...]] = {}
        for group, organs in self.rules.together.items():
            wanting = set(organs) & set(missing)
            if ("together", group) not in self.named or not wanting:
                continue
            self.claimed |= wanting
            number = self._only("together", group) if wanting == set(organs) else None
            if number is not None and group in self.rules.divided:
                divided[number] = organs
            else:
                self._remark("DRAWN_TOGETHER", f"{' and '.join(organs)}: one ROI for both, which is not divided")
        return divided
