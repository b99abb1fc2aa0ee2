"""Coded words and colours as both formats carry them, so that one organ has one code everywhere."""

from pydicom import Dataset
from pydicom.sr.coding import Code

from pedcontour.organs import Organ, Side

ANATOMICAL_STRUCTURE = Code("91723000", "SCT", "Anatomical Structure")
"""Segmented property category (PS3.16 CID 7150); the older 123037004 is outdated."""

SPATIAL_CONCEPT = Code("309825002", "SCT", "Spatial and Relational Concept")
"""Category (PS3.16 CID 7150) of a region that is no anatomical structure."""

SELECTED_REGION = Code("111099", "DCM", "Selected region")
"""Type of a region that is kept to be looked at: a program that asks for kidneys must not find it."""

LATERALITY: dict[Side, Code] = {
    "left": Code("7771000", "SCT", "Left"),
    "right": Code("24028007", "SCT", "Right"),
}
"""Type modifiers of paired organs (PS3.16 CID 244)."""

ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
"""Algorithm family (PS3.16 CID 7162)."""

PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")
"""Purpose of reference of contributing equipment (PS3.16 CID 7005)."""


def code_item(code: Code) -> Dataset:
    """A code as an item of a code sequence (PS3.3 table 8.8-1)."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def organ_item(organ: Organ) -> Dataset:
    """The organ's type with its side as a modifier: the same item in a SEG segment and in an RTSTRUCT observation."""
    item = code_item(Code(organ.code, "SCT", organ.meaning))
    if organ.laterality is not None:
        item.SegmentedPropertyTypeModifierCodeSequence = [code_item(LATERALITY[organ.laterality])]
    return item


def cielab(colour: tuple[int, int, int]) -> list[int]:
    """An sRGB colour 0-255 as RecommendedDisplayCIELabValue: L*, a*, b* in 16 bits each (PS3.3 C.10.7.1.1)."""
    linear = [(c / 12.92) if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255.0 for v in colour)]
    white_relative = [
        sum(w * c for w, c in zip(row, linear, strict=True)) / white
        for row, white in zip(SRGB_TO_XYZ, D65_WHITE, strict=True)
    ]
    x, y, z = (t ** (1 / 3) if t > LAB_KNEE else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in white_relative)
    lightness, a, b = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    scaled = (lightness / 100 * 65535, (a + 128) / 255 * 65535, (b + 128) / 255 * 65535)
    return [min(65535, max(0, round(value))) for value in scaled]


SRGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
"""Linear sRGB to CIE XYZ (IEC 61966-2-1)."""

D65_WHITE = (0.95047, 1.0, 1.08883)
"""XYZ of sRGB's own white. The standard's profile connection space has D50, but the readers tried here (dcmqi on DCMTK,
highdicom) take D65: with it, both files show the same colour."""

LAB_KNEE = (6 / 29) ** 3
"""Where CIELAB's cube root gives way to a line (CIE 15)."""
