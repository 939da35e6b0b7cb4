"""A gateway's process before its login: it runs and listens on nothing. Run as a script.

`waiting_gateway.py -DjtsConfigDir=FOLDER` prints one line once it is there, and goes when its
standard input ends. A real one's command line has that option as well (gnzsnz/ib-gateway-docker).
"""

from __future__ import annotations

import sys


def main() -> None:
    print("running", flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
