"""The tools as an MCP server, with the official SDK. Import it late: it costs a second and 30 MB."""

import json
from typing import Any
from uuid import UUID

import anyio
from anyio.abc import TaskStatus
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import StreamableHTTPServerTransport
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import Receive, Scope, Send

from src import tools

INSTRUCTIONS = "The tasks of the signed-in user. Dates are days without a time: YYYY-MM-DD."

_LISTED = types.ListToolsResult(
    tools=[
        types.Tool(
            name=tool.name,
            description=tool.description,
            inputSchema=tool.input_schema,
            outputSchema=tool.output_schema,
            annotations=types.ToolAnnotations(
                readOnlyHint=tool.read_only,
                destructiveHint=tool.destructive,
                idempotentHint=tool.read_only or tool.idempotent,
                openWorldHint=False,
            ),
        )
        for tool in tools.TOOLS.values()
    ]
)


async def answer(
    sessions: async_sessionmaker[AsyncSession], user_id: UUID, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one HTTP request of this user.

    Everything is made for this request and gone after it: any replica can answer the next one, and a server that knows
    one user only cannot mix two up.
    """
    server = _server(sessions, user_id)
    transport = StreamableHTTPServerTransport(mcp_session_id=None, is_json_response_enabled=True)

    async def serve(*, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        async with transport.connect() as (incoming, outgoing):
            task_status.started()
            await server.run(incoming, outgoing, server.create_initialization_options(), stateless=True)

    async with anyio.create_task_group() as group:
        await group.start(serve)
        await transport.handle_request(scope, receive, send)
        await transport.terminate()


def _server(sessions: async_sessionmaker[AsyncSession], user_id: UUID) -> Server[Any, Any]:
    server: Server[Any, Any] = Server("todo", version="1.0.0", instructions=INSTRUCTIONS)

    async def list_tools(_: types.ListToolsRequest) -> types.ServerResult:
        return types.ServerResult(_LISTED)

    async def call_tool(request: types.CallToolRequest) -> types.ServerResult:
        outcome = await tools.call(sessions, user_id, request.params.name, request.params.arguments or {})
        text = json.dumps(outcome.data, ensure_ascii=False) if outcome.ok else outcome.summary
        return types.ServerResult(
            types.CallToolResult(
                content=[types.TextContent(type="text", text=text)],
                structuredContent=outcome.data if outcome.ok else None,
                isError=not outcome.ok,
            )
        )

    # Not through the SDK's decorators: those put the text of any exception into the answer.
    server.request_handlers[types.ListToolsRequest] = list_tools
    server.request_handlers[types.CallToolRequest] = call_tool
    return server
