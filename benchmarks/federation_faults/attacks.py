"""Somebody who can write and delete at the store, or a site that lies: refused by name, and undone, the run goes on.

Each is tried at the same moment: the second site has brought its update of round 2, and the first has not heard it yet.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.federation_faults.outcome import SAME, Outcome, Trial
from benchmarks.federation_faults.town import STEPS, Town
from pedcontour.errors import DisbeliefError
from pedcontour.federation import layout
from pedcontour.federation.averaging import Weights
from pedcontour.federation.keys import Keys, seal
from pedcontour.federation.participant import Participant
from pedcontour.federation.room import Close, Member, Sealed, Session, Update, digest, say
from pedcontour.federation.room.dsse import read_envelope
from pedcontour.federation.room.wire import decode
from pedcontour.federation.weights import pack, unpack

UPDATE = layout.update("site-2", 2)
EARLIER = layout.update("site-2", 1)


class Scene:
    """A town at that moment, and what lies in its store."""

    def __init__(self, folder: Path) -> None:
        self.town = Town(folder)
        self.victim, self.other = (self.town.process(site, self.town.store) for site in self.town.names)
        while self.other.step().round < 2:
            self.victim.step()
        self.envelope = self.get(UPDATE)
        self.update = decode(Update, read_envelope(self.envelope).payload)
        self.keys = self.town.folder("site-2").keys()

    def get(self, key: str) -> bytes:
        """What lies there."""
        return self.town.store.get(key)

    @property
    def blob(self) -> str:
        """Where the sealed weights of the update lie."""
        return layout.blob("site-2", self.update.weights.sha256)

    def signed(self, **changes: object) -> bytes:
        """The update with changes, signed by its own site, as a site that lies would."""
        return say(replace(self.update, **changes), self.keys.signing)  # type: ignore[arg-type]

    def with_weights(self, change: Callable[[Weights], Weights]) -> bytes:
        """The update of a site that lies about its weights: sealed, published and signed by the rules."""
        weights = unpack("site-2", self.keys.unseal(self.get(self.blob)))
        sealed = seal(pack(change(weights)), self.town.folder("site-2").charter.sites)
        self.town.store.put(layout.blob("site-2", digest(sealed)), sealed)
        return self.signed(weights=Sealed(digest(sealed), len(sealed)))


Forgery = Callable[[Scene], tuple[str, bytes]]
"""Where something is put in the place of what lies there, and what."""


def _flip(data: bytes, place: int = -40) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _close_by_a_stranger(scene: Scene) -> tuple[str, bytes]:
    members = (Member("site-1", "0" * 64), Member("site-2", digest(scene.envelope)))
    close = Close(scene.update.charter, "site-1", 2, scene.update.previous, members)
    return layout.close(2), say(close, Keys.new().signing)


def _unsigned(scene: Scene) -> tuple[str, bytes]:
    said = json.loads(scene.envelope) | {"signatures": []}
    return UPDATE, json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


FORGERIES: dict[str, Forgery] = {
    "update: a bit flipped": lambda scene: (UPDATE, _flip(scene.envelope)),
    "update: cut off": lambda scene: (UPDATE, scene.envelope[:-9]),
    "update: unsigned": _unsigned,
    "update: signed with a stranger's key": lambda scene: (UPDATE, say(scene.update, Keys.new().signing)),
    "update: the other site's in its place": lambda scene: (UPDATE, scene.get(layout.update("site-1", 1))),
    "update: replayed from the round before": lambda scene: (UPDATE, scene.get(EARLIER)),
    "update: of another run": lambda scene: (UPDATE, scene.signed(charter="0" * 64)),
    "update: of another history": lambda scene: (UPDATE, scene.signed(previous="0" * 64)),
    "weights: a bit flipped": lambda scene: (scene.blob, _flip(scene.get(scene.blob))),
    "weights: cut off": lambda scene: (scene.blob, scene.get(scene.blob)[:-9]),
    "weights: of the round before in their place": lambda scene: (scene.blob, scene.get(_earlier_blob(scene))),
    "close: signed with a stranger's key": _close_by_a_stranger,
}


LIES: dict[str, Callable[[Weights], Weights]] = {
    "weights of a lying site: not finite": lambda weights: {**weights, "body": np.full_like(weights["body"], np.nan)},
    "weights of a lying site: another shape": lambda weights: {**weights, "body": weights["body"][:-1]},
    "weights of a lying site: a hundredfold": lambda weights: {
        name: t * np.float32(100) for name, t in weights.items()
    },
}
"""What a site does to its weights before it seals, signs and publishes them by the rules: that cannot be undone."""


def _earlier_blob(scene: Scene) -> str:
    earlier = decode(Update, read_envelope(scene.get(EARLIER)).payload)
    return layout.blob("site-2", earlier.weights.sha256)


def _row(forge: Forgery, folder: Path) -> Outcome:
    scene = Scene(folder)
    place, forged = forge(scene)
    store = scene.town.store
    before = store.get(place) if place != layout.close(2) else None
    store.delete(place)
    store.put(place, forged)
    refusal = _refusal(scene.victim, scene.other, place)
    store.delete(place)
    if before is not None:
        store.put(place, before)
    ends = scene.town.run()
    same = set(ends.models.values()) == {scene.town.toy.expected()}
    return Outcome(1, f"refused ({refusal}); undone: {SAME}" if same else refusal, bool(refusal) and same)


def _lie(change: Callable[[Weights], Weights], folder: Path) -> Outcome:
    scene = Scene(folder)
    lie = scene.with_weights(change)
    scene.town.store.delete(UPDATE)
    scene.town.store.put(UPDATE, lie)
    refusal = _refusal(scene.victim, scene.other, UPDATE)
    agreed = scene.town.store.list("sites/site-1/rounds/0002")
    clean = bool(refusal) and layout.agreement("site-1", 2) not in agreed
    return Outcome(1, f"refused ({refusal}); nobody takes the model" if clean else "believed", clean)


def _refusal(victim: Participant, other: Participant, place: str) -> str:
    """The code with which the first site refuses; empty when it does not."""
    try:
        for _ in range(STEPS):
            victim.step()
            if place != UPDATE:  # else the second site would have to believe what it did not say
                other.step()
    except DisbeliefError as refused:
        return refused.code
    return ""


def _forged_session(folder: Path) -> Outcome:
    scene = Scene(folder)
    session = Session(scene.update.charter, "site-1", 2, "0" * 64)
    scene.town.store.put(layout.session("site-1", 2), say(session, Keys.new().signing))
    sites = {"site-1": scene.victim, "site-2": scene.other}
    scene.town.step_until(sites, lambda progress: all(site.model for site in progress.values()))
    same = set(scene.town.toy.models().values()) == {scene.town.toy.expected()}
    return Outcome(1, f"not heeded: {SAME}" if same else "stopped", same)


TRIALS: dict[str, Trial] = {name: partial(_row, forge) for name, forge in FORGERIES.items()} | {
    "session: signed with a stranger's key": _forged_session,
    **{name: partial(_lie, change) for name, change in LIES.items()},
}
