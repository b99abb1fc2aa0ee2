"""What the intake costs an upload: seconds from order to clean series, processor time of its process, and memory.

``python -m benchmarks.intake_cost [--ct FOLDER]`` measures a made series of 300 slices of 512 x 512 and, where given, a
folder of a real one; with the spare process that has started already, and with one that has not.
"""

import argparse
import os
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

import pydicom

from benchmarks.results_file import write_results
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.dicom.sources import files_below
from pedcontour.settings import Settings
from service.confinement import Limits
from service.worker.intake import Intake
from service.worker.supervised import INTAKE, LARGEST_FILE_BYTES, intake_environment
from tests.stand_ins.model import shaded_torso

REPEATS = 3
SPARE_READY_S = 3.0
"""Long enough for an interpreter to start, also on a busy machine."""


def measured(name: str, upload: Path) -> list[dict[str, Any]]:
    """A row with a spare process, and one without."""
    settings = Settings()
    limits = Limits(settings.intake_memory_bytes, settings.intake_timeout_s, LARGEST_FILE_BYTES)
    intake = Intake(INTAKE, intake_environment(dict(os.environ)), limits, settings.intake_timeout_s)
    rows = []
    for has_spare in (True, False):
        seconds, cpu, peak, slices = [], [], 0, 0
        for _ in range(REPEATS):
            if has_spare:
                intake.prepare()
                sleep(SPARE_READY_S)
            else:
                intake.close()
            with tempfile.TemporaryDirectory() as folder:
                began, cpu_before = monotonic(), _cpu_of_children_s()
                taken = intake.take(upload, Path(folder), None, lambda: None)
                seconds.append(monotonic() - began)
                cpu.append(_cpu_of_children_s() - cpu_before)
            peak, slices = max(peak, taken.peak_bytes), taken.slices
        rows.append(
            {
                "series": name,
                "slices": slices,
                "spare_process": has_spare,
                "median_s": round(median(seconds), 2),
                "slowest_s": round(max(seconds), 2),
                "processor_s": round(median(cpu), 2),
                "peak_mib": peak >> 20,
                "load": round(os.getloadavg()[0], 1),
            }
        )
    intake.close()
    return rows


def _cpu_of_children_s() -> float:
    """Processor time of all children that have ended, the start of their interpreters included."""
    used = os.times()
    return used.children_user + used.children_system


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ct", type=Path, help="Folder of a real CT series.")
    asked = parser.parse_args()
    rows = []
    if asked.ct is not None:
        with tempfile.TemporaryDirectory() as folder:
            for place, file in enumerate(files_below(asked.ct), 1):
                if pydicom.misc.is_dicom(file):
                    (Path(folder) / f"{place:06}.dcm").symlink_to(file.absolute())
            rows += measured("real CT", Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        write_ct_series(shaded_torso(300, 512, 512), Path(folder))
        rows += measured("made series", Path(folder))
    for row in rows:
        print(row)
    write_results("intake_cost", "python -m benchmarks.intake_cost --ct <folder>", rows)


if __name__ == "__main__":
    main()
