"""The data sets of the sites: each hospital's in a process of its own, and the pooled one."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from benchmarks.federated_model.arms import POOLED, WorkFolder
from pedcontour.datasets.hospitals import HOSPITALS, Hospital
from pedcontour.training.hospitals import Patients, pool, write_hospital


def write_data(work: WorkFolder, patients: Patients) -> dict[str, int]:
    """Write what is missing of every site's data set; how many cases each has."""
    with ProcessPoolExecutor(len(HOSPITALS), mp_context=get_context("spawn")) as processes:
        counts = list(processes.map(partial(_write, work, patients), HOSPITALS))
    sites = [hospital.name for hospital in HOSPITALS]
    total = pool(work.data(POOLED), [work.data(site) for site in sites], POOLED)
    return dict(zip(sites, counts, strict=True)) | {POOLED: total}


def _write(work: WorkFolder, patients: Patients, hospital: Hospital) -> int:
    return write_hospital(work.data(hospital.name), hospital, patients)
