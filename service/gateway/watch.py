"""How the jobs stand that somebody watches: one look at the table for all watchers together, and none without one."""

import asyncio
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool

from service.jobstore import Records, Standing

LOOK_EVERY_S = 0.05
"""Half of what a person takes for "at once": a change is told so late at most, and the time of a query later."""


class JobWatch:
    """Shared by all who watch a job at one gateway; for one event loop."""

    def __init__(self, jobs: Records, every_s: float = LOOK_EVERY_S) -> None:
        self._jobs = jobs
        self._every_s = every_s
        self._wanted: set[str] = set()
        self._look: asyncio.Task[Mapping[str, Standing]] | None = None

    async def next_standing(self, job_id: str) -> Standing | None:
        """How a job stands at the next look; None: it is not there any more. Raises ``JobTableError``."""
        if self._look is None:
            self._look = asyncio.create_task(self._next_look())
        self._wanted.add(job_id)
        found = await asyncio.shield(self._look)  # one watcher who leaves must not end the others' look
        return found.get(job_id)

    async def _next_look(self) -> Mapping[str, Standing]:
        await asyncio.sleep(self._every_s)
        wanted, self._wanted, self._look = self._wanted, set(), None
        return await run_in_threadpool(self._jobs.standings, wanted)
