"""What may be wrong between hospitals that train together."""

from pedcontour.errors.base import PedcontourError
from pedcontour.errors.jobs import ObjectNotFoundError, StoreError


class FederationError(PedcontourError):
    """The federation cannot go on as things are; see the detail."""

    code = "FEDERATION_FAILED"


class DisbeliefError(FederationError):
    """An object in the store cannot be believed, so nothing of it was used; the detail names place and site."""

    code = "FEDERATION_DISBELIEVED"


class MalformedDocumentError(DisbeliefError):
    """A document is damaged, cut off or not of the federation's form, so nothing of it was used."""

    code = "FEDERATION_MALFORMED"


class NotCanonicalError(DisbeliefError):
    """A document is not written in its one canonical form, so what its signature covers would be open to doubt."""

    code = "FEDERATION_NOT_CANONICAL"


class SignatureInvalidError(DisbeliefError):
    """A signature does not fit the document: it was altered, or signed with another key."""

    code = "FEDERATION_SIGNATURE_INVALID"


class WrongSignerError(DisbeliefError):
    """A document is signed by, or speaks for, another site than the one whose place it has."""

    code = "FEDERATION_WRONG_SIGNER"


class WrongCharterError(DisbeliefError):
    """A document belongs to another charter; each run has a charter of its own."""

    code = "FEDERATION_WRONG_CHARTER"


class OutOfTurnError(DisbeliefError):
    """A document came before what it rests on, or after its round was closed; it was not used."""

    code = "FEDERATION_OUT_OF_TURN"


class ChainBrokenError(DisbeliefError):
    """A document does not continue the chain of this run: it is replayed, or from another history."""

    code = "FEDERATION_CHAIN_BROKEN"


class ContradictionError(DisbeliefError):
    """Two different documents claim the same place, which is written once; the sites must find out why."""

    code = "FEDERATION_CONTRADICTION"


class DigestMismatchError(DisbeliefError):
    """An object's content is not what its signed document says: it was altered, swapped or cut off."""

    code = "FEDERATION_DIGEST_MISMATCH"


class QuorumMissingError(DisbeliefError):
    """A round was closed with fewer sites than the charter asks for, so its result does not count."""

    code = "FEDERATION_QUORUM_MISSING"


class NotForUsError(DisbeliefError):
    """An object cannot be decrypted with this site's key; check that the charter names this site's keys."""

    code = "FEDERATION_NOT_FOR_US"


class UpdateUnfitError(DisbeliefError):
    """An update cannot be averaged: its tensors, its values or its cases are none that a training comes to."""

    code = "FEDERATION_UPDATE_UNFIT"


class PlansDifferError(FederationError):
    """The sites came to different plans or first models; install the same versions everywhere and begin a new run."""

    code = "FEDERATION_PLANS_DIFFER"


class FirstModelDiffersError(FederationError):
    """The model to begin with is not the one that the charter names; its sites need the very same model folder."""

    code = "FEDERATION_FIRST_MODEL_DIFFERS"


class ModelsDifferError(FederationError):
    """The sites computed different global models, so the run stopped; nobody should use what it made."""

    code = "FEDERATION_MODELS_DIFFER"


class SiteElsewhereError(FederationError):
    """Another process runs as this site, so this one stopped; let only one go on."""

    code = "FEDERATION_SITE_ELSEWHERE"


class CharterError(FederationError):
    """The charter cannot be used; see the detail."""

    code = "FEDERATION_CHARTER_INVALID"


class CharterUnsignedError(CharterError):
    """The charter lacks the signature of a site that it names; every site signs before the run begins."""

    code = "FEDERATION_CHARTER_UNSIGNED"


class KeyFileError(FederationError):
    """The site's key file cannot be used, or would be replaced; see the detail."""

    code = "FEDERATION_KEY_FILE"


class StoreOverwritesError(StoreError):
    """The store replaces objects when told to create them only, so sites could overwrite each other; use another."""

    code = "STORE_OVERWRITES"


class SealedMissingError(ObjectNotFoundError):
    """The store lost an object that a site sealed; that site's `federation run` puts it back while it has it."""

    code = "FEDERATION_OBJECT_MISSING"

    def __init__(self, key: str = "", *, site: str = "") -> None:
        super().__init__(f"{key}, of {site}" if site else key)
        self.site = site
        self.key = key
