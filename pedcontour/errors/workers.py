"""What stops an attempt at a job."""

from pedcontour.errors.base import PedcontourError


class JobTimeoutError(PedcontourError):
    """The job took longer than this service allows; send fewer slices, or have PEDCONTOUR_JOB_TIMEOUT_S raised."""

    code = "JOB_TIMEOUT"


class MemoryTooSmallError(PedcontourError):
    """These images need more memory than this machine has; see the detail. Send fewer slices or give it more memory."""

    code = "MEMORY_TOO_SMALL"


class WorkerTroubleError(PedcontourError):
    """The worker, not the images, stopped this attempt; the job is tried again."""

    code = "WORKER_TROUBLE"


class ProcessEndedError(WorkerTroubleError):
    """The process that works on the images ended in mid-job; the job is tried again."""

    code = "PROCESS_ENDED"


class UnexpectedError(WorkerTroubleError):
    """Something unexpected stopped this attempt; the job is tried again in a new process."""

    code = "UNEXPECTED"


class EngineUnusableError(WorkerTroubleError):
    """What runs the network cannot be loaded on this machine, as its log tells; the job is tried again elsewhere."""

    code = "ENGINE_UNUSABLE"


class ProcessSilentError(WorkerTroubleError):
    """The process that works on the images gave no sign of life and was replaced; the job is tried again."""

    code = "PROCESS_SILENT"


class OutOfMemoryError(WorkerTroubleError):
    """The worker ran out of memory; the job is tried again. Give the worker more memory, or send fewer slices."""

    code = "OUT_OF_MEMORY"


class DeviceFailedError(WorkerTroubleError):
    """The graphics card reported an error; the job is tried again in a new process. Have the card checked."""

    code = "DEVICE_FAILED"
