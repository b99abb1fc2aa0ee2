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
    assert lanes.admitted == ["writes"], "with none past the network nothing would be gained by waiting"
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
