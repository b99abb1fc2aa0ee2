"""From a job's row to the library's request, and from its outcome to what is kept with the job."""

import json
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pydicom
import pytest

from pedcontour.bundle import ModelBundle, load_bundle
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.errors import ModelChecksumError
from pedcontour.inference.modes import DEFAULT_MODE, Mode
from pedcontour.inference.port import Prediction, Progress
from pedcontour.outputs import OutputStyle, RoiName, RoiNames
from pedcontour.volume import Volume
from service.jobs import Job, Options
from service.worker.contouring import ENGINES, EngineContourer
from service.worker.run import Contoured
from tests.stand_ins.model import MODEL_ID, ShadeEngine, shaded_torso, write_stand_in_model

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OURS = RoiNames("ours", "Ours", {"liver": RoiName("Leber")})


def contoured(tmp_path: Path, options: Options) -> Contoured:
    write_stand_in_model(tmp_path / "models")
    write_ct_series(shaded_torso(), tmp_path / "ct")
    contour = EngineContourer(lambda model_id: load_bundle(tmp_path / "models" / model_id), ShadeEngine)
    return contour(Job("job-1", options, NOW, NOW), tmp_path / "ct", tmp_path / "out", lambda stage, share: None)


def test_a_job_is_written_in_the_style_that_its_row_holds(tmp_path: Path) -> None:
    style = json.loads(json.dumps(OutputStyle(("rtstruct",), names=OURS).as_data()))
    done = contoured(tmp_path, Options(MODEL_ID, ("liver",), outputs=style))
    assert done.files == ("report.json", "rtstruct.dcm")
    rtstruct = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    assert [item.ROIName for item in rtstruct.StructureSetROISequence] == ["Leber"]


def test_the_provenance_is_that_of_the_report(tmp_path: Path) -> None:
    done = contoured(tmp_path, Options(MODEL_ID, ("liver",)))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert done.provenance == {
        "input_sha256": report["input"]["digest_sha256"],
        "model": report["model"],
        "software": report["software"],
    }
    assert done.provenance["software"]["timings_s"].keys() >= {"read", "segment", "judge", "write", "check", "picture"}
    assert (done.provenance["software"]["mode"], done.provenance["software"]["device"]) == ("standard", "cpu")
    assert done.provenance["model"]["digest_sha256"] == load_bundle(tmp_path / "models" / MODEL_ID).digest


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_the_network_runs_in_the_mode_that_the_row_holds(tmp_path: Path, mode: Mode) -> None:
    done = contoured(tmp_path, Options(MODEL_ID, ("liver",), mode=mode))
    assert done.provenance is not None and done.provenance["software"]["mode"] == mode
    assert json.loads((tmp_path / "out" / "report.json").read_text())["software"]["mode"] == mode


@pytest.mark.parametrize("options", [Options(MODEL_ID, ("liver",)), Options(MODEL_ID, ("liver",), outputs={})])
def test_a_row_of_an_older_version_gives_the_default_files(tmp_path: Path, options: Options) -> None:
    assert contoured(tmp_path, options).files == ("preview.png", "report.json", "rtstruct.dcm", "seg.dcm")


class ModestEngine(ShadeEngine):
    """An engine that notes whether its network runs, or is loaded, while another job may have the turn."""

    in_turn = False

    def warm_up(self) -> None:
        assert ModestEngine.in_turn, "loading runs the network"

    def segment(self, image: Volume, progress: Progress, mode: Mode = DEFAULT_MODE) -> Prediction:
        self.warm_up()
        return super().segment(image, progress, mode)


@contextmanager
def noted_turn(needs_bytes: int) -> Iterator[None]:
    ModestEngine.in_turn = True
    try:
        yield
    finally:
        ModestEngine.in_turn = False


def test_a_model_that_a_job_is_the_first_to_use_is_loaded_in_the_turn_of_that_job(tmp_path: Path) -> None:
    write_stand_in_model(tmp_path / "models")
    write_ct_series(shaded_torso(), tmp_path / "ct")
    contour = EngineContourer(lambda model_id: load_bundle(tmp_path / "models" / model_id), ModestEngine)
    job = Job("job-1", Options(MODEL_ID), NOW, NOW)
    done = contour(job, tmp_path / "ct", tmp_path / "out", lambda stage, share: None, turn=noted_turn)
    assert "seg.dcm" in done.files


def test_the_models_that_were_used_last_stay_loaded_and_no_more(tmp_path: Path) -> None:
    models = [write_stand_in_model(tmp_path / "models", f"model-{n}") for n in range(ENGINES + 1)]
    loaded: list[str] = []
    alive: weakref.WeakSet[ShadeEngine] = weakref.WeakSet()
    most_beside = 0

    def load(model: ModelBundle) -> ShadeEngine:
        nonlocal most_beside
        most_beside = max(most_beside, len(alive))
        loaded.append(model.id)
        alive.add(engine := ShadeEngine(model))
        return engine

    contour = EngineContourer(lambda model_id: load_bundle(tmp_path / "models" / model_id), load)
    *kept, another = models
    for model in (*kept, kept[0], another, kept[0], another, kept[1]):
        contour.engine(model)
    assert loaded == [model.id for model in (*kept, another, kept[1])]
    assert (len(alive), most_beside) == (ENGINES, ENGINES - 1)


def test_a_model_whose_weights_are_damaged_costs_no_other_its_engine(tmp_path: Path) -> None:
    *kept, damaged = [write_stand_in_model(tmp_path / "models", f"model-{n}") for n in range(ENGINES + 1)]
    (damaged.folder / damaged.weights[0]).write_text("other numbers")
    contour = EngineContourer(lambda model_id: load_bundle(tmp_path / "models" / model_id), ShadeEngine)
    engines = [contour.engine(model) for model in kept]
    with pytest.raises(ModelChecksumError):
        contour.engine(damaged)
    assert [contour.engine(model) for model in kept] == engines
