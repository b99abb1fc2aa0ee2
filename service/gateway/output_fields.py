"""The output options as parameters of a request: described here, parsed and checked in ``pedcontour.outputs``.

All come as texts, in the query or in a form, so that a wrong one is refused in one way, with the values that exist.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field

from pedcontour.outputs import (
    DECIMALS,
    EMPTY_ROIS,
    FORMATS,
    HOLES,
    NAME_LENGTHS,
    SEG_ENCODINGS,
    all_profiles,
)


def _choice(values: Iterable[object], description: str) -> Any:
    return Field(default=None, description=description, json_schema_extra={"enum": [*map(str, values), None]})


def _number(values: range, description: str) -> Any:
    pattern = f"^({'|'.join(map(str, values))})$"
    return Field(default=None, description=description, json_schema_extra={"pattern": pattern})


class OutputQuery(BaseModel):
    """Which results are wanted, and how; what is left out is as the profile presets it."""

    profile: str | None = _choice(all_profiles(), "Planning system that the other output options are preset for.")
    outputs: list[str] = Field(
        default=[], description=f"Which results to write: {', '.join(FORMATS)}; all when left out. A report always is."
    )
    seg_encoding: str | None = _choice(SEG_ENCODINGS, "Encoding of the SEG.")
    holes: str | None = _choice(HOLES, "Holes in contours: rings within rings (even-odd), or keyholes.")
    decimals: str | None = _number(DECIMALS, "Digits after the point of coordinates in mm, 1 to 6.")
    name_length: str | None = _number(NAME_LENGTHS, "Longest ROI name in characters, 1 to 52; a longer one is refused.")
    names: str | None = Field(
        default=None, description="Id of a template of ROI names; `GET /v1/templates` lists them."
    )
    empty_rois: str | None = _choice(
        EMPTY_ROIS, "Organs asked for and not drawn: left out of the RTSTRUCT, or kept as ROIs without contours."
    )


def output_fields() -> dict[str, Any]:
    """The same options as form fields, for the document of the API."""
    properties = OutputQuery.model_json_schema()["properties"]
    return {name: _form_field(schema) for name, schema in properties.items()}


def _form_field(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "array":
        return {"type": "array", "items": {"type": "string"}}
    field = {"type": "string"} | {key: schema[key] for key in ("enum", "pattern") if key in schema}
    return {key: [word for word in value if word] if key == "enum" else value for key, value in field.items()}
