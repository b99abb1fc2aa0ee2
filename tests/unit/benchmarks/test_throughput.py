"""The line of the row ``throughput``, from queues that were worked off."""

import pytest

from benchmarks.bench.throughput import Queue, line


def queue(seconds: float, peak_mib: float, *segment_s: float, wait_s: float | None = None) -> Queue:
    waited = {} if wait_s is None else {"wait": wait_s}
    return Queue(seconds, [{"read": 1.0, **waited, "segment": s, "segment.network": 0.5} for s in segment_s], peak_mib)


def test_the_line_tells_jobs_a_minute_by_the_median_queue_and_a_jobs_seconds_by_whole_stage() -> None:
    one = [queue(seconds, 100.0, 2.0, 4.0) for seconds in (60.0, 30.0, 600.0)]
    two = [queue(seconds, 180.0, 3.0, 5.0, wait_s=0.5) for seconds in (20.0, 30.0, 40.0)]
    told = line(one, two, jobs=2)
    assert (told["ours"], told["other"], told["n"]) == (4.0, 2.0, 3)
    assert told["ratio"] == pytest.approx(2.0)
    assert (told["ours_peak_mib"], told["other_peak_mib"]) == (180, 100)
    assert told["ours_stages_s"] == {"read": 1.0, "wait": 0.5, "segment": 4.0}
    assert told["other_stages_s"] == {"read": 1.0, "segment": 3.0}
