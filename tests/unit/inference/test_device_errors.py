"""What torch says when a device fails becomes an error that a worker can act on; everything else stays what it is."""

import pytest
import torch

from pedcontour.errors import DeviceFailedError, OutOfMemoryError, PedcontourError
from pedcontour.inference.device_errors import device_errors, free_unused_memory


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"), OutOfMemoryError),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:117] can't allocate memory"),
            OutOfMemoryError,
        ),
        (torch.AcceleratorError("CUDA error: out of memory"), OutOfMemoryError),
        (torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), DeviceFailedError),
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


def test_memory_of_a_card_is_given_back_where_one_is_used_and_none_is_touched_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_back: list[bool] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: given_back.append(True))
    for used in (False, True):
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda used=used: used)
        free_unused_memory()
    assert given_back == [True]


def test_a_card_that_has_failed_says_so_when_its_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", fail)
    with pytest.raises(DeviceFailedError):
        free_unused_memory()
