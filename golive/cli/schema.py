"""`golive schema`: the JSON schema of secrets.json."""

from __future__ import annotations

from golive.cli import parsing


def main(words: list[str]) -> int:
    """Printed, or written to a file."""
    from golive.settings import schema

    parser = parsing.Parser("schema", "Prints the JSON schema of secrets.json, for editors.")
    parser.add_argument("file", nargs="?", metavar="FILE", help="write to FILE instead of stdout")
    options = parser.checked(words)
    if options.file is None:
        print(schema.text(), end="", flush=True)
        return 0
    text, mark = schema.text().encode("ascii"), schema.MARK.encode("ascii")
    return parsing.write(options.file, mark, lambda path: path.write_bytes(text))
