import pytest
from pydantic import ValidationError

from src import settings
from src.model import Model
from src.settings import parse_database_url
from tests.conftest import KEY, SECRET, make_settings


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_database_url_keeps_everything_but_its_scheme(scheme: str) -> None:
    url = parse_database_url(
        f"{scheme}://us%40er:p%2Fw%25@db.example.com:6543/todo?sslmode=require&channel_binding=require&options=-c%20a%3Db"
    )
    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "us@er", "p/w%", "db.example.com", 6543, "todo",
    )  # fmt: skip
    assert url.query == {"sslmode": "require", "channel_binding": "require", "options": "-c a=b"}
    _, arguments = url.get_dialect()().create_connect_args(url)
    assert arguments["sslmode"] == "require"


def test_a_socket_is_a_host() -> None:
    assert parse_database_url("postgresql:///todo?host=/run/postgresql").database == "todo"


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/d", "h/d", "postgres://", "postgresql://u:hunter2@h", "postgresql://u:hunter2@h:port/d"]
)
def test_a_bad_database_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make_settings(url)
    assert "hunter2" not in str(refused.value)


def test_origins_are_split_and_checked() -> None:
    url = "postgresql://u@h/d"
    assert make_settings(url).cors_origins == ["http://localhost:3000"]
    given = make_settings(url, allowed_origins="http://localhost:3000, https://Chat.example.com/")
    assert given.cors_origins == ["http://localhost:3000", "https://chat.example.com"]
    with pytest.raises(ValidationError, match="an origin ends after"):
        make_settings(url, allowed_origins="https://example.com/path")


@pytest.mark.anyio
async def test_an_empty_base_url_is_openais(monkeypatch: pytest.MonkeyPatch) -> None:
    # In the environment, as in a pod: the SDK looks there too, and takes an empty variable for an address.
    for name, value in (
        ("DATABASE_URL", "postgresql://u@h/d"),
        ("BETTER_AUTH_SECRET", SECRET),
        ("OPENAI_API_KEY", KEY),
        ("OPENAI_BASE_URL", ""),
    ):
        monkeypatch.setenv(name, value)
    model = Model.from_settings(settings.load())
    assert model is not None
    assert str(model._client.base_url) == "https://api.openai.com/v1/"
    await model.close()


def test_secrets_do_not_show() -> None:
    shown = repr(make_settings("postgresql://u:hunter2@h/d", openai_api_key="not-a-key"))
    assert "hunter2" not in shown and "not-a-key" not in shown and "a-secret" not in shown
