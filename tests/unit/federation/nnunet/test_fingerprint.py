"""A hospital's part of the fingerprint: what it may hold, and who is named when parts do not fit."""

from dataclasses import replace

import pytest

from pedcontour.errors import MalformedDocumentError
from pedcontour.federation.nnunet.fingerprint import AlongAxis, Kept, SiteFingerprint, merge


def _part(cases: int, total: int, first: int = 0) -> SiteFingerprint:
    along = (AlongAxis("1.0", 20, cases),)
    return SiteFingerprint(cases, (cases,), total, (along, along, along), (Kept("1.0", cases),), first, (5,))


def test_a_site_that_counted_other_cases_than_all_is_named() -> None:
    with pytest.raises(MalformedDocumentError, match="the fingerprint of birch was"):
        merge({"alder": _part(2, 4), "birch": replace(_part(2, 4), total=5)})


def test_where_all_counted_alike_and_measured_more_no_site_is_blamed() -> None:
    with pytest.raises(MalformedDocumentError, match="4 cases were counted and 5 measured") as refused:
        merge({"alder": _part(2, 4), "birch": _part(3, 4)})
    assert "alder" not in str(refused.value)
