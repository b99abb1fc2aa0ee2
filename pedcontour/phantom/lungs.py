"""Lungs with vessels, bronchi and a fissure, around the mediastinum."""

import numpy as np
import numpy.typing as npt

from pedcontour.phantom.canvas import Canvas, Patch
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.diaphragm import Diaphragm
from pedcontour.phantom.heart import heart_body
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import Ellipsoid, difference, intersection, rods_of, segments, smooth_line, union
from pedcontour.phantom.trunk import SPINE_Y, Trunk


def paint_lungs(canvas: Canvas, child: Child, trunk: Trunk, diaphragm: Diaphragm) -> None:
    """Paint the lungs: what the chest wall, the diaphragm and the mediastinum leave free."""
    patch = diaphragm.patch
    if 0 in patch.shape:
        return
    cavity = trunk.cavity[patch.box]
    heart = heart_body(child)
    middle = _mediastinum(patch, heart)
    lung = intersection(cavity + 1.0, 1.5 - diaphragm.above, 6.0)
    lung = difference(lung, middle, 7.0)
    _paint_lungs(canvas, child, patch, lung)


def _mediastinum(patch: Patch, heart: Ellipsoid) -> Array:
    """What separates the lungs: spine and aorta behind, the heart with its fat, the great vessels above it."""
    spine = SPINE_Y.over(patch.z)
    back = np.hypot(patch.x - 3.0, np.minimum(patch.y - spine, 0.0) * np.float32(0.9)) - 27.0
    great_vessels = np.hypot((patch.x - 2.0) * np.float32(0.85), (patch.y + 32.0) * np.float32(0.62)) - 26.0
    great_vessels = intersection(great_vessels, 150.0 - patch.z, 20.0)
    gullet = np.hypot(patch.x - 10.0, patch.y + 16.0) - 15.0
    front = np.hypot(patch.x * np.float32(1.3), patch.y + 112.0) - 30.0
    heart_fat = heart.distance(patch) - 3.5
    both = union(union(np.asarray(back, dtype=np.float32), gullet, 10.0), union(heart_fat, great_vessels, 14.0), 10.0)
    return union(both, np.asarray(front, dtype=np.float32), 10.0)


def _paint_lungs(canvas: Canvas, child: Child, patch: Patch, lung: Array) -> None:
    tissues = child.tissues
    up = canvas.up
    # The dependent lung is denser: blood and atelectasis follow gravity.
    height = patch.x * np.float32(up[0]) + patch.y * np.float32(up[1])
    texture = tissues["lung"] + 22.0 * patch.noise(16.0, 31) + 16.0 * patch.noise(7.0, 32) - np.float32(0.35) * height
    canvas.paint(patch, lung, texture)
    inside = lung < 0.0
    for half, organ in ((patch.x < 0.0, "lung_right"), (patch.x >= 0.0, "lung_left")):
        canvas.labels[patch.box][inside & half] = LABELS[organ]
    _paint_fissure(canvas, patch, lung)
    _paint_vessels(canvas, child, patch, lung)


def _paint_fissure(canvas: Canvas, patch: Patch, lung: Array) -> None:
    """The oblique fissure: a hair line falling from behind to the front."""
    plane = (patch.z - 128.0) * np.float32(0.62) - (patch.y + 20.0) * np.float32(0.78) + 3.0 * patch.noise(50.0, 33)
    line = np.abs(plane) - np.float32(0.12)
    canvas.paint(patch, np.maximum(line, lung + 1.0), -680.0, edge=1.6)


HILUM = np.array([32.0, -22.0, 150.0])
"""Where vessels and bronchi enter the left lung; mirrored for the right."""

TWIG_MM = 1.1
"""Vessels thinner than this are left to the texture."""


def _vessel_tree(rng: np.random.Generator, side: float) -> npt.NDArray[np.float64]:
    """Rods (n, 8) that branch out from a hilum: up, down, forwards and backwards, thinner at each fork."""
    rods: list[npt.NDArray[np.float64]] = []
    root = HILUM * (side, 1.0, 1.0)
    trunks = ((0.5, -0.2, 0.9), (0.8, -0.7, 0.1), (0.6, 0.3, -0.8), (0.5, -0.3, -0.9), (0.8, 0.7, 0.2))
    stack = [(root, np.array(t) * (side, 1.0, 1.0), 4.6, 30.0) for t in trunks]
    while stack:
        start, towards, radius, length = stack.pop()
        end = start + towards * (length / float(np.linalg.norm(towards)))
        rods.append(np.concatenate([start, [radius], end, [radius * 0.8]]))
        if radius * 0.72 < TWIG_MM:
            continue
        for _ in range(2):
            way = towards / np.linalg.norm(towards) + rng.normal(0.0, 0.48, 3) + (side * 0.10, 0.0, 0.0)
            stack.append((end, way, radius * 0.72, length * float(rng.uniform(0.72, 0.98))))
    return np.array(rods)


def _paint_vessels(canvas: Canvas, child: Child, patch: Patch, lung: Array) -> None:
    """Paint vessels within the lungs and, beside the large ones, bronchi; then the windpipe and its fork."""
    rng = child.rng("lung vessels")
    for side in (-1.0, 1.0):
        box = canvas.patch((min(0.0, side * 160.0), -150.0, -30.0), (max(0.0, side * 160.0), 90.0, 280.0), patch.box)
        if 0 in box.shape:
            continue
        inner = tuple(slice(m.start - o.start, m.stop - o.start) for m, o in zip(box.box, patch.box, strict=True))
        vessels, _ = segments(box, _vessel_tree(rng, side))
        canvas.paint(box, np.maximum(vessels, lung[inner] + 1.0), child.tissues["blood"] - 15.0)
    windpipe = np.array([[2, -12, 275, 7.5], [2, -13, 235, 7.5], [3, -16, 208, 7.5]], dtype=np.float64)
    fork = np.array([3.0, -16.0, 208.0, 6.0])
    bronchi = [np.array([fork, [s * 20.0, -18.0, 182.0, 5.4], [s * 34.0, -18.0, 158.0, 4.6]]) for s in (-1.0, 1.0)]
    air = segments(patch, np.vstack([rods_of(smooth_line(part, 3)) for part in (windpipe, *bronchi)]))[0]
    canvas.paint(patch, air - 1.6, child.tissues["cartilage"] - 40.0, 0)
    canvas.paint(patch, air, child.tissues["gas"], 0)
