"""How results are written: which files, how they are encoded, what the regions are called, and for which system.

What a user types (``OutputWishes``) becomes an ``OutputStyle`` in one place, ``style_of``, for the command line and the
service alike. Nothing here knows DICOM: the writers do, and they obey the style.
"""

from pedcontour.outputs.names import REVIEW_COLOUR, TG263, RoiName, RoiNames, read_template, review_name
from pedcontour.outputs.profiles import Profile, all_profiles
from pedcontour.outputs.style import (
    DECIMALS,
    EMPTY_ROIS,
    FORMATS,
    HOLES,
    NAME_LENGTHS,
    SEG_ENCODINGS,
    OutputStyle,
)
from pedcontour.outputs.templates import TemplateFolder
from pedcontour.outputs.wishes import WISH_FIELDS, OutputWishes, style_of

__all__ = [
    "DECIMALS",
    "EMPTY_ROIS",
    "FORMATS",
    "HOLES",
    "NAME_LENGTHS",
    "REVIEW_COLOUR",
    "SEG_ENCODINGS",
    "TG263",
    "WISH_FIELDS",
    "OutputStyle",
    "OutputWishes",
    "Profile",
    "RoiName",
    "RoiNames",
    "TemplateFolder",
    "all_profiles",
    "read_template",
    "review_name",
    "style_of",
]
