"""Histograms say of hospitals' values together what numpy says of the pooled values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.federation.nnunet.histogram import Histogram

WHOLE = st.lists(st.integers(-1024, 3071), min_size=1, max_size=60)


@given(st.lists(WHOLE, min_size=1, max_size=4), st.sampled_from([0.5, 10.0, 50.0, 99.5]))
def test_figures_of_merged_histograms_are_those_of_pooled_values(sites: list[list[int]], percent: float) -> None:
    pooled = np.concatenate([np.array(site, np.float32) for site in sites])
    merged = Histogram.merged(Histogram.of(np.array(site, np.float32)) for site in sites)
    assert merged.total == len(pooled)
    assert (merged.minimum, merged.maximum) == (pooled.min(), pooled.max())
    assert merged.percentile(percent) == np.percentile(pooled, np.array([percent]))[0]  # as nnU-Net asks
    assert merged.mean() == pytest.approx(pooled.astype(np.float64).mean(), rel=1e-12, abs=1e-9)
    assert merged.std() == pytest.approx(pooled.astype(np.float64).std(), rel=1e-9, abs=1e-9)


@given(st.permutations([[1, 5], [-3], [], [7, 7, 7]]))
def test_the_order_of_sites_does_not_matter(sites: list[list[int]]) -> None:
    merged = Histogram.merged(Histogram.of(np.array(site, np.float32)) for site in sites)
    assert (merged.first, merged.counts.tolist()) == (-3, [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 3])


def test_values_are_rounded_to_whole_units() -> None:
    assert Histogram.of(np.array([0.4, 0.6, -0.6], np.float32)).counts.tolist() == [1, 1, 1]


def test_more_values_than_are_counted_at_once() -> None:
    values = np.tile(np.arange(-3, 4, dtype=np.float32), 300_000)
    assert Histogram.of(values).counts.tolist() == [300_000] * 7
