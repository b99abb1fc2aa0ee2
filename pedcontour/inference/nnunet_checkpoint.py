"""An nnU-Net checkpoint, read without running anything that is written in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch

from pedcontour.errors import ModelError, ModelUnsafeError

_SCALAR = np.dtype("float32").type(0).__reduce__()[0]
"""What numpy's pickled scalars call with a type and its bytes. Numpy 1 and 2 write it under different names."""

SAFE_GLOBALS: tuple[Any, ...] = (
    _SCALAR,
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(name)) for name in ("float16", "float32", "float64", "int32", "int64", "bool")),
)
"""What a checkpoint may name beyond tensors and plain containers, which torch's own unpickler allows.

nnU-Net logs losses and scores as numpy scalars."""

_COMPILED_PREFIX = "_orig_mod."
_PARALLEL_PREFIX = "module."


@dataclass(frozen=True)
class Checkpoint:
    """The parts of a checkpoint that inference needs; ``trainer`` is a name and is never looked up."""

    state: Mapping[str, torch.Tensor]
    configuration: str
    trainer: str
    mirroring_axes: tuple[int, ...]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read ``checkpoint_*.pth`` with torch's restricted unpickler and no fallback.

    Raises ``ModelUnsafeError`` when it names any other code, ``ModelError`` when it is no nnU-Net checkpoint.
    """
    try:
        with torch.serialization.safe_globals(list(SAFE_GLOBALS)):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ModelUnsafeError("the checkpoint holds pickled objects other than weights and numbers") from error
    except Exception as error:  # a damaged file makes torch raise almost anything
        raise ModelError(f"the checkpoint cannot be read: {type(error).__name__}") from error
    try:
        configuration = content["init_args"]["configuration"]
        mirroring = tuple(int(axis) for axis in content.get("inference_allowed_mirroring_axes") or ())
        state = {_plain_name(name): tensor for name, tensor in content["network_weights"].items()}
        trainer = content["trainer_name"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError("the checkpoint is not one of nnU-Net v2") from error
    if not isinstance(configuration, str) or not isinstance(trainer, str):
        raise ModelError("the checkpoint is not one of nnU-Net v2")
    return Checkpoint(state, configuration, trainer, mirroring)


def _plain_name(name: str) -> str:
    """A weight's name without what torch.compile and data-parallel training put before it."""
    return name.removeprefix(_PARALLEL_PREFIX).removeprefix(_COMPILED_PREFIX)
