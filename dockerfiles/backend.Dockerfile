# Backend: a FastAPI application with src/api/main.py:app. The build context is the application's folder.
# It needs one of uv.lock, poetry.lock or requirements.txt there, taken in that order: the most exact first.
# Works on Debian- and Alpine-based Python images.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /build

# Only what names the dependencies, so that a change of source keeps the next layer. The patterns in
# brackets make each file optional.
COPY pyproject.tom[l] uv.loc[k] poetry.loc[k] requirements*.tx[t] ./

# Without pip in it (the base image's is used), which saves 10 MB; with the base image's own packages in
# sight, so that an image that carries the libraries already needs no package index.
RUN --mount=type=cache,target=/root/.cache,sharing=locked \
    set -eu; \
    python -m venv --without-pip --system-site-packages /opt/venv; \
    tool() { python -m venv --without-pip --system-site-packages /opt/tool; /opt/tool/bin/python -m pip install "$1"; }; \
    if [ -f uv.lock ]; then \
        tool 'uv>=0.5'; \
        UV_PROJECT_ENVIRONMENT=/opt/venv UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never \
            /opt/tool/bin/python -m uv sync --frozen --no-dev --no-install-project; \
    elif [ -f poetry.lock ]; then \
        tool 'poetry>=1.8,<3'; \
        VIRTUAL_ENV=/opt/venv PATH="/opt/venv/bin:$PATH" \
            /opt/tool/bin/python -m poetry install --only main --no-root --no-interaction --compile; \
    elif [ -f requirements.txt ]; then \
        /opt/venv/bin/python -m pip install --requirement requirements.txt; \
    else \
        echo 'backend: the source folder has no uv.lock, poetry.lock or requirements.txt: add one of them' >&2; \
        exit 1; \
    fi

WORKDIR /app
COPY . .
# Bytecode now: at run time the file system is read-only. Checked by nothing later, so file times do not matter.
RUN test -f src/api/main.py \
    || { echo 'backend: src/api/main.py is missing from the source folder: it must define app' >&2; exit 1; }; \
    python -m compileall -q --invalidation-mode unchecked-hash src

FROM ${PYTHON_IMAGE}
# Plain uvicorn (0.37 and later) would kill workers that import for longer than 5 s, as they do on a busy machine.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORT=8000 \
    METRICS_PORT=9090 \
    UVICORN_TIMEOUT_WORKER_HEALTHCHECK=60
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Numeric, because the kubelet's runAsNonRoot cannot judge a name. The files stay root's: nothing here is written to.
USER 1000:1000
EXPOSE 8000 9090
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, sys, urllib.request as r; sys.tracebacklimit = 0; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health\", timeout=3)"]
# src.serve checks the settings before any worker starts; an application without it gets plain uvicorn.
CMD ["sh", "-c", "if [ -f src/serve.py ]; then exec python -m src.serve; else exec python -m uvicorn src.api.main:app --host 0.0.0.0 --port \"$PORT\" --workers 2; fi"]
