"""What a model folder says of the federation that trained it, held against its weights."""

from pedcontour.bundle import ModelBundle
from pedcontour.errors import ModelChecksumError, UpdateUnfitError
from pedcontour.federation.weights import digest_of, unpack

WEIGHTS_DIGEST = "federation_weights"
"""The digest of the weights as the sites computed it, whatever file they lie in."""


def check_provenance(bundle: ModelBundle) -> bool:
    """Whether a federation trained this model. Raises ``ModelChecksumError`` when its weights are not that model's."""
    expected = bundle.provenance.get(WEIGHTS_DIGEST)
    if expected is None:
        return False
    try:
        found = digest_of_bundle(bundle)
    except UpdateUnfitError:
        found = ""
    if found != expected:
        raise ModelChecksumError("the weights are not the model that the federation agreed on")
    return True


def digest_of_bundle(bundle: ModelBundle) -> str:
    """The digest of a model folder's tensors, as a charter names the model to begin with.

    Raises ``ModelError``, and ``UpdateUnfitError`` for weights that no sites could average.
    """
    return digest_of(unpack(bundle.id, bundle.read_weights()))
