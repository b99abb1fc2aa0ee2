"""What speaks for and against a drawn organ being one: measured numbers, no judgement.

Each module holds one kind of evidence as small pure functions of a ``Candidate``. Lengths are shares of the trunk's
effective diameter and directions are the patient's own, found from the anatomy, so that neither the size nor the
position of the patient, nor the side, changes what a number means. Nothing here raises, whatever was drawn.
"""

from pedcontour.postprocessing.evidence.gather import gather_evidence
from pedcontour.postprocessing.evidence.record import EVIDENCE, Evidence

__all__ = ["EVIDENCE", "Evidence", "gather_evidence"]
