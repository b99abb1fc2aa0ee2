"""A network and a case so small that a row's both sides take a second."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.bench.networks import Size, Training, full_network
from pedcontour.bundle import ModelBundle
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.phantom import ChildSpec, Scan, ScanSpec, scan_child

TINY = Size(features=(4, 8), patch=32, spacing_mm=6.0)


@dataclass(frozen=True)
class Bench:
    """What a row keeps in ``build/bench``, in small."""

    home: Path
    bundle: ModelBundle
    training: Training
    scan: Scan

    def given(self, mode: str = "standard") -> dict[str, Any]:
        """What a side is told."""
        return {
            "case": str(self.home / "case"),
            "model": str(self.bundle.folder),
            "results": str(self.training.results),
            "cache": str(self.home / "converted"),
            "work": str(self.home),
            "mode": mode,
        }


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A tiny network, and a child on DICOM instances with its truth."""
    home = tmp_path_factory.mktemp("bench")
    bundle, training = full_network(home, TINY)
    scan = scan_child(ChildSpec(seed=8, age_years=2.0), ScanSpec((4.0, 4.0), 5.0))
    write_ct_series(scan.image, home / "case" / "ct")
    np.savez_compressed(home / "case" / "truth.npz", labels=scan.truth.voxels)
    return Bench(home, bundle, training, scan)
