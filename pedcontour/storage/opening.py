"""From settings to the result store they name: one way for every process."""

from pydantic import SecretStr

from pedcontour.errors import StoreError
from pedcontour.settings import Settings
from pedcontour.storage.local import LocalResultStore
from pedcontour.storage.port import ResultStore


def open_result_store(settings: Settings) -> ResultStore:
    """The object store of ``results_url``, or the folder in the data folder. Nothing is asked or written yet.

    Raises ``StoreError`` when object stores are not installed, or the library refuses the URL.
    """
    if settings.results_url is None:
        return LocalResultStore(settings.results_dir)
    try:
        from pedcontour.storage.objects import Bucket, open_bucket
    except ImportError:
        raise StoreError("PEDCONTOUR_RESULTS_URL needs `pip install 'pedcontour[objectstore]'`") from None
    return open_bucket(
        Bucket(
            url=settings.results_url,
            endpoint=settings.results_endpoint,
            region=settings.results_region,
            access_key_id=_revealed(settings.results_access_key_id),
            secret_access_key=_revealed(settings.results_secret_access_key),
        )
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
