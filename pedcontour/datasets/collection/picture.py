"""The small picture of a case: three planes with the contours as they will be trained on."""

from PIL import Image

from pedcontour.organs import all_organs
from pedcontour.preview.panel import draw_panel
from pedcontour.preview.planes import cut_planes
from pedcontour.preview.style import BACKGROUND, GAP
from pedcontour.volume import LabelMap, Volume

PANEL_PX = (420, 420)


def draw_case(image: Volume, labels: LabelMap) -> Image.Image:
    """Axial, coronal and sagittal plane through the most organs, side by side, without a word about the patient."""
    organs = all_organs()
    colours = {label: organs[organ].colour for label, organ in labels.organs.items()}
    planes = cut_planes(image, labels)
    width, height = PANEL_PX
    picture = Image.new("RGB", (len(planes) * (width + GAP) - GAP, height), BACKGROUND)
    for number, plane in enumerate(planes):
        picture.paste(draw_panel(plane, PANEL_PX, colours), (number * (width + GAP), 0))
    return picture
