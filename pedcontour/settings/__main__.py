"""``python -m pedcontour.settings``: the table that ``docs/settings.md`` holds."""

import sys

from pedcontour.settings import settings_table

if __name__ == "__main__":
    sys.stdout.write(settings_table())
