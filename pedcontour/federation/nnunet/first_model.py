"""The model that every site begins with, where the charter names one: each site has it, nobody sends it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pedcontour.bundle import load_bundle
from pedcontour.errors import FirstModelDiffersError, RequestError
from pedcontour.federation.averaging import Weights, check_fit
from pedcontour.federation.room import Charter
from pedcontour.federation.weights import digest_of, unpack


def read_first_model(folder: Path | None, charter: Charter) -> dict[str, NDArray[np.floating]] | None:
    """The tensors of the model folder that a site was given, or None where the charter's seed draws the first model.

    Raises ``FirstModelDiffersError`` when they are not those of the charter, ``ModelError``, ``UpdateUnfitError``, and
    ``RequestError`` when a folder is missing or there is none to be read.
    """
    if (folder is None) != (charter.initial is None):
        wants = "names a model to begin with; give its folder" if folder is None else "names no model to begin with"
        raise RequestError(f"the charter {wants} (option start)")
    if folder is None:
        return None
    bundle = load_bundle(folder)
    weights = unpack(bundle.id, bundle.read_weights())
    if digest_of(weights) != charter.initial:
        raise FirstModelDiffersError(bundle.id)
    return weights


def check_first_model(weights: Weights, planned: Weights) -> None:
    """Raise ``UpdateUnfitError`` unless a first model has the tensors of the planned network."""
    check_fit("the model to begin with", weights, planned)
