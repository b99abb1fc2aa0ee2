"""The promise of a store that hospitals share. The suite in ``tests/contract`` is its exact wording."""

from datetime import datetime
from typing import Protocol


class SharedStore(Protocol):
    """Keeps objects under keys such as ``sites/utrecht/census.dsse``; each is created once and never changed.

    Keys are those of ``pedcontour.storage``. Every method raises ``StoreError`` when the store itself fails, and for a
    malformed key.
    """

    def put(self, key: str, content: bytes) -> None:
        """Create an object. Of many who try at once, one succeeds. Raises ``ObjectExistsError`` when it is there.

        A store that answers late may have created it: whoever tries again must compare before believing the refusal.
        """
        ...

    def get(self, key: str) -> bytes:
        """The content of an object. Raises ``ObjectNotFoundError``."""
        ...

    def list(self, prefix: str) -> list[str]:
        """Every key that lies under ``prefix/``, sorted; what was put a moment ago may be missing."""
        ...

    def delete(self, key: str) -> None:
        """Remove one object; removing what is not there is no error."""
        ...

    def written_at(self, key: str) -> datetime:
        """When an object was created, by the store's own clock, to the second. Raises ``ObjectNotFoundError``."""
        ...
