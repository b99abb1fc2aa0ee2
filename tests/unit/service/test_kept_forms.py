"""The form of what a job's row keeps as JSON changes with the version of the job table alone."""

from dataclasses import fields

from pedcontour.contour.report import ModelFacts, Provenance, SoftwareFacts
from pedcontour.outputs import OutputStyle
from pedcontour.verdicts import Verdict
from service.jobs import Ending, Options, Problem
from service.jobtable.schema import VERSION

FORM_OF_VERSION_3 = {
    "options": "absent mode model_id outputs policy present series_uid structures",
    "options.outputs": "decimals empty_rois formats holes name_length names profile seg_encoding",
    "options.outputs.names": "id own title",
    "ending": "problem provenance results state verdicts warnings",
    "problem": "advice code detail instance_uids",
    "verdicts": "confidence organ outcome reason review_ml volume_before_ml volume_ml",
    "provenance": "input_sha256 model software",
    "provenance.model": "digest_sha256 folds id name version",
    "provenance.software": "device engine fallbacks mode name peak_memory_bytes tiles_run tiles_skipped timings_s "
    "version",
}
"""Where this differs, a program of the version before meets rows that it cannot read, or reads wrongly: add a step to
``service.jobtable.schema``, which raises its VERSION, and write down here the form of the new version."""


def test_a_new_form_of_what_is_kept_comes_with_a_new_version_of_the_table() -> None:
    style = OutputStyle().as_data()
    found = {
        "options": _names(Options),
        "options.outputs": " ".join(sorted(style)),
        "options.outputs.names": " ".join(sorted(style["names"])),
        "ending": _names(Ending),
        "problem": _names(Problem),
        "verdicts": _names(Verdict),
        "provenance": " ".join(sorted(Provenance.model_fields)),
        "provenance.model": " ".join(sorted(ModelFacts.model_fields)),
        "provenance.software": " ".join(sorted(SoftwareFacts.model_fields)),
    }
    assert (VERSION, found) == (3, FORM_OF_VERSION_3)


def _names(kind: type[Options | Ending | Problem | Verdict]) -> str:
    return " ".join(sorted(field.name for field in fields(kind)))
