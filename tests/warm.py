"""A reading process that has read before: imported by the server that `tests/conftest.py` forks them from."""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as in the sandbox; and no thread may run where processes are forked

from maild.mail import reading
from maild.mail.reading import ReadSettings

reading.warm(ReadSettings(languages=("en", "it", "da")))
