"""Progress over the stages."""

import pytest

from pedcontour.contour.stages import SHARES, Stages


def test_the_shares_of_the_stages_are_the_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1.0)


def test_a_stage_reports_within_its_own_part_whatever_it_is_told() -> None:
    told: list[float] = []
    stages = Stages(lambda stage, share: told.append(share))
    with stages.stage("segment") as report:
        for share in (-1.0, 0.5, 7.0):
            report(share)
    low, high = SHARES["read"], SHARES["read"] + SHARES["segment"]
    assert told == pytest.approx([low, low, (low + high) / 2, high, high])


def test_the_time_of_each_stage_is_kept() -> None:
    stages = Stages(lambda stage, share: None)
    with stages.stage("read"):
        pass
    assert list(stages.timings_s) == ["read"] and stages.timings_s["read"] >= 0.0
