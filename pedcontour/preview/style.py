"""Colours, sizes and type of the picture, in one place."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

BACKGROUND: Final[Colour] = (11, 14, 20)
PANEL: Final[Colour] = (0, 0, 0)
PANEL_EDGE: Final[Colour] = (38, 44, 56)
TEXT: Final[Colour] = (232, 236, 243)
MUTED: Final[Colour] = (139, 148, 163)
FAINT: Final[Colour] = (104, 113, 128)
NOTICE: Final[Colour] = (244, 184, 66)
ALARM: Final[Colour] = (240, 98, 88)

WIDTH: Final = 1920
"""Width of the whole picture in pixels: a full-HD screen."""

MARGIN: Final = 40
GAP: Final = 20

SMOOTH: Final = 4
"""Shapes are drawn this many times larger and reduced."""


@dataclass(frozen=True)
class BoxStyle:
    """A filled box, or with ``line_px`` only its outline."""

    colour: Colour
    line_px: float | None = None


Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def font(size: int) -> Font:
    """Pillow's own scalable font: the same on every machine, with no font files to ship."""
    return ImageFont.load_default(size)


def text_width(text: str, size: int) -> float:
    """Width in pixels of a line of text."""
    return float(font(size).getlength(text))


def write(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, colour: Colour, anchor: str
) -> None:
    """One line of text; ``anchor`` as Pillow's, e.g. ``ls`` left on the baseline, ``mm`` middle of the middle."""
    draw.text(at, text, font=font(size), fill=colour, anchor=anchor)


def write_over(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, anchor: str) -> None:
    """One line of text that stays readable on any grey of a CT."""
    draw.text(at, text, font=font(size), fill=TEXT, anchor=anchor, stroke_width=2, stroke_fill=PANEL)


def rounded_box(picture: Image.Image, box: tuple[float, float, float, float], radius: float, style: "BoxStyle") -> None:
    """A rounded rectangle with smooth edges: Pillow's own are jagged, so it is drawn large and reduced."""
    left, top = int(box[0]), int(box[1])
    size = round(box[2]) - left + 1, round(box[3]) - top + 1
    large = Image.new("L", (size[0] * SMOOTH, size[1] * SMOOTH), 0)
    edges = tuple(SMOOTH * (value - start) for value, start in zip(box, (left, top, left, top), strict=True))
    fill, outline = (255, None) if style.line_px is None else (None, 255)
    width = round(SMOOTH * (style.line_px or 0))
    ImageDraw.Draw(large).rounded_rectangle(edges, SMOOTH * radius, fill=fill, outline=outline, width=width)
    picture.paste(style.colour, (left, top), large.resize(size, Image.Resampling.BOX))


def shortened(text: str, size: int, width: float) -> str:
    """The text, cut with an ellipsis where it would be wider than ``width`` pixels."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"
