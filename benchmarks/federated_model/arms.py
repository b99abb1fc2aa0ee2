"""The four ways to train one network: alone at either hospital, together, and on everybody's cases in one place."""

from dataclasses import dataclass
from pathlib import Path

from pedcontour.datasets.hospitals import HOSPITAL_A, HOSPITAL_B, Hospital

POOLED = "pooled"
"""The site that has the cases of both hospitals, which no site of a federation has."""


@dataclass(frozen=True)
class Arm:
    """A way to train: the sites that take part, each with its own data. Every arm is a federation, of one site or two.

    A federation of one site is plain nnU-Net training by the same code: arms differ in data and averaging alone.
    """

    name: str
    title: str
    sites: tuple[str, ...]


LOCAL_A = Arm("local-a", "local A", (HOSPITAL_A.name,))
LOCAL_B = Arm("local-b", "local B", (HOSPITAL_B.name,))
FEDERATED = Arm("federated", "federated", (HOSPITAL_A.name, HOSPITAL_B.name))
CENTRALISED = Arm("centralised", "centralised", (POOLED,))
ARMS = (LOCAL_A, LOCAL_B, FEDERATED, CENTRALISED)

TOGETHER = ((FEDERATED,), (LOCAL_A, LOCAL_B), (CENTRALISED,))
"""Which arms are trained at once: never more processes than two cores have room for."""


@dataclass(frozen=True)
class Test:
    """Patients of a hospital that nobody trained on; ``home`` is the arm that trained at that hospital alone."""

    name: str
    hospital: Hospital
    home: Arm
    away: Arm

    __test__ = False


TESTS = (Test("test A", HOSPITAL_A, LOCAL_A, LOCAL_B), Test("test B", HOSPITAL_B, LOCAL_B, LOCAL_A))


@dataclass(frozen=True)
class WorkFolder:
    """Where everything lies that is no part of the repository."""

    root: Path

    @property
    def models(self) -> Path:
        """The trained models, one folder an arm."""
        return self.root / "models"

    @property
    def schedule(self) -> Path:
        """How the arms are trained, fixed by the first training."""
        return self.root / "schedule.json"

    def data(self, site: str) -> Path:
        """A site's data set."""
        return self.root / "data" / site

    def arm(self, arm: Arm) -> Path:
        """Keys, store, and every site's folder of an arm."""
        return self.root / "arms" / arm.name

    def judged(self, models: str) -> Path:
        """Figures of single cases, for these very models."""
        return self.root / "judged" / models
