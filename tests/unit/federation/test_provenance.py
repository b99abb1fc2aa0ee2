"""What `models verify` can say of a model: signed by its sites, by its own word, or nothing."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pedcontour.bundle import ModelBundle, find_model
from pedcontour.errors import DisbeliefError, ModelChecksumError
from pedcontour.federation.evidence import evidence_of, read_evidence, write_evidence
from pedcontour.federation.provenance import check_provenance
from tests.made_federation import SITES
from tests.stand_ins.model import write_stand_in_model
from tests.stepped_run import Run, done, until


@pytest.fixture
def bundle(tmp_path: Path) -> ModelBundle:
    """A model that no run trained, with the evidence of a run beside it."""
    root = tmp_path / "models"
    written = write_stand_in_model(root)
    run = Run(tmp_path)
    until([run.site(name) for name in SITES], done)
    write_evidence(run.ear("alder"), run.charter, written.folder)
    return find_model(root, written.id)


def test_every_site_s_agreement_lies_beside_the_model_and_names_the_same_one(bundle: ModelBundle) -> None:
    evidence = read_evidence(bundle.folder)
    assert evidence is not None
    assert sorted(evidence.models) == sorted(SITES) and len(set(evidence.models.values())) == 1


def test_weights_that_the_sites_did_not_sign_are_refused_whatever_the_model_says(bundle: ModelBundle) -> None:
    with pytest.raises(ModelChecksumError, match="sites signed"):
        check_provenance(replace(bundle, provenance={}))


def test_a_changed_agreement_is_not_believed(bundle: ModelBundle) -> None:
    place = evidence_of(bundle.folder) / "agreement-birch.dsse"
    shutil.copy(evidence_of(bundle.folder) / "agreement-cedar.dsse", place)
    with pytest.raises(DisbeliefError):
        check_provenance(bundle)


def test_a_model_without_provenance_is_told_as_such(bundle: ModelBundle) -> None:
    shutil.rmtree(evidence_of(bundle.folder))
    assert "no provenance" in check_provenance(replace(bundle, provenance={}))
