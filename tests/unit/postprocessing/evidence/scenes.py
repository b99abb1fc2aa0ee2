"""Small made-up scenes in any position, for properties that hold of every mask."""

from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pedcontour.organs import default_labels
from pedcontour.orientation import CANONICAL_DIRECTIONS, AxisChange
from pedcontour.postprocessing import Body, Candidate, Finding, find_organs
from pedcontour.volume import Grid, LabelMap, Volume

ORGANS = default_labels()
NUMBER = {organ: label for label, organ in ORGANS.items()}
SWAPPED = {NUMBER[o]: NUMBER[o.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")]
           for o in ORGANS.values()}  # fmt: skip
SPACING_MM = (6.0, 4.0, 4.0)
CHANGES = [AxisChange(axes, flips) for axes in permutations(range(3)) for flips in product((False, True), repeat=3)]


@dataclass(frozen=True, eq=False)
class Scene:
    """Labels and HU on one grid, and the patient's body as it was measured."""

    labels: LabelMap
    image: Volume
    body: Body

    def candidate(self, organ: str = "kidney_left", **known: float | None) -> Candidate:
        found = find_organs(self.labels)
        nothing = Finding(organ, 0.0, np.zeros(3), 0.0, 0.0, frozenset())
        facts = {"confidence": 0.8, "spread": 0.2, "firm": 0.6, "age_years": 5.0} | known
        return Candidate(
            finding=found.get(organ, nothing),
            body=self.body,
            others=found,
            labels=self.labels,
            image=self.image,
            **facts,
        )

    def stored(self, change: AxisChange) -> "Scene":
        """The same patient, with the voxels stored in another order."""
        return Scene(change.label_map(self.labels), change.volume(self.image), self.body)

    def moved(self, matrix: np.ndarray) -> "Scene":
        """The patient turned or mirrored in the header's coordinates."""
        affine = np.eye(4)
        affine[:3, :3] = matrix
        grid = Grid(self.labels.grid.shape, affine @ self.labels.grid.affine)
        return Scene(
            LabelMap(grid, self.labels.voxels, ORGANS),
            Volume(grid, self.image.voxels),
            replace(self.body, centre_mm=matrix @ self.body.centre_mm),
        )

    def with_sides_swapped(self) -> "Scene":
        """Left organs called right, and the reverse."""
        table = np.zeros(256, np.uint8)
        for label, other in SWAPPED.items():
            table[label] = other
        return replace(self, labels=LabelMap(self.labels.grid, table[self.labels.voxels], ORGANS))


MIRROR = np.diag([-1.0, 1.0, 1.0])
ON_THE_SIDE = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """A few blocks of organs and noise; a spine at the back, always off the middle of the body."""
    shape = draw(st.tuples(st.integers(2, 7), st.integers(8, 12), st.integers(8, 12)))
    some = st.sampled_from([0, 0, 0, *(NUMBER[o] for o in ("kidney_left", "kidney_left", "kidney_right", "liver"))])
    voxels = draw(hnp.arrays(np.uint8, shape, elements=some, fill=st.just(0)))
    for organ in ("spleen", "stomach_bowel", "iliopsoas_left", "iliopsoas_right", "kidney_left"):
        k, j, i = (draw(st.integers(0, n - 1)) for n in shape)
        voxels[k : k + 3, j : j + 3, i : i + 3] = NUMBER[organ]
    voxels[:, -2:, shape[2] // 2] = NUMBER["vertebrae"]
    hu = draw(hnp.arrays(np.int16, shape, elements=st.integers(-1024, 3071), fill=st.just(np.int16(40))))
    affine = np.eye(4)
    affine[:3, :3] = CANONICAL_DIRECTIONS * SPACING_MM
    grid = Grid(shape, affine)
    centre = grid.to_lps_mm([(shape[0] - 1) / 2, (shape[1] - 1) / 2 - 2.0, shape[2] / 2])
    return Scene(LabelMap(grid, voxels, ORGANS), Volume(grid, hu), Body(draw(st.floats(60.0, 100.0)), centre))
