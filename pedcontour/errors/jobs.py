"""What stands in the way of a job: admission, stores, the table, the broker."""

from collections.abc import Sequence

from pedcontour.errors.base import PedcontourError
from pedcontour.errors.requests import RequestError


class StoreError(PedcontourError):
    """The result store did not answer as it should; see the detail and try again."""

    code = "STORE_FAILED"


class ObjectNotFoundError(StoreError):
    """There is no such object in the store."""

    code = "OBJECT_NOT_FOUND"


class ObjectExistsError(StoreError):
    """An object of that name exists; what was stored once is never changed."""

    code = "OBJECT_EXISTS"


class JobNotFoundError(RequestError):
    """There is no such job; it may have been erased, or it belongs to another key."""

    code = "JOB_NOT_FOUND"


class RequestKeyReusedError(RequestError):
    """This Idempotency-Key was used for another request; send a new key with every new request."""

    code = "IDEMPOTENCY_KEY_REUSED"


class AdmissionError(PedcontourError):
    """The service takes no upload now; send it again after the seconds in Retry-After."""

    code = "NOT_ADMITTED"

    def __init__(self, detail: str = "", *, instance_uids: Sequence[str] = (), retry_after_s: float = 30.0) -> None:
        super().__init__(detail, instance_uids=instance_uids)
        self.retry_after_s = retry_after_s


class StorageLowError(AdmissionError):
    """The service's disk is nearly full; try again later, and erase jobs that are fetched."""

    code = "STORAGE_LOW"


class QueueFullError(AdmissionError):
    """Too many jobs wait at this service; send yours again after the seconds in Retry-After."""

    code = "QUEUE_FULL"


class TooManyWaitingError(AdmissionError):
    """Too many jobs of this key wait; send the next one when some of them are done."""

    code = "TOO_MANY_WAITING"


class TooManyRequestsError(AdmissionError):
    """This key begins uploads faster than it may; wait for the seconds in Retry-After."""

    code = "TOO_MANY_REQUESTS"


class TooManyUploadsError(AdmissionError):
    """Too many uploads of this key are under way; send the next one when one of them has ended."""

    code = "TOO_MANY_UPLOADS"


class TooManyStreamsError(AdmissionError):
    """Too many event streams of this key are open; end one, or ask for the job's state instead."""

    code = "TOO_MANY_STREAMS"


class ResultNotReadyError(RequestError):
    """The job has not ended yet; ask for its state until it is done."""

    code = "RESULT_NOT_READY"


class ResultNotFoundError(RequestError):
    """The job has no result of that name; its state lists the names it has."""

    code = "RESULT_NOT_FOUND"


class JobFailedError(PedcontourError):
    """The job ended without results; its problem says why."""

    code = "JOB_FAILED"


class JobUnreadableError(PedcontourError):
    """Another version of the service wrote this job, and this one cannot read all of it; it waits for one that can."""

    code = "JOB_UNREADABLE"


class CancelledError(PedcontourError):
    """The job was cancelled before it was done."""

    code = "CANCELLED"


class ServiceUnreachableError(PedcontourError):
    """The service does not answer at that address; start it with `pedcontour serve` or check --url."""

    code = "SERVICE_UNREACHABLE"


class PortInUseError(ServiceUnreachableError):
    """The service cannot listen there; stop what does, or choose another port with --port."""

    code = "PORT_UNUSABLE"


class DataFolderError(ServiceUnreachableError):
    """The service cannot use its data folder; stop the service that holds it, or choose another with --data-dir."""

    code = "DATA_FOLDER_UNUSABLE"


class AttemptsExhaustedError(PedcontourError):
    """Every attempt at this job broke off, so it was set aside; report it with the job's id."""

    code = "QUARANTINED"


class JobTableError(StoreError):
    """The job table did not answer as it should; try again, and check the database."""

    code = "JOB_TABLE_FAILED"


class JobTableTooNewError(JobTableError):
    """A later version of this program has made the job table; start that version, or restore the table of this one."""

    code = "JOB_TABLE_TOO_NEW"


class BrokerError(StoreError):
    """The broker did not take or give a message; the job is kept and its message is sent again."""

    code = "BROKER_FAILED"


class AuditError(StoreError):
    """The audit file could not be written or read; what must be recorded is refused until it can: check its disk."""

    code = "AUDIT_FAILED"


class IssuerUnreachableError(StoreError):
    """The issuer of bearer tokens does not answer, so no token can be checked; try again, or use an API key."""

    code = "ISSUER_UNREACHABLE"


class NotReadyError(StoreError):
    """The service cannot take and finish jobs right now; the detail names the part that is missing."""

    code = "NOT_READY"
