"""The audit file: who did what to which job, in a chain that shows when a record was changed, removed or added."""

from service.audit.chain import Entry, Record
from service.audit.reading import Head, read_records, verify_chain
from service.audit.trail import AuditTrail, FileTrail, MemoryTrail

__all__ = ["AuditTrail", "Entry", "FileTrail", "Head", "MemoryTrail", "Record", "read_records", "verify_chain"]
