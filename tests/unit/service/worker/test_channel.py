"""Lines between two processes, and messages as lines: whole, capped, and checked on arrival."""

import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pedcontour.dicom.ignored import Ignored
from pedcontour.errors import GantryTiltError, NothingDrawnError, PedcontourError
from pedcontour.verdicts import Outcome, Verdict
from service.jobs import Job, Options, Problem
from service.worker import channel as channels
from service.worker.channel import Channel, ChannelClosedError
from service.worker.messages import (
    Alive,
    Contour,
    Failed,
    FromContouring,
    Progressed,
    ToContouring,
    receive,
    send,
)

NOW = datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC)


@pytest.fixture
def pair() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return Channel(one), Channel(other)


def test_lines_arrive_whole_and_in_order(pair: tuple[Channel, Channel]) -> None:
    lines = [b"", b"a", b"x" * 300_000, "größer".encode()]
    threading.Thread(target=lambda: [pair[0].send(line) for line in lines]).start()
    assert [pair[1].receive(10) for _ in lines] == lines
    assert pair[1].receive(0.01) is None


def test_what_is_no_line_or_too_long_is_not_sent_and_not_taken(
    pair: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MAX_LINE_BYTES", 1000)
    for line in (b"a\nb", bytes(1001)):
        with pytest.raises(ValueError):
            pair[0].send(line)
    pair[0].connection.sendall(b"x" * 70_000)
    with pytest.raises(ChannelClosedError):
        pair[1].receive(10)


def test_the_end_of_the_other_side_is_noticed(pair: tuple[Channel, Channel]) -> None:
    pair[0].send(b"last")
    pair[0].close()
    assert pair[1].receive(10) == b"last"
    for use in (lambda: pair[1].receive(10), lambda: [pair[1].send(b"x") for _ in range(9)]):
        with pytest.raises(ChannelClosedError):
            use()


def test_an_order_arrives_as_it_was_given(pair: tuple[Channel, Channel]) -> None:
    options = Options("model", ("liver",), ("kidney_left",), "1.2.3")
    order = Contour(
        job=Job("a", options, NOW, NOW, tenant="t", attempt=2),
        files=Path("/in"),
        out=Path("/out"),
        left_out=(Ignored("NOT_CT", "another kind", 2, ("1.2", "1.3")),),
    )
    send(pair[0], order)
    assert receive(pair[1], ToContouring, 10) == order


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b'{"kind": "contour"}',
        b'{"kind": "alive", "more": 1}',
        b'{"kind": "progressed", "stage": "segment", "share": NaN}',
        b'{"kind": "progressed", "stage": "../x", "share": 0.5}',
        b'{"kind": "drawn", "verdicts": [], "warnings": [], "files": ["../../x"]}',
        b'{"kind": "drawn", "verdicts": [], "warnings": [], "files": [".hidden"]}',
    ],
)
def test_a_child_that_says_what_it_must_not_counts_as_gone(pair: tuple[Channel, Channel], line: bytes) -> None:
    pair[0].send(line)
    with pytest.raises(ChannelClosedError):
        receive(pair[1], FromContouring, 10)
    send(pair[0], Progressed(stage="segment", share=0.5))
    send(pair[0], Alive())
    assert receive(pair[1], FromContouring, 10) == Progressed(stage="segment", share=0.5)


@pytest.mark.parametrize(
    "error",
    [
        GantryTiltError("14 degrees", instance_uids=["1.2", "1.3"]),
        NothingDrawnError(verdicts=[Verdict("liver", Outcome.FAILED, 1.0, 0.0, None, "No.")], warnings=["A: b"]),
        PedcontourError("ValueError"),
    ],
)
def test_an_error_is_the_same_on_the_other_side(error: PedcontourError) -> None:
    arrived = Failed.model_validate_json(Failed.of(error).model_dump_json()).error()
    assert type(arrived) is type(error)
    assert (arrived.detail, arrived.instance_uids) == (error.detail, error.instance_uids)
    if isinstance(error, NothingDrawnError):
        assert isinstance(arrived, NothingDrawnError)
        assert (arrived.verdicts, arrived.warnings) == (error.verdicts, error.warnings)


def test_an_error_of_an_unknown_code_is_an_internal_one() -> None:
    error = Failed(problem=Problem("OF_TOMORROW", "Do something.")).error()
    assert (error.code, error.detail) == ("INTERNAL", "OF_TOMORROW")
