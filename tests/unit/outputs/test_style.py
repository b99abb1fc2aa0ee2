"""The style of the outputs: checked as a whole, and the same after a way through JSON."""

import json
from typing import Any

import pytest

from pedcontour.errors import NamesInvalidError, OutputOptionError
from pedcontour.outputs import OutputStyle, RoiName, RoiNames

OURS = RoiNames("ours", "Ours", {"liver": RoiName("Leber", (1, 2, 3)), "heart": RoiName("Herz")})


def test_the_default_is_all_files_binary_rings_micrometres_tg263() -> None:
    style = OutputStyle()
    assert style.formats == ("rtstruct", "seg", "report", "preview")
    assert (style.seg_encoding, style.holes, style.decimals) == ("binary", "rings", 3)
    assert (style.names.id, style.name_length, style.empty_rois) == ("tg263", 16, "omit")


def test_the_report_is_always_written_and_order_and_repetition_do_not_matter() -> None:
    assert OutputStyle(formats=("seg", "rtstruct", "seg")).formats == ("rtstruct", "seg", "report")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"formats": ("stl",)}, "outputs is 'stl'; choose rtstruct, seg, report, preview"),
        ({"seg_encoding": "fractional"}, "seg_encoding is 'fractional'; choose binary, labelmap"),
        ({"holes": "squares"}, "holes is 'squares'; choose rings, keyhole"),
        ({"empty_rois": "perhaps"}, "empty_rois is 'perhaps'; choose omit, keep"),
        ({"decimals": 0}, "decimals is '0'; choose 1 to 6"),
        ({"decimals": 7}, "choose 1 to 6"),
        ({"name_length": 53}, "name_length is '53'; choose 1 to 52"),
    ],
)
def test_a_value_that_does_not_exist_is_refused_with_those_that_do(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(OutputOptionError, match=reason):
        OutputStyle(**given)


def test_names_must_fit_the_length_limit() -> None:
    with pytest.raises(NamesInvalidError, match="at most 10"):
        OutputStyle(name_length=10)  # Musc_Iliopsoas_L of TG-263's kind has 16


def test_plain_data_gives_the_same_style_back() -> None:
    style = OutputStyle(("seg",), "labelmap", "keyhole", 5, 20, "keep", OURS, "monaco")
    data = json.loads(json.dumps(style.as_data()))
    assert OutputStyle.from_data(data) == style


def test_data_without_the_newer_fields_is_the_default_style() -> None:
    assert OutputStyle.from_data({}) == OutputStyle()


def test_data_of_a_newer_version_is_refused_not_ignored() -> None:
    with pytest.raises(OutputOptionError, match="smoothing"):
        OutputStyle.from_data({"smoothing": "much"})
