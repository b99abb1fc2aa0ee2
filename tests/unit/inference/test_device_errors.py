"""What torch says when a device fails becomes an error that a worker can act on; everything else stays what it is."""

import pytest
import torch

from pedcontour.errors import DeviceFailedError, OutOfMemoryError, PedcontourError
from pedcontour.inference.device_errors import device_errors


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"), OutOfMemoryError),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:117] can't allocate memory"),
            OutOfMemoryError,
        ),
        (MemoryError("Unable to allocate 20.0 GiB for an array"), OutOfMemoryError),
        (RuntimeError("Exception from src/inference: std::bad_alloc"), OutOfMemoryError),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), OutOfMemoryError),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), DeviceFailedError),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), DeviceFailedError),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED"), DeviceFailedError),
    ],
)
def test_a_failing_device_is_told_apart_from_lacking_memory(raised: Exception, error: type[PedcontourError]) -> None:
    with pytest.raises(error) as told, device_errors():
        raise raised
    assert str(raised) not in str(told.value)


def test_memory_that_is_not_there_is_said_so() -> None:
    with pytest.raises(OutOfMemoryError), device_errors():
        torch.empty(2**50)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shape"), device_errors():
        raise RuntimeError("shape mismatch")
