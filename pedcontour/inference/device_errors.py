"""What torch raises when a device fails, in the project's own errors, so that a worker can tell what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pedcontour.errors import DeviceFailedError, OutOfMemoryError

_DEVICE_WORDS = ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "CUFFT_", "CUDNN_STATUS", "NVML")
"""What the messages of a device's errors hold where torch has no class for them."""

_NO_MEMORY_WORDS = (
    "can't allocate memory",
    "not enough memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "ALLOC_FAILED",
    "bad_alloc",
)
"""The same for memory: torch's allocator for CPUs raises a plain ``RuntimeError``."""


@contextmanager
def device_errors() -> Iterator[None]:
    """Raise ``OutOfMemoryError`` when memory ran out, ``DeviceFailedError`` when a card reports any other error.

    After the latter a process cannot use the card any more: every further call fails too.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # what other models of this process left unused may be enough for the next attempt
        raise OutOfMemoryError("of the graphics card") from None
    except MemoryError:
        raise OutOfMemoryError("of the machine") from None
    except torch.AcceleratorError as error:
        if "out of memory" in str(error):  # told by the driver before torch's allocator could; the card goes on
            raise OutOfMemoryError("of the graphics card") from None
        raise DeviceFailedError(type(error).__name__) from None
    except RuntimeError as error:
        told = str(error)
        if any(words in told for words in _NO_MEMORY_WORDS):
            raise OutOfMemoryError("in the network") from None
        if any(words in told for words in _DEVICE_WORDS):
            raise DeviceFailedError(type(error).__name__) from None
        raise


def free_unused_memory() -> None:
    """Give other processes the memory of a card that earlier work of this one left unused; nothing where none was used.

    Raises ``DeviceFailedError`` when the card has failed.
    """
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch does not say
        with device_errors():
            torch.cuda.empty_cache()
