"""The installed models, as the gateway knows them: what a job may name, and whether there is anything to name."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from pedcontour.bundle import ModelBundle, default_id, find_model, installed_models
from pedcontour.errors import ModelError, ModelNotFoundError

CHECKED_FOR_S = 5.0
"""So long a check holds: whoever asks for readiness without end reads no model folder without end."""


class InstalledModels:
    """``Models`` in a folder. ``default`` is the model of the settings."""

    def __init__(self, root: Path, default: str | None = None, elapsed: Callable[[], float] = monotonic) -> None:
        self._root = root
        self._default = default
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._checked_at = float("-inf")
        self._trouble: ModelError | ModelNotFoundError | None = None

    def installed(self) -> Sequence[ModelBundle]:
        """See ``Models.installed``."""
        return installed_models(self._root)

    def find(self, model_id: str | None) -> ModelBundle:
        """See ``Models.find``."""
        return find_model(self._root, model_id or self._default)

    def check(self) -> None:
        """See ``Models.check``. The text files are whole and there are weights, which workers alone read."""
        with self._lock:
            if self._elapsed() - self._checked_at >= CHECKED_FOR_S:
                self._trouble = self._look()
                self._checked_at = self._elapsed()
            trouble = self._trouble
        if trouble is not None:
            raise type(trouble)(trouble.detail)

    def _look(self) -> ModelError | ModelNotFoundError | None:
        try:
            model = self.find(None)
            for name in model.weights:
                if not (model.folder / name).is_file():
                    return ModelError(f"{name} is missing")
        except ModelNotFoundError as error:
            has_choice = self._default is None and default_id(self._root) is None and bool(self.installed())
            return None if has_choice else error  # of several without a default, each request names one
        except ModelError as error:
            return error
        except OSError as error:
            return ModelError(type(error).__name__)
        return None
