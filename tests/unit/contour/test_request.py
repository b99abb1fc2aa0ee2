"""Requests as users type them, and what is refused before any work."""

import pytest

from pedcontour.contour import ContourRequest, check_request
from pedcontour.errors import (
    AbsenceNotAllowedError,
    NothingRequestedError,
    PresenceContradictedError,
    RequestError,
    StructureUnknownError,
)

DRAWABLE = ("liver", "kidney_left", "kidney_right")


def test_organs_may_be_named_by_roi_name_or_id_in_any_case() -> None:
    request = ContourRequest.from_names(["LIVER", "kidney_l", "liver"], ["Kidney_R"], None)
    assert request == ContourRequest(("liver", "kidney_left"), frozenset({"kidney_right"}), None)


def test_no_structures_means_all() -> None:
    assert ContourRequest.from_names([]).structures is None


def test_a_name_that_no_organ_has_is_refused() -> None:
    with pytest.raises(StructureUnknownError):
        ContourRequest.from_names(["Liverr"])


def test_a_structure_that_the_model_does_not_draw_is_refused() -> None:
    with pytest.raises(StructureUnknownError, match="spleen"):
        check_request(ContourRequest(("spleen",)), DRAWABLE)


def test_an_organ_that_surgery_cannot_have_removed_may_not_be_declared_absent() -> None:
    with pytest.raises(AbsenceNotAllowedError, match="liver"):
        check_request(ContourRequest(absent=frozenset({"liver"})), DRAWABLE)


def test_an_organ_that_the_model_does_not_draw_may_be_declared_absent() -> None:
    check_request(ContourRequest(absent=frozenset({"gallbladder"})), DRAWABLE)


@pytest.mark.parametrize("structures", [("kidney_left",), ("kidney_left", "kidney_right")])
def test_a_request_for_nothing_but_what_is_declared_absent_is_refused(structures: tuple[str, ...]) -> None:
    with pytest.raises(NothingRequestedError):
        check_request(ContourRequest(structures, frozenset({"kidney_left", "kidney_right"})), DRAWABLE)


def test_all_that_a_model_draws_may_not_be_declared_absent() -> None:
    with pytest.raises(NothingRequestedError):
        check_request(ContourRequest(absent=frozenset({"kidney_left"})), ("kidney_left",))


def test_a_structure_that_is_there_may_be_asked_for_beside_an_absent_one() -> None:
    check_request(ContourRequest(("liver", "kidney_left"), frozenset({"kidney_left"})), DRAWABLE)


def test_presence_and_policy_are_taken_as_users_type_them() -> None:
    request = ContourRequest.from_names(absent=["Kidney_L"]).with_presence(["kidney_r"], "flag_only")
    assert (request.present, request.policy) == (frozenset({"kidney_right"}), "flag_only")
    assert request.with_presence().policy == "filter"
    check_request(request, DRAWABLE)


def test_a_policy_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RequestError, match="flag_only"):
        ContourRequest().with_presence((), "sometimes")


def test_an_organ_declared_both_absent_and_present_is_refused() -> None:
    both = ContourRequest(absent=frozenset({"kidney_left"}), present=frozenset({"kidney_left"}))
    with pytest.raises(PresenceContradictedError, match="kidney_left"):
        check_request(both, DRAWABLE)


def test_an_organ_that_the_model_does_not_draw_cannot_be_declared_present() -> None:
    with pytest.raises(StructureUnknownError, match="spleen"):
        check_request(ContourRequest(present=frozenset({"spleen"})), DRAWABLE)
