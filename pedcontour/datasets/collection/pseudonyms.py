"""Pseudonyms of patients and cases: a keyed hash, whose key stays at the site.

Without the key nobody can find out whether a known patient is in a data set, as they could from a plain hash of a
number of few digits. With the key the site makes the same pseudonym again, from the same files.
"""

import csv
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from pathlib import Path

from pedcontour.errors import PseudonymKeyError

KEY_BYTES = 32
OWNER_ONLY = 0o600
TOKEN_LENGTH = 10
"""Hex digits of a pseudonym: 40 bits; of a thousand cases two would be alike once in two million data sets."""

LINK_COLUMNS = ("case", "patient_id", "study_uid", "series_uid", "structure_set_uid")


@dataclass(frozen=True)
class Pseudonyms:
    """The pseudonyms of one site."""

    site: str
    key: bytes = field(repr=False)

    def patient(self, patient_id: str, study_uid: str) -> str:
        """A patient's pseudonym; where the images name no patient, each study counts as one."""
        return self._token("patient", patient_id) if patient_id else self._token("study", study_uid)

    def case(self, patient: str, series_uid: str) -> str:
        """The identifier of a CT series of a patient's pseudonym, fit for nnU-Net's file names."""
        return f"{self.site}_{patient}_{self._token('series', series_uid)}"

    def mark(self, content: bytes) -> str:
        """A keyed digest, by which content is known again and nothing is learnt of it."""
        return hmac.new(self.key, b"content\0" + content, sha256).hexdigest()

    def _token(self, kind: str, text: str) -> str:
        return hmac.new(self.key, f"{kind}\0{text}".encode(), sha256).hexdigest()[:TOKEN_LENGTH]


def read_or_make_key(path: Path) -> bytes:
    """The key of a file that nobody else can read; a new one where there is none. Raises ``PseudonymKeyError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_new(path, secrets.token_hex(KEY_BYTES).encode())
        if path.stat().st_mode & 0o077:
            raise PseudonymKeyError("others may read the key file; chmod 600 it")
        key = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise PseudonymKeyError(type(error).__name__) from None
    except ValueError:
        raise PseudonymKeyError("the key file is damaged") from None
    if len(key) != KEY_BYTES:
        raise PseudonymKeyError("the key file is damaged")
    return key


def keep_links(path: Path, links: Mapping[str, tuple[str, str, str, str]]) -> None:
    """Add cases and whom they are to the table at ``path``, which its owner alone can read; known cases are renewed.

    ``links`` are PatientID, StudyInstanceUID, SeriesInstanceUID and the structure set's SOPInstanceUID by case.
    Raises ``PseudonymKeyError`` when it cannot be kept.
    """
    try:
        known = {}
        if path.exists():
            rows = list(csv.reader(StringIO(path.read_text("utf-8"), newline="")))
            known = {row[0]: tuple(row[1:]) for row in rows[1:] if row}
        text = StringIO(newline="")
        table = csv.writer(text)
        table.writerow(LINK_COLUMNS)
        table.writerows((case, *who) for case, who in sorted({**known, **links}.items()))
        partial = path.with_name(path.name + ".part")
        partial.unlink(missing_ok=True)
        _write_new(partial, text.getvalue().encode())
        partial.replace(path)
    except (OSError, ValueError) as error:
        raise PseudonymKeyError(f"the link table cannot be kept: {type(error).__name__}") from None


def _write_new(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
