"""`python -m fake_ib_gateway.protocol.protobuf`: writes the modules beside the `.proto` files."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_CHECK = re.compile(
    r"^from google\.protobuf import runtime_version as _runtime_version\n"
    r"|^_runtime_version\.ValidateProtobufRuntimeVersion\(\n(?:    .*\n)+\)\n",
    re.MULTILINE,
)
"""What refuses a protobuf that is two major versions newer than protoc, and every one before 5.26.

It is left out, for the protobuf that is installed is other people's choice: what the modules do
beside it, read a descriptor and build classes of it, is the same from 4.21 to 7. Which versions
were tried is said in the README; they are tried again with every change, the lowest at night.
"""

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent


def generate(target: Path) -> int:
    """Writes `*_pb2.py` and their types into the package below the folder; protoc's exit code."""
    from grpc_tools import protoc

    sources = sorted(path.relative_to(ROOT).as_posix() for path in HERE.glob("*.proto"))
    options = [f"--proto_path={ROOT}", f"--python_out={target}", f"--pyi_out={target}"]
    code: int = protoc.main(["protoc", *options, *sources])
    for path in target.rglob("*_pb2.py"):
        made = path.read_text(encoding="utf-8")
        path.write_text(_CHECK.sub("", made), encoding="utf-8", newline="\n")
    return code


if __name__ == "__main__":
    sys.exit(generate(ROOT))
