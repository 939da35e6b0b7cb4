"""What is served, as one application: health, readiness, metrics."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from golive.kit.clock import Clock
from golive.monitor.holding.requests import Source
from golive.monitor.served import health
from golive.monitor.served.metrics import Metrics

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
NAMES = ("127.0.0.1", "localhost", "[::1]")
"""What a client on this machine calls it. A page of the web that has its own name resolve to this
machine (DNS rebinding) still says its own."""


def app(source: Source, clock: Clock, address: str, beside: Starlette | None = None) -> Starlette:
    """Only GET and HEAD; each answer is made of one snapshot. `beside`: what is served as well."""
    metrics = Metrics(source, clock)

    async def healthz(_: Request) -> Response:
        return _json(health.alive(source.state, clock))

    async def readyz(_: Request) -> Response:
        return _json(health.ready(source.state, clock))

    async def tell_metrics(_: Request) -> Response:
        return Response(metrics.text(), media_type=metrics.media_type, headers=HEADERS)

    application = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", tell_metrics),
            *(beside.routes if beside else ()),
        ],
        lifespan=beside.router.lifespan_context if beside else None,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[*NAMES, address], www_redirect=False)
        ],
    )
    application.router.redirect_slashes = False
    return application


def _json(told: health.Told) -> Response:
    return JSONResponse(told.body, told.status, headers=HEADERS)
