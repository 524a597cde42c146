# Any FastAPI application: the preset fastapi of services.<name>.build. The build context is the source's folder, or the root of
# its uv workspace. It needs one of uv.lock, poetry.lock or requirements.txt, taken in that order.
# Works on Debian- and Alpine-based Python images.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1
# The service's folder below the context, and its name in a workspace.
ARG APP_DIR=.
ARG APP_PACKAGE=
# Not empty when the project's dependencies include sources of the context.
ARG WHOLE=
WORKDIR /build

# Only what names the dependencies, so that a change of source keeps the next layer. The patterns make each file optional.
COPY pyproject.tom[l] uv.loc[k] poetry.loc[k] *requirements*.tx[t] constraints*.tx[t] ./

# A workspace, and requirements that name other files, need the sources too: they are installed one layer later.
RUN --mount=type=cache,target=/root/.cache,sharing=locked \
    set -eu; \
    python -m venv --without-pip --system-site-packages /opt/venv; \
    tool() { python -m venv --without-pip --system-site-packages /opt/tool; /opt/tool/bin/python -m pip install "$1"; }; \
    if [ -n "$APP_PACKAGE$WHOLE" ]; then touch /opt/later; \
    elif [ -f uv.lock ]; then \
        tool 'uv>=0.5'; \
        UV_PROJECT_ENVIRONMENT=/opt/venv UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never \
            /opt/tool/bin/python -m uv sync --frozen --no-dev --no-install-project; \
    elif [ -f poetry.lock ]; then \
        tool 'poetry>=1.8,<3'; \
        VIRTUAL_ENV=/opt/venv PATH="/opt/venv/bin:$PATH" \
            /opt/tool/bin/python -m poetry install --only main --no-root --no-interaction --compile; \
    else \
        for file in $(sed -nE 's/^[[:space:]]*(-r|-c|--requirement|--constraint)[ =]*//p; s/^[[:space:]]*((-e|--editable)[ =].*|\.(\[.*)?|\.\/.*)$/not-here/p' requirements.txt); do \
            [ -f "$file" ] || touch /opt/later; \
        done; \
        [ -f /opt/later ] || /opt/venv/bin/python -m pip install --requirement requirements.txt; \
    fi

WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/root/.cache,sharing=locked \
    set -eu; \
    tool() { python -m venv --without-pip --system-site-packages /opt/tool; /opt/tool/bin/python -m pip install "$1"; }; \
    if [ -f /opt/later ] && [ -f uv.lock ]; then \
        tool 'uv>=0.5'; \
        UV_PROJECT_ENVIRONMENT=/opt/venv UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never \
            /opt/tool/bin/python -m uv sync --frozen --no-dev --no-editable ${APP_PACKAGE:+--package "$APP_PACKAGE"}; \
    elif [ -f /opt/later ] && [ -f poetry.lock ]; then \
        tool 'poetry>=1.8,<3'; \
        VIRTUAL_ENV=/opt/venv PATH="/opt/venv/bin:$PATH" \
            /opt/tool/bin/python -m poetry install --only main --no-root --no-interaction --compile; \
    elif [ -f /opt/later ]; then \
        /opt/venv/bin/python -m pip install --requirement requirements.txt; \
    fi; \
    /opt/venv/bin/python -c 'import uvicorn' 2>/dev/null || /opt/venv/bin/python -m pip install 'uvicorn>=0.30'; \
    python -m compileall -q --invalidation-mode unchecked-hash "$APP_DIR"

FROM ${PYTHON_IMAGE}
ARG APP_DIR=.
ARG APP_MODULE=main:app
ARG APP_PORT=8000
# Uvicorn kills workers that import for longer than 5 s, as they do on a busy machine, unless it is told to wait.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app/${APP_DIR}:/app/${APP_DIR}/src \
    APP_MODULE=${APP_MODULE} \
    PORT=${APP_PORT} \
    UVICORN_TIMEOUT_WORKER_HEALTHCHECK=60
WORKDIR /app/${APP_DIR}
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Numeric, because the kubelet's runAsNonRoot cannot judge a name. The files stay root's: nothing here is written to.
USER 1000:1000
HEALTHCHECK NONE
# Whoever reaches the port is let in by the NetworkPolicies: the front door and other services. So its X-Forwarded-* are believed, and
# redirects lead to https.
CMD ["sh", "-c", "exec python -m uvicorn \"$APP_MODULE\" --host 0.0.0.0 --port \"$PORT\" --proxy-headers --forwarded-allow-ips '*'"]
