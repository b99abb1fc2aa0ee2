"""A whole run on one machine: sites with keys, a charter that all signed, a folder for each; and its one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pedcontour.errors import ModelsDifferError, RequestError
from pedcontour.federation.evidence import write_evidence
from pedcontour.federation.export import export
from pedcontour.federation.keys import Keys, write_keys
from pedcontour.federation.overview import Overview
from pedcontour.federation.room import Charter, say
from pedcontour.federation.room.dsse import join, read_envelope, write_envelope
from pedcontour.federation.site_folder import CONFIG, SiteConfig, SiteFolder
from pedcontour.federation.store import open_run_store
from pedcontour.federation.trainer import RunRecord
from pedcontour.settings import Settings

CHARTER = "charter.dsse"


@dataclass(frozen=True)
class SimulatedRun:
    """What is to be simulated: where the sites meet, their data by name, what they train, how long, by which rules.

    ``options`` are every site's, ``initial`` is the digest of the model to begin with, as in ``Charter``.
    """

    store: str
    data: Mapping[str, Path]
    organs: Sequence[str]
    nnunet_version: str
    rounds: int = 3
    local_epochs: int = 1
    trainer: str = "nnunet"
    options: Mapping[str, str] = field(default_factory=dict)
    quorum: int | None = None
    deadline_s: int = 86400
    name: str = "simulation"
    momentum: Literal["keep", "reset", "average"] = "reset"
    initial: str | None = None


def prepare(folder: Path, run: SimulatedRun) -> dict[str, Path]:
    """Make keys, charter and site folders under ``folder``; each site's folder by its name.

    Raises ``RequestError`` where a simulation was prepared before, ``KeyFileError``, ``FileUnreadableError``.
    """
    if (folder / CHARTER).exists():
        raise RequestError("this folder holds a simulation already")
    folder.mkdir(parents=True, exist_ok=True)
    keys = {site: Keys.new() for site in sorted(run.data)}
    signed = _signed(_charter(run, keys), keys)
    for site, data in run.data.items():
        write_keys(folder / f"{site}.keys", keys[site])
        at = str((folder / f"{site}.keys").absolute())
        config = SiteConfig(site, run.store, run.trainer, at, str(data.absolute()), dict(run.options))
        SiteFolder.create(folder / site, config, signed)
    (folder / CHARTER).write_bytes(signed)  # last: it says that all is there
    return {site: folder / site for site in keys}


def prepared(folder: Path) -> dict[str, Path]:
    """Each site's folder by its name, of a simulation that was prepared; none where there is no whole one."""
    if not (folder / CHARTER).exists():
        return {}
    return {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{CONFIG}"))}


def export_simulated(folders: Mapping[str, Path], settings: Settings, out: Path) -> RunRecord:
    """Hold all sites of a finished simulation to one model, and write it into a new folder.

    Raises ``ModelsDifferError``, and what ``export`` raises.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    opened = [SiteFolder.open(path) for path in folders.values()]
    store = open_run_store(opened[0].config.store, opened[0].charter_digest, settings)
    models = {Overview(site.ear(store)).standing.model for site in opened}
    if len(models) != 1:
        raise ModelsDifferError("at the end of the simulation")
    record = export(opened[0].ear(store), opened[0].trainer(), out)
    write_evidence(opened[0].ear(store), opened[0].signed_charter, out)
    return record


def _charter(run: SimulatedRun, keys: Mapping[str, Keys]) -> Charter:
    return Charter(
        run=run.name,
        sites=tuple(keys[name].site(name) for name in sorted(keys)),
        organs=tuple(run.organs),
        nnunet_version=run.nnunet_version,
        seed=0,
        rounds=run.rounds,
        local_epochs=run.local_epochs,
        weighting="cases",
        momentum=run.momentum,
        quorum=len(keys) if run.quorum is None else run.quorum,
        deadline_s=run.deadline_s,
        kept_rounds=2,
        closer=None,
        initial=run.initial,
    )


def _signed(charter: Charter, keys: Mapping[str, Keys]) -> bytes:
    first, *others = (read_envelope(say(charter, site.signing)) for site in keys.values())
    for other in others:
        first = join(first, other)
    return write_envelope(first)
