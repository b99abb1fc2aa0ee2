"""From a collection's files to the cases of a data set, one by one: what cannot be used is left out and said."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pedcontour.datasets.annotations import State
from pedcontour.datasets.collection.folder import DatasetFolder
from pedcontour.datasets.collection.index import Contents, FoundSeries, Pair, content_of, index_files
from pedcontour.datasets.collection.labelling import label_case
from pedcontour.datasets.collection.matching import match_rois
from pedcontour.datasets.collection.picture import draw_case
from pedcontour.datasets.collection.pseudonyms import Pseudonyms
from pedcontour.datasets.collection.records import CaseRecord, LeftOut
from pedcontour.datasets.collection.remarks import shown_name, told_names
from pedcontour.datasets.collection.rules import Rules, Stated
from pedcontour.datasets.collection.states import decide_states, erase_unreliable
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.structure_sets import read_structure_set
from pedcontour.errors import CaseError, InputError, NothingAnnotatedError
from pedcontour.orientation import AxisChange
from pedcontour.volume import LabelMap, Volume

Tell = Callable[[str, float], None]
"""Is told what is being done, and the share done, 0 to 1."""

CODE_VERSION = "1"
"""Raise it when the same files and rules give other labels: finished cases are then done again."""


@dataclass(frozen=True)
class ImportRequest:
    """What is imported, by which rules, to where; with ``dry_run`` everything is done but writing."""

    files: Sequence[Path]
    target: DatasetFolder
    rules: Rules
    pseudonyms: Pseudonyms
    dry_run: bool = False


@dataclass(frozen=True)
class Imported:
    """What an import came to: the records of this collection's cases, those left out, and counts of what else there is.

    ``again`` counts cases that had been done before; ``unused`` are cases of the site file that are nowhere.
    ``links`` are PatientID, StudyInstanceUID, SeriesInstanceUID and the structure set's SOPInstanceUID by case, and
    never leave the site.
    """

    records: tuple[CaseRecord, ...]
    left_out: tuple[LeftOut, ...]
    again: int
    contents: Contents
    unused: tuple[str, ...]
    links: dict[str, tuple[str, str, str, str]]


@dataclass(frozen=True, eq=False)
class _Read:
    """A case that was read and may be written, in canonical orientation."""

    record: CaseRecord
    image: Volume
    labels: LabelMap


def import_collection(request: ImportRequest, tell: Tell = lambda what, share: None) -> Imported:
    """Import every pair of a CT series and a structure set; cases that are done and have not changed are kept.

    Raises ``DatasetFolderError`` before anything is read when the target is unfit, ``StoreError`` when a disk fails.
    """
    request.target.check()
    contents = index_files(request.files, request.rules, lambda share: tell("Looking through the files", share))
    if not request.dry_run:
        request.target.begin()
    records, left_out, links, again = [], [], {}, 0
    for number, pair in enumerate(contents.pairs):
        tell(f"Case {number + 1} of {len(contents.pairs)}", number / len(contents.pairs))
        case = _case_of(pair, request.pseudonyms)
        links[case] = _link(pair)
        outcome, is_kept = _one(pair, case, request)
        again += is_kept
        if isinstance(outcome, CaseRecord):
            records.append(outcome)
        else:
            left_out.append(outcome)
    if not request.dry_run:
        request.target.describe()
    tell("Done", 1.0)
    held = {*links, *(record.case for record in request.target.records())}
    unused = tuple(sorted(request.rules.cases.keys() - held))
    return Imported(tuple(records), tuple(left_out), again, contents, unused, links)


def _one(pair: Pair, case: str, request: ImportRequest) -> tuple[CaseRecord | LeftOut, bool]:
    """A case's record, or why it is left out; and whether it had been done before."""
    try:
        if pair.fault or pair.series is None:
            raise pair.fault or CaseError
        source = _source_of(pair, pair.series, case, request)
        known = request.target.record_of(case)
        if known and known.source == source:
            return known, True
        read = _read_case(pair, pair.series, case, request)
    except InputError as error:
        if not request.dry_run:
            request.target.remove(case)
        return LeftOut.of(case, error), False
    record = replace(read.record, source=source)
    if not request.dry_run:
        request.target.publish(record, read.image, read.labels, draw_case(read.image, read.labels))
    return record, False


def _case_of(pair: Pair, pseudonyms: Pseudonyms) -> str:
    """A case without a CT is named after its structure set."""
    series, structure_set = pair.series, pair.structure_set
    if series:
        return pseudonyms.case(pseudonyms.patient(series.patient, series.study), series.uid)
    return pseudonyms.case(pseudonyms.patient(structure_set.patient, structure_set.uid), structure_set.uid)


def _link(pair: Pair) -> tuple[str, str, str, str]:
    series, structure_set = pair.series, pair.structure_set
    uid = structure_set.uid
    return (series.patient, series.study, series.uid, uid) if series else (structure_set.patient, "", "", uid)


def _source_of(pair: Pair, series: FoundSeries, case: str, request: ImportRequest) -> str:
    """A keyed digest of what a case is made from: the structure set's bytes, the images' names, and the rules."""
    content = hashlib.sha256(content_of(pair.structure_set.path)).hexdigest()
    images = hashlib.sha256("\n".join(sorted(series.images)).encode()).hexdigest()
    stated = request.rules.cases.get(case, Stated())
    decided = (request.rules.digest, *sorted(stated.absent), "", *sorted(stated.unannotated))
    said = (CODE_VERSION, content, images, *decided, *request.target.organs, case)
    return request.pseudonyms.mark("\n".join(said).encode())


def _read_case(pair: Pair, series: FoundSeries, case: str, request: ImportRequest) -> _Read:
    organs = request.target.organs
    structure_set = read_structure_set(pair.structure_set.path)
    matched = match_rois(structure_set.rois, request.rules, organs)
    if not matched.numbers:
        names = f"; without a meaning: {told_names(matched.unknown)}" if matched.unknown else ""
        raise NothingAnnotatedError(f"{len(structure_set.rois)} ROIs{names}")
    ct = read_series(series.files, series_uid=series.uid).series
    masks = structure_set.masks(matched.numbers, ct)
    labelled = label_case(masks, matched, request.rules, ct.volume.grid, organs)
    change = AxisChange.to_canonical(ct.volume.grid)
    image, labels = change.volume(ct.volume), change.label_map(labelled.labels)
    stated = request.rules.cases.get(case, Stated())
    states, remarks = decide_states(labelled, matched, request.rules, stated)
    if State.ANNOTATED not in {own.state for own in states.values()}:
        raise NothingAnnotatedError
    erase_unreliable(labels, states)
    record = CaseRecord(
        case,
        request.pseudonyms.patient(series.patient, series.study),
        "",
        image.grid.shape,
        _rounded(image.grid.spacing_mm),
        states,
        (*matched.remarks, *labelled.remarks, *remarks),
        tuple(shown_name(name) for name in matched.unknown),
    )
    return _Read(record, image, labels)


def _rounded(spacing_mm: tuple[float, float, float]) -> tuple[float, float, float]:
    k, j, i = spacing_mm
    return round(k, 4), round(j, 4), round(i, 4)
