"""The API of the monorepo."""

import os

from fastapi import FastAPI

app = FastAPI(title="mono")


@app.get("/health")
def health() -> dict[str, str]:
    """Answer that the process serves."""
    return {"status": "ok"}


@app.get("/greeting")
def greeting() -> dict[str, str]:
    """Return what the web front shows."""
    return {"text": os.environ.get("GREETING", "Hello from the api")}
