"""Checks whether an Interactive Brokers gateway is safe to go live on."""

import sys

__version__ = "0.1.0"

if sys.version_info < (3, 11):
    raise SystemExit("golive needs Python 3.11 or newer; this is %d.%d" % sys.version_info[:2])
