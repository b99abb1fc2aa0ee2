"""The style that results are written in: checked once, then obeyed by every writer and by the read-back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pedcontour.errors import OutputOptionError
from pedcontour.outputs.names import TG263, RoiNames, parse_names

FORMATS = ("rtstruct", "seg", "report", "preview")
"""What a job may write; the report is always among them."""

SEG_ENCODINGS = ("binary", "labelmap")
"""One bit a voxel and segment, which every reader knows; or one byte a voxel, smaller and known to few."""

HOLES = ("rings", "keyhole")
"""A ring within a ring, read by the even-odd rule; or a cut of no width that joins the hole to the ring around it."""

EMPTY_ROIS = ("omit", "keep")
"""What becomes of a requested organ that was not drawn: no ROI in the RTSTRUCT, or one without contours."""

DECIMALS = range(1, 7)
"""Digits after the point of coordinates in mm: a tenth of a millimetre to a nanometre."""

NAME_LENGTHS = range(1, 53)
"""Limits on ROI names. A segment label has 64 characters (LO), and twelve of them say " (not drawn)" where need be."""


@dataclass(frozen=True)
class OutputStyle:
    """How a job's results are written. What each value means stands beside its list in this module.

    ``name_length`` is the longest ROI name allowed, in characters; ``names`` are checked against it. ``profile`` is
    the planning system that the values were preset for, and only told. Without arguments it is the style of
    ``generic``.

    Raises ``OutputOptionError``, which lists the valid values, and ``NamesInvalidError``.
    """

    formats: tuple[str, ...] = FORMATS
    seg_encoding: str = "binary"
    holes: str = "rings"
    decimals: int = 3
    name_length: int = 16
    empty_rois: str = "omit"
    names: RoiNames = TG263
    profile: str = "generic"

    def __post_init__(self) -> None:
        for name in self.formats:
            check_choice("outputs", name, FORMATS)
        check_choice("seg_encoding", self.seg_encoding, SEG_ENCODINGS)
        check_choice("holes", self.holes, HOLES)
        check_choice("empty_rois", self.empty_rois, EMPTY_ROIS)
        check_choice("decimals", self.decimals, DECIMALS)
        check_choice("name_length", self.name_length, NAME_LENGTHS)
        self.names.check(self.name_length)
        wanted = {*self.formats, "report"}
        object.__setattr__(self, "formats", tuple(name for name in FORMATS if name in wanted))

    def writes(self, name: str) -> bool:
        """Whether a format is among the outputs."""
        return name in self.formats

    def as_data(self) -> dict[str, Any]:
        """Plain data, for JSON: ``from_data`` gives the same style back, whatever became of the template's file."""
        names = {
            organ: {"name": own.name, "colour": None if own.colour is None else list(own.colour)}
            for organ, own in self.names.own.items()
        }
        plain = {name: value for name, value in vars(self).items() if name != "names"}
        return plain | {
            "formats": list(self.formats),
            "names": {"id": self.names.id, "title": self.names.title, "own": names},
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "OutputStyle":
        """The style that ``as_data`` was made from; what is missing is as in ``generic``.

        Raises ``OutputOptionError`` for what this version does not know: ignoring it could write what nobody asked for.
        """
        if strangers := data.keys() - cls.__dataclass_fields__.keys():
            raise OutputOptionError(f"unknown output options: {', '.join(sorted(strangers))[:64]}")
        given = dict(data)
        if "formats" in given:
            given["formats"] = tuple(given["formats"])
        if "names" in given:
            names = given["names"]
            given["names"] = RoiNames(names["id"], names["title"], parse_names(names["own"]))
        return cls(**given)


def check_choice(option: str, value: object, valid: Collection[Any]) -> None:
    """Raise ``OutputOptionError`` that lists the valid values of an option, unless ``value`` is one."""
    if value not in valid:
        choices = f"{valid[0]} to {valid[-1]}" if isinstance(valid, range) else ", ".join(map(str, valid))
        raise OutputOptionError(f"{option} is {str(value)[:32]!r}; choose {choices}")
