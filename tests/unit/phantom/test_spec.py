"""What cannot be made is refused at once."""

import pytest

from pedcontour.phantom import ChildSpec, ScanSpec


@pytest.mark.parametrize(
    "wishes",
    [
        {"age_years": -0.1},
        {"age_years": 18.5},
        {"age_years": 5.0, "fatness": 0.0},
        {"age_years": 5.0, "absent_kidney": "left", "bed_filling": "liver"},
        {"age_years": 5.0, "absent_kidney": "right", "bed_filling": "spleen"},
    ],
)
def test_an_impossible_child_is_refused(wishes) -> None:
    with pytest.raises(ValueError, match=r"age_years|fatness|cannot fill"):
        ChildSpec(seed=1, **wishes)


@pytest.mark.parametrize(
    "wishes",
    [
        {"spacing_mm": (0.0, 1.0)},
        {"slice_spacing_mm": -2.0},
        {"noise_hu": -1.0},
        {"z_range_mm": (10.0, -10.0)},
        {"matrix": (4, 100)},
    ],
)
def test_an_impossible_scan_is_refused(wishes) -> None:
    with pytest.raises(ValueError, match=r"positive|z_range_mm|matrix"):
        ScanSpec(**wishes)
