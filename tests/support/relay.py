"""A forwarder, as stands before a container's gateway: it accepts, then dials, and copies bytes.

`python relay.py LISTENING_PORT GATEWAY_PORT [UID]`; it says when it listens, and ends with its
input. With a user's number it becomes that user first.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    try:
        behind = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, behind[1]), copy(behind[0], writer))
        behind[1].close()
    except OSError:
        pass  # as socat does: there is nobody behind it, and the client is closed on
    writer.close()


async def main(port: int, behind: int) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    server = await asyncio.start_server(lambda r, w: forward(r, w, behind), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)

    def wait_for_the_end_of_input() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_the_end_of_input, daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.platform != "win32":
        os.setuid(int(sys.argv[3]))
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
