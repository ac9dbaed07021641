"""The least a server can do: `bare.py PORT` decodes log-batches as ours does and drops them; it also sends zeros."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from assay.dialects.mlflow.plain import BATCH

EMPTY = b"{}"
MADE: dict[int, bytes] = {}


async def drop(request: Request) -> Response:
    """The body was a valid log-batch."""
    BATCH.decode(await request.body())
    return Response(EMPTY, media_type="application/json")


async def health(_: Request) -> Response:
    """It is up."""
    return PlainTextResponse("OK")


async def some_bytes(request: Request) -> Response:
    """So many bytes, made once."""
    size = int(request.path_params["size"])
    if size not in MADE:
        MADE[size] = bytes(size)
    return Response(MADE[size], media_type="application/octet-stream")


async def create(_: Request) -> Response:
    """A run, in name only."""
    return Response(b'{"run":{"info":{"run_id":"%b"}}}' % (b"0" * 32), media_type="application/json")


app = Starlette(
    routes=[
        Route("/api/2.0/mlflow/runs/log-batch", drop, methods=["POST"]),
        Route("/api/2.0/mlflow/runs/create", create, methods=["POST"]),
        Route("/health", health),
        Route("/bytes/{size:int}", some_bytes),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
