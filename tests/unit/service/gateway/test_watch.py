"""One look at the job table for all who watch a job."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from pedcontour.errors import JobTableError
from service.gateway.watch import JobWatch
from service.jobs import State
from service.jobstore import MemoryJobStore, Standing
from tests.contract.job_stores import DONE, a_job


class CountedStore(MemoryJobStore):
    """Notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[set[str]] = []
        self.is_away = False

    def standings(self, job_ids: Collection[str]) -> Mapping[str, Standing]:  # type: ignore[override]
        self.looks.append(set(job_ids))
        if self.is_away:
            raise JobTableError
        return super().standings(job_ids)


@pytest.fixture
def jobs() -> CountedStore:
    store = CountedStore()
    for job_id in ("a", "b"):
        store.accept(a_job(job_id))
    return store


def test_a_hundred_watchers_cost_one_look(jobs: CountedStore) -> None:
    async def watched() -> list[Standing | None]:
        watch = JobWatch(jobs, every_s=0.0)
        return await asyncio.gather(*(watch.next_standing("ab"[n % 2]) for n in range(100)))

    assert [found.state for found in asyncio.run(watched()) if found] == [State.QUEUED] * 100
    assert jobs.looks == [{"a", "b"}]


def test_nobody_who_watches_is_no_look(jobs: CountedStore) -> None:
    async def watched() -> None:
        await JobWatch(jobs, every_s=0.0).next_standing("a")
        await asyncio.sleep(0.02)

    asyncio.run(watched())
    assert jobs.looks == [{"a"}]


def test_each_look_sees_what_has_changed_since(jobs: CountedStore) -> None:
    async def watched() -> list[State | None]:
        watch = JobWatch(jobs, every_s=0.0)
        seen = []
        for step in (lambda: jobs.claim_next("w"), lambda: jobs.end("a", "w", DONE), lambda: jobs.erase("a")):
            step()
            found = await watch.next_standing("a")
            seen.append(found.state if found else None)
        return seen

    assert asyncio.run(watched()) == [State.RUNNING, State.DONE, None]


def test_one_watcher_who_leaves_takes_nothing_from_the_others(jobs: CountedStore) -> None:
    async def watched() -> Standing | None:
        watch = JobWatch(jobs, every_s=0.01)
        leaving, staying = (asyncio.create_task(watch.next_standing("a")) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(watched()) is not None


def test_a_table_that_is_away_is_told_to_every_watcher_and_asked_again(jobs: CountedStore) -> None:
    async def watched() -> tuple[list[object], Standing | None]:
        watch = JobWatch(jobs, every_s=0.0)
        jobs.is_away = True
        refused = await asyncio.gather(*(watch.next_standing("a") for _ in range(2)), return_exceptions=True)
        jobs.is_away = False
        return list(refused), await watch.next_standing("a")

    refused, found = asyncio.run(watched())
    assert [type(error) for error in refused] == [JobTableError, JobTableError]
    assert found is not None
