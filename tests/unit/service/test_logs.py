import logging
import warnings

import pytest

from service.logs import configure_logs


def test_only_our_own_words_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logs("INFO")
        logging.getLogger("service.worker.run").info("job done")
        logging.getLogger("pydicom").warning("Invalid value for VR DA: 'Phantom^Child'")
        logging.getLogger("highdicom.base").info("copy Phantom^Child")
        logging.getLogger("service").debug("too fine")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            configure_logs("INFO")
            warnings.warn("Phantom^Child", stacklevel=1)
        logged = capsys.readouterr().err
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)
    assert "job done" in logged
    assert "Phantom" not in logged
    assert "too fine" not in logged
