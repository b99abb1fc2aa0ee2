"""Reading the audit file: checking that its chain is whole, and finding what was done to a job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pedcontour.errors import AuditBrokenError, AuditError
from service.audit.chain import FIRST_PREVIOUS, RECOVERED, Record, digest_of, parse_record
from service.audit.trail import audit_files, first_number


@dataclass(frozen=True)
class Head:
    """The end of a chain that is whole: note both elsewhere, and a later check shows whether it was cut."""

    records: int
    first: int
    number: int
    digest: str


def read_records(folder: Path, job: str | None = None) -> list[Record]:
    """The records of a trail, those of one job where one is given; torn lines are left out. Raises ``AuditError``."""
    found = []
    for _, line in _lines(audit_files(folder)):
        try:
            record = parse_record(line)
        except ValueError:
            continue
        if job is None or record.entry.job == job:
            found.append(record)
    return found


def verify_chain(files: Sequence[Path], noted: tuple[int, str] | None = None) -> Head:
    """Check every link of a trail, or of one of its files, and that a record noted before is still in it.

    ``noted`` is a record's number and digest. A trail may begin with any record, as old files are moved away. Raises
    ``AuditBrokenError`` that names the place, ``AuditError`` where there is nothing to read.
    """
    chain = _Chain()
    for place, line in _lines(files):
        chain.add(place, line)
        if noted is not None and chain.number == noted[0] and chain.last != noted[1]:
            raise AuditBrokenError(f"{place}: record {noted[0]} is not the one that was noted")
    if chain.torn is not None:
        raise AuditBrokenError(f"{chain.torn}: the last line is torn; the next record of the service tells so")
    if chain.first is None:
        raise AuditError("there is no record")
    if noted is not None and not chain.first <= noted[0] <= chain.number:
        raise AuditBrokenError(f"record {noted[0]} was noted and is not there; the chain ends with {chain.number}")
    return Head(chain.records, chain.first, chain.number, chain.last)


class _Chain:
    """The links seen so far."""

    def __init__(self) -> None:
        self.records = 0
        self.first: int | None = None
        self.number = 0
        self.last = FIRST_PREVIOUS
        self.torn: str | None = None

    def add(self, place: str, line: bytes) -> None:
        """Check the next line."""
        try:
            record = parse_record(line)
        except ValueError:
            if self.torn is not None:
                raise AuditBrokenError(f"{place}: no record") from None
            self.torn, self.last = place, digest_of(line)
            return
        if self.torn is not None and record.entry.action != RECOVERED:
            raise AuditBrokenError(f"{self.torn}: no record")
        if self.first is None:
            self._begin(record, place)
        elif record.number != self.number + 1:
            raise AuditBrokenError(f"{place}: record {record.number} follows record {self.number}")
        elif record.previous != self.last:
            raise AuditBrokenError(f"{place}: record {self.number} before it was changed")
        self.torn = None
        self.records += 1
        self.number, self.last = record.number, digest_of(line)

    def _begin(self, record: Record, place: str) -> None:
        self.first = record.number
        if record.number == 1 and self.torn is None and record.previous != FIRST_PREVIOUS:
            raise AuditBrokenError(f"{place}: the first record follows another")


def _lines(files: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Each line with its place; a last line without an end counts."""
    for path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise AuditError(type(error).__name__) from None
        for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), 1):
            if number == 1:
                _check_name(path, line)
            yield f"{path.name} line {number}", line


def _check_name(path: Path, line: bytes) -> None:
    """A file that was renamed hides that another is missing."""
    try:
        number, named = parse_record(line).number, first_number(path)
    except ValueError:
        return
    if number != named:
        raise AuditBrokenError(f"{path.name} line 1: record {number} is in the file of record {named}")
