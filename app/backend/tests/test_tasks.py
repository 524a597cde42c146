import httpx
import pytest

from tests.conftest import sign_up

pytestmark = pytest.mark.anyio


async def test_add_change_list_delete(client: httpx.AsyncClient) -> None:
    ann = await sign_up(client, "ann@example.com")
    first = (await client.post("/api/tasks", json={"title": " milk "}, headers=ann)).json()
    second = (await client.post("/api/tasks", json={"title": "bread"}, headers=ann)).json()
    assert first["title"] == "milk" and first["done"] is False

    changed = await client.patch(f"/api/tasks/{first['id']}", json={"done": True}, headers=ann)
    assert changed.json()["done"] is True and changed.json()["title"] == "milk"
    assert changed.json()["updated_at"] > first["updated_at"]
    assert changed.json()["created_at"] == first["created_at"]

    listed = (await client.get("/api/tasks", headers=ann)).json()
    assert listed["total"] == 2 and [item["id"] for item in listed["items"]] == [second["id"], first["id"]]
    page = (await client.get("/api/tasks?limit=1&offset=1", headers=ann)).json()
    assert page["total"] == 2 and [item["id"] for item in page["items"]] == [first["id"]]

    assert (await client.delete(f"/api/tasks/{first['id']}", headers=ann)).status_code == 204
    assert (await client.delete(f"/api/tasks/{first['id']}", headers=ann)).status_code == 404


async def test_users_do_not_see_each_other(client: httpx.AsyncClient) -> None:
    ann, bob = await sign_up(client, "ann@example.com"), await sign_up(client, "bob@example.com")
    task = (await client.post("/api/tasks", json={"title": "secret"}, headers=ann)).json()
    path = f"/api/tasks/{task['id']}"

    assert (await client.get("/api/tasks", headers=bob)).json() == {"items": [], "total": 0}
    stolen = await client.patch(path, json={"title": "mine"}, headers=bob)
    deleted = await client.delete(path, headers=bob)
    missing = await client.delete("/api/tasks/00000000-0000-4000-8000-000000000000", headers=bob)
    assert (stolen.status_code, deleted.status_code, missing.status_code) == (404, 404, 404)
    assert deleted.json()["detail"] == missing.json()["detail"]
    assert (await client.get("/api/tasks", headers=ann)).json()["items"] == [task]
    for method, url in (("GET", "/api/tasks"), ("POST", "/api/tasks"), ("PATCH", path), ("DELETE", path)):
        assert (await client.request(method, url, json={"title": "x"})).status_code == 401


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, None, 7, "nul\u0000"])
async def test_titles_that_are_refused(client: httpx.AsyncClient, title: object) -> None:
    ann = await sign_up(client, "ann@example.com")
    added = await client.post("/api/tasks", json={"title": title}, headers=ann)
    assert added.status_code == 422 and added.headers["content-type"] == "application/problem+json"
    task = (await client.post("/api/tasks", json={"title": "milk"}, headers=ann)).json()
    assert (await client.patch(f"/api/tasks/{task['id']}", json={"title": title}, headers=ann)).status_code == 422
