"""The stored absence filter: what it computes, and what is refused."""

import json
import math
import re
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.bundle import ModelBundle, find_model, load_bundle, scan_models, verify_bundle
from pedcontour.bundle.description import DESCRIPTION_NAME
from pedcontour.bundle.manifest import MANIFEST_NAME, write_manifest
from pedcontour.bundle.presence import PRESENCE_NAME, PresenceModel, Term, read_presence
from pedcontour.errors import ModelChecksumError, ModelError
from tests.stand_ins.model import write_stand_in_model

MODEL = PresenceModel(
    organs=("kidney_left", "kidney_right"),
    intercept=0.5,
    terms=(
        Term("volume_ratio", (0.1, 0.5, 1.0), (-3.0, -1.0, 0.5), 0.0),
        Term("probability", (0.5, 0.9), (-2.0, 0.25), 0.0),
        Term("level", (-1.0, 0.0, 2.0), (-1.0, 0.0, -1.5), -0.8),
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


def test_it_is_a_sum_of_curves_that_anybody_can_recompute() -> None:
    log_odds = 0.5 + (-3.0 - 1.0) / 2 + (-2.0 + 0.25) / 2 - 1.5 * 1.2 / 2.0
    evidence = {"volume_ratio": 0.3, "probability": 0.7, "level": 1.2}
    assert MODEL.probability(evidence) == pytest.approx(1 / (1 + math.exp(-log_odds)))


@pytest.mark.parametrize(("value", "added"), [(-50.0, -1.0), (-1.0, -1.0), (0.0, 0.0), (2.0, -1.5), (1e9, -1.5)])
def test_an_outlier_counts_for_no_more_than_the_end_of_its_curve(value: float, added: float) -> None:
    assert MODEL.contributions({"level": value})["level"] == added


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
        changed(kind="logistic"),
        changed(terms=[]),
        changed(terms="none"),
        changed(organs=[1]),
        changed(intercept=None),
        changed(intercept=float("nan")),
        changed(intercept=True),
        changed(intercept=int("9" * 400)),
        changed(intercept=-100.5),
        changed(costs={"look": -int("9" * 400)}),
        changed(thresholds={"remove_below": int("9" * 400), "present_from": 1.0}),
        changed(thresholds={"remove_below": 0.9, "present_from": 0.5}),
        changed(thresholds=[]),
        changed(terms=DOCUMENT["terms"][:1] * 2),
        changed(terms=[3]),
        term(adds=[0.0, -1.0, 1.0]),
        term(adds=[0.0, 1.0]),
        term(at=[0.1, 0.1, 1.0]),
        term(at=[0.1, "x", 1.0]),
        term(at=[]),
        term(at=[-1e308, 0.0, 1e308]),
        term(at=[0.1, 0.5, int("9" * 400)]),
        term(adds=[-3.0, -1.0, 100.5]),
        term(missing=None),
        term(missing=-1e300),
        term(evidence=None),
    ],
)
def test_a_filter_that_is_broken_or_not_monotone_is_refused(document) -> None:
    with pytest.raises(ModelError, match=r"kidneys\.json"):
        read_presence(document)


def put(bundle: ModelBundle, document: dict) -> None:
    (bundle.folder / PRESENCE_NAME).write_text(json.dumps(document))
    write_manifest(bundle.folder)


@pytest.fixture
def bundle(tmp_path) -> ModelBundle:
    bundle = write_stand_in_model(tmp_path)
    put(bundle, DOCUMENT)
    return load_bundle(bundle.folder)


def test_a_bundle_brings_its_filter_along(bundle: ModelBundle, tmp_path) -> None:
    assert bundle.presence == MODEL
    verify_bundle(bundle)
    assert write_stand_in_model(tmp_path / "other").presence is None


def test_a_filter_that_was_changed_is_not_loaded(bundle: ModelBundle) -> None:
    (bundle.folder / PRESENCE_NAME).write_text(json.dumps(changed(intercept=9.0)))
    with pytest.raises(ModelChecksumError, match=r"kidneys\.json"):
        load_bundle(bundle.folder)


def test_a_filter_that_lies_there_unlisted_is_refused_and_not_passed_over(bundle: ModelBundle) -> None:
    manifest = bundle.folder / MANIFEST_NAME
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if PRESENCE_NAME not in line))
    with pytest.raises(ModelChecksumError, match=r"kidneys\.json is not a plain file listed in SHA256SUMS"):
        load_bundle(bundle.folder)
    (bundle.folder / PRESENCE_NAME).unlink()
    assert load_bundle(bundle.folder).presence is None
    (bundle.folder / PRESENCE_NAME).symlink_to("nowhere")
    with pytest.raises(ModelChecksumError, match=r"kidneys\.json"):
        load_bundle(bundle.folder)


@pytest.mark.parametrize("organs", [["kidny_left"], ["liver"], ["kidney_left", "spine"]])
def test_a_filter_for_what_the_model_never_draws_or_nobody_lacks_is_refused(bundle: ModelBundle, organs) -> None:
    put(bundle, changed(organs=organs))
    with pytest.raises(ModelError, match=rf"no organ of this model that may be absent: '{organs[-1]}'"):
        load_bundle(bundle.folder)


def test_a_filter_for_an_organ_that_this_model_does_not_draw_is_refused(bundle: ModelBundle) -> None:
    description = bundle.folder / DESCRIPTION_NAME
    description.write_text(re.sub(r'\d+ = "kidney_right"\n', "", description.read_text()))
    write_manifest(bundle.folder)
    with pytest.raises(ModelError, match=r"no organ of this model that may be absent: 'kidney_right'"):
        load_bundle(bundle.folder)


def test_a_filter_belongs_to_the_weights_that_its_card_names(bundle: ModelBundle) -> None:
    put(bundle, changed(card={"weights_sha256": bundle.weights_sha256}))
    assert load_bundle(bundle.folder).presence is not None
    for other in ("0" * 64, None, 3):
        put(bundle, changed(card={"weights_sha256": other}))
        with pytest.raises(ModelError, match=r"fitted to other weights: .*, and fit anew"):
            load_bundle(bundle.folder)
    (bundle.folder / PRESENCE_NAME).unlink()
    write_manifest(bundle.folder)
    assert load_bundle(bundle.folder).presence is None


def test_a_number_that_no_float_holds_breaks_its_own_model_only(bundle: ModelBundle) -> None:
    root = bundle.folder.parent
    put(write_stand_in_model(root, "broken"), changed(intercept=int("9" * 400)))
    assert find_model(root, None).id == bundle.id
    scanned = scan_models(root)
    assert [model.id for model in scanned.models] == [bundle.id]
    assert "intercept is not a finite number" in str(scanned.refused["broken"])


def test_a_filter_of_several_folds_belongs_to_all_of_them(tmp_path) -> None:
    folds = write_stand_in_model(tmp_path, folds=("0", "1"))
    put(folds, changed(card={"weights_sha256": folds.weights_sha256}))
    assert load_bundle(folds.folder).presence is not None
    (folds.folder / folds.weights[1]).write_text("another network")
    write_manifest(folds.folder)
    with pytest.raises(ModelError, match="fitted to other weights"):
        load_bundle(folds.folder)
