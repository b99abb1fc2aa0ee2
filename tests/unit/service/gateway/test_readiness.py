"""Readiness costs a thread a part, however many ask, and a part that hangs keeps nobody waiting for long."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pedcontour.errors import BrokerError
from service.gateway import readiness
from service.gateway.keys import KeyRing
from service.gateway.readiness import Readiness
from tests.unit.service.gateway.conftest import Gateway, make_gateway


class Part:
    """A part that counts how often it was asked, may fail, and may hang."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False
        self.goes_on = threading.Event()
        self.goes_on.set()

    def check(self) -> None:
        self.asked += 1
        self.goes_on.wait(10)
        if self.fails:
            raise BrokerError

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self.goes_on.clear()
        try:
            yield
        finally:
            self.goes_on.set()


@pytest.fixture
def part() -> Part:
    return Part()


def test_many_who_ask_at_once_are_one_question(part: Part) -> None:
    async def ask() -> list[list[str]]:
        ready = Readiness({"part": part.check})
        return list(await asyncio.gather(*(ready.failing() for _ in range(50))))

    assert asyncio.run(ask()) == [[]] * 50
    assert part.asked == 1


@pytest.mark.parametrize(("remembered_s", "asked", "second"), [(60.0, 1, []), (0.0, 2, ["part"])])
def test_an_answer_holds_for_its_time(part: Part, remembered_s: float, asked: int, second: list[str]) -> None:
    async def ask() -> list[list[str]]:
        ready = Readiness({"part": part.check}, remembered_s)
        first = await ready.failing()
        part.fails = True
        return [first, await ready.failing()]

    assert asyncio.run(ask()) == [[], second]
    assert part.asked == asked


def test_a_part_that_hangs_fails_and_is_asked_once_until_it_answers(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_S", 0.05)
    sound = Part()

    async def ask() -> None:
        ready = Readiness({"hung": part.check, "sound": sound.check}, remembered_s=0.0)
        with part.hanging():
            for _ in range(5):
                assert await ready.failing() == ["hung"]
            assert (part.asked, sound.asked) == (1, 5)
        while await ready.failing():
            await asyncio.sleep(0.01)

    asyncio.run(ask())


def test_liveness_needs_no_thread(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_thread(*_: object, **__: object) -> None:
        raise AssertionError("a thread was asked for")

    monkeypatch.setattr("anyio.to_thread.run_sync", no_thread)
    assert gateway.http.get("/health/live").json() == {"status": "alive"}


def test_more_callers_than_are_looked_up_at_once_learn_yes_or_no(tmp_path: Path, models: None, part: Part) -> None:
    class HungKeys(KeyRing):
        def has_any(self) -> bool:
            part.check()
            return True

    gateway = make_gateway(tmp_path, keys=HungKeys())
    gateway.jobs.worker_seen("w")
    client = TestClient(gateway.http.app, client=("192.0.2.7", 1))
    with client, part.hanging():
        held = [threading.Thread(target=client.get, args=("/health/ready",)) for _ in range(4)]
        for one in held:
            one.start()
        while part.asked < 4:
            threading.Event().wait(0.01)
        assert client.get("/health/ready").json() == {"status": "ready", "checks": {}}
        part.goes_on.set()
        for one in held:
            one.join()
    assert part.asked == 4
