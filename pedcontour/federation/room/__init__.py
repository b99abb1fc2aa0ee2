"""The windowless room: bytes in, facts or refusals out; no network, no disk, no clock, no environment, no torch."""

from pedcontour.federation.room.beliefs import Beliefs
from pedcontour.federation.room.documents import (
    Agreement,
    Cases,
    Census,
    Charter,
    Close,
    Fingerprint,
    Member,
    PlansAgreement,
    Report,
    Sealed,
    Session,
    Site,
    Update,
)
from pedcontour.federation.room.rounds import BelievedRound
from pedcontour.federation.room.speech import hear, read_charter, read_draft, say
from pedcontour.federation.room.wire import decode, digest, digest_of_all, encode

__all__ = [
    "Agreement",
    "Beliefs",
    "BelievedRound",
    "Cases",
    "Census",
    "Charter",
    "Close",
    "Fingerprint",
    "Member",
    "PlansAgreement",
    "Report",
    "Sealed",
    "Session",
    "Site",
    "Update",
    "decode",
    "digest",
    "digest_of_all",
    "encode",
    "hear",
    "read_charter",
    "read_draft",
    "say",
]
