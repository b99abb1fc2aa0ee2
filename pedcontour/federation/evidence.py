"""What stands behind an exported model: the charter, the last close and the agreements, as their sites signed them."""

from dataclasses import dataclass
from pathlib import Path

from pedcontour.errors import ChainBrokenError, FileUnreadableError, RequestError, SealedMissingError
from pedcontour.federation import layout
from pedcontour.federation.ear import Ear
from pedcontour.federation.overview import Overview
from pedcontour.federation.room import Agreement, Charter, Close, digest, hear, read_charter
from pedcontour.federation.room.dsse import read_envelope

CHARTER, CLOSE, AGREEMENT = "charter.dsse", "close.dsse", "agreement-{site}.dsse"


@dataclass(frozen=True)
class Evidence:
    """Checked: the charter, its digest, the last close, and which model each site signed that it computed."""

    charter: Charter
    charter_digest: str
    close: str
    models: dict[str, str]


def evidence_of(model: Path) -> Path:
    """The folder of a model's evidence, beside it: a model folder holds the model's own files alone."""
    return model.parent / f"_{model.name}-federation"


def write_evidence(ear: Ear, charter: bytes, model: Path) -> None:
    """Write the signed documents of a run that is done. Raises ``RequestError`` where they are there already,
    ``SealedMissingError`` where the store lost one.
    """
    rounds = Overview(ear).closes()
    places = {CHARTER: charter, CLOSE: _content(ear, layout.close(len(rounds)))}
    for site in rounds[-1].agreements:
        places[AGREEMENT.format(site=site)] = _content(ear, layout.agreement(site, len(rounds)))
    try:
        evidence_of(model).mkdir()
        for name, content in places.items():
            (evidence_of(model) / name).write_bytes(content)
    except FileExistsError:
        raise RequestError(f"{evidence_of(model).name} is there already") from None
    except OSError as error:
        raise FileUnreadableError(type(error).__name__) from None


def _content(ear: Ear, key: str) -> bytes:
    found = ear.look(key)
    if found is None:
        raise SealedMissingError(key)
    return found.data


def read_evidence(model: Path) -> Evidence | None:
    """The evidence beside a model, if there is any, with every signature checked. Raises ``DisbeliefError``."""
    folder = evidence_of(model)
    if not folder.is_dir():
        return None
    try:
        charter, charter_digest = read_charter((folder / CHARTER).read_bytes())
        close = (folder / CLOSE).read_bytes()
        said = {
            site: path.read_bytes()
            for site in charter.sites
            if (path := folder / AGREEMENT.format(site=site.name)).exists()
        }
    except OSError as error:
        raise FileUnreadableError(type(error).__name__) from None
    _check_close(close, charter, charter_digest)
    heard = {site.name: hear(Agreement, site, charter_digest, data) for site, data in said.items()}
    for site, agreement in heard.items():
        if (agreement.round, agreement.close) != (charter.rounds, digest(close)):
            raise ChainBrokenError(f"the agreement of {site} is of another round")
    return Evidence(charter, charter_digest, digest(close), {site: one.model for site, one in heard.items()})


def _check_close(data: bytes, charter: Charter, charter_digest: str) -> None:
    keys = set(read_envelope(data).signatures)
    signer = next((site for site in charter.sites if {site.signing_key} == keys), charter.sites[0])
    if hear(Close, signer, charter_digest, data).round != charter.rounds:
        raise ChainBrokenError("the close is not that of the last round")
