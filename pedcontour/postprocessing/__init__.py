"""From what a network drew to what is told: a verdict for every organ, always.

Pure functions of a label map and its CT. The steps, in order: islands far too small to matter go; what was declared
absent or not asked for is taken out; what may have been removed by surgery meets its absence rule, which a border of
the field of view softens; what else is cut by a border is named so and left alone; everything that happened stands in
a ``Verdict``.
"""

from pedcontour.postprocessing.absence import AbsenceRule, Candidate, Judgement, VolumeForBodySize, default_rules
from pedcontour.postprocessing.body import Body, measure_body
from pedcontour.postprocessing.findings import Finding, find_organs
from pedcontour.postprocessing.judge import Hints, Judged, Wishes, judge
from pedcontour.postprocessing.presence import CalibratedPresence, rules_of
from pedcontour.postprocessing.sides import check_sides

__all__ = [
    "AbsenceRule",
    "Body",
    "CalibratedPresence",
    "Candidate",
    "Finding",
    "Hints",
    "Judged",
    "Judgement",
    "VolumeForBodySize",
    "Wishes",
    "check_sides",
    "default_rules",
    "find_organs",
    "judge",
    "measure_body",
    "rules_of",
]
