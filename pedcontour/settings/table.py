"""The table of settings that ``docs/settings.md`` holds."""

from pydantic.fields import FieldInfo

from pedcontour.settings.fields import PREFIX
from pedcontour.settings.settings import Settings, as_text


def settings_table() -> str:
    """Every setting as a Markdown table: what ``docs/settings.md`` holds."""
    rows = ["| variable | default | what it is for |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{PREFIX}{name.upper()}` | {_default_text(name, field)} | {field.description} |")
    return "\n".join(rows) + "\n"


def _default_text(name: str, field: FieldInfo) -> str:
    if name == "models_dir":
        return "`models` beside the code"
    return "" if field.default in (None, ()) else f"`{as_text(field.default)}`"
