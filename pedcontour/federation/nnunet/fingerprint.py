"""What a hospital tells of its images so that all can plan, and nnU-Net's dataset fingerprint made of it.

nnU-Net plans from the spacing and size of every image, and from intensities sampled in the foreground. Neither is told
case by case: intensities are a histogram over whole Hounsfield units, spacings and sizes are counted for each axis
apart. As nnU-Net's planner looks at one axis at a time, its plans are those of the pooled cases.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass as plain_dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from pedcontour.errors import DisbeliefError, MalformedDocumentError, RequestError
from pedcontour.federation.nnunet.histogram import Histogram
from pedcontour.federation.room import decode
from pedcontour.federation.room.documents import STRICT, CaseCount, Count, Decimal, Positive

AXES = 3
MAX_KINDS = 16384
"""Different pairs of spacing and size along one axis: at most one a case."""
LOWEST_HU, HIGHEST_HU = -32768, 65535
"""CT numbers have 16 bits, with or without a sign."""
MAX_UNITS = HIGHEST_HU - LOWEST_HU + 1

Unit = Annotated[int, Field(ge=LOWEST_HU, le=HIGHEST_HU)]


@dataclass(frozen=True, config=STRICT)
class AlongAxis:
    """How many images have this spacing (mm) and, after nnU-Net's crop, this many voxels along an axis."""

    spacing: Decimal
    size: Positive
    cases: CaseCount


@dataclass(frozen=True, config=STRICT)
class Kept:
    """How many images keep this share of their voxels when nnU-Net crops them to what is not zero."""

    share: Decimal
    cases: CaseCount


Kinds = Annotated[tuple[AlongAxis, ...], Field(min_length=1, max_length=MAX_KINDS)]


@dataclass(frozen=True, config=STRICT)
class SiteFingerprint:
    """A hospital's part of the fingerprint.

    ``annotated`` tells of each of the charter's organs in how many cases it is annotated. ``total`` is how many cases
    all sites have, which says how many voxels were sampled in each case; ``axes`` are those of the array, (slice k,
    row j, column i). ``counts[n]`` samples had ``first + n`` HU.
    """

    cases: CaseCount
    annotated: Annotated[tuple[Count, ...], Field(max_length=255)]
    total: Positive
    axes: tuple[Kinds, Kinds, Kinds]
    kept: Annotated[tuple[Kept, ...], Field(min_length=1, max_length=MAX_KINDS)]
    first: Unit
    counts: Annotated[tuple[Count, ...], Field(max_length=MAX_UNITS)]


@plain_dataclass(frozen=True)
class MeasuredCase:
    """What nnU-Net measures of a case: spacing in mm, shape after its crop, the share kept, samples in HU."""

    spacing: tuple[float, ...]
    shape: tuple[int, ...]
    kept: float
    intensities: Histogram


def summarise(cases: Iterable[MeasuredCase], annotated: tuple[int, ...], total: int) -> SiteFingerprint:
    """A hospital's part, from its cases in any order."""
    measured = list(cases)
    intensities = Histogram.merged(case.intensities for case in measured)
    if not LOWEST_HU <= intensities.minimum <= intensities.maximum + 1 <= HIGHEST_HU + 1:
        raise RequestError(f"an image has intensities that are no CT numbers ({LOWEST_HU} to {HIGHEST_HU})")
    a, b, c = (_count((repr(case.spacing[n]), case.shape[n]) for case in measured) for n in range(AXES))
    kept = Counter(repr(case.kept) for case in measured)
    return SiteFingerprint(
        len(measured),
        annotated,
        total,
        (a, b, c),
        tuple(Kept(share, count) for share, count in sorted(kept.items())),
        intensities.first,
        tuple(intensities.counts.tolist()),
    )


def read_fingerprint(site: str, content: bytes, organs: int) -> SiteFingerprint:
    """A site's part as it was sent, for so many organs. Raises ``DisbeliefError`` naming the site."""
    try:
        part = decode(SiteFingerprint, content)
    except DisbeliefError as refused:
        raise type(refused)(f"the fingerprint of {site}: {refused.detail}") from None
    counted = [sum(kind.cases for kind in kinds) for kinds in (*part.axes, part.kept)]
    if counted != [part.cases] * len(counted) or max((0, *part.annotated)) > part.cases:
        raise MalformedDocumentError(f"the fingerprint of {site}: its cases do not add up")
    if part.first + len(part.counts) > HIGHEST_HU + 1:
        raise MalformedDocumentError(f"the fingerprint of {site} tells of intensities that are no CT numbers")
    if len(part.annotated) != organs:
        raise MalformedDocumentError(f"the fingerprint of {site} tells of other organs than the charter's")
    return part


def merge(parts: Mapping[str, SiteFingerprint]) -> dict[str, Any]:
    """nnU-Net's ``dataset_fingerprint.json`` of all cases together; sites may come in any order.

    The images that it lists are made up: along each axis they are the real ones in order, across axes they are not.
    Raises ``MalformedDocumentError`` for a site that counted on another number of cases, or without any foreground.
    """
    _check_totals(parts)
    intensities = Histogram.merged(Histogram(part.first, np.array(part.counts, np.int64)) for part in parts.values())
    if not intensities.total:
        raise MalformedDocumentError("no fingerprint holds any foreground")
    columns = [_listed(part.axes[n] for part in parts.values()) for n in range(AXES)]
    kept = [float(kind.share) for part in parts.values() for kind in part.kept for _ in range(kind.cases)]
    return {
        "spacings": [[spacing for spacing, _ in row] for row in zip(*columns, strict=True)],
        "shapes_after_crop": [[size for _, size in row] for row in zip(*columns, strict=True)],
        "foreground_intensity_properties_per_channel": {"0": _properties(intensities)},
        "median_relative_size_after_cropping": float(np.median(kept)),
    }


def _check_totals(parts: Mapping[str, SiteFingerprint]) -> None:
    measured, counted = sum(part.cases for part in parts.values()), {part.total for part in parts.values()}
    if counted == {measured}:
        return
    if len(counted) == 1:  # all counted alike, so nobody is to be named: one of them has other cases since
        raise MalformedDocumentError(f"{counted.pop()} cases were counted and {measured} measured at all sites")
    odd = ", ".join(sorted(site for site, part in parts.items() if part.total != measured))
    raise MalformedDocumentError(f"the fingerprint of {odd} was measured for another number of cases")


def _properties(intensities: Histogram) -> dict[str, float]:
    return {
        "mean": intensities.mean(),
        "median": intensities.percentile(50.0),
        "std": intensities.std(),
        "min": float(intensities.minimum),
        "max": float(intensities.maximum),
        "percentile_99_5": intensities.percentile(99.5),
        "percentile_00_5": intensities.percentile(0.5),
    }


def _count(pairs: Iterable[tuple[str, int]]) -> tuple[AlongAxis, ...]:
    return tuple(AlongAxis(spacing, size, count) for (spacing, size), count in sorted(Counter(pairs).items()))


def _listed(kinds_of_sites: Iterable[tuple[AlongAxis, ...]]) -> list[tuple[float, int]]:
    """Spacing and size along one axis of every case, in order."""
    return sorted(
        (float(kind.spacing), kind.size) for kinds in kinds_of_sites for kind in kinds for _ in range(kind.cases)
    )
