"""What every inference engine promises (``pedcontour/inference/port.py``), as an exam.

An engine joins by a class in ``test_engines.py`` that inherits this one and gives a loaded ``engine`` and an
``image`` on which it draws at least two organs.
"""

from itertools import permutations

import numpy as np
import pytest

from pedcontour.errors import CancelledError
from pedcontour.inference.modes import DEFAULT_MODE, Mode
from pedcontour.inference.port import Engine, Prediction
from pedcontour.orientation import AxisChange
from pedcontour.volume import Grid, Volume

FLIPS = [(False, False, True), (True, True, False), (True, False, True), (False, True, False)]
CHANGES = [AxisChange(axes, FLIPS[n % len(FLIPS)]) for n, axes in enumerate(permutations(range(3)))]  # type: ignore[arg-type]
"""Every order of the axes, each with other flips: mirror images and rotations."""


def _silent(_: float) -> None:
    return None


class EngineContract:
    """The exam; the fixtures are given by the class that inherits it."""

    @pytest.fixture
    def engine(self) -> Engine:
        raise NotImplementedError

    @pytest.fixture
    def image(self) -> Volume:
        raise NotImplementedError

    @pytest.fixture
    def prediction(self, engine: Engine, image: Volume) -> Prediction:
        return engine.segment(image, _silent)

    def test_labels_lie_on_the_grid_of_the_image(self, prediction: Prediction, image: Volume) -> None:
        assert prediction.labels.grid.same_place(image.grid)
        assert prediction.labels.voxels.shape == image.voxels.shape
        assert prediction.labels.voxels.dtype == np.uint8

    def test_the_memory_of_a_segmentation_is_told_before_it(self, engine: Engine, image: Volume) -> None:
        assert engine.memory_bytes(image) >= 0

    def test_an_engine_that_is_warm_draws_what_it_drew(
        self, engine: Engine, image: Volume, prediction: Prediction
    ) -> None:
        engine.warm_up()
        again = engine.segment(image, _silent)
        np.testing.assert_array_equal(again.labels.voxels, prediction.labels.voxels)

    def test_labels_are_those_of_the_engine(self, engine: Engine, prediction: Prediction) -> None:
        assert prediction.labels.organs == engine.organs
        drawn = set(np.unique(prediction.labels.voxels)) - {0}
        assert len(drawn) >= 2, "the image shows too little to examine an engine"
        assert drawn <= engine.organs.keys()

    def test_every_drawn_organ_has_a_confidence_and_no_other(self, prediction: Prediction) -> None:
        drawn = {prediction.labels.organs[int(label)] for label in np.unique(prediction.labels.voxels) if label}
        assert prediction.confidence.keys() == drawn
        assert all(0.0 <= value <= 1.0 for value in prediction.confidence.values())

    def test_the_prediction_says_what_ran(self, prediction: Prediction) -> None:
        assert prediction.engine
        assert prediction.device
        assert prediction.mode == DEFAULT_MODE
        assert all(seconds >= 0 for seconds in prediction.timings_s.values())

    @pytest.mark.parametrize("mode", ["exact", "standard", "fast"])
    def test_it_runs_in_every_mode_that_each_model_has(self, engine: Engine, image: Volume, mode: Mode) -> None:
        prediction = engine.segment(image, _silent, mode)
        assert prediction.mode == mode
        assert len(np.unique(prediction.labels.voxels)) >= 3

    def test_progress_never_falls_and_ends_at_one(self, engine: Engine, image: Volume) -> None:
        told: list[float] = []
        engine.segment(image, told.append)
        assert told == sorted(told)
        assert told[0] >= 0.0
        assert told[-1] == pytest.approx(1.0)
        assert len(told) >= 3

    def test_a_cancelled_job_stops_at_once_and_the_next_one_runs(
        self, engine: Engine, image: Volume, prediction: Prediction
    ) -> None:
        told: list[float] = []

        def cancel_half_way(share: float) -> None:
            told.append(share)
            if share >= 0.5:
                raise CancelledError

        with pytest.raises(CancelledError):
            engine.segment(image, cancel_half_way)
        assert [share >= 0.5 for share in told].count(True) == 1
        again = engine.segment(image, _silent)
        np.testing.assert_array_equal(again.labels.voxels, prediction.labels.voxels)

    def test_the_same_image_gives_the_same_result(self, engine: Engine, image: Volume, prediction: Prediction) -> None:
        again = engine.segment(image, _silent)
        np.testing.assert_array_equal(again.labels.voxels, prediction.labels.voxels)
        assert again.confidence == prediction.confidence

    def test_the_image_is_left_as_it_was(self, engine: Engine, image: Volume) -> None:
        before = image.voxels.copy()
        image.voxels.setflags(write=False)
        engine.segment(image, _silent)
        np.testing.assert_array_equal(image.voxels, before)

    def test_whole_and_real_hounsfield_units_are_the_same(
        self, engine: Engine, image: Volume, prediction: Prediction
    ) -> None:
        real = engine.segment(Volume(image.grid, image.voxels.astype(np.float32)), _silent)
        np.testing.assert_array_equal(real.labels.voxels, prediction.labels.voxels)

    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.axes}{change.flips}")
    def test_the_order_in_which_a_scanner_stores_voxels_does_not_matter(
        self, engine: Engine, image: Volume, prediction: Prediction, change: AxisChange
    ) -> None:
        turned = engine.segment(change.volume(image), _silent)
        back = change.inverse.label_map(turned.labels)
        assert back.grid.same_place(image.grid)
        np.testing.assert_array_equal(back.voxels, prediction.labels.voxels)
        assert turned.confidence == prediction.confidence

    def test_a_slightly_rotated_patient_is_drawn_voxel_by_voxel_the_same(
        self, engine: Engine, image: Volume, prediction: Prediction
    ) -> None:
        cos, sin = np.cos(0.1), np.sin(0.1)
        turn = np.array([[cos, -sin, 0, 0], [sin, cos, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        oblique = Volume(Grid(image.grid.shape, turn @ image.grid.affine), image.voxels)
        np.testing.assert_array_equal(engine.segment(oblique, _silent).labels.voxels, prediction.labels.voxels)

    @pytest.mark.parametrize("hu", [-1000, 0], ids=["air", "zeros"])
    def test_an_image_of_nothing_is_no_error(self, engine: Engine, image: Volume, hu: int) -> None:
        empty = engine.segment(Volume(image.grid, np.full(image.grid.shape, hu, np.int16)), _silent)
        assert empty.labels.voxels.shape == image.grid.shape

    def test_a_stack_of_two_slices_is_no_error(self, engine: Engine, image: Volume) -> None:
        _, rows, columns = image.grid.shape
        thin = Volume(Grid((2, rows, columns), image.grid.affine), image.voxels[:2])
        assert engine.segment(thin, _silent).labels.voxels.shape == (2, rows, columns)
