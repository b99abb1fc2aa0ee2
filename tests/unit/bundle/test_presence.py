"""The stored absence filter: what it computes, and what is refused."""

import json
import math
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.bundle import ModelBundle, load_bundle, verify_bundle
from pedcontour.bundle.manifest import write_manifest
from pedcontour.bundle.presence import PRESENCE_NAME, PresenceModel, Term, read_presence
from pedcontour.errors import ModelChecksumError, ModelError
from tests.stand_ins.model import write_stand_in_model

MODEL = PresenceModel(
    organs=("kidney_left", "kidney_right"),
    intercept=0.5,
    terms=(
        Term("volume_ratio", "log", -0.2, 0.6, 2.0, 0.0),
        Term("probability", "linear", 0.9, 0.1, 1.5, 0.0),
        Term("level", "distance", 0.2, 0.5, -0.8, 1.0),
    ),
    remove_below=0.05,
    present_from=0.7,
    costs={"removed_present": 20.0},
    card={"fitted_on": "made up"},
)
DOCUMENT = MODEL.as_document()
numbers = st.one_of(st.none(), st.floats(0.0, 50.0))


def changed(**entries) -> dict:
    return deepcopy(DOCUMENT) | entries


def term(**entries) -> dict:
    return changed(terms=[DOCUMENT["terms"][0] | entries])


def test_it_is_a_logistic_regression_that_anybody_can_recompute() -> None:
    log_odds = 0.5 + 2.0 * (math.log(0.5) + 0.2) / 0.6 + 1.5 * (0.8 - 0.9) / 0.1 - 0.8 * abs(1.2 - 0.2) / 0.5
    evidence = {"volume_ratio": 0.5, "probability": 0.8, "level": 1.2}
    assert MODEL.probability(evidence) == pytest.approx(1 / (1 + math.exp(-log_odds)))


def test_unknown_evidence_takes_its_stated_place() -> None:
    assert MODEL.contributions({"volume_ratio": None})["level"] == pytest.approx(-0.8)
    assert MODEL.contributions({})["volume_ratio"] == 0.0


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(0.0, 1.0), st.floats(0.0, 1.0), numbers)
def test_more_volume_or_probability_never_makes_it_less_likely(volume, larger, sure, surer, level) -> None:
    volume, larger = sorted((volume, larger))
    sure, surer = sorted((sure, surer))
    low = MODEL.probability({"volume_ratio": volume, "probability": sure, "level": level})
    high = MODEL.probability({"volume_ratio": larger, "probability": surer, "level": level})
    assert 0.0 <= low <= high <= 1.0


def test_it_is_read_as_it_was_written() -> None:
    assert read_presence(json.loads(json.dumps(DOCUMENT))) == MODEL


@pytest.mark.parametrize(
    "document",
    [
        changed(schema=2),
        changed(kind="forest"),
        changed(terms=[]),
        changed(terms="none"),
        changed(organs=[1]),
        changed(intercept=None),
        changed(intercept=float("nan")),
        changed(intercept=True),
        changed(thresholds={"remove_below": 0.9, "present_from": 0.5}),
        changed(thresholds=[]),
        changed(terms=DOCUMENT["terms"][:1] * 2),
        changed(terms=[3]),
        term(weight=-1.0),
        term(shape="distance"),
        term(shape="cubic"),
        term(scale=0.0),
        term(centre="x"),
        term(evidence=None),
    ],
)
def test_a_filter_that_is_broken_or_not_monotone_is_refused(document) -> None:
    with pytest.raises(ModelError, match=r"kidneys\.json"):
        read_presence(document)


@pytest.fixture
def bundle(tmp_path) -> ModelBundle:
    bundle = write_stand_in_model(tmp_path)
    (bundle.folder / PRESENCE_NAME).write_text(json.dumps(DOCUMENT))
    write_manifest(bundle.folder)
    return load_bundle(bundle.folder)


def test_a_bundle_brings_its_filter_along(bundle: ModelBundle, tmp_path) -> None:
    assert bundle.presence == MODEL
    verify_bundle(bundle)
    assert write_stand_in_model(tmp_path / "other").presence is None


def test_a_filter_that_was_changed_is_not_loaded(bundle: ModelBundle) -> None:
    (bundle.folder / PRESENCE_NAME).write_text(json.dumps(changed(intercept=9.0)))
    with pytest.raises(ModelChecksumError, match=r"kidneys\.json"):
        load_bundle(bundle.folder)


def test_a_filter_that_is_not_in_the_manifest_fails_the_check(bundle: ModelBundle, tmp_path) -> None:
    plain = write_stand_in_model(tmp_path / "other")
    (plain.folder / PRESENCE_NAME).write_text(json.dumps(DOCUMENT))
    assert load_bundle(plain.folder).presence is None
    with pytest.raises(ModelChecksumError, match=r"kidneys\.json"):
        verify_bundle(plain)
