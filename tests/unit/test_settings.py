from pathlib import Path

import pytest
from pydantic import ValidationError

from pedcontour.errors import RequestError
from pedcontour.settings import PREFIX, Settings, settings_table

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_the_page_lists_every_setting_as_the_code_has_it() -> None:
    assert settings_table() in PAGE.read_text("utf-8"), "run `python -m pedcontour.settings` and paste its table"


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEDCONTOUR_PORT", "9000")
    monkeypatch.setenv("PEDCONTOUR_THREADS", "")
    settings = Settings()
    assert (settings.port, settings.threads) == (9000, None)


def test_keys_are_a_comma_separated_list_and_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEDCONTOUR_API_KEYS", "first-key-0123456789, other-key-0123456789,")
    settings = Settings()
    assert [key.get_secret_value() for key in settings.api_keys] == ["first-key-0123456789", "other-key-0123456789"]
    assert "first-key" not in repr(settings)


def test_a_short_key_is_refused_without_showing_it() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(api_keys="short-key")  # type: ignore[arg-type]
    assert "short-key" not in str(refused.value)


def test_a_child_process_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PEDCONTOUR_DEFAULT_MODEL", "from-outside")
    settings = Settings(
        default_model=None,
        data_dir=tmp_path,
        api_keys="first-key-0123456789,other-key-0123456789",  # type: ignore[arg-type]
        redis_url="redis://:secret@broker/0",  # type: ignore[arg-type]
        lease_s=1.5,
        heartbeat_s=0.5,
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PEDCONTOUR_DEFAULT_MODEL")
    assert "PEDCONTOUR_DEFAULT_MODEL" not in settings.environment()
    assert Settings() == settings


def test_the_job_table_lies_in_the_data_folder_unless_a_url_says_otherwise(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).job_table_url == f"sqlite:///{tmp_path}/jobs.sqlite"
    url = "postgresql+psycopg://user:secret@db/jobs"
    assert Settings(database_url=url).job_table_url == url  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"heartbeat_s": 60.0}, "PEDCONTOUR_HEARTBEAT_S must be below PEDCONTOUR_LEASE_S"),
        ({"lease_s": 10.0}, "PEDCONTOUR_HEARTBEAT_S must be below PEDCONTOUR_LEASE_S"),
        ({"stall_s": 30.0}, "PEDCONTOUR_STALL_S must be above PEDCONTOUR_RESEND_AFTER_S"),
        ({"resend_after_s": 200.0}, "PEDCONTOUR_STALL_S must be above PEDCONTOUR_RESEND_AFTER_S"),
    ],
)
def test_waits_that_contradict_each_other_are_refused(given: dict[str, float], named: str) -> None:
    with pytest.raises(RequestError, match=named):
        Settings.read(**given)


def test_waits_may_be_short_as_long_as_they_agree() -> None:
    assert Settings.read(lease_s=4.0, heartbeat_s=0.5, resend_after_s=2.0, stall_s=2.1).stall_s == 2.1


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:1"])
def test_devices_are_named_as_torch_names_them(device: str) -> None:
    assert Settings.read(device=device).device == device


def test_what_does_not_fit_is_a_request_error_that_names_the_variable() -> None:
    with pytest.raises(RequestError, match=r"PEDCONTOUR_DEVICE.*; PEDCONTOUR_PORT"):
        Settings.read(device="gpu", port=70000)


def test_secrets_may_be_files_as_container_engines_mount_them(tmp_path: Path) -> None:
    (tmp_path / "pedcontour_redis_password").write_text("p@ss/word\n")
    (tmp_path / "pedcontour_api_keys").write_text("first-key-0123456789,other-key-0123456789\n")
    settings = Settings(_secrets_dir=tmp_path, redis_url="redis://broker:6379/0")  # type: ignore[call-arg, arg-type]
    assert settings.broker_url == "redis://:p%40ss%2Fword@broker:6379/0"
    assert len(settings.api_keys) == 2


@pytest.mark.parametrize(
    "url",
    [
        "s3://id:secret-of-the-bucket@bucket/results",
        "s3://bucket/results?secret-of-the-bucket",
        "s3:///results",
        "https://bucket.example",
        "gs://bucket/results",
        "memory:///",
        "/data/results",
    ],
)
def test_a_place_for_results_is_a_bucket_without_credentials(url: str) -> None:
    with pytest.raises(RequestError, match="PEDCONTOUR_RESULTS_URL") as refused:
        Settings.read(results_url=url)
    assert "secret-of-the-bucket" not in str(refused.value)


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/some/where"])
def test_a_bucket_is_named_by_a_url(url: str) -> None:
    assert Settings.read(results_url=url).results_url == url


@pytest.mark.parametrize(
    "given",
    [
        {"results_url": "s3://bucket", "results_endpoint": "https://id:secret@minio:9000"},
        {"results_url": "s3://bucket", "results_endpoint": "minio:9000"},
        {"results_url": "s3://bucket", "results_access_key_id": "id"},
        {"results_endpoint": "https://minio:9000"},
        {"results_access_key_id": "id", "results_secret_access_key": "secret"},
    ],
)
def test_what_opens_a_bucket_must_fit_together(given: dict[str, str]) -> None:
    with pytest.raises(RequestError, match=r"PEDCONTOUR_RESULTS_|settings: ") as refused:
        Settings.read(**given)
    assert "secret@" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("postgresql+psycopg://jobs@db:5432/jobs", "postgresql+psycopg://jobs:secret@db:5432/jobs"),
        ("postgresql+psycopg://jobs:own@db/jobs", "postgresql+psycopg://jobs:own@db/jobs"),
        ("sqlite:////data/jobs.sqlite", "sqlite:////data/jobs.sqlite"),
    ],
)
def test_a_password_of_its_own_goes_into_a_url_that_has_none(url: str, whole: str) -> None:
    assert Settings(database_url=url, database_password="secret").job_table_url == whole  # type: ignore[arg-type]


def test_converted_networks_lie_with_the_data_or_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    kept = Settings(data_dir=Path("/data"))
    assert (kept.cache_folder, kept.user_cache_folder) == (Path("/data/cache"), Path("/cache/pedcontour"))
    told = Settings(cache_dir=Path("/elsewhere"))
    assert told.cache_folder == told.user_cache_folder == Path("/elsewhere")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/physicist")
    assert Settings().user_cache_folder == Path("/home/physicist/.cache/pedcontour")


def test_a_user_without_a_home_folder_has_the_cache_that_is_named_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", dict[int, object]().__getitem__)  # what an unknown uid gives: KeyError
    assert Settings().user_cache_folder is None
    assert Settings(cache_dir=Path("/elsewhere")).user_cache_folder == Path("/elsewhere")


def test_a_log_level_is_one_of_four_in_any_case() -> None:
    assert Settings.read(log_level="debug").log_level == "DEBUG"
    with pytest.raises(RequestError, match="PEDCONTOUR_LOG_LEVEL"):
        Settings.read(log_level="loud")
