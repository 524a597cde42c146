"""The model: any OpenAI-compatible server, called without blocking the worker. One call is one round of an answer."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import httpx

from src import metrics, tools
from src.breaker import Breaker
from src.settings import Settings

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

log = logging.getLogger(__name__)

NOT_CONFIGURED = "OPENAI_API_KEY is not set"
TIMEOUT = "The model did not answer in time."
REFUSED_KEY = "OPENAI_API_KEY was refused by the model's provider."
NO_CAPACITY = "The model's provider has no capacity for this key right now. Try again in a moment."
REFUSED = "The model's provider refused the request."
UNREACHABLE = "The model could not be reached, or its answer broke off."
RESTING = "The model failed several times in a row and is left alone for a while. Try again in {} seconds."

type OnText = Callable[[str], Awaitable[None]]


class ModelError(Exception):
    """A failure the user may be told about; `status` is the HTTP status that says it."""

    def __init__(self, status: int, detail: str, *, broken: bool = False) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.broken = broken  # counts for the circuit breaker: a refusal does not


@dataclass
class ToolCall:
    """What the model asks for; `arguments` is the text it wrote, which may be anything."""

    id: str = ""
    name: str = ""
    arguments: str = ""


# The tools that /mcp offers, as this API wants them described.
TOOLS = [
    {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
    }
    for tool in tools.TOOLS.values()
]


class Model:
    def __init__(self, client: "AsyncOpenAI", name: str, breaker: Breaker) -> None:
        self._client = client
        self._name = name
        self._breaker = breaker

    @classmethod
    def from_settings(cls, settings: Settings) -> "Model | None":
        """None without a key: everything but the chat works."""
        if settings.openai_api_key is None:
            return None
        # Imported here: it costs a second and 15 MB, which a deployment without a key does not pay.
        from openai import AsyncOpenAI

        client = AsyncOpenAI(
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
            timeout=settings.openai_timeout_seconds,
            max_retries=1,
        )
        return cls(client, settings.openai_model, Breaker(on_change=metrics.circuit_open.set))

    def resting(self) -> int:
        """While the circuit is open: how many seconds there is no point in asking."""
        return self._breaker.wait()

    async def round(
        self, messages: Sequence[dict[str, Any]], choice: Literal["auto", "none"], on_text: OnText
    ) -> list[ToolCall]:
        """Have the model go on from these messages; its text goes to on_text as it comes, its calls are returned."""
        calls: dict[int, ToolCall] = {}
        finished = False
        with self._breaker.call(lambda error: isinstance(error, ModelError) and error.broken), _measured():
            async with _explained():
                chunks = await self._client.chat.completions.create(
                    model=self._name,
                    messages=cast("list[ChatCompletionMessageParam]", messages),
                    tools=cast("list[ChatCompletionToolParam]", TOOLS),
                    tool_choice=choice,
                    stream=True,
                )
                async with chunks:
                    async for chunk in chunks:
                        for option in chunk.choices[:1]:  # a chunk of usage figures has none
                            finished = finished or option.finish_reason is not None
                            for part in option.delta.tool_calls or []:
                                call = calls.setdefault(part.index, ToolCall())
                                call.id = part.id or call.id
                                if part.function is not None:
                                    call.name += part.function.name or ""
                                    call.arguments += part.function.arguments or ""
                            if option.delta.content:
                                await on_text(option.delta.content)
            if not finished:
                raise ModelError(502, UNREACHABLE, broken=True)
        return [call for _, call in sorted(calls.items())]

    async def close(self) -> None:
        await self._client.close()


@contextmanager
def _measured() -> Iterator[None]:
    started = time.perf_counter()
    outcome = "stopped"  # by the caller, or by the time that the whole answer may take
    try:
        yield
        outcome = "ok"
    except ModelError as error:
        outcome = "broken" if error.broken else "refused"
        raise
    finally:
        metrics.model_calls.labels(outcome).observe(time.perf_counter() - started)


@asynccontextmanager
async def _explained() -> AsyncIterator[None]:
    """Turns what the SDK raises into a ModelError. Its texts stay out: providers repeat the key and the prompt in them."""
    import openai

    try:
        yield
    except (openai.APITimeoutError, httpx.TimeoutException):
        failure = ModelError(504, TIMEOUT, broken=True)
    except openai.APIStatusError as error:
        if error.status_code in (401, 403):
            failure = ModelError(503, REFUSED_KEY)
        elif error.status_code == 429:
            failure = ModelError(503, NO_CAPACITY)
        elif error.status_code < 500:
            failure = ModelError(502, REFUSED)
        else:
            failure = ModelError(502, UNREACHABLE, broken=True)
        log.warning("the model's provider refused", extra={"data": {"status": error.status_code}})
        raise failure from None
    except (openai.APIError, httpx.HTTPError, ValueError) as error:  # ValueError: what came was not JSON
        log.warning("the model call failed", extra={"data": {"reason": type(error).__name__}})
        failure = ModelError(502, UNREACHABLE, broken=True)
    else:
        return
    raise failure from None
