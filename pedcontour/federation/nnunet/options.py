"""What a site may choose for its training, from the ``name=value`` of ``federation join --set``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from pedcontour.errors import RequestError
from pedcontour.federation.nnunet.planning import NETWORKS, Planning
from pedcontour.federation.nnunet.recipe import Recipe
from pedcontour.federation.nnunet.rolls import Rolls
from pedcontour.federation.nnunet.settings import SiteSettings


def _split_ranges(text: Any) -> Any:
    """``-120..-60,-30..30`` as pairs."""
    return [part.split("..") for part in text.split(",")] if isinstance(text, str) else text


def _split_commas(text: Any) -> Any:
    return text.split(",") if isinstance(text, str) else text


Ranges = Annotated[tuple[tuple[float, float], ...], BeforeValidator(_split_ranges)]
Spacing = Annotated[tuple[PositiveFloat, PositiveFloat, PositiveFloat], BeforeValidator(_split_commas)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    device: Literal["cpu", "cuda"] = "cpu"
    fold: Literal["all", "0", "1", "2", "3", "4"] = "0"
    iterations: PositiveInt = 250
    validation_iterations: PositiveInt = 50
    workers: Annotated[int, Field(ge=0)] = 4
    deterministic: bool = False
    proximal: Annotated[float, Field(ge=0)] = 0.0
    rolls: Ranges | None = None
    tilt: float = 30.0
    rotated: float = 0.5
    gpu_memory_gb: PositiveFloat = 8.0
    spacing_mm: Spacing | None = None
    network: str = "planned"
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: PositiveFloat | None = None
    foreground: Annotated[float, Field(ge=0, le=1)] | None = None
    fast_cpu: bool = False
    start: Path | None = None


def read_options(options: Mapping[str, str]) -> SiteSettings:
    """A site's settings. Raises ``RequestError`` naming the option that does not fit."""
    try:
        read = _Options.model_validate(dict(options))
        rolls = None if read.rolls is None else Rolls(read.rolls, read.tilt, read.rotated)
    except ValidationError as refused:
        first = refused.errors(include_url=False, include_context=False, include_input=False)[0]
        raise RequestError(f"option {'.'.join(map(str, first['loc']))[:64]}: {first['type']}") from None
    if read.network not in NETWORKS:
        raise RequestError(f"option network is one of {', '.join(NETWORKS)}")
    if read.deterministic and (read.device != "cpu" or read.workers):
        raise RequestError("option deterministic goes with device=cpu and workers=0: nothing else gives the same bits")
    if read.start is not None and not read.start.is_absolute():
        raise RequestError("option start is an absolute path: the site may run from anywhere")
    return SiteSettings(
        device=read.device,
        fold="all" if read.fold == "all" else int(read.fold),
        iterations=read.iterations,
        validation_iterations=read.validation_iterations,
        workers=read.workers,
        rolls=rolls,
        proximal=read.proximal,
        deterministic=read.deterministic,
        planning=Planning(read.gpu_memory_gb, read.spacing_mm, NETWORKS[read.network]),
        recipe=Recipe(read.optimizer, read.learning_rate, read.foreground, read.fast_cpu),
        start=read.start,
    )
