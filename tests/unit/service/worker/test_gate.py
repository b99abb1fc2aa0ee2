"""Who runs the network next, and what is waited for."""

from service.worker.gate import Gate, Passage


class Lanes:
    """Lanes at a gate, by name, and in which order they were admitted."""

    def __init__(self, room_bytes: int | None = None) -> None:
        self.room_bytes = room_bytes
        self.gate = Gate(lambda: self.room_bytes)
        self.admitted: list[str] = []

    def ask(self, lane: str, *, urgent: bool = False, needs_bytes: int = 0, alone: bool = False) -> None:
        self.gate.ask(lane, Passage(lambda: self.admitted.append(lane), urgent, needs_bytes, alone))


def test_one_lane_at_a_time_is_let_in_in_order_of_arrival() -> None:
    lanes = Lanes()
    for lane in "abc":
        lanes.ask(lane)
    assert lanes.admitted == ["a"]
    assert [lanes.gate.holds_back(lane) for lane in "abc"] == [False, True, True]
    lanes.gate.leave("a")
    assert lanes.admitted == ["a", "b"]
    lanes.gate.leave("b")
    assert lanes.admitted == ["a", "b", "c"]


def test_an_urgent_job_goes_first() -> None:
    lanes = Lanes()
    lanes.ask("a")
    lanes.ask("b")
    lanes.ask("urgent", urgent=True)
    lanes.gate.leave("a")
    assert lanes.admitted == ["a", "urgent"]


def test_a_lane_whose_job_ends_inside_makes_room_and_one_that_ends_while_it_waits_is_not_let_in() -> None:
    lanes = Lanes()
    for lane in "abc":
        lanes.ask(lane)
    lanes.gate.end("b")
    lanes.gate.end("a")
    assert lanes.admitted == ["a", "c"]
    assert not lanes.gate.holds_back("b")


def test_who_is_not_inside_gives_nothing_on() -> None:
    lanes = Lanes()
    lanes.ask("a")
    lanes.ask("b")
    lanes.gate.leave("b")
    lanes.gate.end("stranger")
    assert lanes.admitted == ["a"]


def test_where_memory_is_short_a_lane_waits_for_those_that_write() -> None:
    lanes = Lanes(room_bytes=100)
    lanes.ask("writes", needs_bytes=1000)
    lanes.gate.leave("writes")
    lanes.ask("next", needs_bytes=101)
    assert lanes.admitted == ["writes"], "who is left alone may pass: whether its job fits is asked elsewhere"
    lanes.gate.end("writes")
    assert lanes.admitted == ["writes", "next"]


def test_where_memory_is_enough_or_not_known_the_next_is_let_in_while_another_writes() -> None:
    for room_bytes in (100, None):
        lanes = Lanes(room_bytes)
        lanes.ask("writes")
        lanes.gate.leave("writes")
        lanes.ask("next", needs_bytes=100)
        assert lanes.admitted == ["writes", "next"]


def test_a_lane_that_must_be_alone_waits_for_those_that_write_however_much_memory_there_is() -> None:
    lanes = Lanes()
    lanes.ask("writes")
    lanes.gate.leave("writes")
    lanes.ask("alone", alone=True)
    assert lanes.gate.holds_back("alone")
    lanes.gate.end("writes")
    assert lanes.admitted == ["writes", "alone"]


def test_two_lanes_that_both_lack_memory_do_not_wait_for_each_other() -> None:
    lanes = Lanes(room_bytes=0)
    for lane in "ab":
        lanes.ask(lane, needs_bytes=1)
    lanes.gate.leave("a")
    assert lanes.admitted == ["a"]
    lanes.gate.end("a")
    assert lanes.admitted == ["a", "b"]


def test_where_memory_is_short_lanes_without_a_job_give_up_what_they_hold_before_the_next_is_let_in() -> None:
    lanes = Lanes(room_bytes=100)
    rested: list[str] = []

    def rest(lane: str) -> None:
        rested.append(lane)
        lanes.room_bytes = 1000

    for lane in ("idle", "asks", "reads"):
        lanes.gate.join(lane, lambda lane=lane: rest(lane))  # type: ignore[misc]
    lanes.gate.begin("reads")
    lanes.gate.begin("asks")
    lanes.ask("asks", needs_bytes=100)
    assert (lanes.admitted, rested) == (["asks"], []), "there was room"
    lanes.gate.end("asks")
    lanes.gate.begin("asks")
    lanes.ask("asks", needs_bytes=101)
    assert (lanes.admitted, rested) == (["asks", "asks"], ["idle"])


def test_a_job_for_which_memory_ran_out_before_has_no_idle_network_beside_it() -> None:
    lanes = Lanes()
    rested: list[str] = []
    for lane in ("idle", "asks"):
        lanes.gate.join(lane, lambda lane=lane: rested.append(lane))  # type: ignore[misc]
    lanes.gate.begin("asks")
    lanes.ask("asks", alone=True)
    assert (lanes.admitted, rested) == (["asks"], ["idle"])


def test_where_nothing_idle_is_left_a_lane_that_reads_is_waited_for() -> None:
    lanes = Lanes(room_bytes=100)
    for lane in ("asks", "reads"):
        lanes.gate.begin(lane)
    lanes.ask("asks", needs_bytes=101)
    assert lanes.gate.holds_back("asks") and not lanes.gate.refuses("asks")
    lanes.gate.end("reads")
    assert lanes.admitted == ["asks"]


def test_of_lanes_that_wait_and_do_not_fit_beside_each_other_the_last_is_refused_and_the_others_then_pass() -> None:
    lanes = Lanes(room_bytes=100)
    for lane in ("first", "last"):
        lanes.gate.begin(lane)
    lanes.ask("first", needs_bytes=101)
    lanes.ask("last", needs_bytes=101)
    assert lanes.admitted == []
    assert [lanes.gate.refuses(lane) for lane in ("first", "last")] == [False, True]
    assert not lanes.gate.holds_back("last")
    lanes.gate.end("last")
    assert lanes.admitted == ["first"]
    assert not lanes.gate.refuses("last"), "its next job is another"


def test_a_job_that_was_refused_before_is_not_refused_for_one_that_was_not() -> None:
    lanes = Lanes(room_bytes=100)
    for lane in ("first", "again"):
        lanes.gate.begin(lane)
    lanes.ask("first", needs_bytes=101, urgent=True)
    lanes.ask("again", needs_bytes=101, alone=True)
    assert lanes.gate.refuses("first")
    lanes.gate.end("first")
    assert lanes.admitted == ["again"]
