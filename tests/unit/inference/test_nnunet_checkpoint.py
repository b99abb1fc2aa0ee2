import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pedcontour.errors import ModelError, ModelUnsafeError
from pedcontour.inference.nnunet_checkpoint import read_checkpoint


def _content(**changes: object) -> dict[str, Any]:
    """What nnU-Net's trainer saves, in little."""
    content: dict[str, Any] = {
        "network_weights": {"encoder.weight": torch.arange(6.0).reshape(2, 3)},
        "optimizer_state": {"state": {}, "param_groups": [{"lr": 0.01}]},
        "grad_scaler_state": None,
        "logging": {"train_losses": [np.float32(0.5)], "ema_fg_dice": [np.float64(0.25)], "epochs": [np.int64(3)]},
        "_best_ema": np.float64(0.25),
        "current_epoch": 1,
        "init_args": {"configuration": "3d_fullres", "fold": 0, "device": torch.device("cpu")},
        "trainer_name": "nnUNetTrainerNoMirroring",
        "inference_allowed_mirroring_axes": None,
    }
    return content | changes


def _saved(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "checkpoint_final.pth"
    torch.save(content, path)
    return path


class _Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.proof}",)


def test_the_needed_parts_of_a_checkpoint_are_read(tmp_path: Path) -> None:
    checkpoint = read_checkpoint(_saved(tmp_path, _content()))
    torch.testing.assert_close(checkpoint.state["encoder.weight"], torch.arange(6.0).reshape(2, 3))
    assert checkpoint.configuration == "3d_fullres"
    assert checkpoint.trainer == "nnUNetTrainerNoMirroring"
    assert checkpoint.mirroring_axes == ()


def test_scalars_written_by_numpy_1_are_read(tmp_path: Path) -> None:
    path = _saved(tmp_path, _content())
    assert b"numpy._core.multiarray" in path.read_bytes()
    old = _resaved(path, lambda pickled: pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert read_checkpoint(old).configuration == "3d_fullres"


def test_mirroring_axes_are_read(tmp_path: Path) -> None:
    content = _content(inference_allowed_mirroring_axes=(0, 1, 2))
    assert read_checkpoint(_saved(tmp_path, content)).mirroring_axes == (0, 1, 2)


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module.", "module._orig_mod."])
def test_prefixes_of_compiled_and_parallel_training_are_taken_off(tmp_path: Path, prefix: str) -> None:
    content = _content(network_weights={f"{prefix}encoder.weight": torch.zeros(1)})
    assert list(read_checkpoint(_saved(tmp_path, content)).state) == ["encoder.weight"]


@pytest.mark.parametrize("place", ["network_weights", "logging", "init_args", "more"])
def test_code_in_a_checkpoint_is_refused_and_does_not_run(tmp_path: Path, place: str) -> None:
    proof = tmp_path / "ran"
    path = _saved(tmp_path, _content(**{place: {"payload": _Payload(proof)}}))
    with pytest.raises(ModelUnsafeError):
        read_checkpoint(path)
    assert not proof.exists()


def test_a_plain_pickle_in_place_of_a_checkpoint_is_refused_and_does_not_run(tmp_path: Path) -> None:
    proof, path = tmp_path / "ran", tmp_path / "checkpoint_final.pth"
    path.write_bytes(pickle.dumps(_Payload(proof), protocol=2))
    with pytest.raises(ModelError):
        read_checkpoint(path)
    assert not proof.exists()


@pytest.mark.parametrize(
    "content",
    [torch.nn.Linear(2, 2), {"network_weights": np.zeros(3)}, {"x": np.array([print], dtype=object)}, {"x": Path("a")}],
    ids=["a module", "an array", "an object array", "another class"],
)
def test_objects_other_than_weights_and_numbers_are_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(ModelUnsafeError):
        read_checkpoint(_saved(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [
        {},
        [1, 2],
        _content(init_args={}),
        _content(init_args={"configuration": 3}),
        _content(network_weights=[1]),
        _content(trainer_name=None),
        _content(inference_allowed_mirroring_axes=["a"]),
    ],
)
def test_what_is_no_checkpoint_of_nnunet_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(ModelError):
        read_checkpoint(_saved(tmp_path, content))


@pytest.mark.parametrize("cut", [0, 10, 400, -30])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, cut: int) -> None:
    path = _saved(tmp_path, _content())
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError):
        read_checkpoint(path)


def _resaved(path: Path, change: Any) -> Path:
    """The checkpoint with its pickle changed, zipped again as torch does."""
    changed = path.with_name("checkpoint_changed.pth")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            target.writestr(info.filename, change(content) if info.filename.endswith("data.pkl") else content)
    return changed
