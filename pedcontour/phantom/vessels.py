"""Great vessels: aorta, caval vein, portal vein, their main branches, and the oesophagus that runs with them; the
pancreas.
"""

import numpy as np
import numpy.typing as npt

from pedcontour.phantom.canvas import Canvas
from pedcontour.phantom.child import LABELS, Child
from pedcontour.phantom.heart import ESOPHAGUS_X, ESOPHAGUS_Y
from pedcontour.phantom.shapes import polyline_patch, smooth_line, tube

AORTA_TOP_MM = 32.0
"""The abdominal aorta begins where it passes the diaphragm, in front of T12; above, the thoracic aorta has no label."""

AORTA = np.array(
    [[22, 4, 220, 12.5], [24, 8, 195, 12.5], [24, 6, 150, 12.2], [20, 0, 110, 12.0], [15, -8, 70, 12.0],
     [11, -17, 34, 11.5],
     [10, -28, -2, 10.0], [11, -38, -38, 9.2], [12, -44, -74, 9.0], [10, -46, -108, 8.8]], float,
)  # fmt: skip
CAVA = np.array(
    [[-20, -60, 104, 14], [-24, -45, 88, 13], [-25, -38, 60, 12.5], [-24, -36, 30, 12.5], [-22, -41, 4, 12.5],
     [-22, -45, -20, 12.5],
     [-20, -45, -45, 11.5], [-16, -43, -75, 11], [-14, -43, -104, 11], [-13, -40, -120, 10]], float,
)  # fmt: skip
ESOPHAGUS = np.array(
    [[4, -4, 262, 7], *([ESOPHAGUS_X.at(z), ESOPHAGUS_Y.at(z), z, 8.0] for z in (225, 185, 150, 110, 82, 60)),
     [40, -40, 48, 9.5]], float,
)  # fmt: skip
PANCREAS = np.array(
    [[-30, -52, -60, 9], [-33, -58, -45, 14], [-27, -62, -30, 14], [-12, -70, -20, 10.5], [8, -74, -12, 10],
     [30, -62, -4, 11], [52, -42, 4, 11], [72, -24, 12, 10],
     [86, -14, 18, 7]], float,
)  # fmt: skip
"""Centre lines in design mm: x, y, z, radius."""

PANCREAS_REFERENCE_ML = 58.0

Course = tuple[str, tuple[tuple[float, float, float, float], ...]]

CHEST_VESSELS: tuple[Course, ...] = (
    ("vein", ((-24, -42, 150, 10), (-25, -40, 200, 10), (-22, -38, 262, 10))),  # upper caval vein
    ("artery", ((4, -55, 150, 14), (-8, -60, 190, 14), (-2, -52, 225, 13), (14, -18, 232, 12), (21, 4, 218, 12))),
    ("artery", ((18, -72, 165, 13), (20, -62, 190, 13), (8, -38, 198, 11), (-26, -26, 188, 9))),
    # pulmonary trunk, right
    ("artery", ((16, -60, 192, 12), (28, -36, 192, 10), (36, -22, 178, 8))),  # left pulmonary artery
)

BRANCHES: tuple[Course, ...] = (
    ("artery", ((9, -28, 14, 4), (8, -42, 16, 4), (-8, -54, 14, 3.4), (-26, -58, 8, 3))),  # coeliac trunk to the liver
    ("artery", ((10, -30, 4, 4), (9, -46, -6, 4), (8, -60, -30, 4), (6, -68, -70, 3.6), (-6, -70, -110, 3))),
      # upper mesenteric
    ("vein", ((-4, -66, -112, 4), (-6, -70, -70, 5), (-6, -68, -30, 6), (-8, -64, -10, 7), (-18, -62, 0, 7),
     (-30, -62, 4, 7))),
    ("vein", ((-8, -63, -8, 5), (14, -60, -2, 4.4), (40, -42, 10, 4.2), (70, -16, 18, 4.0), (90, -4, 22, 3.2))),
      # splenic vein
    ("artery", ((10, -46, -106, 7), (22, -42, -130, 6), (40, -34, -160, 5.6), (60, -48, -205, 5),
     (66, -68, -245, 4.6), (62, -76, -290, 4.6))),
    ("artery", ((10, -46, -106, 7), (-6, -46, -128, 6), (-36, -36, -160, 5.6), (-60, -48, -205, 5),
     (-66, -68, -245, 4.6), (-62, -76, -290, 4.6))),
    ("vein", ((-13, -40, -118, 9), (8, -32, -136, 7.4), (36, -24, -165, 6.6), (54, -38, -205, 6),
     (58, -60, -245, 5.6), (54, -70, -290, 5.6))),
    ("vein", ((-13, -40, -118, 9), (-26, -30, -138, 7.4), (-40, -24, -165, 6.6), (-54, -38, -205, 6),
     (-58, -60, -245, 5.6), (-54, -70, -290, 5.6))),
)  # fmt: skip


def _paint_tube(
    canvas: Canvas,
    knots: npt.NDArray[np.float64],
    hu: float,
    label: int | None,
    edge: float = 1.0,
    rim: tuple[float, float] | None = None,
) -> None:
    """Paint a smooth tube; ``rim`` (HU, mm) first lays a layer around it."""
    line = smooth_line(knots, 5)
    patch = polyline_patch(canvas, line[:, :3], float(line[:, 3].max()) + 4.0)
    if 0 in patch.shape:
        return
    shape, _ = tube(patch, line[:, :3], line[:, 3])
    if rim is not None:
        # Within liver and heart no fat surrounds a vessel.
        bare = np.isin(canvas.labels[patch.box], (LABELS["liver"], LABELS["heart"]))
        canvas.paint(patch, np.where(bare, np.float32(20.0), shape - np.float32(rim[1])), rim[0], 0)
    canvas.paint(patch, shape, hu, label, edge)


def paint_branches(canvas: Canvas, child: Child) -> None:
    """Paint the branches of the great vessels, none of which is labelled."""
    for tissue, knots in BRANCHES:
        _paint_tube(canvas, np.asarray(knots, dtype=np.float64), child.tissues[tissue], 0)
    heart = canvas.labels == LABELS["heart"]
    for tissue, knots in CHEST_VESSELS:
        _paint_tube(canvas, np.asarray(knots, dtype=np.float64), child.tissues[tissue], 0)
    canvas.labels[heart] = LABELS["heart"]


def paint_great_vessels(canvas: Canvas, child: Child) -> None:
    """Paint the caval vein up to the heart, and the aorta, labelled below the diaphragm only."""
    thick = float(np.clip(child.rng("vessels").normal(1.0, 0.07), 0.82, 1.2))
    fat = (child.tissues["fat"] + 10.0, 1.4)
    heart = canvas.labels == LABELS["heart"]
    _paint_tube(canvas, CAVA * (1, 1, 1, thick), child.tissues["vein"], LABELS["inferior_vena_cava"], rim=fat)
    canvas.labels[heart] = LABELS["heart"]
    line = smooth_line(AORTA * (1, 1, 1, thick), 5)
    patch = polyline_patch(canvas, line[:, :3], 20.0)
    if 0 in patch.shape:
        return
    shape, _ = tube(patch, line[:, :3], line[:, 3])
    canvas.paint(patch, shape - 1.4, fat[0], 0)
    canvas.paint(patch, shape, child.tissues["artery"], 0)
    canvas.labels[patch.box][(shape < 0.0) & (patch.z < AORTA_TOP_MM)] = LABELS["aorta_abdominal"]


def paint_esophagus(canvas: Canvas, child: Child) -> None:
    """A flat muscular tube with a little air in it here and there."""
    line = smooth_line(ESOPHAGUS, 5)
    patch = polyline_patch(canvas, line[:, :3], 14.0)
    if 0 in patch.shape:
        return
    shape, _ = tube(patch, line[:, :3], line[:, 3])
    canvas.paint(patch, shape - 1.2, child.tissues["fat"] + 20.0, 0)
    canvas.paint(patch, shape, child.tissues["bowel_wall"], LABELS["esophagus"])
    air = np.maximum(shape + 5.4, 1.2 - patch.noise(40.0, 101) * 1.6)
    canvas.paint(patch, np.asarray(air, dtype=np.float32), child.tissues["gas"], edge=1.3)


def paint_pancreas(canvas: Canvas, child: Child) -> None:
    """From the loop of the duodenum across the spine to the hilum of the spleen, lobulated."""
    rng = child.rng("pancreas")
    factor = child.size.factor("pancreas", PANCREAS_REFERENCE_ML)
    knots = PANCREAS * (1, 1, 1, float(np.clip(factor, 0.8, 1.4)))
    knots[1:-1, :3] += rng.normal(0.0, 1.8, (len(knots) - 2, 3))
    line = smooth_line(knots, 4)
    patch = polyline_patch(canvas, line[:, :3], 22.0)
    if 0 in patch.shape:
        return
    shape, _ = tube(patch, line[:, :3], line[:, 3])
    shape += np.float32(1.5) * patch.noise(11.0, 102)
    canvas.paint(patch, shape - 1.5, child.tissues["fat"], 0)
    lobules = np.clip(patch.noise(8.0, 103) - 0.6, 0.0, 1.0) * np.float32(-22.0)
    canvas.paint(patch, shape, child.tissues["pancreas"] + lobules, LABELS["pancreas"])
