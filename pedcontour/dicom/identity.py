"""Who made a result and under which names: the same for every attempt at one job."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pydicom.uid import UID

UID_ROOT = "2.25."
"""Root for UIDs derived from UUIDs (PS3.5 B.2): needs no registration."""

IMPLEMENTATION_CLASS_UID = UID("2.25.147392874100556067613721581065201774610")
"""Says in the file meta of everything pedcontour writes that pedcontour wrote it (PS3.10, 7.1)."""


@dataclass(frozen=True)
class ResultIdentity:
    """Names a job's results so that a retry writes the same objects.

    ``created`` is when the job was accepted, not when an attempt ran. ``model_digest`` is the SHA-256 of the model
    bundle's manifest in hex.
    """

    job_id: str
    created: datetime
    model_id: str
    model_digest: str
    software_version: str

    def uid(self, purpose: str) -> str:
        """A UID that depends on the job, the model and ``purpose`` only."""
        text = "\n".join(("pedcontour", self.job_id, self.model_digest, purpose))
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
        # Version and variant bits of a name-based UUID (version 8: custom), as PS3.5 B.2 asks for a UUID.
        number = (number & ~(0xF << 76)) | (0x8 << 76)
        number = (number & ~(0x3 << 62)) | (0x2 << 62)
        return UID_ROOT + str(number)
