"""A run under FLARE's simulator: ``python -m tests.flare_run FOLDER TRAINER``; charter and data lie in the folder."""

import sys
from pathlib import Path

from nvflare.job_config.api import FedJob

from pedcontour.federation.nvflare import TASKS, Rounds, SiteExecutor
from pedcontour.federation.room import Charter, decode
from pedcontour.federation.trainer import SitePost
from tests.made_hospital import a_site, tiny_settings
from tests.toy_hospital import ToyTrainer


def toy(post: SitePost) -> ToyTrainer:
    return ToyTrainer(post.site)


def tiny_nnunet(post: SitePost) -> object:
    import torch

    torch.set_num_threads(1)
    return a_site(post.site, post.charter, post.data, post.work, tiny_settings())


def main(folder: Path, trainer: str) -> None:
    charter = (folder / "charter.json").read_text()
    job = FedJob(name="together")
    job.to_server(Rounds(charter, str(folder / "model.safetensors")))
    for site in decode(Charter, charter.encode()).names:
        executor = SiteExecutor(trainer, charter, str(folder / "{site}" / "data"), str(folder / "{site}" / "work"))
        job.to(executor, site, tasks=list(TASKS))
    job.simulator_run(str(folder / "flare"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
