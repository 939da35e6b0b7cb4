"""An example for a gateway in a container: the Monitor and its health check beside it.

Seen from outside a container's mapped port is a forwarder's, and the gateway's sockets are out of
sight, CLOSE_WAIT included. So the Monitor runs in the gateway's own network, and among its
processes, to see since when it is up.

The image is built from a clone, of what golive is made of and of nothing beside it: secrets.json
and reports never come into a layer.
"""

from __future__ import annotations

import json

from golive.kit import project
from golive.monitor.service.started import MADE_BY, STOP_SECONDS, NoService, Started

COMPOSE = """\
# Made by: {made_by}
# For {of}. Host must be 127.0.0.1, and Port the one on which the gateway
# listens in its container, not a forwarder's and not a mapped one.
services:
  gateway:
    image: your-gateway-image  # your own service

  golive:
    build:
      context: {context}
      dockerfile_inline: |
        FROM python:3.11-slim
        WORKDIR /build
        COPY requirements/run.txt requirements/
        RUN pip install --no-cache-dir --require-hashes -r requirements/run.txt
        COPY pyproject.toml README.md LICENSE conftest.py secrets.example.json ./
        COPY golive golive/
        COPY acceptance acceptance/
        COPY fakes fakes/
        RUN pip install --no-cache-dir --no-deps --no-build-isolation . ./fakes
        WORKDIR /
    command: [golive, monitor, {words}]
    network_mode: "service:gateway"  # to see its sockets
    pid: "service:gateway"  # to see its process
    cap_drop: [ALL]
    cap_add: [SYS_PTRACE, DAC_READ_SEARCH]  # to see who owns a socket, and to read the settings
    security_opt: ["no-new-privileges:true"]
    read_only: true
    restart: "no"  # Docker would retry at once; the Monitor itself retries by the rules
    stop_grace_period: {stop}s
    environment:
      GOLIVE_STATE: /state  # remembered attempts, kept in a volume
      PYTHONDONTWRITEBYTECODE: "1"
    volumes: ["golive-state:/state"]
    secrets: [golive]
    healthcheck:  # a WARNING is healthy too; Docker reserves exit code 2
      test: [CMD-SHELL, "golive health {options}; test $$? -le 1"]
      interval: 15s
      timeout: 10s
      retries: 2
      start_period: {start}s

volumes:
  golive-state: {{}}

secrets:
  golive:
    file: {secrets}
"""


class NoClone(Exception):
    """There is no clone here to build an image from. The text is one line."""


def compose(started: Started) -> str:
    """A compose file's text. Raises NoClone and NoService."""
    if project.IS_INSTALLED:
        raise NoClone(
            "the image is built from a clone of golive; run `golive service --docker` in one"
        )
    wanted = started.settings.golive.monitor
    if wanted is None or not wanted.health_port:
        raise NoService(
            "the health check needs a port; set GoLive.Monitor.HealthPort, for example to 9410"
        )
    options = ["--secrets", "/run/secrets/golive"]
    options += ["--fallback"] if "--fallback" in started.arguments else []
    return COMPOSE.format(
        made_by=MADE_BY,
        of=started.of,
        context=_quoted(str(started.folder)),
        words=", ".join(options),
        options=" ".join(options),
        stop=STOP_SECONDS,
        start=started.start_seconds,
        secrets=_quoted(str(started.file.path)),
    )


def _quoted(text: str) -> str:
    """A dollar begins a variable."""
    return json.dumps(text).replace("$", "$$")
