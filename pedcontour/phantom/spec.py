"""What to ask for: a child and a scan of it. Plain data, checked on the way in."""

from dataclasses import dataclass, field
from typing import Literal

from pedcontour.organs import Side
from pedcontour.phantom.kidney_spec import BedSpec, KidneySpec
from pedcontour.volume import LabelMap, Volume

BedFilling = Literal["bowel", "spleen", "liver", "muscle", "fat", "fluid"]
Kernel = Literal["smooth", "standard", "sharp"]
PatientPosition = Literal["HFS", "HFP", "FFS", "FFP", "HFDL", "HFDR", "FFDL", "FFDR"]

MAX_AGE_YEARS = 18.0

BED_FILLINGS: dict[Side, tuple[BedFilling, ...]] = {
    "left": ("bowel", "spleen", "muscle", "fat", "fluid"),
    "right": ("bowel", "liver", "muscle", "fat", "fluid"),
}
"""What can fill the bed of a removed kidney: the spleen lies on the left, the liver on the right; fluid is a seroma."""


@dataclass(frozen=True)
class ChildSpec:
    """A child to be made up.

    ``seed`` decides everything that differs between two children of one age. ``age_years`` (0 to 18) sets the size.
    ``contrast`` is a portal-venous phase after intravenous contrast agent. ``absent_kidney`` was removed by surgery and
    ``bed_filling`` moved into its place. ``fatness`` multiplies the fat layers, 1 being usual for the age. ``bed`` is
    what surgery left there; ``right_kidney`` and ``left_kidney`` say how a kidney differs from the usual one.

    Raises ``ValueError`` for an age outside 0-18, fatness outside 0.2-3, a filling from the other side of the body, a
    condition of the removed kidney, or half a horseshoe.
    """

    seed: int
    age_years: float
    contrast: bool = True
    absent_kidney: Side | None = None
    bed_filling: BedFilling = "bowel"
    fatness: float = 1.0
    bed: BedSpec = field(default_factory=BedSpec)
    right_kidney: KidneySpec = field(default_factory=KidneySpec)
    left_kidney: KidneySpec = field(default_factory=KidneySpec)

    def __post_init__(self) -> None:
        if not 0.0 <= self.age_years <= MAX_AGE_YEARS:
            raise ValueError(f"age_years must be 0 to {MAX_AGE_YEARS:g}, not {self.age_years}")
        if not 0.2 <= self.fatness <= 3.0:
            raise ValueError(f"fatness must be 0.2 to 3, not {self.fatness}")
        if self.absent_kidney is not None and self.bed_filling not in BED_FILLINGS[self.absent_kidney]:
            raise ValueError(f"{self.bed_filling} cannot fill the bed of the {self.absent_kidney} kidney")
        conditions = [self.kidney("right").condition, self.kidney("left").condition]
        if self.absent_kidney is not None and self.kidney(self.absent_kidney).condition != "usual":
            raise ValueError(f"the {self.absent_kidney} kidney is absent and so has no condition")
        if conditions.count("horseshoe") == 1:
            raise ValueError("a horseshoe is made of both kidneys")

    def kidney(self, side: Side) -> KidneySpec:
        """How the kidney of a side differs from the usual one."""
        return self.right_kidney if side == "right" else self.left_kidney


@dataclass(frozen=True)
class ScanSpec:
    """How the child is scanned.

    ``spacing_mm`` is (between rows, between columns), as DICOM's Pixel Spacing; ``slice_spacing_mm`` the distance of
    slices, ``slice_thickness_mm`` what one slice averages over (default: the spacing). ``matrix`` is (rows, columns);
    by default it holds the whole body and the couch. ``centre_offset_mm`` moves the field of view off the body's
    middle along (row direction, column direction). ``z_range_mm`` is (caudal, cranial), measured from the body of L1
    towards the head, by default from the pubis to the mid-chest: give two close numbers for a short stack.

    ``patient_position`` is DICOM's; the grid gets the directions that a scanner writes for it. ``rows_follow`` says
    how a feet-first scan is stored: as the gantry sees it (FFS: -1,0,0,0,1,0) or turned so that the patient's left is
    where it would be head first (FFS: 1,0,0,0,1,0, slices still from head to feet). ``descending`` turns the order of
    slices round. ``roll_deg`` rolls the patient on the table about the body axis without the header knowing, positive
    from the patient's left to the back. ``landmark_mm`` is where the body of L1 lies in the header's coordinates.

    ``noise_hu`` is the standard deviation in the middle of a slim abdomen. ``padding_hu`` is written outside the
    field-of-view circle when given (such as -2000). ``seed`` decides the noise.
    """

    spacing_mm: tuple[float, float] = (1.5, 1.5)
    slice_spacing_mm: float = 3.0
    slice_thickness_mm: float | None = None
    matrix: tuple[int, int] | None = None
    centre_offset_mm: tuple[float, float] = (0.0, 0.0)
    z_range_mm: tuple[float, float] | None = None
    kernel: Kernel = "standard"
    noise_hu: float = 12.0
    couch: bool = True
    patient_position: PatientPosition = "HFS"
    rows_follow: Literal["gantry", "patient"] = "gantry"
    roll_deg: float = 0.0
    descending: bool = False
    padding_hu: int | None = None
    landmark_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seed: int = 0

    def __post_init__(self) -> None:
        if min(*self.spacing_mm, self.slice_spacing_mm) <= 0.0 or self.noise_hu < 0.0:
            raise ValueError("spacings must be positive and noise not negative")
        if self.z_range_mm is not None and self.z_range_mm[0] >= self.z_range_mm[1]:
            raise ValueError("z_range_mm is (caudal, cranial), the lower number first")
        if self.matrix is not None and min(self.matrix) < 8:
            raise ValueError("a matrix has at least 8 rows and 8 columns")


@dataclass(frozen=True, eq=False)
class Scan:
    """A CT of a made-up child: ``image`` int16 HU and ``truth`` (all 19 organs' labels) on one and the same grid."""

    image: Volume
    truth: LabelMap
    patient_position: str
