"""A run's store by the settings: credentials, patience, a place of its own."""

from pathlib import Path

import pytest

from pedcontour.errors import ObjectNotFoundError, RequestError, StoreError
from pedcontour.federation.store import FolderSharedStore, open_run_store, pauses_within
from pedcontour.settings import Settings
from tests.s3_server import KEY_ID, SECRET, S3Bucket
from tests.webdav_server import PASSWORD, USER

RUN, OTHER = "5e" * 32, "6f" * 32


def test_runs_that_share_a_store_do_not_see_each_other(tmp_path: Path) -> None:
    one, other = (open_run_store(str(tmp_path), run, Settings()) for run in (RUN, OTHER))
    one.put("closes/0001.dsse", b"x")
    with pytest.raises(ObjectNotFoundError):
        other.get("closes/0001.dsse")
    assert FolderSharedStore(tmp_path).list(f"run-{RUN[:16]}") == [f"run-{RUN[:16]}/closes/0001.dsse"]


def test_a_drive_is_opened_with_user_and_password_of_the_settings(
    webdav_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="401"):
        open_run_store(webdav_url, RUN, Settings())
    monkeypatch.setenv("PEDCONTOUR_FEDERATION_WEBDAV_USER", USER)
    monkeypatch.setenv("PEDCONTOUR_FEDERATION_WEBDAV_PASSWORD", PASSWORD)
    settings = Settings()
    store = open_run_store(webdav_url, RUN, settings)
    store.put("a", b"x")
    assert store.get("a") == b"x"
    assert PASSWORD not in repr(settings)


def test_a_password_may_come_from_a_file(tmp_path: Path, webdav_url: str) -> None:
    (tmp_path / "pedcontour_federation_webdav_user").write_text(f"{USER}\n")
    (tmp_path / "pedcontour_federation_webdav_password").write_text(f"{PASSWORD}\n")
    open_run_store(webdav_url, RUN, Settings(_secrets_dir=tmp_path))  # type: ignore[call-arg]


def test_a_user_without_a_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEDCONTOUR_FEDERATION_WEBDAV_USER", USER)
    with pytest.raises(RequestError, match="go together"):
        Settings.read()


def test_an_s3_elsewhere_is_named_by_a_setting(s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    store = open_run_store(f"s3://{s3_bucket.name}/x", RUN, Settings(federation_endpoint=s3_bucket.endpoint))
    store.put("a", b"x")
    assert s3_bucket.keys() == [f"x/run-{RUN[:16]}/a"]


def test_an_endpoint_holds_no_credentials() -> None:
    with pytest.raises(RequestError, match="FEDERATION_ENDPOINT"):
        Settings.read(federation_endpoint="https://key:secret@host")


@pytest.mark.parametrize(("patience_s", "pauses"), [(0.0, ()), (1.0, (1.0,)), (60.0, (1.0, 2.0, 4.0, 8.0, 16.0))])
def test_pauses_double_and_stay_within_the_patience(patience_s: float, pauses: tuple[float, ...]) -> None:
    assert pauses_within(patience_s) == pauses


def test_no_pause_is_longer_than_half_a_minute() -> None:
    assert max(pauses_within(600.0)) == 30.0
