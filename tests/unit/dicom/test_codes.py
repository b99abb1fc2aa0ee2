"""Codes and colours agree with the dictionaries and libraries of others."""

import highdicom as hd
import numpy as np
import pytest
from pydicom.sr.codedict import codes

from pedcontour.dicom.codes import (
    ANATOMICAL_STRUCTURE,
    ARTIFICIAL_INTELLIGENCE,
    LATERALITY,
    PROCESSING_EQUIPMENT,
    cielab,
    organ_item,
)
from pedcontour.organs import Organ, all_organs


def test_concepts_are_those_of_the_standard() -> None:
    assert codes.SCT.AnatomicalStructure == ANATOMICAL_STRUCTURE
    assert codes.SCT.Left == LATERALITY["left"]
    assert codes.SCT.Right == LATERALITY["right"]
    assert codes.DCM.ArtificialIntelligence == ARTIFICIAL_INTELLIGENCE
    assert codes.DCM.ProcessingEquipment == PROCESSING_EQUIPMENT


@pytest.mark.parametrize("organ", all_organs().values(), ids=list(all_organs()))
def test_only_paired_organs_carry_a_side(organ: Organ) -> None:
    item = organ_item(organ)
    assert (item.CodeValue, item.CodingSchemeDesignator) == (organ.code, "SCT")
    modifiers = [m.CodeMeaning.lower() for m in item.get("SegmentedPropertyTypeModifierCodeSequence", [])]
    assert modifiers == ([organ.laterality] if organ.laterality else [])


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), *(o.colour for o in all_organs().values())])
def test_colours_survive_the_way_to_cielab_and_back(colour: tuple[int, int, int]) -> None:
    lightness, a, b = cielab(colour)
    shown = hd.color.CIELabColor(lightness / 65535 * 100, a / 65535 * 255 - 128, b / 65535 * 255 - 128).to_rgb()
    assert np.abs(np.array(shown) - colour).max() <= 1
