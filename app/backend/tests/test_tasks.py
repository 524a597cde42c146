import json

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
    assert (await client.get(path, headers=bob)).json()["detail"] == missing.json()["detail"]
    assert (await client.get(path, headers=ann)).json() == task
    everything = (("GET", "/api/tasks"), ("POST", "/api/tasks"), ("GET", path), ("PATCH", path), ("DELETE", path))
    for method, url in everything:
        assert (await client.request(method, url, json={"title": "x"})).status_code == 401


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, None, 7, "nul\u0000"])
async def test_titles_that_are_refused(client: httpx.AsyncClient, title: object) -> None:
    ann = await sign_up(client, "ann@example.com")
    added = await client.post("/api/tasks", json={"title": title}, headers=ann)
    assert added.status_code == 422 and added.headers["content-type"] == "application/problem+json"
    task = (await client.post("/api/tasks", json={"title": "milk"}, headers=ann)).json()
    assert (await client.patch(f"/api/tasks/{task['id']}", json={"title": title}, headers=ann)).status_code == 422


async def test_a_title_is_enough_and_the_rest_has_defaults(client: httpx.AsyncClient) -> None:
    ann = await sign_up(client, "ann@example.com")
    task = (await client.post("/api/tasks", json={"title": "milk"}, headers=ann)).json()
    rest: dict[str, object] = {"notes": None, "priority": "medium", "tags": [], "due_date": None, "done": False}
    rest["title"] = "milk"
    assert task == rest | {key: task[key] for key in ("id", "created_at", "updated_at")}


async def test_all_fields_are_kept_and_tags_have_one_spelling(client: httpx.AsyncClient) -> None:
    ann = await sign_up(client, "ann@example.com")
    tags = [" Home ", "home", "To  Do", "E\u0301te"]
    body = {"title": "milk", "notes": " oat ", "priority": "high", "tags": tags, "due_date": "2026-11-30", "done": True}
    task = (await client.post("/api/tasks", json=body, headers=ann)).json()
    kept = body | {"notes": "oat", "tags": ["home", "to do", "\u00e9te"]}
    assert task == kept | {key: task[key] for key in ("id", "created_at", "updated_at")}
    assert (await client.get(f"/api/tasks/{task['id']}", headers=ann)).json() == task


async def test_a_change_leaves_what_it_does_not_name_and_null_clears(client: httpx.AsyncClient) -> None:
    ann = await sign_up(client, "ann@example.com")
    body = {"title": "milk", "notes": "oat", "priority": "high", "tags": ["home"], "due_date": "2026-11-30"}
    task = (await client.post("/api/tasks", json=body, headers=ann)).json()
    path = f"/api/tasks/{task['id']}"

    assert (await client.patch(path, json={}, headers=ann)).json() == task
    cleared = (await client.patch(path, json={"notes": None, "due_date": None}, headers=ann)).json()
    assert cleared == task | {"notes": None, "due_date": None, "updated_at": cleared["updated_at"]}
    assert cleared["updated_at"] > task["updated_at"]
    changed = (await client.patch(path, json={"tags": [], "priority": "low", "notes": ""}, headers=ann)).json()
    assert (changed["tags"], changed["priority"], changed["notes"]) == ([], "low", None)
    assert (await client.get(path, headers=ann)).json() == changed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("notes", "x" * 10_001),
        ("notes", "nul\u0000"),
        ("priority", "urgent"),
        ("priority", None),
        ("tags", None),
        ("tags", "home"),
        ("tags", [""]),
        ("tags", ["x" * 41]),
        ("tags", ["nul\u0000"]),
        ("tags", [f"tag {number}" for number in range(21)]),
        ("due_date", "2026-02-30"),
        ("due_date", "2026-11-30T00:00:00Z"),
        ("due_date", 1_795_737_600),
        ("done", None),
        ("title", "\ud800"),
    ],
)
async def test_values_that_are_refused(client: httpx.AsyncClient, field: str, value: object) -> None:
    ann = await sign_up(client, "ann@example.com")
    headers = ann | {"content-type": "application/json"}
    content = json.dumps({"title": "milk"} | {field: value})
    added = await client.post("/api/tasks", content=content, headers=headers)
    assert added.status_code == 422 and added.json()["errors"][0]["field"].startswith(field)
    task = (await client.post("/api/tasks", json={"title": "milk"}, headers=ann)).json()
    changed = await client.patch(f"/api/tasks/{task['id']}", content=json.dumps({field: value}), headers=headers)
    assert changed.status_code == 422
    assert (await client.get("/api/tasks", headers=ann)).json()["items"] == [task]
