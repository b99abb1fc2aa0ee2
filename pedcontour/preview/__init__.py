"""The picture of a result: the CT in three planes with the contours on it, and what became of every organ."""

from pedcontour.preview.picture import Caption, draw_preview

__all__ = ["Caption", "draw_preview"]
