"""A filter is put beside its model whole, or the model stays as it was."""

from dataclasses import replace
from pathlib import Path

import pytest

from pedcontour.bundle import MANIFEST_NAME, ModelBundle, load_bundle, verify_bundle
from pedcontour.bundle.presence import PRESENCE_NAME, PresenceModel, Term
from pedcontour.calibration.install import install_presence
from pedcontour.errors import ModelChecksumError, ModelError
from tests.stand_ins.model import write_stand_in_model

PRESENCE = PresenceModel(("kidney_left",), 0.5, (Term("volume_ratio", (0.1, 1.0), (-3.0, 0.5)),), 0.1, 0.8)
OTHER = replace(PRESENCE, intercept=2.0)


@pytest.fixture(params=[None, OTHER], ids=["first", "again"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> ModelBundle:
    """A model without a filter, and one that has another."""
    plain = write_stand_in_model(tmp_path)
    return plain if request.param is None else install_presence(plain, request.param)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_filter_is_installed_and_the_model_verifies(bundle: ModelBundle) -> None:
    installed = install_presence(bundle, PRESENCE)
    verify_bundle(installed)
    assert installed.presence == PRESENCE
    assert [entry.name for entry in bundle.folder.parent.iterdir()] == [bundle.id]


@pytest.mark.parametrize(
    "presence",
    [
        replace(PRESENCE, organs=("liver",)),
        replace(PRESENCE, intercept=float("nan")),
        replace(PRESENCE, card={"weights_sha256": "0" * 64}),
    ],
)
def test_a_filter_that_cannot_be_used_changes_nothing(bundle: ModelBundle, presence: PresenceModel) -> None:
    before = contents(bundle.folder.parent)
    with pytest.raises(ModelError, match=r"kidneys\.json"):
        install_presence(bundle, presence)
    assert contents(bundle.folder.parent) == before


@pytest.mark.parametrize("at", [PRESENCE_NAME, MANIFEST_NAME])
@pytest.mark.parametrize("moved", [False, True], ids=["before-move", "after-move"])
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_an_interruption_leaves_the_model_as_it_was(bundle, monkeypatch, at, moved, interruption) -> None:
    before = contents(bundle.folder.parent)
    move, interruptions = Path.replace, [interruption()]

    def interrupted(path: Path, target: Path) -> None:
        now = target.name == at and interruptions
        if moved or not now:
            move(path, target)
        if now:
            raise interruptions.pop()

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(interruption):
        install_presence(bundle, PRESENCE)
    assert contents(bundle.folder.parent) == before
    assert load_bundle(bundle.folder).presence == bundle.presence


def test_a_model_that_was_changed_meanwhile_is_left_alone(bundle: ModelBundle) -> None:
    install_presence(bundle, replace(PRESENCE, intercept=1.0))
    before = contents(bundle.folder.parent)
    with pytest.raises(ModelChecksumError, match="SHA256SUMS has changed"):
        install_presence(bundle, PRESENCE)
    assert contents(bundle.folder.parent) == before


def test_weights_that_were_changed_are_not_blessed(bundle: ModelBundle) -> None:
    (bundle.folder / bundle.weights[0]).write_text("other")
    with pytest.raises(ModelChecksumError, match=r"weights\.safetensors"):
        verify_bundle(install_presence(bundle, PRESENCE))
