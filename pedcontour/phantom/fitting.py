"""Bring the large organs to their volume: measured once on a coarse grid, corrected by growing or shrinking their
surface.

Walls, diaphragm and neighbours cut away what an organ's own shape would fill, differently in every child. So the
surface is moved outwards or inwards by one distance until what remains between the walls has the volume that
``growth`` asks for.
"""

import numpy as np

from pedcontour.organs import Side
from pedcontour.phantom.canvas import Canvas, Pose
from pedcontour.phantom.child import Child
from pedcontour.phantom.diaphragm import build_diaphragm
from pedcontour.phantom.heart import heart_bounds, heart_shape
from pedcontour.phantom.kidney_shapes import bed_kept_free, kidney_frame, kidney_shape
from pedcontour.phantom.liver import liver_bounds, liver_shape, spleen_bounds, spleen_shape
from pedcontour.phantom.noise import Array
from pedcontour.phantom.trunk import BOTTOM_MM, TOP_MM, trunk_of
from pedcontour.volume import Grid

STEP_MM = 5.0
"""Spacing of the coarse grid, design mm: an infant's spleen still covers a thousand points."""

LARGEST_GROWTH_MM = 26.0
"""No surface is moved further, design mm."""

OVERLAP_SHARE = {"liver": 1.03, "spleen": 1.02, "kidney_left": 1.03, "kidney_right": 1.03, "heart": 1.0}
"""What neighbours painted later take away, so much more is asked for."""


def coarse_grid(child: Child) -> tuple[Grid, Pose]:
    """A grid around the whole trunk that depends on the child only, not on the scan."""
    pose = Pose(child.size.scale)
    half = (200, 190)
    levels = int((TOP_MM - BOTTOM_MM) / STEP_MM) + 1
    counts = (levels, 2 * int(half[1] / STEP_MM) + 1, 2 * int(half[0] / STEP_MM) + 1)
    x, y, z = (STEP_MM * s for s in pose.scale)
    affine = np.array(
        [
            [0, 0, x, -half[0] * pose.scale[0]],
            [0, y, 0, -half[1] * pose.scale[1]],
            [z, 0, 0, BOTTOM_MM * pose.scale[2]],
            [0, 0, 0, 1],
        ]
    )
    return Grid(counts, affine), pose


def fit_growth(child: Child) -> dict[str, float]:
    """How far (design mm) the surface of each fitted organ has to move outwards to meet its volume."""
    grid, pose = coarse_grid(child)
    canvas = Canvas(grid, pose, child.spec.seed)
    trunk = trunk_of(canvas, child)
    diaphragm = build_diaphragm(canvas, child, trunk)
    growth = {}

    def fit(organ: str, shape: Array, bounds: Array, gain: float = 1.0) -> None:
        usual_ml = child.size.volumes_ml[organ.removesuffix("_left").removesuffix("_right")]
        target_ml = usual_ml * gain * OVERLAP_SHARE[organ]
        count = round(target_ml / grid.voxel_volume_ml)
        reach = np.sort(shape[bounds < 0.0])
        level = float(reach[min(count, len(reach) - 1)]) if len(reach) else 0.0
        growth[organ] = float(np.clip(level, -LARGEST_GROWTH_MM, LARGEST_GROWTH_MM))

    patch, shape = liver_shape(canvas, child)
    fit("liver", shape, np.maximum(liver_bounds(patch, trunk, diaphragm), -bed_kept_free(patch, child, "right")))
    patch, shape = spleen_shape(canvas, child)
    fit("spleen", shape, np.maximum(spleen_bounds(patch, trunk, diaphragm), -bed_kept_free(patch, child, "left")))
    patch, shape = heart_shape(canvas, child)
    fit("heart", shape, heart_bounds(patch, diaphragm))
    sides: tuple[Side, Side] = ("left", "right")
    for side in sides:
        frame = kidney_frame(canvas, child, side)
        spec = child.spec.kidney(side)
        shape, sinus = kidney_shape(frame, child, spec)
        fit(f"kidney_{side}", shape, np.maximum(-sinus, trunk.cavity[frame.patch.box] + 3.0), spec.envelope_gain)
    return growth
