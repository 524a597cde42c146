# frontend-web: a Next.js application built with `output: 'standalone'`. Also builds your own source of that shape.
# Kept line for line parallel with its frontend-* sibling: only the service name and the port differ.
# Needs BuildKit (Docker 20.10 or later). Works on Alpine- and Debian-based Node images alike.
ARG NODE_IMAGE=node:20-alpine

# ---- deps: everything the build needs, development dependencies included (`next build` needs them) ----
FROM ${NODE_IMAGE} AS deps
WORKDIR /app
# The wildcards make each file optional. The lockfile is copied before the source, so a code change installs nothing.
COPY package.json package-lock.json* pnpm-lock.yaml* pnpm-workspace.yaml* yarn.lock* .npmrc* .yarnrc* ./
# One cache for the three package managers. pnpm and yarn come from npm at the version package.json names in
# "packageManager", because newer Node images no longer carry corepack. A download that hangs is tried again after a
# minute; npm would wait for five.
RUN --mount=type=cache,id=todo-node-packages,target=/var/cache/node-packages \
    set -e; \
    export NODE_ENV=development npm_config_cache=/var/cache/node-packages/npm npm_config_update_notifier=false \
           npm_config_audit=false npm_config_fund=false npm_config_fetch_timeout=60000 YARN_CACHE_FOLDER=/var/cache/node-packages/yarn YARN_IGNORE_PATH=1; \
    manager="$(node -p "(require('./package.json').packageManager || '').split('+')[0]")"; \
    if [ -f package-lock.json ]; then npm ci --include=dev; \
    elif [ -f pnpm-lock.yaml ]; then \
        case "$manager" in pnpm@*) ;; *) manager=pnpm@9 ;; esac; \
        npx --yes "$manager" install --frozen-lockfile --store-dir=/var/cache/node-packages/pnpm; \
    elif [ -f yarn.lock ]; then \
        case "$manager" in \
        yarn@1*|'') npx --yes yarn@1 install --frozen-lockfile --production=false ;; \
        *) YARN_NODE_LINKER=node-modules YARN_ENABLE_GLOBAL_CACHE=false npx --yes "@yarnpkg/cli-dist@${manager#yarn@}" install --immutable ;; \
        esac; \
    else echo 'frontend-web: no package-lock.json, pnpm-lock.yaml or yarn.lock in the build context: commit the lockfile' >&2; exit 1; \
    fi

# ---- build ----
FROM deps AS build
ENV NEXT_TELEMETRY_DISABLED=1
# Only a default: the running server reads its environment. Public by name; a secret is never a build argument.
ARG NEXT_PUBLIC_API_URL
COPY . .
RUN --mount=type=cache,id=todo-next-frontend-web,target=/app/.next/cache,sharing=locked \
    set -e; \
    npm run build; \
    if [ ! -f .next/standalone/server.js ]; then \
        echo "frontend-web: the build made no .next/standalone/server.js: set output: 'standalone' (and outputFileTracingRoot to the application's own folder) in the Next.js config" >&2; exit 1; \
    fi; \
    mkdir -p public

# ---- runtime: the traced server and its static files, nothing else ----
FROM ${NODE_IMAGE} AS runtime
WORKDIR /app
# Without HOSTNAME the server listens on the container's own name only.
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1 HOSTNAME=0.0.0.0 PORT=3000
# Owned by root: the running user can read the application and cannot change it.
COPY --from=build /app/.next/standalone ./
COPY --from=build /app/.next/static ./.next/static
COPY --from=build /app/public ./public
# The one folder Next.js writes to, besides /tmp. With a read-only root it is a mount.
RUN mkdir -p .next/cache && chown 1000:1000 .next/cache
# Numeric, because the kubelet cannot prove that a user name is not root.
USER 1000:1000
EXPOSE 3000
# In node, because slim images have no curl. Any answer below 500 is healthy, so that an application without this path works too.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/api/healthz', { redirect: 'manual' }).then((r) => process.exit(r.status < 500 ? 0 : 1), () => process.exit(1))"]
CMD ["node", "server.js"]
