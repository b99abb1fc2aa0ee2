"""What a model folder says of the federation that trained it, held against its weights."""

from pedcontour.bundle import ModelBundle
from pedcontour.errors import ModelChecksumError, UpdateUnfitError
from pedcontour.federation.evidence import read_evidence
from pedcontour.federation.weights import digest_of, unpack

WEIGHTS_DIGEST = "federation_weights"
"""The digest of the weights as the sites computed it, whatever file they lie in."""


def check_provenance(bundle: ModelBundle) -> str:
    """In words, what is known of how a model came to be. Raises ``ModelChecksumError`` for weights of another model.

    What ``model.toml`` says can be changed with it; what the sites signed, beside the model, cannot.
    """
    expected, evidence = bundle.provenance.get(WEIGHTS_DIGEST), read_evidence(bundle.folder)
    if expected is None and evidence is None:
        return "no provenance: nothing tells who trained it"
    found = _digest(bundle)
    if expected not in (None, found):
        raise ModelChecksumError("the weights are not the model that the federation agreed on")
    if evidence is None:
        return f"run {bundle.provenance.get('federation_run', '?')} by its own word: no signatures lie beside it"
    if evidence.charter.momentum == "average":
        return f"run {evidence.charter.run}: the sites signed model and momentum together, and only the model is here"
    if not evidence.models or set(evidence.models.values()) != {found}:
        raise ModelChecksumError("the weights are not the model that the sites signed")
    signers = ", ".join(sorted(evidence.models))
    return f"run {evidence.charter.run}, {evidence.charter.rounds} rounds, signed by {signers}"


def digest_of_bundle(bundle: ModelBundle) -> str:
    """The digest of a model folder's tensors, as a charter names the model to begin with.

    Raises ``ModelError``, and ``UpdateUnfitError`` for weights that no sites could average.
    """
    return digest_of(unpack(bundle.id, bundle.read_weights()))


def _digest(bundle: ModelBundle) -> str:
    try:
        return digest_of_bundle(bundle)
    except UpdateUnfitError:
        return ""
