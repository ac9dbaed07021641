"""The least a server can do with a log-batch: `bare.py PORT` decodes each body into the same structs and drops it."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from assay.dialects.mlflow.plain import BATCH

EMPTY = b"{}"


async def drop(request: Request) -> Response:
    """The body was a valid log-batch."""
    BATCH.decode(await request.body())
    return Response(EMPTY, media_type="application/json")


async def health(_: Request) -> Response:
    """It is up."""
    return PlainTextResponse("OK")


async def create(_: Request) -> Response:
    """A run, in name only."""
    return Response(b'{"run":{"info":{"run_id":"%b"}}}' % (b"0" * 32), media_type="application/json")


app = Starlette(
    routes=[
        Route("/api/2.0/mlflow/runs/log-batch", drop, methods=["POST"]),
        Route("/api/2.0/mlflow/runs/create", create, methods=["POST"]),
        Route("/health", health),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
