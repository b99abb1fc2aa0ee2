"""What a request asks for, checked against the models before a job is accepted."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace

from pedcontour.contour.request import ContourRequest, check_request
from pedcontour.errors import RequestError
from pedcontour.inference.modes import DEFAULT_MODE, mode_named, quality_of
from pedcontour.outputs import WISH_FIELDS, OutputWishes, TemplateFolder, style_of
from service.gateway.parts import Models
from service.jobs import Options, Priority

FIELDS = ("model", "structures", "absent", "present", "absence_policy", "series", "mode", "priority", *WISH_FIELDS)
"""The options of a job, as query parameters or as form fields."""

FILES = "files"
"""What the files of an upload are usually called; any other name does as well."""

NO_TEMPLATES = TemplateFolder()
"""Where no folder of templates is configured."""

_UID = re.compile(r"[0-9.]{1,64}")
"""What a DICOM UID is made of (PS3.5 9.1)."""


def options_from(
    given: Mapping[str, Sequence[str]], models: Models, templates: TemplateFolder = NO_TEMPLATES
) -> Options:
    """Options from what was sent; each may be repeated or hold a comma-separated list.

    Raises ``RequestError`` for an unknown or doubled field, and what ``check_request``, ``quality_of``, ``style_of``
    and ``Models.find`` raise.
    """
    for name in given:
        if name == FILES:
            raise RequestError(f"{FILES} holds text where files belong, such as -F {FILES}=@ct.zip")
        if name not in FIELDS:
            raise RequestError(f"there is no field {name[:32]!r}; the fields are {', '.join(FIELDS)}")
    model = models.find(_one("model", given))
    request = ContourRequest.from_names(
        _many(given.get("structures", ())) or None, _many(given.get("absent", ())), _one("series", given)
    )
    request = request.with_presence(_many(given.get("present", ())), _one("absence_policy", given))
    if request.series_uid is not None and not _UID.fullmatch(request.series_uid):
        raise RequestError("the series is no UID")
    request = replace(request, style=style_of(_wishes(given), templates.find))
    check_request(request, model.organs.values())
    mode = mode_named(_one("mode", given) or DEFAULT_MODE)
    quality_of(mode, model.mirroring_axes)
    return Options(
        model.id,
        request.structures,
        tuple(sorted(request.absent)),
        request.series_uid,
        request.style.as_data(),
        mode,
        tuple(sorted(request.present)),
        request.policy,
    )


def _wishes(given: Mapping[str, Sequence[str]]) -> OutputWishes:
    words = {name: _one(name, given) for name in WISH_FIELDS if name != "outputs"}
    return OutputWishes(outputs=tuple(_many(given.get("outputs", ()))), **words)


def priority_from(given: Mapping[str, Sequence[str]]) -> Priority:
    """The priority that was asked for. Raises ``RequestError``."""
    asked = _one("priority", given) or Priority.ROUTINE
    if asked not in tuple(Priority):
        raise RequestError(f"the priority is one of {', '.join(Priority)}")
    return Priority(asked)


def key_digest(key: str) -> str:
    """What is kept of a sender's own name for a request: it may hold anything."""
    return hashlib.sha256(b"pedcontour-request\0" + key.encode()).hexdigest()


def request_digest(options: Options, priority: Priority, content_sha256: str) -> str:
    """A digest of all that was asked and sent, the same for the same request however it was put."""
    asked = json.dumps([asdict(options), priority, content_sha256], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _one(name: str, given: Mapping[str, Sequence[str]]) -> str | None:
    values = [value.strip() for value in given.get(name, ()) if value.strip()]
    if len(values) > 1:
        raise RequestError(f"the field {name!r} was given twice")
    return values[0] if values else None


def _many(values: Iterable[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]
