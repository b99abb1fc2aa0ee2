"""The production contourer: a job's options and files to the library's use case, with a warm engine per model."""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from pedcontour import __version__
from pedcontour.bundle import ModelBundle, verify_weights
from pedcontour.contour import ContourJob, ContourRequest, StageProgress, contour_files
from pedcontour.contour.stages import Turn
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.ignored import Ignored
from pedcontour.inference.port import Engine
from pedcontour.outputs import OutputStyle
from service.jobs import Job
from service.worker.messages import Contour
from service.worker.run import Contoured

ENGINES = 2
"""So many models stay loaded: the default one and another. Each keeps its network in the precisions that were asked
for, two at most."""


class EngineContourer:
    """A ``Contourer`` over the library: ``find_model`` gives a job's model, ``load`` turns a model into an engine.

    The ``ENGINES`` that were used last stay loaded, one a model digest, so that a job seldom waits for its weights.
    """

    def __init__(self, find_model: Callable[[str], ModelBundle], load: Callable[[ModelBundle], Engine]) -> None:
        self._find_model = find_model
        self._load = load
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._loading = threading.Lock()

    def __call__(
        self,
        job: Job,
        folder: Path,
        out: Path,
        progress: StageProgress,
        left_out: Sequence[Ignored] = (),
        turn: Turn | None = None,
    ) -> Contoured:
        """Contour the clean files of a folder; ``left_out`` is what the intake found beside them.

        See ``service.worker.run.Contourer``; ``turn`` is that of ``pedcontour.contour.ContourJob``.
        """
        model = self._find_model(job.options.model_id)
        contour_job = ContourJob(
            self.engine(model), model, _request(job), _identity(job, model), left_out=tuple(left_out), turn=turn
        )
        outcome = contour_files(sorted(folder.glob("*")), out, contour_job, progress)
        return Contoured(outcome.verdicts, outcome.warnings, outcome.files, outcome.provenance)

    def do(self, order: Contour, progress: StageProgress, turn: Turn) -> Contoured:
        """Do an order of the worker, in the child that contours."""
        return self(order.job, order.files, order.out, progress, order.left_out, turn if order.in_turn else None)

    def engine(self, model: ModelBundle) -> Engine:
        """The engine of a model, made where there is none, for which the one that was longest not used goes.

        Nothing runs yet: the network is loaded when it first runs, which for a job is in its turn. Raises what
        ``load`` raises, and ``ModelError`` for weights that are damaged.
        """
        with self._loading:
            if model.digest not in self._engines:
                self._make_room(model)
                self._engines[model.digest] = self._load(model)
            self._engines.move_to_end(model.digest)
            return self._engines[model.digest]

    def _make_room(self, model: ModelBundle) -> None:
        """For one more engine, before it is loaded: memory may not hold it beside those that are there.

        A damaged model costs none of them: its plans were checked when it was found, its weights are here.
        """
        if len(self._engines) >= ENGINES:
            verify_weights(model)
            self._engines.popitem(last=False)
            gc.collect()  # weights hang in cycles, and would stay for long


def _request(job: Job) -> ContourRequest:
    options = job.options
    style = OutputStyle.from_data(options.outputs)
    absent, present = frozenset(options.absent), frozenset(options.present)
    return ContourRequest(options.structures, absent, options.series_uid, style, options.mode, present, options.policy)


def _identity(job: Job, model: ModelBundle) -> ResultIdentity:
    """The same for every attempt: of the attempt itself, nothing is in it."""
    return ResultIdentity(job.id, job.accepted_at, model.id, model.digest, __version__)
