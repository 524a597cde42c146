"""The assistant behind the chat: an OpenAI-compatible model, called without blocking the worker."""

import logging
from typing import TYPE_CHECKING

from src.settings import Settings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

log = logging.getLogger(__name__)

NOT_CONFIGURED = "OPENAI_API_KEY is not set"
INSTRUCTIONS = "You are the assistant of a to-do list application. Answer briefly and in the user's language."


class AssistantError(Exception):
    """A failure the caller may be told about; `status` is the HTTP status that says it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Assistant:
    def __init__(self, client: "AsyncOpenAI", model: str) -> None:
        self._client = client
        self._model = model

    @classmethod
    def from_settings(cls, settings: Settings) -> "Assistant | None":
        """None without a key: everything but the chat works."""
        if settings.openai_api_key is None:
            return None
        # Imported here: it costs a second and 50 MB, which a deployment without a key does not pay.
        from openai import AsyncOpenAI

        client = AsyncOpenAI(
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
            timeout=settings.openai_timeout_seconds,
            max_retries=1,
        )
        return cls(client, settings.openai_model)

    async def reply(self, message: str) -> str:
        import openai

        try:
            completion = await self._client.chat.completions.create(
                model=self._model,
                messages=[{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": message}],
            )
        except openai.APITimeoutError:
            raise AssistantError(504, "The model did not answer in time.") from None
        except (openai.AuthenticationError, openai.PermissionDeniedError):
            log.error("the model's provider refused the key")
            raise AssistantError(503, "OPENAI_API_KEY was refused by the model's provider.") from None
        except openai.RateLimitError:
            raise AssistantError(503, "The model's provider has no capacity for this key right now.") from None
        except openai.APIError as error:
            log.error("the model call failed", extra={"data": {"reason": str(error)}})
            raise AssistantError(502, "The model could not be reached or sent no answer.") from None
        if not completion.choices:
            raise AssistantError(502, "The model could not be reached or sent no answer.")
        return completion.choices[0].message.content or ""

    async def close(self) -> None:
        await self._client.close()
