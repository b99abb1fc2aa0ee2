"""A hospital whose model is two vectors, for ``pedcontour federation ... --trainer tests.toy_hospital:trainer_for``.

``python -m tests.toy_hospital WORK`` runs the site of a folder that was joined with it.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pedcontour.federation.averaging import Weights
from pedcontour.federation.site_folder import SiteFolder
from pedcontour.federation.store import open_run_store
from pedcontour.federation.take_part import Patience, take_part
from pedcontour.federation.trainer import Plans, RunRecord, SitePost, Trained
from pedcontour.federation.weights import pack
from pedcontour.settings import Settings


class ToyTrainer:
    """Walks towards a point that only this site knows."""

    def __init__(self, site: str, training_s: float = 0.0) -> None:
        self._training_s = training_s
        seed = int.from_bytes(hashlib.sha256(site.encode()).digest()[:4], "big")
        self._point = np.random.default_rng(seed).normal(size=50).astype(np.float32)
        self._cases = 3 + seed % 40

    def count_cases(self) -> int:
        return self._cases

    def fingerprint(self, total_cases: int) -> bytes:
        return f"{self._cases} of {total_cases}".encode()

    def plan(self, fingerprints: Mapping[str, bytes]) -> Plans:
        said = hashlib.sha256(b"".join(fingerprints[site] for site in sorted(fingerprints)))
        start = np.frombuffer(said.digest(), np.uint8).astype(np.float32)
        return Plans(said.hexdigest(), {"head": start, "body": np.zeros(50, np.float32)})

    def train(self, round_number: int, start: Weights) -> Trained:
        time.sleep(self._training_s)
        body = start["body"] + (self._point - start["body"]) * np.float32(0.3)
        head = start["head"] * np.float32(0.9) + np.float32(self._cases / round_number)
        return Trained({"head": head, "body": body}, self._cases, {"loss": f"{np.square(body).mean():.6f}"})

    def forget(self, round_number: int) -> None:
        """Nothing is kept."""

    def export(self, fingerprints: Mapping[str, bytes], model: Weights, record: RunRecord, out: Path) -> None:
        assert sorted(fingerprints) == list(record.charter.names)
        out.mkdir()
        (out / "model.safetensors").write_bytes(pack(model))
        provenance = {"model": record.model, "closes": record.closes, "members": record.members, "cases": record.cases}
        (out / "provenance.json").write_text(json.dumps(provenance))


def trainer_for(post: SitePost) -> ToyTrainer:
    """The ``TrainerFactory`` of ``--trainer tests.toy_hospital:trainer_for``."""
    return ToyTrainer(post.site, float(post.options.get("training_s", 0)))


def main(work: Path) -> None:
    """Take part until the end, as ``pedcontour federation run`` does, without what makes a program slow to start.

    A file with the process's number in its name says that the start is over.
    """
    folder, settings = SiteFolder.open(work), Settings.read()
    store = open_run_store(folder.config.store, folder.charter_digest, settings)
    patience = Patience(settings.federation_poll_s, 3600.0)
    take_part(folder, store, patience, lambda _: at_work(work, os.getpid()).touch())


def at_work(work: Path, process: int) -> Path:
    """The file that tells."""
    return work / f"{process}.at-work"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
