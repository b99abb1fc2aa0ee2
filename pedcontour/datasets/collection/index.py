"""Which files belong together: CT series and structure sets, tied by what they refer to and never by folder names."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pedcontour.datasets.collection.rules import Rules
from pedcontour.dicom.headers import Readable, text_of
from pedcontour.dicom.instances import Damaged, Instance, read_instance
from pedcontour.dicom.selection import why_not_a_slice
from pedcontour.dicom.structure_sets import StructureSet, is_structure_set, read_structure_set
from pedcontour.errors import (
    CaseError,
    ImagesMissingError,
    InputError,
    PatientMixedError,
    StoreError,
    StructureSetsSeveralError,
)


@dataclass(eq=False)
class FoundSeries:
    """The files of one CT series, and whom they name; ``images`` are SOP Instance UIDs."""

    uid: str
    patient: str
    study: str
    frame: str
    files: list[Path] = field(default_factory=list)
    images: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class FoundStructureSet:
    """A structure set's file and what it refers to; with ``fault`` it cannot be read."""

    path: Path
    uid: str
    patient: str
    frames: frozenset[str] = frozenset()
    series: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()
    dated: str = ""
    fault: InputError | None = None


@dataclass(frozen=True, eq=False)
class Pair:
    """A CT series and the structure set that was drawn on it; or, with ``fault``, why there is no such pair."""

    structure_set: FoundStructureSet
    series: FoundSeries | None = None
    fault: InputError | None = None


@dataclass(frozen=True, eq=False)
class Contents:
    """What a collection holds: pairs in order of their files, and counts of everything else."""

    pairs: tuple[Pair, ...]
    series_without_contours: int
    other_files: int
    damaged_files: int


def index_files(files: Sequence[Path], rules: Rules, tell: Callable[[float], None] = lambda share: None) -> Contents:
    """Look into every file, and tie structure sets to the series that they refer to; ``tell`` is told the share done.

    Raises ``StoreError`` when the disk does not give a file's bytes.
    """
    found = _Found()
    readable: Readable = set()
    for done, file in enumerate(files, 1):
        found.take(file, read_instance(file, readable))
        tell(done / len(files))
    found.give_back_damaged()
    pairs = list(_pairs(found, rules))
    with_contours = {pair.series.uid for pair in pairs if pair.series}
    return Contents(
        tuple(sorted(pairs, key=lambda pair: str(pair.structure_set.path))),
        len(found.series.keys() - with_contours),
        found.others,
        len(found.damaged),
    )


def content_of(path: Path) -> bytes:
    """The bytes of a file. Raises ``StoreError`` when the disk does not give them."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"an input file cannot be read: {type(error).__name__}") from None


class _Found:
    """What the files were, one after the other: of a hundred thousand slices only UIDs are kept."""

    def __init__(self) -> None:
        self.series: dict[str, FoundSeries] = {}
        self.structure_sets: dict[str, FoundStructureSet] = {}
        self.damaged: list[Path] = []
        self.others = 0

    def take(self, path: Path, instance: Instance | Damaged | None) -> None:
        if isinstance(instance, Damaged):
            self.damaged.append(path)
        elif instance is None:
            self.others += 1
        elif is_structure_set(instance):
            self._take_structure_set(path, instance)
        elif (why := why_not_a_slice(instance)) == "INSTANCE_DAMAGED":
            self.damaged.append(path)
        elif why or not instance.series_uid:
            self.others += 1
        else:
            self._take_slice(path, instance)

    def _take_slice(self, path: Path, instance: Instance) -> None:
        header = instance.header
        patient, study = text_of(header, "PatientID"), text_of(header, "StudyInstanceUID")
        uid, frame = instance.series_uid, text_of(header, "FrameOfReferenceUID")
        series = self.series.setdefault(uid, FoundSeries(uid, patient, study, frame))
        series.files.append(path)
        series.images.add(instance.uid)

    def _take_structure_set(self, path: Path, instance: Instance) -> None:
        patient = text_of(instance.header, "PatientID")
        try:
            read = read_structure_set(path)
        except InputError as error:
            found = FoundStructureSet(path, instance.uid or str(path), patient, fault=error)
        else:
            found = _references(path, instance, patient, read)
        known = self.structure_sets.setdefault(found.uid, found)  # a second copy of the same file adds nothing
        if known is not found and content_of(path) != content_of(known.path):
            self.structure_sets[str(path)] = found

    def give_back_damaged(self) -> None:
        """A damaged file beside the slices of one series alone may be one of them: the reader shall see and refuse it.

        In a folder of many series it is nobody's; there the list of images in the structure set tells what is missing.
        """
        beside: defaultdict[Path, set[str]] = defaultdict(set)
        for series in self.series.values():
            for file in series.files:
                beside[file.parent].add(series.uid)
        for path in self.damaged:
            if len(owners := beside[path.parent]) == 1:
                self.series[next(iter(owners))].files.append(path)


def _references(path: Path, instance: Instance, patient: str, read: StructureSet) -> FoundStructureSet:
    return FoundStructureSet(
        path, instance.uid or str(path), patient, read.frames, read.series, read.images, read.dated
    )


def _pairs(found: _Found, rules: Rules) -> Iterable[Pair]:
    series_of_image = {image: uid for uid, series in found.series.items() for image in series.images if image}
    drawn_on: defaultdict[str, list[FoundStructureSet]] = defaultdict(list)
    for structure_set in found.structure_sets.values():
        try:
            if structure_set.fault:
                raise structure_set.fault
            drawn_on[_series_of(structure_set, found.series, series_of_image)].append(structure_set)
        except InputError as error:
            yield Pair(structure_set, fault=error)
    for uid, candidates in drawn_on.items():
        yield from _chosen(found.series[uid], candidates, rules)


def _series_of(
    structure_set: FoundStructureSet, series: Mapping[str, FoundSeries], series_of_image: Mapping[str, str]
) -> str:
    """The UID of the one series that a structure set is drawn on: by series, else by images, else by frame.

    Raises ``ImagesMissingError`` when there is none, ``CaseError`` when there are several.
    """
    by_series = set(structure_set.series & series.keys())
    by_image = {series_of_image[image] for image in structure_set.images if image in series_of_image}
    is_silent = not structure_set.series and not structure_set.images
    by_frame = {uid for uid, own in series.items() if is_silent and own.frame in structure_set.frames}
    fit = by_series or by_image or by_frame
    if len(fit) > 1 and len(fit & by_image) == 1:
        fit &= by_image
    if not fit:
        raise ImagesMissingError("none of them is here")
    if len(fit) > 1:
        raise CaseError(f"the structure set refers to {len(fit)} CT series")
    return next(iter(fit))


def _chosen(series: FoundSeries, candidates: Sequence[FoundStructureSet], rules: Rules) -> Iterable[Pair]:
    latest = max(candidate.dated for candidate in candidates)
    chosen = [candidate for candidate in candidates if candidate.dated == latest] if rules.newest else list(candidates)
    if len(chosen) > 1:
        fault = StructureSetsSeveralError(f"{len(chosen)} structure sets")
        yield Pair(chosen[0], series, fault)
        return
    structure_set = chosen[0]
    missing = structure_set.images - series.images
    if missing and rules.images_complete:
        detail = f"{len(missing)} of {len(structure_set.images)}"
        yield Pair(structure_set, series, ImagesMissingError(detail))
    elif structure_set.patient != series.patient:
        yield Pair(structure_set, series, PatientMixedError("structure set and CT name different patients"))
    else:
        yield Pair(structure_set, series)
