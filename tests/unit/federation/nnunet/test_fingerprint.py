"""A hospital's part of the fingerprint: what it may hold, and who is named when parts do not fit."""

from dataclasses import replace

import numpy as np
import pytest

from pedcontour.errors import MalformedDocumentError, RequestError
from pedcontour.federation.nnunet.fingerprint import (
    AlongAxis,
    Kept,
    MeasuredCase,
    SiteFingerprint,
    merge,
    read_fingerprint,
    summarise,
)
from pedcontour.federation.nnunet.histogram import Histogram
from pedcontour.federation.room import encode


def _part(cases: int, total: int, first: int = 0) -> SiteFingerprint:
    along = (AlongAxis("1.0", 20, cases),)
    return SiteFingerprint(cases, (cases,), total, (along, along, along), (Kept("1.0", cases),), first, (5,))


def test_intensities_that_no_scanner_writes_are_refused_by_the_site_s_name() -> None:
    told = encode(_part(2, 4))
    for first in (b"-32769", b"65536", b"4503599627370496"):
        with pytest.raises(MalformedDocumentError, match="the fingerprint of birch: SiteFingerprint: first"):
            read_fingerprint("birch", told.replace(b'"first":0', b'"first":' + first), 1)
    with pytest.raises(MalformedDocumentError, match="the fingerprint of birch tells of intensities"):
        read_fingerprint("birch", encode(replace(_part(2, 4, first=65535), counts=(5, 5))), 1)
    assert read_fingerprint("birch", encode(_part(2, 4, first=65535)), 1).first == 65535


def test_a_site_whose_images_hold_no_ct_numbers_says_so() -> None:
    image = MeasuredCase((1.0,) * 3, (5,) * 3, 1.0, Histogram.of(np.array([-1024.0, 70000.0], np.float32)))
    with pytest.raises(RequestError, match="no CT numbers"):
        summarise([image], (1,), 1)


def test_a_site_that_counted_other_cases_than_all_is_named() -> None:
    with pytest.raises(MalformedDocumentError, match="the fingerprint of birch was"):
        merge({"alder": _part(2, 4), "birch": replace(_part(2, 4), total=5)})


def test_where_all_counted_alike_and_measured_more_no_site_is_blamed() -> None:
    with pytest.raises(MalformedDocumentError, match="4 cases were counted and 5 measured") as refused:
        merge({"alder": _part(2, 4), "birch": _part(3, 4)})
    assert "alder" not in str(refused.value)
