"""A run of toy hospitals in processes of their own, which can be killed while they work."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pedcontour.federation.averaging import Contribution, Weights, mean_of
from pedcontour.federation.participant import FINAL_MODEL
from pedcontour.federation.simulation import SimulatedRun, prepare
from pedcontour.federation.site_folder import SiteFolder
from pedcontour.federation.weights import digest_of, unpack
from tests.toy_hospital import ToyTrainer, at_work

TOY = "tests.toy_hospital:trainer_for"
LIMIT_S = 1800.0
"""A run that takes longer hangs."""


class ToyRun:
    """Sites that share a store alone: a folder, or the one at ``store``, which ``environment`` has credentials for.

    ``rules`` are those of ``SimulatedRun``: the quorum, the deadline.
    """

    def __init__(
        self,
        folder: Path,
        sites: int = 2,
        rounds: int = 3,
        store: str | None = None,
        environment: Mapping[str, str] | None = None,
        **rules: int,
    ) -> None:
        data = {f"site-{number + 1}": folder for number in range(sites)}
        place = store or str(folder / "store")
        simulated = SimulatedRun(place, data, ("liver",), "2.8.1", rounds, trainer=TOY)
        self.folders = prepare(folder, replace(simulated, **rules))  # type: ignore[arg-type]
        self._environment = {**os.environ, "PEDCONTOUR_FEDERATION_POLL_S": "0.1", **(environment or {})}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def finish(self, kills: int, chance: random.Random | None = None) -> int:
        """Run all sites to their end, with so many kill -9 at random moments; how many met a site at work.

        Raises ``AssertionError`` when a site fails or nothing ends.
        """
        chance, killed = chance or random.Random(7), 0
        end, waiting = time.monotonic() + LIMIT_S, set(self.folders)
        try:
            while waiting:
                assert time.monotonic() < end, f"{waiting} did not end"
                for site in sorted(waiting):
                    self._revive(site, waiting)
                victims = [site for site in sorted(waiting) if self._is_at_work(site)]
                if killed < kills and victims:
                    time.sleep(chance.uniform(0.0, 0.4))
                    killed += self._kill(chance.choice(victims))
                time.sleep(0.02)
        finally:
            for process in self._running.values():
                process.kill()
                process.wait()
        return killed

    def models(self) -> dict[str, str]:
        """Each site's digest of the final model."""
        kept = {site: SiteFolder.open(path).memory.recall(FINAL_MODEL) for site, path in self.folders.items()}
        return {site: digest_of(unpack(site, data)) for site, data in kept.items() if data is not None}

    def expected(self) -> str:
        """The digest of the model that these sites must end at, computed without a store, keys or documents."""
        charter = SiteFolder.open(next(iter(self.folders.values()))).charter
        sites = {site: ToyTrainer(site) for site in self.folders}
        total = sum(toy.count_cases() for toy in sites.values())
        plan = next(iter(sites.values())).plan({site: toy.fingerprint(total) for site, toy in sites.items()})
        model: Weights = plan.initial
        for number in range(1, charter.rounds + 1):
            trained = {site: toy.train(number, model) for site, toy in sites.items()}
            model = mean_of({site: Contribution(done.weights, done.cases) for site, done in trained.items()})
        return digest_of(model)

    def _revive(self, site: str, waiting: set[str]) -> None:
        process = self._running.get(site)
        code = None if process is None else process.poll()
        if code == 0:
            waiting.discard(site)
            return
        assert code in (None, -9), f"{site} ended with {code}"
        if process is None or code is not None:
            command = [sys.executable, "-m", "tests.toy_hospital", str(self.folders[site])]
            self._running[site] = subprocess.Popen(command, env=self._environment)

    def _is_at_work(self, site: str) -> bool:
        """Whether the site's process began to take part; before that a kill meets an interpreter that starts."""
        process = self._running[site]
        return process.poll() is None and at_work(self.folders[site], process.pid).exists()

    def _kill(self, site: str) -> bool:
        process = self._running[site]
        if process.poll() is not None:
            return False
        process.kill()
        return process.wait() == -9
