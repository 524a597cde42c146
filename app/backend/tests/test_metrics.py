"""The numbers for Prometheus, and the API's description."""

import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from src import metrics
from tests import postgres
from tests.conftest import ROOT, sign_up
from tests.test_process import BOOT_SECONDS, SERVE, process, status, wait_for

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
    before = generate_latest(metrics.registry).decode()
    task = (await client.post("/api/tasks", json={"title": "hunter2"}, headers=ann)).json()
    await client.get(f"/api/tasks/{task['id']}?q=hunter2", headers=ann)
    await client.get("/api/tasks/hunter2", headers=ann)
    await client.get("/hunter2", headers=ann)
    await client.request("HUNTER2", "/api/tasks", headers=ann)
    after = generate_latest(metrics.registry).decode()

    def added(**labels: str) -> float:
        return requests(after, **labels) - requests(before, **labels)

    assert added(method="POST", route="/api/tasks", status="201") == 1
    assert added(method="GET", route="/api/tasks/{task_id}", status="200") == 1
    assert added(method="GET", route="/api/tasks/{task_id}", status="422") == 1
    assert added(method="GET", route="unmatched", status="404") == 1
    assert added(method="other", status="405") == 1
    values = {name: value for (name, labels), value in samples(after).items() if not labels}
    assert values["http_requests_in_flight"] == 0
    assert (values["db_pool_connections_in_use"], values["db_pool_connections_max"]) == (0, 3)
    assert values["db_pool_timeouts_total"] == 0
    for secret in ("hunter2", "HUNTER2", "ann@", task["id"]):
        assert secret not in after


@pytest.mark.anyio
async def test_the_readme_lists_what_there_is(client: httpx.AsyncClient) -> None:
    # The dashboard and the alerts are checked against the same table: conformance/alerts.
    _, _, section = (ROOT / "README.md").read_text().partition("### Metrics")
    table, _, _ = section.partition("\n## ")
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*?) *\|", table, re.MULTILINE)
    labels = {}
    for collector, names in metrics.registry._collector_to_names.items():
        labels.update(dict.fromkeys(names, list(getattr(collector, "_labelnames", ()))))
    there = []
    for family in metrics.registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        there.append((name, family.type, ", ".join(f"`{label}`" for label in labels[family.name])))
    assert sorted(listed) == sorted(there)


@pytest.mark.anyio
async def test_the_api_does_not_serve_them(client: httpx.AsyncClient) -> None:
    # An exposure makes all of the API's port public.
    assert (await client.get("/metrics")).status_code == 404


def test_one_scrape_has_the_numbers_of_all_workers(
    environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    metrics_port = str(postgres.free_port())
    env = environment(WEB_CONCURRENCY="2", TMPDIR=str(tmp_path), DRAIN_SECONDS="0", METRICS_PORT=metrics_port)
    base = f"http://127.0.0.1:{env['PORT']}"

    def scrape() -> dict[str, float]:
        answer = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", timeout=BOOT_SECONDS)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain"), answer.text
        text = answer.text
        return {"health": requests(text, route="/health")} | {
            name: value for (name, labels), value in samples(text).items() if not labels
        }

    def shows(name: str, value: float) -> bool:
        try:
            return scrape().get(name) == value
        except AssertionError:  # a worker is about to make, or to remove, a file that is being read
            return False

    def workers() -> set[int]:
        return {int(file.stem.rpartition("_")[2]) for file in tmp_path.glob("todo-metrics-*/gauge_livesum_*.db")}

    with process(SERVE, env, tmp_path) as started:
        wait_for(lambda: status(f"{base}/ready") == 200)
        wait_for(lambda: len(workers()) == 2 and shows("db_pool_connections_max", 6))
        before = scrape()["health"]
        for _ in range(20):
            assert status(f"{base}/health") == 200
        wait_for(lambda: shows("health", before + 20))  # a request is counted when its answer has been sent
        assert {scrape()["health"] - before for _ in range(10)} == {20}

        first = workers()
        os.kill(min(first), signal.SIGKILL)
        wait_for(lambda: len(workers()) == 2 and workers() != first and shows("db_pool_connections_max", 6))
        wait_for(lambda: status(f"{base}/ready") == 200)
        assert scrape()["health"] - before == 20  # a counter never goes back
        started.send_signal(signal.SIGTERM)
        assert started.wait(BOOT_SECONDS) == 0
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
    env = environment(WEB_CONCURRENCY="1", DRAIN_SECONDS="0", METRICS_PORT=str(postgres.free_port()))
    with process([sys.executable, "-c", broken], env, tmp_path):
        wait_for(lambda: status(f"http://127.0.0.1:{env['PORT']}/health") == 200)
        assert status(f"http://127.0.0.1:{env['METRICS_PORT']}/metrics") == 0
    assert "no folder for metrics" in (tmp_path / "out").read_text()


def test_with_the_port_taken_it_serves_and_says_so(environment: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        env = environment(WEB_CONCURRENCY="1", DRAIN_SECONDS="0", METRICS_PORT=str(taken.getsockname()[1]))
        with process(SERVE, env, tmp_path):
            wait_for(lambda: status(f"http://127.0.0.1:{env['PORT']}/health") == 200)
    assert "metrics are not served" in (tmp_path / "out").read_text()


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
