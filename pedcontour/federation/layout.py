"""Where things lie in the store: every name is known beforehand, so that nothing depends on a list.

A site writes under ``sites/<its name>/`` alone, but for closes, which the first site to write one decides.
"""


def census(site: str) -> str:
    """A site's count of its cases."""
    return f"sites/{site}/census.dsse"


def fingerprint(site: str) -> str:
    """A site's fingerprint."""
    return f"sites/{site}/fingerprint.dsse"


def plans(site: str) -> str:
    """A site's plans agreement."""
    return f"sites/{site}/plans.dsse"


def sessions(site: str) -> str:
    """Under which a site's sessions lie."""
    return f"sites/{site}/sessions"


def session(site: str, number: int) -> str:
    """A process of a site; numbers count from 1."""
    return f"{sessions(site)}/{number:06d}.dsse"


def update(site: str, number: int) -> str:
    """A site's update of a round."""
    return f"sites/{site}/rounds/{number:04d}/update.dsse"


def agreement(site: str, number: int) -> str:
    """A site's agreement to a round's model."""
    return f"sites/{site}/rounds/{number:04d}/agreement.dsse"


def close(number: int) -> str:
    """The close of a round."""
    return f"closes/{number:04d}.dsse"


def sealed(site: str) -> str:
    """Under which a site's sealed objects lie."""
    return f"sites/{site}/sealed"


def blob(site: str, sha256: str) -> str:
    """A sealed object of a site."""
    return f"{sealed(site)}/{sha256}.age"
