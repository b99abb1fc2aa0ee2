"""A folder of ROI name templates: a site puts them there, a request names one by its id and never sends one."""

import re
from dataclasses import dataclass
from pathlib import Path

from pedcontour.errors import NamesInvalidError, OutputOptionError
from pedcontour.outputs.names import TEMPLATE_ENDINGS, TG263, RoiNames, read_template

TEMPLATE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""A template's id is its file's name, so it is short, lower case and harmless in a path."""


@dataclass(frozen=True)
class TemplateFolder:
    """Name templates by id: ``tg263``, which is always there, and the files of ``root``, None being no folder."""

    root: Path | None = None

    def find(self, template_id: str) -> RoiNames:
        """A template by its id.

        Raises ``OutputOptionError`` that lists the ids there are, ``NamesInvalidError`` when its file cannot be used.
        """
        if template_id == TG263.id:
            return TG263
        path = self._paths().get(template_id)
        if path is None:
            ids = ", ".join([TG263.id, *self._paths()])
            raise OutputOptionError(f"names is {template_id[:32]!r}; choose {ids}")
        return read_template(path)

    def usable(self) -> list[RoiNames]:
        """Every template that can be read, ``tg263`` first; one that cannot does not hide the others."""
        found = [TG263]
        for path in self._paths().values():
            try:
                found.append(read_template(path))
            except NamesInvalidError:
                continue
        return found

    def _paths(self) -> dict[str, Path]:
        try:
            files = sorted(self.root.iterdir()) if self.root is not None else []
        except OSError:
            files = []
        return {
            path.stem: path
            for path in files
            if path.suffix in TEMPLATE_ENDINGS and TEMPLATE_ID.fullmatch(path.stem) and path.stem != TG263.id
        }
