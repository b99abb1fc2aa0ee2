"""The root of the tree."""

from collections.abc import Sequence


class PedcontourError(Exception):
    """Something went wrong inside pedcontour; report it with the job's id."""

    code = "INTERNAL"

    def __init__(self, detail: str = "", *, instance_uids: Sequence[str] = ()) -> None:
        self.detail = detail
        self.instance_uids = tuple(instance_uids)
        super().__init__(f"{self.code}: {self.advice}" + (f" ({detail})" if detail else ""))

    @property
    def advice(self) -> str:
        """The sentence a user can act on: the class's docstring on one line."""
        return " ".join((type(self).__doc__ or "").split())


def errors_by_code() -> dict[str, type[PedcontourError]]:
    """Every error of the tree under its code, for who reads a code and needs the error."""
    found: dict[str, type[PedcontourError]] = {}
    waiting: list[type[PedcontourError]] = [PedcontourError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, kind)
        waiting += kind.__subclasses__()
    return found
