"""`golive`, and `python -m golive`, which is the same."""

from __future__ import annotations

import sys

from golive.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
