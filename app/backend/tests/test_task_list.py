"""Filters, search, order and pages of the task list."""

from datetime import timedelta

import httpx
import pytest

from src.models import now
from tests.conftest import sign_up

pytestmark = pytest.mark.anyio

TASKS = [
    {"title": "Buy milk", "priority": "low", "tags": ["home", "shop"], "due_date": "2026-11-20"},
    {"title": "apple pie", "notes": "100% MILK_free", "priority": "high", "tags": ["home"], "due_date": "2026-11-25"},
    {"title": "Call Zoë", "tags": ["work"], "due_date": "2026-11-22", "done": True},
    {"title": "zebra", "priority": "high"},
]


@pytest.fixture
async def ann(client: httpx.AsyncClient) -> dict[str, str]:
    ann, bob = await sign_up(client, "ann@example.com"), await sign_up(client, "bob@example.com")
    for task in TASKS:
        assert (await client.post("/api/tasks", json=task, headers=ann)).status_code == 201
        # The same for someone else: not one of these may ever show.
        assert (await client.post("/api/tasks", json=task, headers=bob)).status_code == 201
    return ann


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "zebra, Call Zoë, apple pie, Buy milk"),
        ("done=true", "Call Zoë"),
        ("done=false", "zebra, apple pie, Buy milk"),
        ("priority=low", "Buy milk"),
        ("priority=low&priority=medium", "Call Zoë, Buy milk"),
        ("tag=HOME", "apple pie, Buy milk"),
        ("tag=home&tag=shop", "Buy milk"),
        ("tag=hom", ""),
        ("due_before=2026-11-22", "Buy milk"),
        ("due_after=2026-11-22", "apple pie"),
        ("due_after=2026-11-19&due_before=2026-11-26", "Call Zoë, apple pie, Buy milk"),
        ("overdue=true&today=2026-11-23", "Buy milk"),
        ("overdue=true&today=2026-11-20", ""),
        ("overdue=false&today=2026-11-23", "zebra, Call Zoë, apple pie"),
        ("q=MILK", "apple pie, Buy milk"),
        ("q=zoë", "Call Zoë"),
        ("q=ZOË", "Call Zoë"),
        ("q=%25", "apple pie"),
        ("q=_", "apple pie"),
        ("q=/", ""),
        ("q=%5C", ""),
        ("q=milk&done=false&priority=high&tag=home", "apple pie"),
        ("sort=created&order=asc", "Buy milk, apple pie, Call Zoë, zebra"),
        ("sort=due", "Buy milk, Call Zoë, apple pie, zebra"),
        ("sort=due&order=desc", "apple pie, Call Zoë, Buy milk, zebra"),
        ("sort=priority", "zebra, apple pie, Call Zoë, Buy milk"),
        ("sort=priority&order=asc", "Buy milk, Call Zoë, zebra, apple pie"),
        ("sort=title", "apple pie, Buy milk, Call Zoë, zebra"),
        ("sort=title&order=desc", "zebra, Call Zoë, Buy milk, apple pie"),
    ],
)
async def test_filter_search_sort(client: httpx.AsyncClient, ann: dict[str, str], query: str, expected: str) -> None:
    answer = await client.get(f"/api/tasks?{query}", headers=ann)
    assert answer.status_code == 200, answer.text
    listed = answer.json()
    assert ", ".join(item["title"] for item in listed["items"]) == expected
    assert listed["total"] == len(listed["items"])


async def test_a_page_has_the_total_of_its_filter(client: httpx.AsyncClient, ann: dict[str, str]) -> None:
    listed = (await client.get("/api/tasks?done=false&limit=1&offset=1", headers=ann)).json()
    assert [item["title"] for item in listed["items"]] == ["apple pie"] and listed["total"] == 3
    beyond = (await client.get("/api/tasks?done=false&offset=50", headers=ann)).json()
    assert beyond == {"items": [], "total": 3}


async def test_pages_are_stable_where_the_key_is_equal(client: httpx.AsyncClient) -> None:
    ann = await sign_up(client, "ann@example.com")
    for _ in range(9):
        await client.post("/api/tasks", json={"title": "same"}, headers=ann)
    for sort in ("created", "due", "priority", "title"):
        for order in ("asc", "desc"):
            pages = [
                (await client.get(f"/api/tasks?sort={sort}&order={order}&limit=2&offset={offset}", headers=ann)).json()
                for offset in range(0, 9, 2)
            ]
            assert len({item["id"] for page in pages for item in page["items"]}) == 9


async def test_overdue_without_a_date_of_the_reader_goes_by_utc(client: httpx.AsyncClient) -> None:
    ann = await sign_up(client, "ann@example.com")
    today = now().date()
    for title, days in (("past", -2), ("future", 2)):
        due = (today + timedelta(days=days)).isoformat()
        await client.post("/api/tasks", json={"title": title, "due_date": due}, headers=ann)
    listed = (await client.get("/api/tasks?overdue=true", headers=ann)).json()
    assert [item["title"] for item in listed["items"]] == ["past"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "offset=-1",
        "sort=user_id",
        "order=up",
        "priority=urgent",
        "done=perhaps",
        "due_before=tomorrow",
        "due_after=1795737600",
        "tag=",
        "q=%00",
        "q=" + "x" * 201,
    ],
)
async def test_queries_that_are_refused(client: httpx.AsyncClient, query: str) -> None:
    ann = await sign_up(client, "ann@example.com")
    answer = await client.get(f"/api/tasks?{query}", headers=ann)
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"].startswith(query.partition("=")[0])
