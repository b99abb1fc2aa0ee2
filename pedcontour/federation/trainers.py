"""Trainers by name: a site's folder names the one it trains with."""

from importlib import import_module

from pedcontour.errors import RequestError
from pedcontour.federation.trainer import TrainerFactory

TRAINERS = {"nnunet": "pedcontour.federation.nnunet:trainer_for"}
"""Name to ``module:function``; the function is a ``TrainerFactory``. Imported when used: torch takes seconds."""


def trainer_factory(name: str) -> TrainerFactory:
    """The trainer of that name, or at ``module:function`` for one of the site's own. Raises ``RequestError``."""
    module, colon, function = TRAINERS.get(name, name).partition(":")
    if not colon:
        raise RequestError(f"a trainer is {', '.join(TRAINERS)}, or module:function of your own")
    try:
        factory: TrainerFactory = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise RequestError(f"the trainer {name} cannot be loaded: {type(error).__name__}") from None
    return factory
