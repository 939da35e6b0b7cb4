"""`python -m fake_ib_gateway.protocol.protobuf`: writes the modules beside the `.proto` files."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent


def generate(target: Path) -> int:
    """Writes `*_pb2.py` and their types into the package below the folder; protoc's exit code."""
    from grpc_tools import protoc

    sources = sorted(path.relative_to(ROOT).as_posix() for path in HERE.glob("*.proto"))
    options = [f"--proto_path={ROOT}", f"--python_out={target}", f"--pyi_out={target}"]
    code: int = protoc.main(["protoc", *options, *sources])
    return code


if __name__ == "__main__":
    sys.exit(generate(ROOT))
