"""The legend: every organ with its colour, its volume and what became of it."""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from pedcontour.organs import all_organs
from pedcontour.outputs import REVIEW_COLOUR
from pedcontour.preview.style import (
    ALARM,
    BACKGROUND,
    FAINT,
    MUTED,
    NOTICE,
    TEXT,
    BoxStyle,
    Colour,
    rounded_box,
    shortened,
    text_width,
    write,
)
from pedcontour.verdicts import DRAWN, LOUD, Outcome, Verdict

COLUMNS = 4
COLUMN_GAP = 48
ROW_PX = 52
SWATCH_PX = 26
NAME_PX = 20
NOTE_PX = 16

WORDS: dict[Outcome, str] = {
    Outcome.PRESENT: "drawn in full",
    Outcome.PRESENT_UNCERTAIN: "kept, but unusual: please look",
    Outcome.PARTIAL: "a part of it",
    Outcome.ABSENT_DECLARED: "declared absent",
    Outcome.ABSENT_DETECTED: "nothing drawn: removed or missed?",
    Outcome.REMOVED_FALSE_POSITIVE: "removed: not taken for one",
    Outcome.TRUNCATED_BY_FIELD_OF_VIEW: "continues beyond the images",
    Outcome.NOT_IN_FIELD_OF_VIEW: "not in the images",
    Outcome.FAILED: "failed: nothing drawn",
    Outcome.NOT_REQUESTED: "not requested",
}
"""Each outcome in words short enough for a line of the legend."""

FOR_REVIEW = "removed, outlined for review"
"""Instead of the outcome's words where what was removed lies beside the results."""

LOUD_COLOURS: dict[Outcome, Colour] = {**dict.fromkeys(LOUD, NOTICE), Outcome.FAILED: ALARM}
"""Outcomes that a reader must not overlook."""


def draw_legend(verdicts: Sequence[Verdict], width: int, colours: Mapping[str, Colour] | None = None) -> Image.Image:
    """The legend as a picture ``width`` pixels wide, filled column by column in the order of the verdicts.

    ``colours`` by organ id replace those of ``organs.toml``.
    """
    own = colours or {}
    rows = max(1, -(-len(verdicts) // COLUMNS))
    legend = Image.new("RGB", (width, rows * ROW_PX), BACKGROUND)
    column_px = (width - (COLUMNS - 1) * COLUMN_GAP) / COLUMNS
    for n, verdict in enumerate(verdicts):
        column, row = divmod(n, rows)
        colour = own.get(verdict.organ, all_organs()[verdict.organ].colour)
        _entry(legend, verdict, colour, (column * (column_px + COLUMN_GAP), row * ROW_PX), column_px)
    return legend


def _entry(legend: Image.Image, verdict: Verdict, colour: Colour, corner: tuple[float, float], width: float) -> None:
    x, y = corner
    organ = all_organs()[verdict.organ]
    drawn = verdict.outcome in DRAWN
    beside = verdict.review_ml > 0.0
    top = y + (ROW_PX - SWATCH_PX) / 2 - 2
    box = (x, top, x + SWATCH_PX, top + SWATCH_PX)
    outline = BoxStyle(REVIEW_COLOUR if beside else FAINT, 2)
    rounded_box(legend, box, 7, BoxStyle(colour) if drawn else outline)
    draw = ImageDraw.Draw(legend)
    volume = volume_words(verdict)
    left = x + SWATCH_PX + 14
    name = shortened(organ.name, NAME_PX, width - SWATCH_PX - 14 - text_width(volume, NAME_PX) - 12)
    write(draw, (left, y + 20), name, NAME_PX, TEXT if drawn else MUTED, "ls")
    write(draw, (x + width, y + 20), volume, NAME_PX, TEXT if drawn else FAINT, "rs")
    write(
        draw,
        (left, y + 40),
        FOR_REVIEW if beside else WORDS[verdict.outcome],
        NOTE_PX,
        LOUD_COLOURS.get(verdict.outcome, FAINT),
        "ls",
    )


def volume_words(verdict: Verdict) -> str:
    """The volume in the results, or beside them, with a decimal only where it matters; nothing for what is neither."""
    if verdict.outcome not in DRAWN and verdict.review_ml == 0.0:
        return ""
    volume_ml = verdict.volume_ml or verdict.review_ml
    return f"{volume_ml:.1f} mL" if volume_ml < 10 else f"{volume_ml:,.0f} mL".replace(",", " ")
