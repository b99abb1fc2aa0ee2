"""What a worker and its children say to each other, and the JSON form of it. Both sides check what they read."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from pedcontour.dicom.ignored import Ignored
from pedcontour.errors import ModelError, NothingDrawnError, PedcontourError, RequestError, errors_by_code
from pedcontour.verdicts import Verdict
from service.confinement import Limits
from service.jobs import Job, Problem
from service.worker.channel import Channel, ChannelClosedError

PlainName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$")]
"""A file's name without a folder: it becomes part of paths and of keys in the result store."""


class Message(BaseModel):
    """One line between a worker and a child."""

    model_config = ConfigDict(frozen=True, extra="forbid")


CLEAN = "clean"
"""Folder of the clean files, in the folder that a ``TakeIn`` names."""


class TakeIn(Message):
    """To the intake: check the upload in a folder and put its clean series into ``folder/clean``."""

    kind: Literal["take-in"] = "take-in"
    upload: Path
    folder: Path
    series_uid: str | None
    limits: Limits


class TakenIn(Message):
    """From the intake: the clean series is there; ``peak_bytes`` is the most memory that took."""

    kind: Literal["taken-in"] = "taken-in"
    slices: int
    ignored: tuple[Ignored, ...]
    peak_bytes: int = 0


class Begin(Message):
    """To the contouring child, once and first: whether it loads its default model before it is ready."""

    kind: Literal["begin"] = "begin"
    load_ahead: bool


class Contour(Message):
    """To the contouring child: contour the clean files of a folder into another one that it makes.

    ``in_turn``: it asks before it runs the network, and says when it has.
    """

    kind: Literal["contour"] = "contour"
    job: Job
    files: Path
    out: Path
    left_out: tuple[Ignored, ...]
    in_turn: bool = False


class Go(Message):
    """To the contouring child: it is its turn to run the network."""

    kind: Literal["go"] = "go"


class Stop(Message):
    """To the contouring child: leave the job under way."""

    kind: Literal["stop"] = "stop"


class Ready(Message):
    """From the contouring child: started. ``without_model`` says why its default model is not loaded that should be."""

    kind: Literal["ready"] = "ready"
    without_model: str = ""

    @property
    def is_engine_usable(self) -> bool:
        """Whether a model alone is at fault where none was loaded, so that another one may be drawn with."""
        kind = errors_by_code().get(self.without_model)
        return not self.without_model or (kind is not None and issubclass(kind, ModelError | RequestError))


class Alive(Message):
    """From the contouring child: it works on, though there is nothing to tell."""

    kind: Literal["alive"] = "alive"


class Progressed(Message):
    """From the contouring child: the stage, and the finished share of the whole.

    ``tile_s`` is the seconds that the network's last step took, mostly a tile; 0 in other stages.
    """

    kind: Literal["progressed"] = "progressed"
    stage: str = Field(pattern=r"^[a-z_.]{0,32}$")
    share: float = Field(ge=0, le=1)
    tile_s: float = Field(default=0, ge=0)


class Asks(Message):
    """From the contouring child: it waits for ``Go`` to run the network, which needs so much more memory."""

    kind: Literal["asks"] = "asks"
    needs_bytes: int = Field(default=0, ge=0)


class Leaves(Message):
    """From the contouring child: it has run the network, and goes on without it."""

    kind: Literal["leaves"] = "leaves"


class Drawn(Message):
    """From the contouring child: done; ``files`` are the names of the results in the output folder."""

    kind: Literal["drawn"] = "drawn"
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    files: tuple[PlainName, ...]
    provenance: dict[str, JsonValue] | None = None


class Failed(Message):
    """From any child: an error, by its code; the intake also tells the most memory that it held."""

    kind: Literal["failed"] = "failed"
    problem: Problem
    verdicts: tuple[Verdict, ...] = ()
    warnings: tuple[str, ...] = ()
    peak_bytes: int = 0

    @classmethod
    def of(cls, error: PedcontourError) -> "Failed":
        """The message that an error is."""
        if isinstance(error, NothingDrawnError):
            return cls(problem=Problem.of(error), verdicts=error.verdicts, warnings=error.warnings)
        return cls(problem=Problem.of(error))

    def error(self) -> PedcontourError:
        """The error that the message is; of a code unknown here, an internal one that tells it."""
        problem = self.problem
        kind = errors_by_code().get(problem.code)
        if kind is None:
            return PedcontourError(problem.code, instance_uids=problem.instance_uids)
        if issubclass(kind, NothingDrawnError):
            return kind(
                problem.detail, instance_uids=problem.instance_uids, verdicts=self.verdicts, warnings=self.warnings
            )
        return kind(problem.detail, instance_uids=problem.instance_uids)


ToIntake = TypeAdapter[TakeIn](TakeIn)
FromIntake = TypeAdapter[TakenIn | Failed](Annotated[TakenIn | Failed, Field(discriminator="kind")])
FirstToContouring = TypeAdapter[Begin](Begin)
ToContouring = TypeAdapter[Contour | Go | Stop](Annotated[Contour | Go | Stop, Field(discriminator="kind")])
FromContouring = TypeAdapter[Ready | Alive | Progressed | Asks | Leaves | Drawn | Failed](
    Annotated[Ready | Alive | Progressed | Asks | Leaves | Drawn | Failed, Field(discriminator="kind")]
)

Kind = TypeVar("Kind")


def send(channel: Channel, message: Message) -> None:
    """Send a message. Raises ``ChannelClosedError``."""
    channel.send(message.model_dump_json().encode())


def receive(channel: Channel, kinds: TypeAdapter[Kind], timeout_s: float | None = None) -> Kind | None:
    """The next message of the ``kinds`` that this side reads, or None when none came in time.

    Raises ``ChannelClosedError`` when the other side is gone, or says what it must not.
    """
    line = channel.receive(timeout_s)
    if line is None:
        return None
    try:
        return kinds.validate_json(line)
    except ValidationError:
        raise ChannelClosedError from None
