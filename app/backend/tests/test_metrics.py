"""/metrics and the API's description."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import sign_up
from tests.test_process import SERVE, process, status, wait_for

Sample = tuple[str, frozenset[tuple[str, str]]]


def samples(text: str) -> dict[Sample, float]:
    families = text_string_to_metric_families(text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def requests(text: str, **labels: str) -> float:
    wanted = labels.items()
    name = "http_request_duration_seconds_count"
    return sum(value for (each, found), value in samples(text).items() if each == name and found >= wanted)


@pytest.mark.anyio
async def test_requests_are_counted_by_route_and_no_label_is_the_callers(client: httpx.AsyncClient) -> None:
    ann = await sign_up(client, "ann@example.com")
    before = (await client.get("/metrics")).text
    task = (await client.post("/api/tasks", json={"title": "hunter2"}, headers=ann)).json()
    await client.get(f"/api/tasks/{task['id']}?q=hunter2", headers=ann)
    await client.get("/api/tasks/hunter2", headers=ann)
    await client.get("/hunter2", headers=ann)
    await client.request("HUNTER2", "/api/tasks", headers=ann)
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    after = answer.text

    def added(**labels: str) -> float:
        return requests(after, **labels) - requests(before, **labels)

    assert added(method="POST", route="/api/tasks", status="201") == 1
    assert added(method="GET", route="/api/tasks/{task_id}", status="200") == 1
    assert added(method="GET", route="/api/tasks/{task_id}", status="422") == 1
    assert added(method="GET", route="unmatched", status="404") == 1
    assert added(method="other", status="405") == 1
    values = {name: value for (name, labels), value in samples(after).items() if not labels}
    assert values["http_requests_in_flight"] == 1  # this one
    assert (values["db_pool_connections_in_use"], values["db_pool_connections_max"]) == (0, 3)
    assert values["db_pool_timeouts_total"] == 0
    for secret in ("hunter2", "HUNTER2", "ann@", task["id"]):
        assert secret not in after


def test_whichever_worker_is_asked_answers_for_all(
    environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    env = environment(WEB_CONCURRENCY="2", TMPDIR=str(tmp_path), DRAIN_SECONDS="0")
    base = f"http://127.0.0.1:{env['PORT']}"

    def scrape() -> dict[str, float]:
        text = httpx.get(f"{base}/metrics", timeout=5).text
        return {"health": requests(text, route="/health")} | {
            name: value for (name, labels), value in samples(text).items() if not labels
        }

    def workers() -> set[int]:
        return {int(file.stem.rpartition("_")[2]) for file in tmp_path.glob("todo-metrics-*/gauge_livesum_*.db")}

    with process(SERVE, env, tmp_path) as started:
        wait_for(lambda: status(f"{base}/ready") == 200)
        wait_for(lambda: len(workers()) == 2 and scrape()["db_pool_connections_max"] == 6)
        before = scrape()["health"]
        for _ in range(20):
            assert status(f"{base}/health") == 200
        assert {scrape()["health"] - before for _ in range(10)} == {20}

        first = workers()
        os.kill(min(first), signal.SIGKILL)
        wait_for(lambda: len(workers()) == 2 and workers() != first)
        wait_for(lambda: status(f"{base}/ready") == 200)
        after = scrape()
        assert after["health"] - before == 20  # a counter never goes back
        assert after["db_pool_connections_max"] == 6
        started.send_signal(signal.SIGTERM)
        assert started.wait(20) == 0
    assert not list(tmp_path.glob("todo-metrics-*"))


def test_without_a_folder_it_serves_and_says_so(environment: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    # What a read-only image without a /tmp comes to.
    broken = """
import tempfile
def refuse(**_): raise OSError("read-only file system")
tempfile.TemporaryDirectory = refuse
from src import serve
serve.main()
"""
    env = environment(WEB_CONCURRENCY="1", DRAIN_SECONDS="0")
    with process([sys.executable, "-c", broken], env, tmp_path):
        wait_for(lambda: status(f"http://127.0.0.1:{env['PORT']}/metrics") == 200)
    assert "no folder for metrics" in (tmp_path / "out").read_text()


@pytest.mark.anyio
async def test_the_description_has_examples_and_problems(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    assert schema == (await client.get("/openapi.json")).json()
    assert "HTTPValidationError" not in str(schema)
    assert {"ProblemDetails", "FieldError", "TaskChange"} <= set(schema["components"]["schemas"])
    for name in ("NewTask", "TaskChange", "TaskView", "Register", "Login"):
        assert schema["components"]["schemas"][name]["examples"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            problems = {code: each for code, each in operation["responses"].items() if code[0] in "45"}
            assert all(list(each["content"]) == ["application/problem+json"] for each in problems.values())
            assert ("401" in problems) >= ("security" in operation), f"{method} {path}"
    patch = schema["paths"]["/api/tasks/{task_id}"]["patch"]["responses"]
    assert set(patch) == {"200", "401", "404", "422", "503"}
    example = patch["404"]["content"]["application/problem+json"]["example"]
    ann = await sign_up(client, "ann@example.com")
    missing = await client.get("/api/tasks/7f0c1f6e-3d0b-4a57-9f6e-2f6f0c6b8f11", headers=ann)
    assert missing.json()["detail"] == example["detail"] and set(missing.json()) == set(example)
