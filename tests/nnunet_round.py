"""A site's first round with a tiny nnU-Net, as a process: ``python -m tests.nnunet_round DATA WORK DIGEST``."""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from pedcontour.federation.weights import digest_of
from tests.made_federation import a_charter
from tests.made_hospital import ORGANS, a_site, tiny_settings

EPOCHS = 6


def main(data: Path, work: Path, digest: Path) -> None:
    """Train, and write the model's digest into a file."""
    pair = a_charter(("alder", "birch"), organs=ORGANS, local_epochs=EPOCHS)
    charter = replace(pair, sites=pair.sites[:1], quorum=1)
    torch.set_num_threads(1)
    site = a_site("alder", charter, data, work, tiny_settings())
    start = site.plan({"alder": site.fingerprint(site.count_cases())}).initial
    digest.write_text(digest_of(site.train(1, start).weights))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
