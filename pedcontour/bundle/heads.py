"""What the outputs of a network mean, from nnU-Net's ``dataset.json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pedcontour.errors import ModelError, ModelUnsupportedError

DATASET_NAME = "dataset.json"
MAX_LABEL = 255
"""Labels are uint8 (``pedcontour/volume.py``)."""

IGNORE = "ignore"
"""nnU-Net's name for voxels that no training looks at: it has no output channel."""


@dataclass(frozen=True)
class Head:
    """Names and label numbers of what a network draws, background included.

    ``label_of_class`` gives the number of each class: 0 is background. With plain labels a class is a channel. With
    ``regions``, which may overlap, class ``n`` is channel ``n - 1``, and where several are, the last one is drawn.
    """

    numbers: Mapping[str, int]
    label_of_class: tuple[int, ...]
    regions: bool


def read_head(dataset: Mapping[str, Any]) -> Head:
    """The head that ``dataset.json`` describes.

    Raises ``ModelUnsupportedError`` for several image channels, gaps in plain labels, or regions whose painting order
    does not give each a number of its own; ``ModelError`` for what are no labels.
    """
    labels = dataset.get("labels")
    if not isinstance(labels, dict) or not labels:
        raise ModelError(f"{DATASET_NAME} names no labels")
    channels = dataset.get("channel_names", dataset.get("modality"))
    if not isinstance(channels, dict) or len(channels) != 1:
        raise ModelUnsupportedError("the network does not take exactly one image channel, a CT")
    drawn = {name: value for name, value in labels.items() if name != IGNORE}
    if any(isinstance(value, list) for value in drawn.values()):
        return _regions(drawn, dataset.get("regions_class_order"))
    if dataset.get("regions_class_order") is not None:
        raise ModelUnsupportedError(f"{DATASET_NAME} gives an order of regions but names no region")
    return _plain(drawn)


def _plain(labels: Mapping[str, Any]) -> Head:
    if not all(_is_number(number) for number in labels.values()):
        raise ModelError(f"a label in {DATASET_NAME} is not a whole number")
    if sorted(labels.values()) != list(range(len(labels))) or labels.get("background") != 0:
        raise ModelUnsupportedError("the labels are not background = 0, then 1, 2, 3 without a gap")
    return Head(dict(labels), tuple(range(len(labels))), regions=False)


def _regions(labels: Mapping[str, Any], order: object) -> Head:
    """nnU-Net's region-based head: one channel a region, in the order of their names in the document."""
    members = {name: value if isinstance(value, list) else [value] for name, value in labels.items()}
    if not all(value and all(_is_number(number) for number in value) for value in members.values()):
        raise ModelError(f"a region in {DATASET_NAME} is not a list of whole numbers")
    if not any(len(value) > 1 for value in members.values()) or labels.get("background") != 0:
        raise ModelUnsupportedError("the regions are not background = 0 and at least one region of several labels")
    names = [name for name, value in members.items() if set(value) != {0}]
    numbered = isinstance(order, list) and all(_is_number(number) and 0 < number <= MAX_LABEL for number in order)
    if not isinstance(order, list) or not numbered or not len(names) == len(order) == len(set(order)):
        raise ModelUnsupportedError("regions_class_order does not give each region a number of its own")
    return Head({"background": 0, **dict(zip(names, order, strict=True))}, (0, *order), regions=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
