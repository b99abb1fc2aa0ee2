"""A trained model as a folder: read, listed and verified without torch.

``model.toml`` describes it, ``plans.json`` and ``dataset.json`` are nnU-Net's own, ``weights.safetensors`` (or one
such file a fold) holds numbers and nothing else, ``card.md`` says what it is for, and ``SHA256SUMS`` covers every file.
"""

from pedcontour.bundle.manifest import MANIFEST_NAME
from pedcontour.bundle.model import ModelBundle, load_bundle, verify_bundle, verify_weights
from pedcontour.bundle.shelf import ModelShelf, default_id, find_model, installed_models, scan_models

__all__ = [
    "MANIFEST_NAME",
    "ModelBundle",
    "ModelShelf",
    "default_id",
    "find_model",
    "installed_models",
    "load_bundle",
    "scan_models",
    "verify_bundle",
    "verify_weights",
]
