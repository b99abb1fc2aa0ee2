"""One audit record and how it is tied to the one before: pure, no disk, no clock.

A record is one line of JSON. It carries its number and the SHA-256 of the line before it, so whoever changes, removes
or adds a record in between breaks the link after it. What no chain shows by itself is the loss of its end, or that all
of it was written anew; for that ``verify_chain`` takes a record's number and digest, noted elsewhere.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

FIRST_PREVIOUS = "0" * 64
"""What the first record of all carries for the one before it."""

RECOVERED = "recovered"
"""Action of the record after a line that a power cut tore; nobody had been answered on the strength of that line."""


@dataclass(frozen=True)
class Entry:
    """What happened; no patient data.

    ``who`` is a key's prefix or a hash of a token's subject. ``outcome`` is ``ok`` or the code of the refusal.
    ``suppressed`` counts refusals before this one that were not recorded, so that nobody can fill the disk with them.
    """

    action: str
    outcome: str = "ok"
    who: str = ""
    tenant: str = ""
    job: str = ""
    result: str = ""
    route: str = ""
    address: str = ""
    suppressed: int = 0


@dataclass(frozen=True)
class Record:
    """An entry in its place in the chain."""

    number: int
    at: str
    previous: str
    entry: Entry

    def line(self) -> bytes:
        """The record as a line, without its end; what is empty is left out."""
        told = {name: value for name, value in asdict(self.entry).items() if value}
        fields = {"number": self.number, "at": self.at, **told, "previous": self.previous}
        return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()


def make_record(entry: Entry, number: int, previous: str, now: datetime) -> Record:
    """An entry as the next link of the chain."""
    return Record(number, now.isoformat(timespec="milliseconds"), previous, entry)


def digest_of(line: bytes) -> str:
    """What the next record carries of a line."""
    return hashlib.sha256(line).hexdigest()


def parse_record(line: bytes) -> Record:
    """A line as a record. Raises ``ValueError`` for one that is none."""
    try:
        fields = json.loads(line)
        number, at, previous = fields.pop("number"), fields.pop("at"), fields.pop("previous")
        record = Record(number, at, previous, Entry(**fields))
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("no record") from None
    if not isinstance(number, int) or record.line() != line:
        raise ValueError("no record of ours")
    return record
