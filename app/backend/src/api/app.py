"""Puts the service together."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from src import db, drain, metrics, problems
from src.api import auth, chat, conversations, health, mcp, openapi, tasks
from src.api.deps import Resources
from src.api.requests import ID_HEADER, TRACE_HEADER, RequestContext
from src.chat import Chat
from src.migrator import Migrator
from src.model import Model
from src.readiness import Readiness
from src.security import Passwords, Tokens
from src.settings import Settings

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as held:
            # Neither connects yet: the process starts, and stays, with the database away.
            engine = db.request_engine(settings)
            metrics.forget_dead_workers()
            metrics.watch_pool(engine)
            held.push_async_callback(engine.dispose)
            probes = db.probe_engine(settings)
            held.push_async_callback(probes.dispose)
            sessions = db.session_factory(engine)
            model = Model.from_settings(settings)
            talk = Chat(sessions, model, settings.chat_timeout_seconds) if model is not None else None
            if talk is not None:
                held.push_async_callback(talk.close)
            migrator = Migrator(probes)
            readiness = Readiness(probes, on_behind=migrator.request)
            if settings.migrate_on_start:
                migrating = asyncio.create_task(migrator.run())
                held.push_async_callback(_cancel, migrating)
                migrator.request()
            app.state.resources = Resources(
                sessions=sessions,
                readiness=readiness,
                passwords=Passwords(),
                tokens=Tokens(settings.better_auth_secret, settings.better_auth_secret_also),
                chat=talk,
            )
            drain.install(readiness, settings.drain_seconds)
            log.info("started", extra={"data": {"environment": settings.environment}})
            yield
        log.info("stopped")

    app = FastAPI(title="Todo API", version="1.0.0", description=openapi.DESCRIPTION, lifespan=lifespan)
    problems.install(app)
    openapi.install(app)
    for module in (health, auth, tasks, chat, conversations):
        app.include_router(module.router)
    app.router.routes.append(mcp.ROUTE)
    # The last one added is the outermost: an error that RequestContext answers still gets its CORS headers.
    # One exposure serves the front and the API, so they are https together.
    app.add_middleware(RequestContext, https=settings.frontend_url.startswith("https://"))
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", ID_HEADER, TRACE_HEADER],
        expose_headers=[ID_HEADER, "Retry-After"],
        # The API takes bearer tokens, no cookies.
        allow_credentials=False,
        max_age=600,
    )
    return app


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
