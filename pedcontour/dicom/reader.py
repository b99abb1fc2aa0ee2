"""Files to one checked CT series: the door through which every image enters."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pedcontour.dicom.foreign import summary_of_kinds
from pedcontour.dicom.geometry import SlicePlane, stack
from pedcontour.dicom.headers import Readable, has_known_characters, quiet_pydicom, text_of, uid_of
from pedcontour.dicom.ignored import REASONS, Ignored
from pedcontour.dicom.instances import Damaged, Instance, read_instance
from pedcontour.dicom.pixels import read_hounsfield, read_voxels
from pedcontour.dicom.selection import Selection, plane_of, select_series, summarise
from pedcontour.dicom.series import CtSeries
from pedcontour.errors import (
    CharacterSetUnknownError,
    FrameOfReferenceMissingError,
    GeometryMissingError,
    InputError,
    InstanceDamagedError,
    PatientMixedError,
    SlicesDuplicatedError,
    StoreError,
    UidMissingError,
    UploadEmptyError,
)
from pedcontour.volume import Grid, Volume

__all__ = ["Arranged", "Ignored", "Intake", "arrange_series", "read_series"]

SAME_FOR_ALL = ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID")
"""What every slice of a series must agree on: results name one patient and one study."""

MOST_PLACES_TOLD = 10
"""So many files are named by their place in the upload; whoever has more sends all again."""

_PLACES = "of those given"


@dataclass(frozen=True)
class Intake:
    """A series and what came with it but was left out."""

    series: CtSeries
    ignored: tuple[Ignored, ...]


@dataclass(frozen=True, eq=False)
class Arranged:
    """The slices of one series in their order on ``grid``, checked but for their pixels, and what was left out.

    ``uids`` are the SOP Instance UIDs of all files in the order given, empty where a file has none.
    """

    instances: tuple[Instance, ...]
    grid: Grid
    ignored: tuple[Ignored, ...]
    uids: tuple[str, ...]


def read_series(files: Sequence[Path], *, series_uid: str | None = None) -> Intake:
    """Read the CT series among ``files``; ``series_uid`` chooses one where several could be meant.

    The result does not depend on the order of ``files``. What is no CT slice is ignored and said; what cannot be
    contoured exactly is refused with an ``InputError`` and the UIDs at fault, and so is a file that is damaged and may
    have been a slice. Raises ``StoreError`` when the disk does not give a file's bytes.
    """
    arranged = arrange_series(files, series_uid=series_uid)
    with quiet_pydicom(), places_told(arranged.uids):
        volume = Volume(arranged.grid, read_voxels(arranged.instances))
    return Intake(CtSeries(volume, tuple(instance.header for instance in arranged.instances)), arranged.ignored)


def arrange_series(files: Sequence[Path], *, series_uid: str | None = None) -> Arranged:
    """What ``read_series`` does before it reads pixels, with the same refusals."""
    if not files:
        raise UploadEmptyError
    with quiet_pydicom():
        readable: Readable = set()
        found = [read_instance(file, readable) for file in files]
        with places_told(_uids(found)):
            return _arrange(files, found, series_uid)


@contextmanager
def places_told(uids: Sequence[str]) -> Iterator[None]:
    """Make refusals tell the place in the upload, too, of every instance that they name; ``uids`` are in its order."""
    try:
        yield
    except InputError as error:
        culprits = set(error.instance_uids)
        places = [place for place, uid in enumerate(uids, 1) if uid in culprits]
        if not places or _PLACES in error.detail:
            raise
        told = _told_places(places, len(uids))
        detail = f"{error.detail}; {told}" if error.detail else told
        raise type(error)(detail, instance_uids=error.instance_uids) from None


def _uids(found: Sequence[Instance | Damaged | None]) -> tuple[str, ...]:
    return tuple(entry.uid if entry is not None else "" for entry in found)


def _told_places(places: Sequence[int], files: int) -> str:
    """Files by their place among those sent; file names may be a patient's."""
    numbers = ", ".join(map(str, places[:MOST_PLACES_TOLD])) + (", ..." if len(places) > MOST_PLACES_TOLD else "")
    return f"{len(places)} of {files} files: number {numbers} {_PLACES}"


def _arrange(files: Sequence[Path], found: Sequence[Instance | Damaged | None], series_uid: str | None) -> Arranged:
    instances = [entry for entry in found if isinstance(entry, Instance)]
    headerless = sum(isinstance(entry, Damaged) for entry in found)
    foreign = [file for file, entry in zip(files, found, strict=True) if entry is None]
    selection = select_series(instances, series_uid, headerless=headerless, foreign=summary_of_kinds(foreign))
    _check_damage(found, selection)
    _check_uids(selection.instances, found)
    slices, copies = _without_copies(selection.instances)
    _refuse(CharacterSetUnknownError, "", [i for i in slices if not has_known_characters(i.header)])
    _check_identity(slices)
    stacked = stack(_planes(slices))
    ordered = tuple(slices[n] for n in stacked.order)
    _refuse(
        FrameOfReferenceMissingError, "missing", [i for i in ordered if not uid_of(i.header, "FrameOfReferenceUID")]
    )
    ignored = [*selection.ignored, *summarise(("DUPLICATE_INSTANCE", copy) for copy in copies)]
    if foreign:
        kinds = summary_of_kinds(foreign)
        reason = REASONS["NOT_DICOM"] + (f" ({kinds})" if kinds else "")
        ignored.append(Ignored("NOT_DICOM", reason, len(foreign), ()))
    return Arranged(ordered, stacked.grid, tuple(ignored), _uids(found))


def _refuse(error: type[InputError], detail: str, culprits: Sequence[Instance]) -> None:
    if culprits:
        raise error(detail, instance_uids=sorted(instance.uid for instance in culprits if instance.uid))


def _check_damage(found: Sequence[Instance | Damaged | None], selection: Selection) -> None:
    """Refuse files that may have been slices: when the first or the last one is gone, its neighbours do not tell.

    They are named by their place among the files, and by UID where that could be read.
    """
    damaged = [
        (place, entry.uid)
        for place, entry in enumerate(found, 1)
        if isinstance(entry, Damaged) or (entry is not None and entry in selection.damaged)
    ]
    if damaged:
        detail = _told_places([place for place, _ in damaged], len(found))
        raise InstanceDamagedError(detail, instance_uids=sorted({uid for _, uid in damaged if uid}))


def _check_uids(instances: Sequence[Instance], found: Sequence[Instance | Damaged | None]) -> None:
    """Results refer to study, series and instances by UID; a class UID says that the slices are CT."""
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
    missing = {
        keyword: culprits
        for keyword in keywords
        if (culprits := [i for i in instances if not uid_of(i.header, keyword)])
    }
    if missing:
        detail = ", ".join(f"{keyword} in {len(culprits)} of {len(instances)}" for keyword, culprits in missing.items())
        nameless = {instance for culprits in missing.values() for instance in culprits}
        places = [place for place, entry in enumerate(found, 1) if entry in nameless]
        uids = sorted({instance.uid for instance in nameless if instance.uid})
        raise UidMissingError(f"{detail}; {_told_places(places, len(found))}", instance_uids=uids)


def _without_copies(instances: Sequence[Instance]) -> tuple[list[Instance], list[Instance]]:
    """Each instance once, and the further copies.

    Raises ``SlicesDuplicatedError`` when two of one SOP Instance UID differ in place or pixels: one of them is wrong.
    """
    by_uid: defaultdict[str, list[Instance]] = defaultdict(list)
    for instance in sorted(instances, key=lambda i: str(i.path)):
        by_uid[instance.uid].append(instance)
    copies: list[Instance] = []
    for uid, same in by_uid.items():
        if not all(_is_copy(same[0], other) for other in same[1:]):
            raise SlicesDuplicatedError("different slices under one SOP Instance UID", instance_uids=[uid])
        copies += same[1:]
    return [same[0] for same in by_uid.values()], copies


def _is_copy(one: Instance, other: Instance) -> bool:
    if _has_same_bytes(one.path, other.path):
        return True
    keywords = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", *SAME_FOR_ALL)
    if any(text_of(one.header, keyword) != text_of(other.header, keyword) for keyword in keywords):
        return False
    first, second = read_hounsfield(one), read_hounsfield(other)
    return first is not None and second is not None and first.shape == second.shape and bool((first == second).all())


def _has_same_bytes(one: Path, other: Path) -> bool:
    try:
        return one.read_bytes() == other.read_bytes()
    except OSError as error:
        raise StoreError(f"an input file cannot be read: {type(error).__name__}") from None


def _check_identity(instances: Sequence[Instance]) -> None:
    """One patient, one study, and positions that all mean the same origin."""
    for keyword in SAME_FOR_ALL:
        _refuse(PatientMixedError, f"{keyword} differs", _minority(instances, keyword))
    _refuse(FrameOfReferenceMissingError, "differs", _minority(instances, "FrameOfReferenceUID"))


def _minority(instances: Sequence[Instance], keyword: str) -> list[Instance]:
    """The instances that do not share what most agree on; all of them when no value has more than half."""
    by_value: defaultdict[str, list[Instance]] = defaultdict(list)
    for instance in instances:
        by_value[text_of(instance.header, keyword)].append(instance)
    agreed = [value for value, own in by_value.items() if 2 * len(own) > len(instances)]
    return [instance for value, own in by_value.items() if value not in agreed for instance in own]


def _planes(instances: Sequence[Instance]) -> list[SlicePlane]:
    planes = [plane_of(instance) for instance in instances]
    _refuse(GeometryMissingError, "", [i for i, plane in zip(instances, planes, strict=True) if plane is None])
    return [plane for plane in planes if plane is not None]
