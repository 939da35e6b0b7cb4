"""A gateway in a process of its own, as planned by its parent: run with `-m`, the plan on stdin.

The plan comes as a pickle from the process that started this one, and from nobody else.
"""

from __future__ import annotations

import pickle
import sys

from fake_ib_gateway.serving import foreground


def main() -> int:
    """Exit 2 with one line on stdout where it cannot start."""
    plan: foreground.Plan = pickle.load(sys.stdin.buffer)
    try:
        foreground.run(plan)
    except OSError as error:
        print(f"fake-ib-gateway: {error}", flush=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
