"""A hospital whose model is two vectors, as a process of its own: ``python -m tests.toy_hospital FOLDER SITE``."""

import hashlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pedcontour.federation.averaging import Weights
from pedcontour.federation.keys import read_keys
from pedcontour.federation.participant import Participant
from pedcontour.federation.room import Beliefs
from pedcontour.federation.site_memory import SiteMemory
from pedcontour.federation.store import FolderSharedStore
from pedcontour.federation.trainer import Plans, Trained
from pedcontour.federation.voice import Voice


class ToyTrainer:
    """Walks towards a point that only this site knows."""

    def __init__(self, site: str) -> None:
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
        body = start["body"] + (self._point - start["body"]) * np.float32(0.3)
        head = start["head"] * np.float32(0.9) + np.float32(self._cases / round_number)
        return Trained({"head": head, "body": body}, self._cases, {"loss": repr(float(np.square(body).mean()))})


def run(folder: Path, site: str) -> str:
    """Take part until the end; the digest of the final model."""
    memory = SiteMemory(folder / site)
    with memory.alone():
        beliefs = Beliefs((folder / "charter.dsse").read_bytes())
        store = FolderSharedStore(folder / "store")
        voice = Voice(site, read_keys(folder / f"{site}.keys"), store, memory, beliefs)
        voice.begin()
        participant = Participant(voice, ToyTrainer(site))
        while (progress := participant.step()).model is None:
            time.sleep(0.01)
        return progress.model


if __name__ == "__main__":
    digest = run(Path(sys.argv[1]), sys.argv[2])
    (Path(sys.argv[1]) / f"{sys.argv[2]}.{digest}.done").touch()
