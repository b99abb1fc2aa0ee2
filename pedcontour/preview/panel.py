"""One plane drawn to size: the CT, tinted organs, smooth outlines, letters and a scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from pedcontour.preview.planes import Plane
from pedcontour.preview.style import FAINT, PANEL, PANEL_EDGE, TEXT, Colour, write_over

SUPERSAMPLE = 2
"""Outlines are drawn this many times larger and then reduced, which smooths their edges."""

LINE_PX = 2.2
"""Width of an outline in the finished picture."""

TINT = 0.16
"""How strongly an organ's colour lies over the CT inside its outline."""

SMOOTH_VOXELS = 0.4
"""Blur of a mask, in voxels, before its outline is taken: rounds the steps for the eye and still keeps a single
voxel."""

FLATTEST = 1e-4
"""Where the field is flatter than this there is no outline near."""

Cover = npt.NDArray[np.float32]
"""A share 0 to 1 for every pixel (rows, columns)."""

LETTER_PX = 26
SCALE_BAR_MM = 50.0


def draw_panel(plane: Plane, size: tuple[int, int], colours: Mapping[int, Colour]) -> Image.Image:
    """Draw a plane into ``size`` pixels (width, height), as large as it fits with square millimetres, centred.

    ``colours`` are those of the labels to outline.
    """
    width_mm, height_mm = plane.size_mm
    scale = min(size[0] / width_mm, size[1] / height_mm)
    inner = max(1, round(width_mm * scale)), max(1, round(height_mm * scale))
    ct = Image.fromarray(plane.grey).resize(inner, Image.Resampling.BICUBIC).convert("RGB")
    picture = Image.fromarray(_with_organs(np.asarray(ct), plane.labels, colours))
    panel = Image.new("RGB", size, PANEL)
    corner = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    panel.paste(picture, corner)
    draw = ImageDraw.Draw(panel)
    _cut_marks(draw, plane, corner, inner)
    _letters(draw, plane, size)
    _scale_bar(draw, size, scale)
    draw.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=PANEL_EDGE)
    return panel


def _with_organs(
    ct: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], colours: Mapping[int, Colour]
) -> npt.NDArray[np.uint8]:
    """Lay tint and outline of every organ over the picture ``(rows, columns, 3)``, large organs first, small on top."""
    picture = ct.astype(np.float32)
    covers = [
        (_cover(labels, label, ct.shape), colours[label]) for label in np.unique(labels).tolist() if label in colours
    ]
    covers.sort(key=lambda item: -item[0].inside.size)
    for part, strength in (("inside", TINT), ("line", 1.0)):
        for cover, colour in covers:
            alpha = strength * getattr(cover, part)[..., None]
            below = picture[cover.box]
            picture[cover.box] = below + alpha * (np.array(colour, np.float32) - below)
    return picture.round().astype(np.uint8)


@dataclass(frozen=True, eq=False)
class _Cover:
    """How far each pixel of ``box`` (rows, columns of the picture) is covered by an organ's inside and its outline."""

    box: tuple[slice, slice]
    inside: Cover
    line: Cover


def _cover(labels: npt.NDArray[np.uint8], label: int, picture: tuple[int, ...]) -> _Cover:
    """Enlarge the mask of one label to a smooth field; its distance to the level one half is its difference over its
    slope.

    Only the organ's own part of the picture is worked on.
    """
    mask = labels == label
    scale = picture[0] / mask.shape[0], picture[1] / mask.shape[1]
    box = []
    for axis in (0, 1):
        seen = np.flatnonzero(mask.any(axis=1 - axis))
        margin = 2 + 2 * LINE_PX / scale[axis]
        low, high = (seen[0] - margin) * scale[axis], (seen[-1] + 1 + margin) * scale[axis]
        box.append(slice(max(0, int(low)), min(picture[axis], int(high) + 1)))
    rows, columns = box
    source = (columns.start / scale[1], rows.start / scale[0], columns.stop / scale[1], rows.stop / scale[0])
    size = columns.stop - columns.start, rows.stop - rows.start
    large = size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE
    enlarged = Image.fromarray(mask.astype(np.uint8) * 255).resize(large, Image.Resampling.BICUBIC, box=source)
    blur = SMOOTH_VOXELS * SUPERSAMPLE * scale[1], SMOOTH_VOXELS * SUPERSAMPLE * scale[0]
    field = np.asarray(enlarged.filter(ImageFilter.GaussianBlur(blur)), np.float32) / 255.0 - 0.5
    down, across = np.gradient(field)
    slope = np.maximum(np.hypot(down, across), FLATTEST)
    line = np.clip(LINE_PX * SUPERSAMPLE / 2 + 0.5 - np.abs(field) / slope, 0.0, 1.0)
    inside = np.clip(field / slope + 0.5, 0.0, 1.0)
    return _Cover((rows, columns), _reduced(inside, size), _reduced(line, size))


def _reduced(cover: npt.NDArray[Any], size: tuple[int, int]) -> Cover:
    small = Image.fromarray((cover * 255).astype(np.uint8)).resize(size, Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255.0


def _letters(draw: ImageDraw.ImageDraw, plane: Plane, size: tuple[int, int]) -> None:
    left, right, top, bottom = plane.letters
    width, height = size
    inset = LETTER_PX * 0.9
    for letter, at in (
        (left, (inset, height / 2)),
        (right, (width - inset, height / 2)),
        (top, (width / 2, inset)),
        (bottom, (width / 2, height - inset)),
    ):
        write_over(draw, at, letter, LETTER_PX, "mm")
    write_over(draw, (18, 32), plane.name, 20, "ls")


def _scale_bar(draw: ImageDraw.ImageDraw, size: tuple[int, int], scale: float) -> None:
    """A bar of five centimetres in the lower right corner."""
    length = SCALE_BAR_MM * scale
    right, base = size[0] - 20, size[1] - 20
    for colour, width, reach in ((PANEL, 6, 7), (TEXT, 2, 5)):
        draw.line((right - length, base, right, base), fill=colour, width=width)
        for end in (right - length, right):
            draw.line((end, base - reach, end, base + reach), fill=colour, width=width)
    write_over(draw, (right - length / 2, base - 11), "5 cm", 16, "ms")


def _cut_marks(draw: ImageDraw.ImageDraw, plane: Plane, corner: tuple[int, int], inner: tuple[int, int]) -> None:
    """Small ticks at the edges where the other two planes pass."""
    rows, columns = plane.grey.shape
    x = corner[0] + plane.cuts[0] / columns * inner[0]
    y = corner[1] + plane.cuts[1] / rows * inner[1]
    right, bottom = corner[0] + inner[0], corner[1] + inner[1]
    for line in (
        (x, corner[1], x, corner[1] + 12),
        (x, bottom - 12, x, bottom),
        (corner[0], y, corner[0] + 12, y),
        (right - 12, y, right, y),
    ):
        draw.line(line, fill=FAINT, width=2)
