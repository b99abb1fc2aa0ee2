"""The same sites under NVIDIA FLARE: a server that can be reached instead of a store, and its sessions.

For who runs FLARE already. What this project promises of its own protocol, FLARE does not: the server sees every update
and computes the mean for all, and a site that is away is waited for in a session. The sites' trainers are the same, and
so is the mean, to the last bit.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from nvflare.apis.executor import Executor
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.apis.signal import Signal
from nvflare.app_common.abstract.fl_model import FLModel
from nvflare.app_common.utils.fl_model_utils import FLModelUtils
from nvflare.app_common.workflows.model_controller import ModelController

from pedcontour.errors import FederationError, PlansDifferError
from pedcontour.federation.averaging import Contribution, Weights, mean_of
from pedcontour.federation.gates import check_cases, check_weights
from pedcontour.federation.room import Charter, decode
from pedcontour.federation.trainer import SitePost, Trainer
from pedcontour.federation.trainers import trainer_factory
from pedcontour.federation.weights import digest_of, pack

COUNT, MEASURE, PLAN, TRAIN = TASKS = ("count", "measure", "plan", "train")
"""What the server asks of the sites, in this order; training once a round."""


class SiteExecutor(Executor):  # type: ignore[misc]
    """A site under FLARE: hands each task to its trainer.

    ``trainer`` is a name or ``module:function``, ``charter`` a charter's JSON; FLARE, not the charter, says who is who,
    so nobody signs it. ``data`` and ``work`` are folders, in which ``{site}`` stands for FLARE's name of the site.
    """

    def __init__(
        self, trainer: str, charter: str, data: str, work: str, options: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        # FLARE writes a job's configuration from attributes that are named as the parameters are
        self._trainer, self._charter, self._data, self._work = trainer, charter, data, work
        self._options = dict(options or {})
        self._made: Trainer | None = None

    def execute(self, task_name: str, shareable: Shareable, fl_ctx: FLContext, abort_signal: Signal) -> Shareable:
        """FLARE's call; what a trainer refuses is FLARE's execution exception."""
        if task_name not in TASKS:
            return make_reply(ReturnCode.TASK_UNKNOWN)
        trainer = self._at(fl_ctx.get_identity_name())
        return FLModelUtils.to_shareable(_answer(trainer, task_name, FLModelUtils.from_shareable(shareable)))

    def _at(self, site: str) -> Trainer:
        if self._made is None:
            charter = decode(Charter, self._charter.encode("ascii"))
            data, work = (Path(folder.format(site=site)) for folder in (self._data, self._work))
            post = SitePost(site, charter, data, work, self._options)
            self._made = trainer_factory(self._trainer)(post)
        return self._made


def _answer(trainer: Trainer, task: str, asked: FLModel) -> FLModel:
    if task == COUNT:
        return FLModel(params={"cases": np.array([trainer.count_cases()])})
    if task == MEASURE:
        return FLModel(params={"fingerprint": _array(trainer.fingerprint(int(asked.params["total"][0])))})
    if task == PLAN:
        plans = trainer.plan({site: part.tobytes() for site, part in asked.params.items()})
        shares = {site: {name: list(rows) for name, rows in own.items()} for site, own in plans.row_shares.items()}
        return FLModel(params=dict(plans.initial), meta={"plans": plans.digest, "row_shares": shares})
    trained = trainer.train(int(asked.meta["number"]), asked.params)
    return FLModel(params=dict(trained.weights), meta={"cases": trained.cases, "figures": dict(trained.figures)})


class Rounds(ModelController):  # type: ignore[misc]
    """The server's part: asks the sites, averages as the sites of a store do, writes the model to the file ``out``."""

    def __init__(self, charter: str, out: str) -> None:
        super().__init__()
        self._charter = charter
        self._out = out

    def run(self) -> None:
        """All rounds, of all sites. Raises ``FederationError`` for one that is silent, or unfit."""
        charter = decode(Charter, self._charter.encode("ascii"))
        counted = self._ask(charter, COUNT, FLModel(params={"nothing": np.zeros(1)}))
        cases = {site: int(answer.params["cases"][0]) for site, answer in counted.items()}
        measured = self._ask(charter, MEASURE, FLModel(params={"total": np.array([sum(cases.values())])}))
        parts = {site: answer.params["fingerprint"] for site, answer in measured.items()}
        planned = self._ask(charter, PLAN, FLModel(params=parts))
        if len({(answer.meta["plans"], digest_of(answer.params)) for answer in planned.values()}) != 1:
            raise PlansDifferError
        first = planned[charter.names[0]]
        model: Weights = first.params
        for number in range(1, charter.rounds + 1):
            told = FLModel(params=dict(model), meta={"number": number})
            answers = self._ask(charter, TRAIN, told)
            for site, answer in answers.items():
                check_cases(site, int(answer.meta["cases"]), cases[site])
            model = _mean(charter, answers, first.meta["row_shares"], model)
        Path(self._out).write_bytes(pack(model))

    def _ask(self, charter: Charter, task: str, data: FLModel) -> dict[str, FLModel]:
        answers = self.send_model_and_wait(task_name=task, data=data, targets=list(charter.names))
        answered = {answer.meta["client_name"]: answer for answer in answers}
        if absent := ", ".join(sorted(set(charter.names) - answered.keys())):  # FLARE itself only warns
            raise FederationError(f"{task}: no answer of {absent}")
        return answered


def _mean(
    charter: Charter, answers: Mapping[str, FLModel], shares: Mapping[str, Mapping[str, Any]], base: Weights
) -> Weights:
    contributions = {}
    for site, answer in answers.items():
        check_weights(site, answer.params, base)
        rows = {name: tuple(row) for name, row in shares.get(site, {}).items()}
        share = int(answer.meta["cases"]) if charter.weighting == "cases" else 1
        contributions[site] = Contribution(answer.params, share, rows)
    return mean_of(contributions)


def _array(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8).copy()
