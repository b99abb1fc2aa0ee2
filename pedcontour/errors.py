"""The one tree of refusals: every error that a user can meet, with a stable code and a sentence that says what to do.

The docstring of a class is the sentence; ``detail`` may add facts that are never patient data (UIDs, sizes, file
counts). Nothing outside the package is raised across its walls.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedcontour.verdicts import Verdict


class PedcontourError(Exception):
    """Something went wrong inside pedcontour; report it with the job's id."""

    code = "INTERNAL"

    def __init__(self, detail: str = "", *, instance_uids: Sequence[str] = ()) -> None:
        self.detail = detail
        self.instance_uids = tuple(instance_uids)
        super().__init__(f"{self.code}: {self.advice}" + (f" ({detail})" if detail else ""))

    @property
    def advice(self) -> str:
        """The sentence a user can act on: the class's docstring on one line."""
        return " ".join((type(self).__doc__ or "").split())


class InputError(PedcontourError):
    """The input cannot be contoured as it is; see the detail."""

    code = "INPUT_INVALID"


# --- CT series -------------------------------------------------------------------------------------------------


class NotCtError(InputError):
    """No CT image was found; send the axial CT Image Storage instances of one planning series."""

    code = "NOT_CT"


class MixedSeriesError(InputError):
    """The upload holds several CT series and none was chosen; name one with its Series Instance UID."""

    code = "MIXED_SERIES"


class SlicesMissingError(InputError):
    """A slice is missing between the named instances; export the whole series again."""

    code = "SLICES_MISSING"


class SlicesDuplicatedError(InputError):
    """Several different slices lie at one position; send one reconstruction of one series."""

    code = "SLICES_DUPLICATED"


class GantryTiltError(InputError):
    """The slices are sheared against their normal (gantry tilt); reconstruct the series without tilt."""

    code = "GANTRY_TILT"


class SpacingNotUniformError(InputError):
    """The distance between slices changes within the series; reconstruct it with one slice spacing."""

    code = "SPACING_NOT_UNIFORM"


class OrientationUnsupportedError(InputError):
    """The slices do not share one orthogonal axial orientation; send the axial reconstruction."""

    code = "ORIENTATION_UNSUPPORTED"


class GeometryMissingError(InputError):
    """Position, orientation, pixel spacing or size is missing or not a finite number; export the series again."""

    code = "GEOMETRY_MISSING"


class GeometryMixedError(InputError):
    """Slices of one series differ in size or pixel spacing; send one reconstruction of one series."""

    code = "GEOMETRY_MIXED"


class TooFewSlicesError(InputError):
    """A volume needs at least two slices; send the whole series."""

    code = "TOO_FEW_SLICES"


class FrameOfReferenceMissingError(InputError):
    """The Frame of Reference UID is missing or differs between slices, so contours could not be placed."""

    code = "FRAME_OF_REFERENCE_MISSING"


class UidMissingError(InputError):
    """A Study, Series or SOP Instance UID is missing or malformed, so results could not refer to the images."""

    code = "UID_MISSING"


class PixelsUndecodableError(InputError):
    """The pixel data of the named instances is absent, truncated or in a transfer syntax that cannot be decoded."""

    code = "PIXELS_UNDECODABLE"


class InstanceDamagedError(InputError):
    """A file is empty, damaged or cut off and may be a slice; copy or export the series again, or leave it out."""

    code = "INSTANCE_DAMAGED"


class MultiframeUnsupportedError(InputError):
    """Enhanced multi-frame CT is not supported yet; export the series as classic single-frame CT Image Storage."""

    code = "MULTIFRAME_UNSUPPORTED"


class RescaleMissingError(InputError):
    """Rescale Slope or Intercept is missing or not in Hounsfield units; export the series with its rescale."""

    code = "RESCALE_MISSING"


class CharacterSetUnknownError(InputError):
    """The Specific Character Set is none of DICOM's, so names could not be copied safely; export the series again."""

    code = "CHARACTER_SET_UNKNOWN"


class PatientMixedError(InputError):
    """The instances of the series name more than one patient or study; export the series again."""

    code = "PATIENT_MIXED"


class StructureSetError(InputError):
    """The RTSTRUCT does not fit the CT series, or one of its contours cannot be read; export both from one study."""

    code = "STRUCTURE_SET_INVALID"


# --- Uploads ---------------------------------------------------------------------------------------------------


class UploadEmptyError(InputError):
    """The upload holds no files; send the CT instances as multipart files or as one zip."""

    code = "UPLOAD_EMPTY"


class UploadTooLargeError(InputError):
    """The upload is over this service's size or file limit; send one CT series."""

    code = "UPLOAD_TOO_LARGE"


class ArchiveUnsafeError(InputError):
    """The zip is damaged or holds links, outside paths, or nested or inflated entries; zip the plain CT files again."""

    code = "ARCHIVE_UNSAFE"


class UploadTooSlowError(InputError):
    """The upload stopped or came more slowly than this service waits for; check the connection and send it again."""

    code = "UPLOAD_TOO_SLOW"


class IntakeLimitError(InputError):
    """Checking the upload took more memory or time than this service allows; send one plain CT series."""

    code = "INTAKE_LIMIT"


class IntakeBrokenError(InputError):
    """The upload broke the process that checks it; send the CT series as the scanner or the archive exported it."""

    code = "INTAKE_BROKEN"


# --- Requests --------------------------------------------------------------------------------------------------


class RequestError(PedcontourError):
    """The request names something that does not exist or does not fit; see the detail."""

    code = "REQUEST_INVALID"


class StructureUnknownError(RequestError):
    """A structure is not drawn by the chosen model; `pedcontour models show` lists those that are."""

    code = "STRUCTURE_UNKNOWN"


class AbsenceNotAllowedError(RequestError):
    """Only organs that can be removed by surgery may be declared absent; organs.toml marks them may_be_absent."""

    code = "ABSENCE_NOT_ALLOWED"


class NothingRequestedError(RequestError):
    """Every requested structure is declared absent, so nothing could be drawn; ask for one that is there."""

    code = "NOTHING_REQUESTED"


class ModelNotFoundError(RequestError):
    """There is no model of that name; `pedcontour models list` shows those installed."""

    code = "MODEL_NOT_FOUND"


class OutputFolderNotEmptyError(RequestError):
    """The output folder already holds files; choose a new one so that results of two patients never mix."""

    code = "OUTPUT_FOLDER_NOT_EMPTY"


class OutputOptionError(RequestError):
    """An output option has a value that does not exist; the detail lists the valid ones."""

    code = "OUTPUT_OPTION_INVALID"


class NamesInvalidError(RequestError):
    """The template of ROI names cannot be used, or its names do not fit; the detail says which and why."""

    code = "NAMES_INVALID"


# --- Models ----------------------------------------------------------------------------------------------------


class ModelError(PedcontourError):
    """The model folder cannot be used; see the detail."""

    code = "MODEL_INVALID"


class ModelChecksumError(ModelError):
    """A file of the model differs from its checksum; install the model again from its source."""

    code = "MODEL_CHECKSUM_MISMATCH"


class ModelUnsafeError(ModelError):
    """The model names code outside the allow-list or holds pickled objects, so it was not loaded."""

    code = "MODEL_UNSAFE"


class ModelUnsupportedError(ModelError):
    """This kind of nnU-Net configuration is not supported; train or export a single 3d_fullres or 3d_lowres model."""

    code = "MODEL_UNSUPPORTED"


class ModelLabelsUnknownError(ModelError):
    """Labels of the model are not known organs; give a mapping file with --labels (label name = organ)."""

    code = "MODEL_LABELS_UNKNOWN"


# --- Results ---------------------------------------------------------------------------------------------------


class ResultError(PedcontourError):
    """A result failed its own check and was withheld."""

    code = "RESULT_INVALID"


class NothingDrawnError(ResultError):
    """None of the requested organs was found in the images, so there is nothing to write; the verdicts say why."""

    code = "NOTHING_DRAWN"

    def __init__(
        self,
        detail: str = "",
        *,
        instance_uids: Sequence[str] = (),
        verdicts: Sequence["Verdict"] = (),
        warnings: Sequence[str] = (),
    ) -> None:
        super().__init__(detail, instance_uids=instance_uids)
        self.verdicts = tuple(verdicts)
        self.warnings = tuple(warnings)


class ReadBackMismatchError(ResultError):
    """A written file, read back from disk, does not show the model's contours in their place, so it was withheld."""

    code = "READ_BACK_MISMATCH"


class IdentityMismatchError(ResultError):
    """A written file refers to another patient, study or frame of reference than its input, so it was withheld."""

    code = "IDENTITY_MISMATCH"


# --- Stores and jobs ---------------------------------------------------------------------------------------------


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


class ResultNotReadyError(RequestError):
    """The job has not ended yet; ask for its state until it is done."""

    code = "RESULT_NOT_READY"


class ResultNotFoundError(RequestError):
    """The job has no result of that name; its state lists the names it has."""

    code = "RESULT_NOT_FOUND"


class JobFailedError(PedcontourError):
    """The job ended without results; its problem says why."""

    code = "JOB_FAILED"


class CancelledError(PedcontourError):
    """The job was cancelled before it was done."""

    code = "CANCELLED"


class ServiceUnreachableError(PedcontourError):
    """The service does not answer at that address; start it with `pedcontour serve` or check --url."""

    code = "SERVICE_UNREACHABLE"


class UnauthorizedError(RequestError):
    """A valid API key is needed, in the header `X-API-Key`, or a bearer token where the service takes tokens."""

    code = "UNAUTHORIZED"


class TokenInvalidError(UnauthorizedError):
    """The bearer token has expired, is malformed, or is not of this service's issuer and audience; get a new one."""

    code = "TOKEN_INVALID"


class ScopeMissingError(RequestError):
    """The key or token is valid but may not do this; ask for one with the scope that the detail names."""

    code = "SCOPE_MISSING"


class AuditBrokenError(PedcontourError):
    """The audit chain is broken at the place that the detail names: a record was changed, removed or put between."""

    code = "AUDIT_BROKEN"


class KeyNotFoundError(RequestError):
    """There is no API key of that prefix; `pedcontour keys list` shows them all."""

    code = "KEY_NOT_FOUND"


class ForbiddenBindingError(RequestError):
    """Beyond this machine the service needs an API key; make one with `pedcontour keys new`, or bind to 127.0.0.1."""

    code = "API_KEY_NEEDED"


class HostNotAllowedError(RequestError):
    """The service does not answer under this host name; PEDCONTOUR_ALLOWED_HOSTS names those that it does."""

    code = "HOST_NOT_ALLOWED"


class CrossSiteError(RequestError):
    """A web page of another site sent this request; the service answers programs, and no foreign pages."""

    code = "CROSS_SITE"


class NoSuchPageError(RequestError):
    """There is nothing at this address; /openapi.json lists what there is."""

    code = "NOT_FOUND"


class MethodNotAllowedError(RequestError):
    """This address does not take this method; /openapi.json lists those that it takes."""

    code = "METHOD_NOT_ALLOWED"


class MediaTypeUnsupportedError(RequestError):
    """Send multipart/form-data, or one file as application/zip, application/dicom or application/octet-stream."""

    code = "MEDIA_TYPE_UNSUPPORTED"


class UploadMalformedError(InputError):
    """The upload ended early or is not well-formed multipart data; send it again."""

    code = "UPLOAD_MALFORMED"


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


# --- Workers ---------------------------------------------------------------------------------------------------


class JobTimeoutError(PedcontourError):
    """The job took longer than this service allows; send fewer slices, or have PEDCONTOUR_JOB_TIMEOUT_S raised."""

    code = "JOB_TIMEOUT"


class WorkerTroubleError(PedcontourError):
    """The worker, not the images, stopped this attempt; the job is tried again."""

    code = "WORKER_TROUBLE"


class ProcessEndedError(WorkerTroubleError):
    """The process that works on the images ended in mid-job; the job is tried again."""

    code = "PROCESS_ENDED"


class ProcessSilentError(WorkerTroubleError):
    """The process that works on the images gave no sign of life and was replaced; the job is tried again."""

    code = "PROCESS_SILENT"


class OutOfMemoryError(WorkerTroubleError):
    """The worker ran out of memory; the job is tried again. Give the worker more memory, or send fewer slices."""

    code = "OUT_OF_MEMORY"


class DeviceFailedError(WorkerTroubleError):
    """The graphics card reported an error; the job is tried again in a new process. Have the card checked."""

    code = "DEVICE_FAILED"


def errors_by_code() -> dict[str, type[PedcontourError]]:
    """Every error of the tree under its code, for who reads a code and needs the error."""
    found: dict[str, type[PedcontourError]] = {}
    waiting: list[type[PedcontourError]] = [PedcontourError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, kind)
        waiting += kind.__subclasses__()
    return found
