"""Every setting of the programs, and the only place that reads the environment.

A setting is an environment variable with the prefix ``PEDCONTOUR_`` (``PEDCONTOUR_PORT=9000``), or a file of that name
in small letters in ``/run/secrets``, as container engines mount secrets. ``docs/settings.md`` lists them all; a test
compares it with the code.
"""

from pedcontour.settings.fields import PREFIX, SECRETS_DIR
from pedcontour.settings.settings import Settings
from pedcontour.settings.table import settings_table

__all__ = ["PREFIX", "SECRETS_DIR", "Settings", "settings_table"]
