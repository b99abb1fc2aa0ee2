"""Where a run stands, in words for the person who waits for it."""

from collections.abc import Sequence
from datetime import datetime

STAGES = {
    "counting cases": "counting cases",
    "measuring images": "measuring the images",
    "planning": "planning",
    "training": "training here",
    "computing the global model": "computing the global model",
    "waiting for updates": "training elsewhere",
    "waiting for the close": "all updates are there",
    "waiting for agreement": "comparing the last model",
    "done": "done",
}


def where(stage: str, round_number: int, rounds: int) -> str:
    """``Round 3 of 10: training here``."""
    doing = STAGES.get(stage, stage)
    return f"Round {round_number} of {rounds}: {doing}" if round_number else f"{doing[:1].upper()}{doing[1:]}"


def waited_for(sites: Sequence[str], since: datetime | None) -> str:
    """``waiting for heidelberg since 14:02``, in local time; nothing when nobody is waited for."""
    names = " and ".join(filter(None, (", ".join(sites[:-1]), *sites[-1:])))
    begun = f"since {local(since)}" if since else ""
    return " ".join(filter(None, (f"waiting for {names}" if names else "", begun)))


def local(moment: datetime) -> str:
    """The time of day, with the date when it was not today."""
    here, today = moment.astimezone(), datetime.now().astimezone().date()
    return f"{here:%H:%M}" if here.date() == today else f"{here:%d %b %Y, %H:%M}"


def megabytes(count: int) -> str:
    """Bytes as MB, 10**6 bytes, with enough digits for small ones."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
