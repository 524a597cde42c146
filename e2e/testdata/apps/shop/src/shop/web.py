"""The API of the shop."""

from fastapi import FastAPI

from shop.queue import DONE, ORDERS, connect

app = FastAPI(title="shop")

ITEMS = [{"name": "tea", "price": 4}, {"name": "cup", "price": 9}]


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Answer without asking the store."""
    return {"status": "ok"}


@app.get("/items")
def items() -> list[dict[str, object]]:
    """List what can be ordered."""
    return list(ITEMS)


@app.post("/orders/{name}", status_code=202)
def order(name: str) -> dict[str, str]:
    """Put an order into the queue."""
    connect().rpush(ORDERS, name)
    return {"queued": name}


@app.get("/orders/done")
def done() -> list[str]:
    """List the orders that the worker has packed."""
    return connect().lrange(DONE, 0, -1)
