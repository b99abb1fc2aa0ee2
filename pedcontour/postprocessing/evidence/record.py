"""The evidence about one drawn organ, by name."""

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Evidence:
    """Finite numbers about one candidate, each None where it cannot be known.

    Size: ``volume_ratio`` over what is usual for the trunk, ``age_ratio`` over what is usual for the age,
    ``other_ratio`` over the organ of the other side.

    Certainty: ``probability``, the network's mean over what it drew (0 to 1), and its standard deviation
    ``probability_spread``; ``firm_share`` of it with a probability of at least 0.9.

    Place, in trunk diameters: ``lateral`` from the spine to the organ's own side, ``ventral`` from the spine to the
    front, ``level`` in vertebral levels below where the organ usually lies, ``mirror_distance`` from the mirror image
    of the other side's organ, ``psoas_offset`` from the psoas across the body.

    Neighbours, the share of the organ's rind that is each (0 to 1): ``beside_solid`` liver or spleen, ``beside_bowel``,
    ``beside_muscle`` psoas or muscle of the back, ``beside_other`` the organ of the other side, ``beside_fat`` fat.

    Tissue, HU: ``hu_median``, ``hu_spread`` between the quartiles, ``hu_over_muscle``, ``hu_from_other`` away from the
    organ of the other side, ``hu_over_solid`` against liver or spleen, whichever lies nearer, ``hu_over_bowel``,
    ``hu_over_rind`` against what lies around it; ``texture``, how far neighbours differ; ``fat_share`` and
    ``gas_share``.

    Shape: ``elongation`` (1 for a ball), ``solidity`` (volume over that of its convex hull), ``irregularity`` (surface
    over that of a ball), ``hilum`` (how far the side towards the spine is hollow, in cube roots of its volume, below 0
    where the far side is), ``largest_share`` of the largest part and ``parts``, their number.

    Border: ``border_share`` of the volume in parts that the images cut.
    """

    volume_ratio: float | None = None
    age_ratio: float | None = None
    other_ratio: float | None = None
    probability: float | None = None
    probability_spread: float | None = None
    firm_share: float | None = None
    lateral: float | None = None
    ventral: float | None = None
    level: float | None = None
    mirror_distance: float | None = None
    psoas_offset: float | None = None
    beside_solid: float | None = None
    beside_bowel: float | None = None
    beside_muscle: float | None = None
    beside_other: float | None = None
    beside_fat: float | None = None
    hu_median: float | None = None
    hu_spread: float | None = None
    hu_over_muscle: float | None = None
    hu_from_other: float | None = None
    hu_over_solid: float | None = None
    hu_over_bowel: float | None = None
    hu_over_rind: float | None = None
    texture: float | None = None
    fat_share: float | None = None
    gas_share: float | None = None
    elongation: float | None = None
    solidity: float | None = None
    irregularity: float | None = None
    hilum: float | None = None
    largest_share: float | None = None
    parts: float | None = None
    border_share: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """Every number by its name, for a row of a file."""
        return asdict(self)


EVIDENCE: tuple[str, ...] = tuple(field.name for field in fields(Evidence))
"""The names, in the order of ``Evidence``."""
