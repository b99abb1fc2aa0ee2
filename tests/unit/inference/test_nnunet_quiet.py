import sys
import warnings

import pytest

from pedcontour.inference.nnunet_quiet import quiet


def test_prints_and_warnings_inside_are_swallowed_and_those_after_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        sys.stdout.write("inside")
        warnings.warn("inside", stacklevel=1)
    sys.stdout.write("after")
    assert capfd.readouterr() == ("after", "")
