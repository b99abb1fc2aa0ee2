"""A patient at the edge of a wide field of view: ``standard`` draws what the ``nnUNetv2_predict`` command draws of the
patient, and nothing in the air that it skips, where the command may draw.
"""

from pathlib import Path

import numpy as np
import pytest

from pedcontour.bundle import ModelBundle
from pedcontour.inference.choice import EngineChoice, Runtime, load_engine
from pedcontour.inference.modes import Mode
from pedcontour.inference.port import Prediction
from pedcontour.volume import Grid, Volume
from tests.integration.stock_command import Labels, Stock, dice, stock_labels
from tests.toy_nnunet import PATCH, one_thread, toy_image

pytestmark = pytest.mark.slow

PATIENT = (40, 60, 64)
"""Voxels of the image without the padding, as large as the network's own."""
SPACING_MM = (3.0, 3.0, 3.0)
AIR_COLUMNS = 140
"""Of air, beside the patient: three tiles wide."""
AIR_HU = -1000

BOUNDS: dict[tuple[Runtime, Mode], float] = {
    ("torch", "exact"): 0.999,
    ("torch", "standard"): 0.999,
    ("openvino", "standard"): 0.99,
}
"""Least Dice of an organ within the patient. PyTorch on a CPU has no half precision: what ``standard`` changes there is
the sums, and tiles that are skipped, none of which holds a voxel of the patient. OpenVINO adds what bfloat16 does to
organs of 3000 voxels; larger ones are held to 0.995 in ``test_equal_to_stock.py``.
"""


@pytest.fixture(scope="module")
def stock(toy_results: Path, toy_model: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """What the command draws, as the bundle's labels."""
    drawn = stock_labels(toy_results, {"padded": padded()}, tmp_path_factory.mktemp("stock"), Stock())
    return np.array(toy_model.label_of_channel, np.uint8)[drawn["padded"]]


def padded() -> Volume:
    """The toy's body at the left edge of a field of view more than three times as wide."""
    image, _ = toy_image(PATIENT, SPACING_MM, seed=11)
    voxels = np.pad(image.voxels, ((0, 0), (0, 0), (0, AIR_COLUMNS)), constant_values=AIR_HU)
    return Volume(Grid(voxels.shape, image.grid.affine), voxels)


def drawn_by(model: ModelBundle, cache: Path, runtime: Runtime, mode: Mode) -> Prediction:
    """What we draw of the same image."""
    if runtime == "openvino":
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
    with one_thread():
        engine = load_engine(model, EngineChoice(device="cpu", runtime=runtime, threads=1, cache=cache))
        return engine.segment(padded(), lambda _: None, mode)


@pytest.mark.parametrize(("runtime", "mode"), list(BOUNDS))
def test_every_organ_of_a_patient_beside_much_air_is_what_the_command_draws(
    runtime: Runtime, mode: Mode, stock: Labels, toy_model: ModelBundle, toy_cache: Path
) -> None:
    prediction = drawn_by(toy_model, toy_cache, runtime, mode)
    patient = padded().voxels > AIR_HU
    for label, organ in toy_model.organs.items():
        ours, theirs = (voxels[patient] == label for voxels in (prediction.labels.voxels, stock))
        assert theirs.sum() > 1000, f"{organ} is hardly there: the comparison would say nothing"
        dsc = dice(ours, theirs)
        assert dsc >= BOUNDS[runtime, mode], f"{organ}: {dsc}"


def test_standard_draws_nothing_in_the_air_that_it_skips_and_exact_what_the_command_draws_there(
    stock: Labels, toy_model: ModelBundle, toy_cache: Path
) -> None:
    beyond = (..., slice(PATIENT[2] + PATCH[2], None))  # no tile that shows some of the patient reaches there
    exact, standard = (drawn_by(toy_model, toy_cache, "torch", mode) for mode in ("exact", "standard"))
    assert (exact.tiles_skipped, standard.tiles_run + standard.tiles_skipped) == (0, exact.tiles_run)
    assert standard.tiles_skipped > standard.tiles_run
    assert np.count_nonzero(stock[beyond]) > 1000, "the command draws nothing in air: the comparison would say nothing"
    assert dice(exact.labels.voxels[beyond] > 0, stock[beyond] > 0) >= 0.999
    assert not standard.labels.voxels[beyond].any()
