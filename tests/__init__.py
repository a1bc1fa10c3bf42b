"""The tests of maild: they mirror the rooms."""

import os
import sys

# Without bytecode each worker rewrites every assert again, and each `python -m maild` compiles all of maild again: that
# is a tenth of the suite. So it is written beside the sources, as usual, also where the environment says otherwise.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
