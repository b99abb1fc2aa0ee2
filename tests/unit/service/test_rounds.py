"""Background work goes on, whatever one round of it meets."""

import logging
import threading

import pytest

from pedcontour.errors import JobTableError
from service.rounds import Rounds


@pytest.mark.parametrize(
    ("error", "told"), [(JobTableError("x"), "JOB_TABLE_FAILED"), (TypeError("Name^Child"), "TypeError")]
)
def test_a_round_that_breaks_off_is_told_by_its_class_and_the_next_one_tries_again(
    error: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    rounds_done, third, broken = [0], threading.Event(), []

    def work() -> None:
        rounds_done[0] += 1
        if rounds_done[0] < 3:
            raise error
        third.set()

    rounds = Rounds("sweeper", work, every_s=0.01)
    with caplog.at_level(logging.WARNING):
        rounds.start(broken.append)
        assert third.wait(5)
        rounds.stop()
    assert broken == ["sweeper"] * 2
    assert f"sweeper: {told}" in caplog.text
    assert "Name^Child" not in caplog.text
