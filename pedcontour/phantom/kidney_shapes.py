"""Where a kidney lies and which shape it has, usual or not: signed distances in design mm."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from pedcontour.organs import Side
from pedcontour.phantom.canvas import FAR_MM, Canvas, Patch, Vector
from pedcontour.phantom.child import Child
from pedcontour.phantom.kidney_spec import KidneySpec
from pedcontour.phantom.noise import Array
from pedcontour.phantom.shapes import Ellipsoid, ellipsoid_distance, polyline_patch, rotation_deg, tube, union

KIDNEY_REFERENCE_ML = 166.0
"""Volume of the kidney below at factor 1 in the reference adult."""

KIDNEY_RADII = (29.0, 25.5, 55.0)

EMPTY_BED_SHRINKS_MM = 6.0

CENTRES: Mapping[Side, Vector] = MappingProxyType({"right": (-73.0, 0.0, -40.0), "left": (73.0, 2.0, -27.0)})
"""The left kidney lies half a vertebra higher; the liver presses the right one down."""

PELVIC_CENTRE: Vector = (34.0, -22.0, -186.0)
"""Of a left kidney that never rose: on the iliac vessels, beside the sacrum."""

HORSESHOE_CENTRE: Vector = (54.0, -16.0, -64.0)
"""Of the left half of a horseshoe: held down by the lower mesenteric artery, nearer to the spine."""

HORSESHOE_TILT_DEG = 22.0
"""Its lower pole leans to the middle, where a usual kidney's upper pole does."""

BRIDGE: tuple[Vector, Vector] = ((16.0, -64.0, -106.0), (0.0, -67.0, -107.0))
"""Way of the left half of the bridge, in front of the aorta and the caval vein at L4, to the midline."""

BRIDGE_RADIUS_MM = 9.5

TUMOUR_RADIUS_MM = (40.0, 66.0)
"""Design mm at degree 0 and 1: 5 to 9 cm across in a child of four years."""

CLAW_MM = 6.0
CLAW_REACH_MM = 16.0
"""The kidney is drawn out over a tumour as a rim of this thickness, this far from its own outline."""


@dataclass(frozen=True, eq=False)
class KidneyFrame:
    """A kidney's own axes over a patch: ``u`` away from the hilum, ``v`` backwards, ``w`` to the upper pole, all in
    mm.
    """

    patch: Patch
    u: Array
    v: Array
    w: Array
    factor: float
    place: Ellipsoid

    def ellipsoid(self, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Array:
        """Signed distance of an ellipsoid in these axes, scaled with the kidney."""
        f = self.factor
        local = (
            self.u - np.float32(centre[0] * f),
            self.v - np.float32(centre[1] * f),
            self.w - np.float32(centre[2] * f),
        )
        return ellipsoid_distance(local, (radii[0] * f, radii[1] * f, radii[2] * f))


def sign_of(side: Side) -> float:
    """+1 for the patient's left, the direction of design x; -1 for the right."""
    return 1.0 if side == "left" else -1.0


def kidney_frame(canvas: Canvas, child: Child, side: Side) -> KidneyFrame:
    """Place a kidney: upper pole towards the spine and backwards, hilum to the middle and forwards, bent along the
    psoas.
    """
    spec, sign = child.spec.kidney(side), sign_of(side)
    place, factor = place_kidney(child, side)
    patch = place.patch(canvas)
    u, v, w = place.local(patch)
    if spec.condition == "duplex":
        w = w * np.float32(1.0 / 1.12)
    bent = u * np.float32(sign) + np.square(w) * np.float32(0.0042 / factor) - np.float32(4.0 * factor)
    return KidneyFrame(patch, np.asarray(bent, dtype=np.float32), v, w, factor, place)


def place_kidney(child: Child, side: Side) -> tuple[Ellipsoid, float]:
    """An ellipsoid that holds the kidney with its surroundings, in the kidney's axes, and the kidney's scale."""
    rng, spec, sign = child.rng(f"kidney {side}"), child.spec.kidney(side), sign_of(side)
    factor = child.size.factor("kidney", KIDNEY_REFERENCE_ML) * float(rng.normal(1.0, 0.025))
    factor *= spec.envelope_gain ** (1.0 / 3.0)
    x, y, z = np.asarray(_centre(spec, side)) + rng.normal(0.0, 3.0, 3)
    x += sign * 22.0 * (factor - 1.0)
    turn = (-12.0 + rng.normal(0, 4), sign * (-15.0 + rng.normal(0, 4)), sign * (32.0 + rng.normal(0, 7)))
    if spec.condition == "horseshoe":
        turn = (turn[0], sign * HORSESHOE_TILT_DEG, turn[2])
    reach = np.array((60.0, 50.0, 80.0)) * factor
    if spec.condition == "tumour":
        reach += TUMOUR_RADIUS_MM[1]
    place = Ellipsoid(
        (float(x), float(y), float(z)),
        (float(reach[0]), float(reach[1]), float(reach[2])),
        (float(turn[0]), float(turn[1]), float(turn[2])),
    )
    return place, factor


def _centre(spec: KidneySpec, side: Side) -> Vector:
    moved = {"pelvic": PELVIC_CENTRE, "horseshoe": HORSESHOE_CENTRE}.get(spec.condition)
    return CENTRES[side] if moved is None else (sign_of(side) * moved[0], moved[1], moved[2])


def kidney_shape(frame: KidneyFrame, child: Child, spec: KidneySpec | None = None) -> tuple[Array, Array]:
    """Signed distances of the whole bean and of the sinus that is cut out of it."""
    patch, condition = frame.patch, (spec or KidneySpec()).condition
    whole = frame.ellipsoid((0.0, 0.0, 0.0), KIDNEY_RADII)
    whole += np.float32(1.1) * patch.noise(24.0, 91)
    if child.spec.age_years < 4.0:  # the lobes of the fetal kidney still show
        whole += np.float32(0.7) * patch.noise(14.0, 92)
    if condition == "atrophic":  # scars draw its surface in
        whole += np.float32(1.5) * np.abs(patch.noise(15.0, 90))
    if condition == "duplex":  # a column of parenchyma parts the two systems
        upper = frame.ellipsoid((-15.0, -2.0, 22.0), (14.0, 8.0, 11.0))
        sinus = np.minimum(upper, frame.ellipsoid((-16.0, -2.0, -16.0), (17.0, 8.5, 16.0)))
    else:
        sinus = frame.ellipsoid((-16.0, -2.0, 0.0), (17.0, 8.5, 24.0))
    sinus = sinus + np.float32(2.0) * patch.noise(16.0, 93)
    return whole, sinus


def capsule_shape(frame: KidneyFrame, child: Child) -> Array:
    """Signed distance of the fat around a kidney."""
    a, b, c = KIDNEY_RADII
    fat_mm = 2.5 + 2.0 * min(child.spec.fatness, 2.0)
    return frame.ellipsoid((0.0, 0.0, 0.0), (a + fat_mm, b + fat_mm * 0.9, c + fat_mm * 1.4))


def collecting_system(frame: KidneyFrame, whole: Array, degree: float) -> Array:
    """Signed distance of dilated pelvis and calyces: all but a rim of the kidney, and a pouch out of the hilum."""
    rim = np.float32((12.0 - 7.0 * degree) * frame.factor) + np.float32(1.5) * frame.patch.noise(20.0, 89)
    d = degree
    pouch = frame.ellipsoid((-24.0, -4.0, -4.0), (16.0 + 8.0 * d, 11.0 + 5.0 * d, 17.0 + 8.0 * d))
    return union(np.asarray(whole + rim, dtype=np.float32), pouch, 6.0)


def cut_away(frame: KidneyFrame, child: Child, side: Side) -> Array:
    """Signed distance of the half-space that a partial nephrectomy took, with one pole: a flat cut, a little askew."""
    rng, degree = child.rng(f"partial {side}"), child.spec.kidney(side).degree
    pole = float(rng.choice((-1.0, 1.0)))
    kept = KIDNEY_RADII[2] * frame.factor * (0.5 - 0.6 * degree)
    askew = float(rng.normal(0.0, 0.2))
    return np.asarray(np.float32(kept) - np.float32(pole) * frame.w + np.float32(askew) * frame.u, dtype=np.float32)


def tumour_shape(frame: KidneyFrame, child: Child, side: Side) -> Array:
    """Signed distance of a large mass that grows out of the front of the kidney, kept off the midline."""
    degree = child.spec.kidney(side).degree
    radius = TUMOUR_RADIUS_MM[0] + (TUMOUR_RADIUS_MM[1] - TUMOUR_RADIUS_MM[0]) * degree
    x, y, z = frame.place.centre
    mass = Ellipsoid((x - sign_of(side) * 2.0, y - 0.62 * radius, z - 12.0), (radius, radius * 0.9, radius))
    shape = mass.distance(frame.patch) + np.float32(2.5) * frame.patch.noise(40.0, 88)
    return np.asarray(np.maximum(shape, 14.0 - np.float32(sign_of(side)) * frame.patch.x), dtype=np.float32)


def claw_shape(whole: Array, tumour: Array) -> Array:
    """Signed distance of a kidney drawn out over a tumour as a thin rim."""
    claw = np.maximum(tumour - np.float32(CLAW_MM), whole - np.float32(CLAW_REACH_MM))
    return np.asarray(np.minimum(whole, claw), dtype=np.float32)


def bridge_shape(canvas: Canvas, child: Child, side: Side) -> tuple[Patch, Array]:
    """One side's half of the bridge of a horseshoe kidney, from its lower pole to the midline."""
    place, factor = place_kidney(child, side)
    sign = sign_of(side)
    pole = np.asarray(place.centre) + rotation_deg(*place.turn_deg) @ (0.0, 0.0, -KIDNEY_RADII[2] * 0.72 * factor)
    way = np.array([pole, *(np.multiply(point, (sign, 1.0, 1.0)) for point in BRIDGE)])
    patch = polyline_patch(canvas, way, BRIDGE_RADIUS_MM + 6.0)
    shape, _ = tube(patch, way, (BRIDGE_RADIUS_MM + 3.0, BRIDGE_RADIUS_MM, BRIDGE_RADIUS_MM))
    return patch, np.maximum(shape, np.float32(-sign) * patch.x)


def bed_kept_free(patch: Patch, child: Child, side: Side) -> Array:
    """Signed distance of the kidney with its fat, or of its empty bed, that liver and spleen keep out of.

    Where one of them has moved into the bed there is nothing to keep out of: far everywhere.
    """
    spec = child.spec
    taken = spec.absent_kidney == side and spec.bed_filling in ("liver", "spleen")
    if taken:
        return patch.far()
    frame = kidney_frame(patch.canvas, child, side)
    everywhere = np.full(patch.canvas.grid.shape, FAR_MM, dtype=np.float32)
    # An empty bed has shrunk: its walls have moved in.
    shrunk_mm = EMPTY_BED_SHRINKS_MM if spec.absent_kidney == side else 0.0
    kept_free = capsule_shape(frame, child) + np.float32(shrunk_mm)
    if spec.kidney(side).condition == "tumour":
        kept_free = np.minimum(kept_free, tumour_shape(frame, child, side) - np.float32(CLAW_MM + 1.0))
    everywhere[frame.patch.box] = kept_free
    return everywhere[patch.box]
