"""Where along the body a child's kidney lies, for scans that are to end on it."""

from pedcontour.organs import Side
from pedcontour.phantom.child import Child
from pedcontour.phantom.kidney_shapes import KIDNEY_RADII, place_kidney
from pedcontour.phantom.spec import ChildSpec


def kidney_range_mm(child: ChildSpec, side: Side) -> tuple[float, float]:
    """The levels of a kidney, or of the bed of a removed one, (caudal, cranial) mm from the body of L1 towards the
    head, as ``ScanSpec.z_range_mm`` counts; good to a few millimetres.
    """
    person = Child(child)
    place, factor = place_kidney(person, side)
    middle, half = place.centre[2], KIDNEY_RADII[2] * factor * 0.95
    height = person.size.scale[2]
    return (middle - half) * height, (middle + half) * height
