import json
import zipfile
from pathlib import Path

import pytest

from pedcontour.errors import ModelError, ModelUnsupportedError
from pedcontour.inference import nnunet_source
from pedcontour.inference.nnunet_source import Choice, open_training

NAME = "nnUNetTrainer__nnUNetPlans__3d_fullres"


def _training(
    root: Path, name: str = NAME, folds: tuple[str, ...] = ("0",), checkpoints: tuple[str, ...] = ("final",)
) -> Path:
    folder = root / name
    for fold in folds:
        (folder / f"fold_{fold}").mkdir(parents=True)
        for checkpoint in checkpoints:
            (folder / f"fold_{fold}" / f"checkpoint_{checkpoint}.pth").write_bytes(f"{fold} {checkpoint}".encode())
    (folder / "plans.json").write_text(json.dumps({"of": name}))
    (folder / "dataset.json").write_text("{}")
    return folder


def _zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                target.write(path, path.relative_to(folder))
    return archive


def _checkpoint(source: Path, choice: Choice | None = None) -> str:
    with open_training(source, choice or Choice()) as training:
        (fold,) = training.folds
        return fold.checkpoint.read_bytes().decode()


@pytest.fixture(params=["folder", "folder above", "zip"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    results = tmp_path / "results"
    folder = _training(results / "Dataset605_Toy")
    if request.param == "zip":
        return _zipped(results, tmp_path / "export.zip")
    return folder if request.param == "folder" else results


def test_the_only_training_is_found(source: Path) -> None:
    with open_training(source, Choice()) as training:
        assert json.loads(training.plans) == {"of": NAME}
        assert training.dataset == "{}"
        assert [(fold.name, fold.checkpoint.read_bytes()) for fold in training.folds] == [("0", b"0 final")]
        assert (training.folder_name, training.checkpoint_name) == (NAME, "checkpoint_final.pth")


def test_the_final_checkpoint_is_preferred_and_the_best_can_be_chosen(tmp_path: Path) -> None:
    folder = _training(tmp_path, checkpoints=("best", "final"))
    assert _checkpoint(folder) == "0 final"
    assert _checkpoint(folder, Choice(checkpoint="best")) == "0 best"
    with pytest.raises(ModelError):
        _checkpoint(folder, Choice(checkpoint="latest"))


def test_the_best_checkpoint_of_a_stopped_training_is_taken(tmp_path: Path) -> None:
    assert _checkpoint(_training(tmp_path, checkpoints=("best",))) == "0 best"


def test_one_of_several_folds_has_to_be_chosen(tmp_path: Path) -> None:
    folder = _training(tmp_path, folds=("0", "3", "all"))
    with pytest.raises(ModelUnsupportedError, match="fold_0, fold_3, fold_all"):
        _checkpoint(folder)
    assert _checkpoint(folder, Choice(folds=("3",))) == "3 final"
    assert _checkpoint(folder, Choice(folds=("all",))) == "all final"
    with pytest.raises(ModelError, match="no fold 4"):
        _checkpoint(folder, Choice(folds=("4",)))


@pytest.mark.parametrize("zipped", [False, True])
def test_several_folds_come_in_the_order_asked_for(tmp_path: Path, zipped: bool) -> None:
    source = _training(tmp_path / "results", folds=("0", "1", "2"))
    if zipped:
        source = _zipped(source.parent, tmp_path / "export.zip")
    with open_training(source, Choice(folds=("2", "0", "2"))) as training:
        found = [(fold.name, fold.checkpoint.read_bytes()) for fold in training.folds]
    assert found == [("2", b"2 final"), ("0", b"0 final")]
    with pytest.raises(ModelError, match="no fold 7"), open_training(source, Choice(folds=("2", "7"))):
        pass


def test_folds_are_taken_at_the_same_checkpoint(tmp_path: Path) -> None:
    folder = _training(tmp_path, folds=("0", "1"), checkpoints=("best", "final"))
    (folder / "fold_1" / "checkpoint_final.pth").unlink()
    with open_training(folder, Choice(folds=("0", "1"))) as training:
        assert [fold.checkpoint.read_bytes() for fold in training.folds] == [b"0 best", b"1 best"]
    (folder / "fold_0" / "checkpoint_best.pth").unlink()
    with pytest.raises(ModelError, match="same name"), open_training(folder, Choice(folds=("0", "1"))):
        pass


def test_one_of_several_configurations_has_to_be_chosen(tmp_path: Path) -> None:
    _training(tmp_path, "nnUNetTrainer__nnUNetPlans__3d_lowres")
    _training(tmp_path)
    with pytest.raises(ModelUnsupportedError, match="3d_fullres, "):
        _checkpoint(tmp_path)
    with open_training(tmp_path, Choice(configuration="3d_lowres")) as training:
        assert training.folder_name.endswith("3d_lowres")


def test_a_folder_without_training_and_a_file_that_is_no_zip_are_refused(tmp_path: Path) -> None:
    (tmp_path / "plans.json").write_text("{}")
    for source in (tmp_path, tmp_path / "plans.json", tmp_path / "none"):
        with pytest.raises(ModelError):
            _checkpoint(source)


@pytest.mark.parametrize("prefix", ["../", "/", "a/../../", "C:\\"])
def test_nothing_is_written_where_a_zip_says(tmp_path: Path, prefix: str) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for name in ("plans.json", "dataset.json", "fold_0/checkpoint_final.pth"):
            target.writestr(f"{prefix}{NAME}/{name}", "{}")
    before = set(tmp_path.rglob("*"))
    assert _checkpoint(archive) == "{}"
    assert set(tmp_path.rglob("*")) == before


def test_an_entry_that_comes_twice_is_refused(tmp_path: Path) -> None:
    archive = _zipped(_training(tmp_path / "results").parent, tmp_path / "export.zip")
    with zipfile.ZipFile(archive, "a") as target, pytest.warns(UserWarning, match="Duplicate"):
        target.writestr(f"{NAME}/plans.json", "{}")
    with pytest.raises(ModelError):
        _checkpoint(archive)


def test_entries_larger_than_they_may_be_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _zipped(_training(tmp_path / "results").parent, tmp_path / "export.zip")
    monkeypatch.setattr(nnunet_source, "MAX_CHECKPOINT_BYTES", 3)
    with pytest.raises(ModelError):
        _checkpoint(archive)
    monkeypatch.setattr(nnunet_source, "MAX_TEXT_BYTES", 3)
    with pytest.raises(ModelError):
        _checkpoint(tmp_path / "results")


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    archive = _zipped(_training(tmp_path / "results").parent, tmp_path / "export.zip")
    content = bytearray(archive.read_bytes())
    place = content.index(b"checkpoint_final.pth") + len(b"checkpoint_final.pth")
    content[place : place + 4] = b"\xff" * 4
    archive.write_bytes(content)
    with pytest.raises(ModelError):
        _checkpoint(archive)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    folder = _training(tmp_path)
    (folder / "plans.json").write_bytes(b"\xff")
    with pytest.raises(ModelError):
        _checkpoint(folder)
