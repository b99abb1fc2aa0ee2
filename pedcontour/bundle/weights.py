"""How the files of a model's weights are called: one, or one for each fold whose mean draws."""

import re
from collections.abc import Sequence

from pedcontour.errors import ModelError

WEIGHTS_NAME = "weights.safetensors"

_FOLD = re.compile(r"[A-Za-z0-9]{1,16}")
"""nnU-Net calls its folds 0, 1, 2 and so on, or ``all``."""


def weights_names(folds: Sequence[str]) -> tuple[str, ...]:
    """The files of these folds, in their order; without any, the one file of a model that is a single network.

    Raises ``ModelError`` for one fold alone, one that comes twice, or a name that is no plain word.
    """
    if not folds:
        return (WEIGHTS_NAME,)
    if len(folds) < 2 or len(set(folds)) < len(folds) or not all(_FOLD.fullmatch(fold) for fold in folds):
        raise ModelError("the folds of a model are two or more different words of letters and digits")
    return tuple(f"weights-{fold}.safetensors" for fold in folds)
