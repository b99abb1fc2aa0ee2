"""What may be believed after what, and what becomes of everything else."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from pedcontour.errors import (
    ChainBrokenError,
    CharterUnsignedError,
    ContradictionError,
    FirstModelDiffersError,
    ModelsDifferError,
    OutOfTurnError,
    PlansDifferError,
    QuorumMissingError,
    SignatureInvalidError,
    WrongCharterError,
    WrongSignerError,
)
from pedcontour.federation.room import Beliefs, Member, Sealed, digest, read_charter, read_draft
from pedcontour.federation.room.dsse import join, read_envelope
from tests.made_federation import INITIAL, SECOND, SITES, Talk, a_charter, past_deadline, signed


@pytest.fixture
def talk() -> Talk:
    return Talk(a_charter())


@pytest.fixture
def begun(talk: Talk) -> Talk:
    talk.set_up()
    return talk


@pytest.fixture
def closed(begun: Talk) -> Talk:
    begun.one_round()
    return begun


def test_a_whole_run_is_believed(closed: Talk) -> None:
    assert list(closed.beliefs.closed(1).members) == list(SITES)
    for site in SITES:
        closed.beliefs.hear_agreement(1, site, closed.agreement(site))
    assert closed.beliefs.round.number == 2 and closed.beliefs.round.base == SECOND
    closed.one_round()
    assert closed.beliefs.round.number == 2 and closed.beliefs.round.close is not None


def test_a_charter_counts_once_all_have_signed() -> None:
    charter = a_charter()
    assert read_draft(signed(charter, ("birch",)))[1] == ("birch",)
    with pytest.raises(CharterUnsignedError, match="alder, cedar"):
        Beliefs(signed(charter, ("birch",)))
    assert read_charter(signed(charter))[0] == charter


def test_signatures_under_different_charters_do_not_add_up() -> None:
    charter = a_charter()
    theirs = replace(charter, rounds=3)
    with pytest.raises(SignatureInvalidError):
        join(read_envelope(signed(charter, ("alder",))), read_envelope(signed(theirs, ("birch",))))


def test_a_stranger_cannot_sign_a_charter() -> None:
    charter = a_charter()
    with pytest.raises(WrongSignerError):
        read_draft(signed(charter, ("alder", "dogwood")))


@pytest.mark.parametrize(
    "changes",
    [
        {"quorum": 4},
        {"quorum": 0},
        {"quorum": 1},
        {"deadline_s": 10**15},
        {"closer": "dogwood"},
        {"rounds": 0},
        {"organs": ("liver", "liver")},
        {"organs": ()},
        {"run": "Jane Doe"},
        {"weighting": "median"},
        {"initial": "not a digest"},
        {"initial": INITIAL, "momentum": "average"},
    ],
)
def test_an_unsound_charter_cannot_be_written(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        a_charter(**changes)


def test_plans_begin_with_the_model_that_the_charter_names() -> None:
    talk = Talk(a_charter(initial=INITIAL))
    talk.set_up()
    assert talk.beliefs.round.base == INITIAL


def test_plans_that_begin_with_another_model_than_the_charter_names_are_not_believed() -> None:
    talk = Talk(a_charter(initial=SECOND))
    with pytest.raises(FirstModelDiffersError, match="alder"):
        talk.set_up()
    assert not talk.beliefs.plans


def test_a_recipient_with_a_slip_in_it_is_refused_before_anybody_signs() -> None:
    site = a_charter().sites[0]
    for place in range(4, len(site.recipient)):
        other = "q" if site.recipient[place] != "q" else "p"
        with pytest.raises(ValidationError, match="the recipient of alder has a wrong checksum"):
            replace(site, recipient=site.recipient[:place] + other + site.recipient[place + 1 :])


def test_two_sites_have_no_quorum_of_one() -> None:
    with pytest.raises(ValidationError, match="both"):
        a_charter(("alder", "birch"), quorum=1)


def test_sites_share_no_keys_and_stand_in_order() -> None:
    first, second, third = a_charter().sites
    for sites in ((second, first, third), (first, replace(second, recipient=first.recipient), third), (first, first)):
        with pytest.raises(ValidationError):
            replace(a_charter(), sites=sites)


def test_a_document_signed_for_another_is_refused(talk: Talk) -> None:
    with pytest.raises(WrongSignerError):
        talk.beliefs.hear_census("alder", talk.census("alder", signer="birch"))
    with pytest.raises(WrongSignerError):
        talk.beliefs.hear_census("alder", talk.census("birch"))
    with pytest.raises(WrongSignerError):
        talk.beliefs.hear_census("alder", talk.census("birch", signer="alder"))
    with pytest.raises(WrongSignerError):
        talk.beliefs.hear_census("dogwood", talk.census("dogwood"))


def test_a_document_of_another_run_is_refused(talk: Talk) -> None:
    other = Talk(replace(talk.charter, run="livers-2026"))
    with pytest.raises(WrongCharterError):
        talk.beliefs.hear_census("alder", other.census("alder"))


def test_nothing_is_believed_before_what_it_rests_on(talk: Talk) -> None:
    with pytest.raises(OutOfTurnError):
        talk.beliefs.hear_fingerprint("alder", talk.fingerprint("alder"))
    with pytest.raises(OutOfTurnError):
        talk.beliefs.hear_plans("alder", talk.plans("alder"))
    with pytest.raises(OutOfTurnError):
        _ = talk.beliefs.round
    talk.set_up()
    with pytest.raises(OutOfTurnError):
        talk.beliefs.closed(1)


def test_a_fingerprint_of_other_censuses_is_refused(talk: Talk) -> None:
    for site in SITES:
        talk.beliefs.hear_census(site, talk.census(site))
    with pytest.raises(ChainBrokenError):
        talk.beliefs.hear_fingerprint("alder", talk.fingerprint("alder", censuses="00" * 32))


def test_different_plans_stop_the_run(talk: Talk) -> None:
    for site in SITES:
        talk.beliefs.hear_census(site, talk.census(site))
    for site in SITES:
        talk.beliefs.hear_fingerprint(site, talk.fingerprint(site))
    talk.beliefs.hear_plans("alder", talk.plans("alder"))
    with pytest.raises(PlansDifferError, match="birch and alder"):
        talk.beliefs.hear_plans("birch", talk.plans("birch", initial="00" * 32))
    talk.beliefs.hear_plans("birch", talk.plans("birch"))  # what it says instead, once the first was removed


def test_saying_the_same_again_changes_nothing_and_saying_another_thing_is_refused(begun: Talk) -> None:
    update = begun.update("alder")
    begun.beliefs.hear_update("alder", update)
    begun.beliefs.hear_update("alder", update)
    with pytest.raises(ContradictionError):
        begun.beliefs.hear_update("alder", begun.update("alder", weights=Sealed("00" * 32, 5)))
    assert begun.beliefs.round.updates["alder"][0] == digest(update)


def test_an_update_of_another_round_or_history_is_refused(begun: Talk) -> None:
    with pytest.raises(OutOfTurnError):
        begun.beliefs.hear_update("alder", begun.update("alder", round=2))
    with pytest.raises(ChainBrokenError):
        begun.beliefs.hear_update("alder", begun.update("alder", previous="00" * 32))
    with pytest.raises(ModelsDifferError):
        begun.beliefs.hear_update("alder", begun.update("alder", base=SECOND))
    assert not begun.beliefs.round.updates and begun.beliefs.round.base == INITIAL


def test_an_update_replayed_in_the_next_round_is_refused(begun: Talk) -> None:
    replayed = begun.update("alder")
    begun.one_round()
    assert begun.beliefs.round.number == 2
    with pytest.raises(OutOfTurnError):
        begun.beliefs.hear_update("alder", replayed)


def test_a_late_update_does_not_count(begun: Talk) -> None:
    late = begun.update("cedar")
    for site in ("alder", "birch"):
        begun.beliefs.hear_update(site, begun.update(site))
    begun.beliefs.hear_close(begun.close("birch", ("alder", "birch")), "birch", past_deadline)
    assert list(begun.beliefs.closed(1).members) == ["alder", "birch"]
    with pytest.raises(OutOfTurnError):
        begun.beliefs.hear_update("cedar", late)
    begun.beliefs.hear_update("cedar", begun.update("cedar"))  # and takes part again in round 2


def test_a_close_counts_believed_updates_of_a_quorum_once_each(begun: Talk) -> None:
    for site in ("alder", "birch"):
        begun.beliefs.hear_update(site, begun.update(site))
    alder, birch = (Member(site, begun.beliefs.round.updates[site][0]) for site in ("alder", "birch"))
    refused = {
        QuorumMissingError: (alder,),
        OutOfTurnError: (alder, Member("cedar", "00" * 32)),
    }
    for error, members in refused.items():
        with pytest.raises(error):
            begun.beliefs.hear_close(begun.close("alder", ("alder",), members=members), "alder", past_deadline)
    for members in ((birch, alder), (alder, alder), (alder, Member("birch", "00" * 32))):
        with pytest.raises(ContradictionError):
            begun.beliefs.hear_close(begun.close("alder", ("alder",), members=members), "alder", past_deadline)
    with pytest.raises(ChainBrokenError):
        begun.beliefs.hear_close(begun.close("alder", ("alder", "birch"), previous="00" * 32), "alder", past_deadline)
    with pytest.raises(OutOfTurnError):
        begun.beliefs.hear_close(begun.close("alder", ("alder", "birch"), round=2), "alder", past_deadline)
    assert begun.beliefs.round.close is None


def test_a_close_without_all_sites_counts_after_the_deadline_alone(begun: Talk) -> None:
    for site in SITES:
        begun.beliefs.hear_update(site, begun.update(site))
    without_cedar = begun.close("alder", ("alder", "birch"))
    with pytest.raises(OutOfTurnError, match="alder closed round 1 before the deadline without cedar"):
        begun.beliefs.hear_close(without_cedar, "alder", lambda: 3599.0)
    begun.beliefs.hear_close(without_cedar, "alder", lambda: 3600.0)


def test_a_close_with_all_sites_counts_at_once(begun: Talk) -> None:
    for site in SITES:
        begun.beliefs.hear_update(site, begun.update(site))
    begun.beliefs.hear_close(begun.close("alder", SITES), "alder", lambda: 0.0)


def test_only_the_named_closer_closes() -> None:
    talk = Talk(a_charter(closer="cedar"))
    talk.set_up()
    for site in SITES:
        talk.beliefs.hear_update(site, talk.update(site))
    with pytest.raises(WrongSignerError, match="cedar"):
        talk.beliefs.hear_close(talk.close("alder", SITES), "alder", past_deadline)
    talk.beliefs.hear_close(talk.close("cedar", SITES), "cedar", past_deadline)


def test_a_model_that_others_did_not_compute_stops_the_run(closed: Talk) -> None:
    closed.beliefs.recomputed(1, SECOND)
    with pytest.raises(ModelsDifferError):
        closed.beliefs.hear_agreement(1, "birch", closed.agreement("birch", model="00" * 32))
    with pytest.raises(ModelsDifferError):
        closed.beliefs.hear_update("birch", closed.update("birch", base="00" * 32))
    with pytest.raises(ChainBrokenError):
        closed.beliefs.hear_agreement(1, "birch", closed.agreement("birch", close="00" * 32))


def test_a_model_planted_by_the_others_stops_the_run_once_it_is_recomputed(closed: Talk) -> None:
    closed.beliefs.hear_agreement(1, "birch", closed.agreement("birch", model="00" * 32))
    with pytest.raises(ModelsDifferError):
        closed.beliefs.recomputed(1, SECOND)
