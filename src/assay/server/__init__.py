"""The server process: composition, the ASGI app, background jobs."""
