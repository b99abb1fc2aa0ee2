import pytest

from pedcontour.errors import BrokerError
from service.jobs import Priority
from service.queue import CeleryJobQueue, make_celery


@pytest.fixture(scope="module")
def queue() -> CeleryJobQueue:
    return CeleryJobQueue(make_celery("redis+socket:///nowhere/valkey.sock", 60))


@pytest.mark.parametrize(
    ("use", "arguments"), [("check", []), ("depth", [Priority.URGENT]), ("send", ["a", Priority.URGENT])]
)
def test_an_unreachable_broker_is_an_error_of_ours(queue: CeleryJobQueue, use: str, arguments: list[object]) -> None:
    with pytest.raises(BrokerError):
        getattr(queue, use)(*arguments)


def test_a_message_is_kept_until_its_job_ended_and_each_worker_holds_one() -> None:
    conf = make_celery("memory://", 1234).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_enable_remote_control, "without it a broker outage can wedge a worker for good"
    assert conf.accept_content == ["json"]
    assert conf.broker_connection_max_retries is None


def test_the_visibility_timeout_is_set_in_all_three_places() -> None:
    conf = make_celery("memory://", 1234).conf
    assert conf.visibility_timeout == 1234
    assert conf.broker_transport_options["visibility_timeout"] == 1234
    assert conf.result_backend_transport_options["visibility_timeout"] == 1234
