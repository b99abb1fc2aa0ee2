"""A model's tensors as bytes and as one digest: safetensors, never pickle."""

import hashlib

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from pedcontour.errors import UpdateUnfitError
from pedcontour.federation.averaging import Weights

FLOATS = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16))


def pack(weights: Weights) -> bytes:
    """Tensors as a safetensors file."""
    packed: bytes = safetensors.numpy.save({name: np.ascontiguousarray(weights[name]) for name in sorted(weights)})
    return packed


def unpack(site: str, data: bytes) -> dict[str, NDArray[np.floating]]:
    """The tensors of a safetensors file, in order of name. Raises ``UpdateUnfitError`` for what is none."""
    try:
        tensors = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError):
        raise UpdateUnfitError(f"{site}: not a safetensors file") from None
    if not tensors or any(tensor.dtype not in FLOATS for tensor in tensors.values()):
        raise UpdateUnfitError(f"{site}: tensors that are not of floating point")
    return {name: tensors[name] for name in sorted(tensors)}


def digest_of(weights: Weights) -> str:
    """SHA-256 of a model, whatever file it lies in: name, dtype, shape and little-endian values, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = np.ascontiguousarray(weights[name])
        shape = ",".join(map(str, tensor.shape))
        digest.update(f"{len(name)}:{name} {tensor.dtype.name} {shape}\n".encode())
        digest.update(tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()
