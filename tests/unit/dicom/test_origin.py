"""Every written file says what made its contours, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread

from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.origin import NETWORK, SYNTHETIC_TRUTH, Origin
from tests.made_series import bodies, grid_for, made_result, made_series

GRID = grid_for((12, 40, 44), (9.0, 3.0, 3.0))
CLAIMS = ("AI", "Artificial Intelligence", "Drawn by an artificial neural network")


@pytest.mark.parametrize("origin", [NETWORK, SYNTHETIC_TRUTH])
def test_the_words_fit_their_attributes(origin: Origin) -> None:
    assert len(origin.label) <= 16 and len(origin.description) <= 64


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_contours_of_a_network_say_so_and_those_of_a_synthetic_truth_do_not(name: str, tmp_path: Path) -> None:
    drawn = made_result(made_series(GRID), bodies(GRID))
    for origin, expected in ((NETWORK, True), (SYNTHETIC_TRUTH, False)):
        path = tmp_path / f"{origin.by_network}.dcm"
        WRITERS[name](replace(drawn, origin=origin), path)
        written = dcmread(path)
        assert written.SeriesDescription == origin.description
        assert origin.notice in written.ContributingEquipmentSequence[0].ContributionDescription
        assert [claim in str(written) for claim in CLAIMS] == [expected] * len(CLAIMS)
