"""The whole picture: title, three panels, legend, notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from pedcontour.organs import all_organs
from pedcontour.outputs import REVIEW_COLOUR
from pedcontour.preview.legend import draw_legend
from pedcontour.preview.panel import draw_panel
from pedcontour.preview.planes import LEVEL_HU, WINDOW_HU, Plane, cut_planes
from pedcontour.preview.style import (
    BACKGROUND,
    GAP,
    MARGIN,
    MUTED,
    NOTICE,
    PANEL_EDGE,
    TEXT,
    WIDTH,
    BoxStyle,
    Colour,
    rounded_box,
    text_width,
    write,
)
from pedcontour.verdicts import DRAWN, Verdict
from pedcontour.volume import LabelMap, Volume

TITLE_PX = 104
FOOTER_PX = 62

PANEL_HEIGHT = (420, 760)
"""Least and greatest height of the panels: a short stack is not blown up, a long one does not fill the wall."""

PANEL_ASPECT = (0.5, 1.7)
"""Width over height of a panel: beyond it the plane is set into its panel with bars."""

NOT_REVIEWED = "AI-generated, not reviewed"
NOTICE_TEXT = "Not for clinical use without local validation."


@dataclass(frozen=True)
class Caption:
    """What the title says about the origin: the model's id and version, and its digest (SHA-256 in hex)."""

    model: str
    digest: str


def draw_preview(
    image: Volume,
    labels: LabelMap,
    verdicts: Sequence[Verdict],
    caption: Caption,
    colours: Mapping[str, Colour] | None = None,
) -> Image.Image:
    """Draw a result: RGB, ``WIDTH`` pixels wide, without a word about the patient.

    ``image`` (HU) and ``labels`` share one grid of any orientation. Only organs whose verdict says that they are in the
    results are outlined, and what lies beside them for review; the legend lists all. ``colours`` by organ id replace
    those of ``organs.toml``.
    """
    planes = cut_planes(image, labels)
    sizes = _panel_sizes(planes)
    height = sizes[0][1]
    colour_of = {organ.id: organ.colour for organ in all_organs().values()} | dict(colours or {})
    legend = draw_legend(verdicts, WIDTH - 2 * MARGIN, colour_of)
    picture = Image.new("RGB", (WIDTH, TITLE_PX + height + 34 + legend.height + FOOTER_PX), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    _title(picture, caption)
    drawn = {verdict.organ for verdict in verdicts if verdict.outcome in DRAWN}
    shown = {label: colour_of[organ] for label, organ in labels.organs.items() if organ in drawn}
    shown |= dict.fromkeys(labels.review, REVIEW_COLOUR)
    x = MARGIN
    for plane, size in zip(planes, sizes, strict=True):
        picture.paste(draw_panel(plane, size, shown), (x, TITLE_PX))
        x += size[0] + GAP
    picture.paste(legend, (MARGIN, TITLE_PX + height + 34))
    _footer(draw, picture.height)
    return picture


def _panel_sizes(planes: Sequence[Plane]) -> list[tuple[int, int]]:
    """Panels of one height that fill the width, each as wide as its plane asks within ``PANEL_ASPECT``."""
    low, high = PANEL_ASPECT
    aspects = [min(high, max(low, plane.size_mm[0] / plane.size_mm[1])) for plane in planes]
    room = WIDTH - 2 * MARGIN - (len(planes) - 1) * GAP
    height = round(min(PANEL_HEIGHT[1], max(PANEL_HEIGHT[0], room / sum(aspects))))
    widths = [int(room * aspect / sum(aspects)) for aspect in aspects]
    widths[-1] += room - sum(widths)
    return [(width, height) for width in widths]


def _title(picture: Image.Image, caption: Caption) -> None:
    draw = ImageDraw.Draw(picture)
    write(draw, (MARGIN, 66), "pedcontour", 44, TEXT, "ls")
    x = MARGIN + text_width("pedcontour", 44) + 34
    width = text_width(NOT_REVIEWED, 22) + 36
    rounded_box(picture, (x, 34, x + width, 74), 20, BoxStyle(NOTICE, 2))
    write(draw, (x + width / 2, 54), NOT_REVIEWED, 22, NOTICE, "mm")
    write(draw, (WIDTH - MARGIN, 50), caption.model, 22, TEXT, "rs")
    write(draw, (WIDTH - MARGIN, 76), f"model digest {caption.digest[:16]}", 16, MUTED, "rs")


def _footer(draw: ImageDraw.ImageDraw, height: int) -> None:
    top = height - FOOTER_PX + 6
    draw.line((MARGIN, top, WIDTH - MARGIN, top), fill=PANEL_EDGE, width=1)
    write(draw, (MARGIN, top + 32), NOTICE_TEXT, 18, NOTICE, "ls")
    facts = f"W {WINDOW_HU:.0f}  L {LEVEL_HU:.0f}   ·   planes through the most organs   ·   volumes in millilitres"
    write(draw, (WIDTH - MARGIN, top + 32), facts, 16, MUTED, "rs")
