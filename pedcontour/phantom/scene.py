"""A child on the couch: every builder in its order, then the scanner."""

import numpy as np

from pedcontour.organs import default_labels
from pedcontour.phantom.canvas import Canvas, Pose
from pedcontour.phantom.child import Child
from pedcontour.phantom.diaphragm import build_diaphragm
from pedcontour.phantom.fitting import fit_growth
from pedcontour.phantom.gut import paint_gut
from pedcontour.phantom.heart import paint_heart
from pedcontour.phantom.kidneys import paint_bladder, paint_kidneys
from pedcontour.phantom.liver import paint_gallbladder, paint_liver, paint_spleen
from pedcontour.phantom.lungs import paint_lungs
from pedcontour.phantom.muscles import paint_crura, paint_muscles
from pedcontour.phantom.pelvis import paint_pelvis
from pedcontour.phantom.ribs import paint_ribs
from pedcontour.phantom.scanner import Extent, digitise, expose, gantry_axes, paint_couch, scan_grid, up_in_body
from pedcontour.phantom.spec import ChildSpec, Scan, ScanSpec
from pedcontour.phantom.spine import paint_spine
from pedcontour.phantom.trunk import BOTTOM_MM, FRAME, TOP_MM, build_trunk, skin_distance
from pedcontour.phantom.vessels import paint_branches, paint_esophagus, paint_great_vessels, paint_pancreas
from pedcontour.volume import Grid, LabelMap, Volume

SURVEY_MM = 9.0
"""Spacing of the coarse grid on which the body is first looked at, to set field of view and couch."""


def trunk_range_mm(child: ChildSpec) -> tuple[float, float]:
    """The levels of a whole-torso scan, (caudal, cranial) mm from the body of L1 towards the head."""
    height = Child(child).size.scale[2]
    return BOTTOM_MM * height, TOP_MM * height


def scan_child(child: ChildSpec, scan: ScanSpec) -> Scan:
    """Make up a child and scan it: the image and the truth on one grid.

    Raises ``ValueError`` when the field of view and the body do not meet.
    """
    person = Child(child)
    person.growth_mm = fit_growth(person)
    pose = Pose(person.size.scale, scan.roll_deg, scan.landmark_mm)
    extent = _survey(person, pose, scan)
    grid = scan_grid(scan, pose, extent, scan.z_range_mm or trunk_range_mm(child))
    canvas = Canvas(grid, pose, child.seed, up_in_body(scan, pose))
    paint_child(canvas, person)
    paint_couch(canvas.image, grid, scan, extent)
    voxels = digitise(expose(canvas, scan), grid, scan)
    return Scan(Volume(grid, voxels), LabelMap(grid, canvas.labels, default_labels()), scan.patient_position)


def paint_child(canvas: Canvas, child: Child) -> None:
    """Paint a child: what comes later lies over, or presses aside, what came before, so labels never overlap."""
    trunk = build_trunk(canvas, child)
    diaphragm = build_diaphragm(canvas, child, trunk)
    paint_lungs(canvas, child, trunk, diaphragm)
    paint_heart(canvas, child, diaphragm)
    paint_gut(canvas, child, trunk, diaphragm)
    paint_bladder(canvas, child)
    paint_liver(canvas, child, trunk, diaphragm)
    paint_spleen(canvas, child, trunk, diaphragm)
    paint_muscles(canvas, child)
    paint_kidneys(canvas, child, trunk)
    paint_branches(canvas, child)
    paint_pancreas(canvas, child)
    paint_gallbladder(canvas, child)
    paint_crura(canvas, child)
    paint_great_vessels(canvas, child)
    paint_esophagus(canvas, child)
    paint_ribs(canvas, child)
    paint_pelvis(canvas, child)
    paint_spine(canvas, child)


def _survey(child: Child, pose: Pose, scan: ScanSpec) -> Extent:
    """Find how far the whole body reaches to the gantry's right and down, as a localiser would."""
    z_low, z_high = (level * pose.scale[2] for level in (BOTTOM_MM, TOP_MM))
    half = 260.0 * max(pose.scale[:2])
    counts = (int((z_high - z_low) / SURVEY_MM) + 1, *(2 * int(half / SURVEY_MM) + 1,) * 2)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]) * SURVEY_MM
    affine[:3, 3] = np.add((-(counts[2] // 2) * SURVEY_MM, -(counts[1] // 2) * SURVEY_MM, z_low), pose.landmark_mm)
    grid = Grid(counts, affine)
    canvas = Canvas(grid, pose, child.spec.seed)
    patch = canvas.whole()
    skin = skin_distance(patch, FRAME.distance(patch), child.size.fat_mm / canvas.mean_scale)
    points = grid.to_lps_mm(np.argwhere(skin < 0.0))
    # A point may be this far from the surface: exact only near it, so deep points count as if they lay one step below.
    reach = np.minimum(-skin[skin < 0.0] * canvas.mean_scale, SURVEY_MM)
    right, down, _ = gantry_axes(scan)
    spans = []
    for axis in (right, down):
        along = points @ axis
        spans.append((float((along - reach).min()), float((along + reach).max())))
    return Extent(spans[0], spans[1])
