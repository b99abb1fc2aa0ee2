"""Hospitals in processes of their own that share a store alone, killed at random, end at one and the same model."""

from pathlib import Path

import pytest

from pedcontour.errors import SiteElsewhereError
from pedcontour.federation.site_memory import SiteMemory
from tests.toy_run import ToyRun


@pytest.mark.slow
@pytest.mark.parametrize("sites", [2, 3])
def test_sites_killed_at_random_end_at_the_model_that_arithmetic_says(tmp_path: Path, sites: int) -> None:
    run = ToyRun(tmp_path, sites=sites, rounds=40)
    assert run.finish(kills=6) == 6
    assert run.models() == dict.fromkeys(run.folders, run.expected())


def test_a_second_process_on_the_site_s_folder_stops(tmp_path: Path) -> None:
    with SiteMemory(tmp_path).alone(), pytest.raises(SiteElsewhereError), SiteMemory(tmp_path).alone():
        pass
    with SiteMemory(tmp_path).alone():
        pass
