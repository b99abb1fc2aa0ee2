"""Each step against the function of nnU-Net whose place it takes."""

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.ndimage import gaussian_filter

from pedcontour.errors import CancelledError, ModelUnsupportedError
from pedcontour.inference.nnunet_network import Definition, read_definition
from pedcontour.inference.nnunet_steps import channel_certainty, label_channels, prepare, run_tiles
from tests.toy_nnunet import CONFIGURATION, LABELS, toy_dataset, toy_image, toy_plans

SHAPE, SPACING_MM = (30, 44, 38), (2.5, 1.75, 2.0)
THICK_SPACING_MM = (7.0, 1.75, 2.0)

PLANS: dict[str, dict[str, Any]] = {
    "as planned": {},
    "transposed": {"transpose_forward": [1, 2, 0], "transpose_backward": [2, 0, 1]},
    "normalised inside the nonzero part": {
        "normalization_schemes": ["ZScoreNormalization"],
        "use_mask_for_norm": [True],
    },
    "cubic logits": {"resampling_fn_probabilities_kwargs": {"is_seg": False, "order": 3}},
    "thick slices kept linear": {
        "resampling_fn_probabilities_kwargs": {"is_seg": False, "order": 1, "order_z": 1, "force_separate_z": None}
    },
    "never separate": {
        "resampling_fn_probabilities_kwargs": {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": False}
    },
    "resampled by torch": {
        "resampling_fn_data": "resample_torch_fornnunet",
        "resampling_fn_probabilities": "resample_torch_fornnunet",
        "resampling_fn_data_kwargs": {"is_seg": False, "force_separate_z": False},
        "resampling_fn_probabilities_kwargs": {"is_seg": False, "force_separate_z": False},
    },
}


def _definition(changes: dict[str, Any]) -> Definition:
    plans: dict[str, Any] = copy.deepcopy(toy_plans())
    configuration = plans["configurations"][CONFIGURATION]
    for key, value in changes.items():
        (plans if key in plans else configuration)[key] = value
    return read_definition(plans, toy_dataset(), CONFIGURATION)


@pytest.fixture(params=PLANS.values(), ids=PLANS.keys())
def definition(request: pytest.FixtureRequest) -> Definition:
    return _definition(request.param)


@pytest.fixture(params=[SPACING_MM, THICK_SPACING_MM], ids=["thin", "thick"])
def spacing_mm(request: pytest.FixtureRequest) -> tuple[float, float, float]:
    spacing: tuple[float, float, float] = request.param
    return spacing


def _image() -> npt.NDArray[np.int16]:
    voxels = toy_image(SHAPE, SPACING_MM, seed=2)[0].voxels.copy()
    voxels[:4] = 0
    voxels[:, :, -3:] = 0
    result: npt.NDArray[np.int16] = voxels
    return result


def _stock_preprocessing(definition: Definition, spacing_mm: tuple[float, ...]) -> tuple[Any, dict[str, Any]]:
    properties: dict[str, Any] = {"spacing": list(spacing_mm)}
    data, _, properties = definition.preprocessor.run_case_npy(
        _image()[None], None, properties, definition.plans, definition.configuration, toy_dataset()
    )
    return data, properties


def test_an_image_is_prepared_as_by_nnunets_preprocessor(
    definition: Definition, spacing_mm: tuple[float, float, float]
) -> None:
    stock, properties = _stock_preprocessing(definition, spacing_mm)
    prepared = prepare(definition, _image(), spacing_mm)
    np.testing.assert_array_equal(prepared.data, np.asarray(stock))
    assert [[part.start, part.stop] for part in prepared.box] == [list(b) for b in properties["bbox_used_for_cropping"]]
    assert prepared.full_shape == properties["shape_before_cropping"]


def test_an_image_of_zeros_is_not_cropped_away() -> None:
    prepared = prepare(_definition({}), np.zeros(SHAPE, np.int16), SPACING_MM)
    assert prepared.data.shape == (1, 25, 26, 25)


def test_rounding_in_a_spacing_does_not_change_how_an_image_is_resampled() -> None:
    definition = _definition({})
    exact = prepare(definition, _image(), (9.0, 3.0, 3.0))
    noisy = prepare(definition, _image(), (9.000000000000002, 3.0, 3.0000000000000004))
    np.testing.assert_array_equal(exact.data, noisy.data)


def test_labels_are_those_of_nnunets_export(definition: Definition, spacing_mm: tuple[float, float, float]) -> None:
    from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape

    _, properties = _stock_preprocessing(definition, spacing_mm)
    prepared = prepare(definition, _image(), spacing_mm)
    random = np.random.default_rng(0)
    fields = [gaussian_filter(random.normal(0, 60, prepared.data.shape[1:]), 2) for _ in LABELS]
    logits = torch.from_numpy(np.array(fields)).half()
    stock = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits.clone(), definition.plans, definition.configuration, definition.labels, properties, num_threads_torch=1
    )
    told: list[float] = []
    ours = label_channels(definition, logits, prepared, told.append)
    np.testing.assert_array_equal(ours, stock)
    assert len(np.unique(ours)) == len(LABELS)
    assert told[-1] == pytest.approx(1.0)


def _blur(tile: torch.Tensor) -> torch.Tensor:
    """A network of sorts: eight channels that depend on their surroundings."""
    mean = torch.nn.functional.avg_pool3d(tile, 5, 1, 2)
    return torch.cat([mean * factor + factor for factor in range(len(LABELS))], 1)


@pytest.mark.parametrize("shape", [(40, 70, 100), (10, 20, 30), (32, 48, 48), (33, 48, 97)])
def test_tiles_are_laid_and_weighted_as_by_nnunets_predictor(shape: tuple[int, int, int]) -> None:
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    definition = _definition({})
    data = np.random.default_rng(1).normal(size=(1, *shape)).astype(np.float32)
    predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=False, allow_tqdm=False)
    network = torch.nn.Module()
    network.forward = _blur  # type: ignore[method-assign, assignment]
    predictor.manual_initialization(
        network, definition.plans, definition.configuration, None, toy_dataset(), "none", None
    )
    stock = predictor.predict_sliding_window_return_logits(torch.from_numpy(data))
    with torch.inference_mode():
        ours = run_tiles(definition, _blur, data, torch.device("cpu"), lambda _: None)
    assert ours.dtype == stock.dtype
    np.testing.assert_array_equal(ours.numpy(), stock.numpy())


def test_progress_is_told_after_every_tile_and_may_end_the_work() -> None:
    definition = _definition({})
    data = np.zeros((1, 64, 96, 96), np.float32)
    told: list[float] = []
    run_tiles(definition, _blur, data, torch.device("cpu"), told.append)
    assert told == [n / 27 for n in range(1, 28)]

    def cancel(_: float) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        run_tiles(definition, _blur, data, torch.device("cpu"), cancel)


def test_outputs_that_half_precision_cannot_hold_are_refused() -> None:
    def shout(tile: torch.Tensor) -> torch.Tensor:
        return torch.full((1, len(LABELS), *tile.shape[2:]), 1e5)

    with pytest.raises(ModelUnsupportedError):
        run_tiles(_definition({}), shout, np.zeros((1, 8, 8, 8), np.float32), torch.device("cpu"), lambda _: None)


def test_certainty_is_the_probability_of_a_label_over_its_own_voxels() -> None:
    random = np.random.default_rng(4)
    logits = torch.from_numpy(random.normal(0, 2, (4, 5, 6, 7))).half()
    probability = torch.softmax(logits.float(), 0).numpy()
    winner = logits.numpy().argmax(0)
    certainty = channel_certainty(logits, (0, 1, 1, 0))
    merged = (winner == 1) | (winner == 2)
    own = (probability[1] + probability[2])[merged]
    assert certainty.keys() == {1}
    assert certainty[1].mean == pytest.approx(own.mean(), rel=1e-5)
    assert certainty[1].spread == pytest.approx(own.std(), rel=1e-4)


def test_a_label_that_wins_nowhere_has_no_certainty() -> None:
    logits = torch.zeros((3, 2, 2, 2))
    logits[1] = 5.0
    assert channel_certainty(logits, (0, 1, 2)).keys() == {1}
