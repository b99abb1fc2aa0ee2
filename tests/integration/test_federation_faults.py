"""The rows of ``make federation-faults`` that need no processes of their own, each held to its target."""

from pathlib import Path

import pytest

from benchmarks.federation_faults import attacks, places, sites

pytestmark = pytest.mark.slow

TRIALS = {**sites.TRIALS, **attacks.TRIALS, **places.STORE, **places.CLOCKS}


@pytest.mark.parametrize("fault", TRIALS)
def test_a_fault_ends_at_the_same_digest_or_a_clean_refusal(fault: str, tmp_path: Path) -> None:
    outcome = TRIALS[fault](tmp_path)
    assert outcome.met, outcome
