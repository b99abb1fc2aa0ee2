"""Choose the one CT series to contour among everything that came along, and say what was left out and why.

First every instance is looked at alone: only slices of classic CT Image Storage stay. Then the series of those slices
are compared: one that cannot be an axial volume (sagittal or coronal reformats, single slices) or is a mere reformat
gives way to one that can. Two that could both be meant are never chosen between.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from pedcontour.dicom.geometry import SAME_POSITION_MM, SlicePlane, is_axial, is_complete, is_orthonormal
from pedcontour.dicom.headers import UID_PATTERN, integer_of, is_standard, numbers_of, text_of
from pedcontour.dicom.ignored import REASONS, Ignored
from pedcontour.dicom.instances import Instance
from pedcontour.errors import InputError, MixedSeriesError, MultiframeUnsupportedError, NotCtError

MULTIFRAME_CT = frozenset({EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage})

_FILE_SET_ID, _DIRECTORY_RECORDS = 0x00041130, 0x00041220
_WORDS = re.compile(r"[A-Z0-9]+")
_LOCALIZER_WORDS = frozenset({"LOCALIZER", "LOCALISER", "TOPOGRAM", "SCOUT", "SURVIEW", "SCANOGRAM"})
_DOSE_WORDS = frozenset({"DOSE", "PROT", "PROTOCOL", "REPORT", "SCREEN"})
_PROJECTION_WORDS = frozenset({"MIP", "MINIP", "PROJECTION", "VRT", "RENDERED", "CURVED", "CPR", "SSD"})
_REFORMAT_WORDS = frozenset({"MPR", "REFORMATTED", "REFORMAT", "AVERAGE", "MEAN"})
_MODALITY = re.compile(r"[A-Z]{2,16}")


@dataclass(frozen=True, eq=False)
class Selection:
    """The slices of the chosen series, in no particular order, and everything else.

    ``damaged`` may have been slices of the chosen series: they are cut off before they can say so, or without a class.
    """

    instances: tuple[Instance, ...]
    ignored: tuple[Ignored, ...]
    damaged: tuple[Instance, ...] = ()


def select_series(
    instances: Sequence[Instance], series_uid: str | None = None, *, headerless: int = 0, foreign: str = ""
) -> Selection:
    """Choose the CT series; ``series_uid`` names one, else there must be one candidate only.

    ``headerless`` counts damaged files that gave no header, ``foreign`` says what came that is no DICOM: what is said
    when there is no CT slice tells of them.

    Raises ``NotCtError`` when there is no CT slice (of that series), ``MultiframeUnsupportedError`` when there is only
    multi-frame CT, ``MixedSeriesError`` with the Series Instance UIDs in its detail when several series could be meant.
    """
    slices: list[Instance] = []
    left_out: list[tuple[str, Instance]] = []
    for instance in instances:
        code = why_not_a_slice(instance)
        if code:
            left_out.append((code, instance))
        else:
            slices.append(instance)
    series: defaultdict[str, list[Instance]] = defaultdict(list)
    for instance in slices:
        series[instance.series_uid].append(instance)
    if series_uid is not None:
        series = defaultdict(list, {uid: own for uid, own in series.items() if uid == series_uid} if series_uid else {})
    if not series:
        raise _nothing_left(left_out, len(slices), series_uid, headerless, foreign)
    chosen, weaknesses = _choose(series)
    damaged = [instance for code, instance in left_out if code == "INSTANCE_DAMAGED"]
    damaged += [instance for instance in slices if instance.series_uid != chosen and instance.ends_in_header]
    left_out.extend(
        (weaknesses.get(instance.series_uid) or "SERIES_NOT_CHOSEN", instance)
        for instance in slices
        if instance.series_uid != chosen
    )
    return Selection(tuple(series[chosen]), summarise(left_out), tuple(damaged))


def why_not_a_slice(instance: Instance) -> str:
    """The code under which an instance is ignored, empty when it is a slice of a classic CT."""
    header = instance.header
    sop_class, modality = text_of(header, "SOPClassUID"), text_of(header, "Modality")
    if _DIRECTORY_RECORDS in header or _FILE_SET_ID in header:
        return "DICOMDIR"
    if sop_class in MULTIFRAME_CT:
        return "MULTIFRAME_UNSUPPORTED"
    # Some anonymisers empty every UID, that of the SOP class too; the modality still tells.
    if sop_class not in (CTImageStorage, "") or modality != "CT":
        return "INSTANCE_DAMAGED" if _may_be_a_slice(instance, sop_class, modality) else "NOT_CT"
    if (integer_of(header, "NumberOfFrames") or 1) > 1:
        return "MULTIFRAME_UNSUPPORTED"
    if (integer_of(header, "SamplesPerPixel") or 1) > 1:
        return "COLOUR"
    words = _image_type_words(instance)
    kinds = (("LOCALIZER", _LOCALIZER_WORDS), ("DOSE_PAGE", _DOSE_WORDS), ("PROJECTION", _PROJECTION_WORDS))
    return next((code for code, marks in kinds if words & marks), "")


def _may_be_a_slice(instance: Instance, sop_class: str, modality: str) -> bool:
    """Whether a header that is not one of a CT slice could have been one before it was cut off or damaged."""
    if modality not in ("", "CT") or (sop_class != CTImageStorage and is_standard(sop_class)):
        return False
    return CTImageStorage in (sop_class, instance.stated_class) or not (sop_class or instance.stated_class)


def plane_of(instance: Instance) -> SlicePlane | None:
    """The slice's place as numbers; None when any of it is missing or not finite."""
    header = instance.header
    position = numbers_of(header, "ImagePositionPatient", 3)
    directions = numbers_of(header, "ImageOrientationPatient", 6)
    spacing = numbers_of(header, "PixelSpacing", 2)
    rows, columns = integer_of(header, "Rows"), integer_of(header, "Columns")
    if position is None or directions is None or spacing is None or rows is None or columns is None:
        return None
    plane = SlicePlane(
        instance.uid,
        np.array(position),
        np.array(directions[:3]),
        np.array(directions[3:]),
        (spacing[0], spacing[1]),
        (rows, columns),
    )
    return plane if is_complete(plane) else None


def summarise(left_out: Iterable[tuple[str, Instance]]) -> tuple[Ignored, ...]:
    """Group what was left out by code (and modality), in order of code."""
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for code, instance in left_out:
        reason = REASONS[code]
        modality = text_of(instance.header, "Modality")
        if code == "NOT_CT" and _MODALITY.fullmatch(modality):
            reason += f" ({modality})"
        groups[code, reason].append(instance.uid)
    return tuple(
        Ignored(code, reason, len(uids), tuple(sorted(uid for uid in uids if uid)))
        for (code, reason), uids in sorted(groups.items())
    )


def _image_type_words(instance: Instance) -> set[str]:
    return set(_WORDS.findall(text_of(instance.header, "ImageType").upper()))


def _choose(series: dict[str, list[Instance]]) -> tuple[str, dict[str, str]]:
    """The UID of the one candidate, and what is wrong with each of the others."""
    if len(series) == 1:
        return next(iter(series)), {}
    weaknesses = {uid: _weakness(own) for uid, own in series.items()}
    # A proper axial series goes before a reformat, a reformat before what cannot be a volume at all.
    rounds: tuple[set[str], ...] = ({""}, {"REFORMAT"}, set(weaknesses.values()))
    fit = next(fit for allowed in rounds if (fit := sorted(uid for uid in series if weaknesses[uid] in allowed)))
    if len(fit) > 1:
        counts = (f"{uid or 'no Series Instance UID'}: {len(series[uid])} slices" for uid in fit)
        raise MixedSeriesError("; ".join(counts))
    return fit[0], weaknesses


def _weakness(own: Sequence[Instance]) -> str:
    """Why a series gives way to another candidate, empty when it does not."""
    planes = [plane_of(instance) for instance in own]
    known = [plane for plane in planes if plane is not None and is_orthonormal(plane)]
    if not known:
        return "GEOMETRY_MISSING"
    if sum(map(is_axial, known)) * 2 < len(known):
        return "ORIENTATION_UNSUPPORTED"
    heights = [float(plane.position_mm @ known[0].normal) for plane in known]
    if max(heights) - min(heights) < SAME_POSITION_MM:
        return "TOO_FEW_SLICES"
    return "REFORMAT" if all(_image_type_words(instance) & _REFORMAT_WORDS for instance in own) else ""


def _nothing_left(
    left_out: Sequence[tuple[str, Instance]], slices: int, series_uid: str | None, headerless: int, foreign: str
) -> InputError:
    counts = Counter(code for code, _ in left_out)
    if headerless:
        counts["INSTANCE_DAMAGED"] += headerless
    detail = ", ".join(f"{count} {code}" for code, count in sorted(counts.items())) or "no DICOM files"
    if foreign:
        detail += f", not DICOM: {foreign}"
    if slices:
        name = series_uid if UID_PATTERN.fullmatch(series_uid or "") else "of that name"
        return NotCtError(f"no CT slice of series {name}")
    multiframe = sorted(instance.uid for code, instance in left_out if code == "MULTIFRAME_UNSUPPORTED")
    if multiframe:
        return MultiframeUnsupportedError(detail, instance_uids=[uid for uid in multiframe if uid])
    return NotCtError(f"ignored: {detail}" if counts else detail)
