"""A real CT, contoured by the shipped model: its kidneys stay, and a bed painted empty is never passed over."""

from pathlib import Path

import pytest

from benchmarks.painted_out import paint_out
from benchmarks.real_kidneys import KIDNEYS, Seen, look_at
from pedcontour.bundle import find_model
from pedcontour.dicom.reader import read_series
from pedcontour.inference.choice import load_engine
from pedcontour.settings import Settings
from pedcontour.verdicts import DRAWN, Outcome

SMALLEST_REAL_ML = 80.0
"""Both kidneys of this adult are larger, by far."""

TOLD = frozenset({Outcome.REMOVED_FALSE_POSITIVE, Outcome.ABSENT_DETECTED, Outcome.PRESENT_UNCERTAIN})
"""What may become of an empty bed: each with a warning."""


@pytest.fixture(scope="module")
def seen(real_ct: Path) -> dict[str, Seen]:
    bundle = find_model(Settings().models_dir, None)
    engine = load_engine(bundle)
    image = read_series(sorted(real_ct.rglob("*.dcm"))).series.volume
    whole = look_at(engine, bundle, image)
    return {"nobody": whole} | {
        kidney: look_at(engine, bundle, paint_out(image, whole.drawn, kidney)) for kidney in KIDNEYS
    }


@pytest.mark.slow
def test_both_kidneys_of_a_real_ct_are_kept(seen: dict[str, Seen]) -> None:
    for verdict in seen["nobody"].kidneys.values():
        assert verdict.outcome in DRAWN and verdict.volume_ml > SMALLEST_REAL_ML


@pytest.mark.slow
@pytest.mark.parametrize("painted_out", KIDNEYS)
def test_a_kidney_painted_out_is_told_and_the_other_one_is_kept(seen: dict[str, Seen], painted_out: str) -> None:
    (other,) = set(KIDNEYS) - {painted_out}
    without = seen[painted_out]
    assert without.kidneys[other].outcome in DRAWN and without.kidneys[other].volume_ml > SMALLEST_REAL_ML
    assert without.kidneys[painted_out].outcome in TOLD
    told = [warning for warning in without.judged.warnings if without.kidneys[painted_out].reason in warning]
    assert told
