"""The API's description: what FastAPI derives from the routes, with the errors as they really are."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from src.problems import UNAVAILABLE

DESCRIPTION = """Accounts, tasks and chat. Errors are problem details (RFC 9457), `application/problem+json`.

Sign in with `/api/auth/login` and send the token as `Authorization: Bearer <token>`."""
SIGN_IN = "Sign in first: the token is missing, wrong or expired."
INVALID = "title: String should have at least 1 character"


class FieldError(BaseModel):
    field: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457."""

    # Members of its own, such as the reason of /ready.
    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[FieldError] | None = None


def install(app: FastAPI) -> None:
    derive = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            _with_problems(derive())
        return derive()

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way


def _with_problems(schema: dict[str, Any]) -> None:
    """FastAPI describes refused bodies in its own format and knows nothing of the handlers in src/problems.py."""
    schemas = schema["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"ProblemDetails": problem}
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            if "security" in operation:
                responses.setdefault("401", {"description": SIGN_IN})
            if path.startswith(("/api/auth", "/api/tasks", "/api/conversations")):
                responses.setdefault("503", {"description": UNAVAILABLE})
            for status, response in responses.items():
                if status.startswith(("4", "5")):
                    response["content"] = {"application/problem+json": _content(int(status), response["description"])}


def _content(status: int, description: str) -> dict[str, Any]:
    example: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    example |= {"detail": description, "request_id": "0e5c1c8a4f6d4b6f9a7d2f1b3c5e7a90"}
    if status == 422:
        field, _, message = INVALID.partition(": ")
        example |= {"detail": INVALID, "errors": [{"field": field, "message": message}]}
    return {"schema": {"$ref": "#/components/schemas/ProblemDetails"}, "example": example}
