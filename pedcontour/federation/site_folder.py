"""A site's folder for one run: who it is, where it meets the others, and all that it keeps."""

from pathlib import Path
from typing import Self

from pydantic.dataclasses import dataclass

from pedcontour.errors import DisbeliefError, FileUnreadableError, KeyFileError, RequestError, WrongSignerError
from pedcontour.federation.ear import Ear
from pedcontour.federation.keys import Keys, read_keys
from pedcontour.federation.room import Beliefs, decode, encode
from pedcontour.federation.room.documents import STRICT, Name
from pedcontour.federation.site_memory import ReadOnlyMemory, SiteMemory
from pedcontour.federation.store.port import SharedStore
from pedcontour.federation.trainer import SitePost, Trainer
from pedcontour.federation.trainers import trainer_factory
from pedcontour.federation.voice import Voice

CONFIG = "site.json"
CHARTER = "charter.dsse"
MEMORY = "memory"


@dataclass(frozen=True, config=STRICT)
class SiteConfig:
    """What ``federation join`` was told, so that later commands need the folder alone; paths are absolute."""

    site: Name
    store: str
    trainer: str
    keys: str
    data: str
    options: dict[str, str]


class SiteFolder:
    """A folder that ``create`` made: the configuration, the charter, ``memory/`` and the trainer's ``training/``."""

    def __init__(self, root: Path, config: SiteConfig, charter: bytes) -> None:
        self.root = root
        self.config = config
        self._charter = charter
        beliefs = self.beliefs()
        self.charter, self.charter_digest = beliefs.charter, beliefs.charter_digest

    @classmethod
    def create(cls, root: Path, config: SiteConfig, charter: bytes) -> Self:
        """Make the folder. Raises ``RequestError`` where one was made before, ``DisbeliefError``, ``CharterError``."""
        made = cls(root, config, charter)
        if (root / CONFIG).exists():
            raise RequestError("this folder belongs to a run already; take another, or go on with `federation run`")
        if (root / MEMORY).exists():
            raise RequestError("this folder holds the memory of another run; take a new one")
        try:
            root.mkdir(parents=True, exist_ok=True)
            root.chmod(0o700)  # also one that was made beforehand
            (root / CHARTER).write_bytes(charter)
            (root / CONFIG).write_bytes(encode(config))
        except OSError as error:
            raise FileUnreadableError(type(error).__name__) from None
        return made

    @classmethod
    def open(cls, root: Path) -> Self:
        """The folder as it was made. Raises ``RequestError`` where there is none or it is damaged."""
        try:
            config = decode(SiteConfig, (root / CONFIG).read_bytes())
            return cls(root, config, (root / CHARTER).read_bytes())
        except FileNotFoundError:
            raise RequestError("no site's folder; `pedcontour federation join` makes one") from None
        except DisbeliefError as refused:
            raise RequestError(f"the site's folder is damaged: {refused.detail}") from None
        except OSError as error:
            raise FileUnreadableError(type(error).__name__) from None

    @property
    def signed_charter(self) -> bytes:
        """The charter as all sites signed it."""
        return self._charter

    @property
    def memory(self) -> SiteMemory:
        """What this site keeps of the run."""
        return SiteMemory(self.root / MEMORY)

    def beliefs(self) -> Beliefs:
        """What is believed at the start: the charter."""
        return Beliefs(self._charter)

    def keys(self) -> Keys:
        """The site's keys. Raises ``KeyFileError``."""
        keys = read_keys(Path(self.config.keys))
        if site_of(keys, self.beliefs()) != self.config.site:
            raise KeyFileError("the key file is another one than at the time of joining")
        return keys

    def ear(self, store: SharedStore) -> Ear:
        """This site as one that listens, and leaves its folder as it is."""
        return Ear(self.config.site, self.keys(), store, ReadOnlyMemory(self.root / MEMORY), self.beliefs())

    def voice(self, store: SharedStore) -> Voice:
        """This site as one that takes part."""
        return Voice(self.config.site, self.keys(), store, self.memory, self.beliefs())

    def trainer(self) -> Trainer:
        """The trainer that the configuration names. Raises ``RequestError``."""
        config, work = self.config, self.root / "training"
        post = SitePost(config.site, self.charter, Path(config.data), work, config.options)
        return trainer_factory(config.trainer)(post)


def site_of(keys: Keys, beliefs: Beliefs) -> str:
    """Which of the charter's sites has these keys. Raises ``WrongSignerError``."""
    for site in beliefs.charter.sites:
        if keys.site(site.name) == site:
            return site.name
    raise WrongSignerError("the charter names no site with these keys")
