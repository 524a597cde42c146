# Any Next.js application: the preset nextjs of services.<name>.build. The build context is the source's folder, or the root of
# its workspace. Works on Alpine- and Debian-based Node images alike.
ARG NODE_IMAGE=node:20-alpine

# ---- deps: everything the build needs, development dependencies included (`next build` needs them) ----
FROM ${NODE_IMAGE} AS deps
WORKDIR /app
# One cache for all package managers, which come from npm at the version that package.json names in "packageManager".
# A download that hangs is tried again after a minute; npm would wait for five.
RUN printf '%s\n' \
    'set -e' \
    'export NODE_ENV=development npm_config_cache=/var/cache/node-packages/npm npm_config_update_notifier=false' \
    'export npm_config_audit=false npm_config_fund=false npm_config_fetch_timeout=60000 YARN_CACHE_FOLDER=/var/cache/node-packages/yarn YARN_IGNORE_PATH=1' \
    'manager="$(node -p "(require(\"./package.json\").packageManager || \"\").split(\"+\")[0]")"' \
    'if [ -f package-lock.json ]; then npm ci --include=dev' \
    'elif [ -f pnpm-lock.yaml ]; then case "$manager" in pnpm@*) ;; *) manager=pnpm@9 ;; esac' \
    '  npx --yes "$manager" install --frozen-lockfile --store-dir=/var/cache/node-packages/pnpm' \
    'elif [ -f bun.lock ] || [ -f bun.lockb ]; then case "$manager" in bun@*) ;; *) manager=bun@1 ;; esac' \
    '  BUN_INSTALL_CACHE_DIR=/var/cache/node-packages/bun npx --yes "$manager" install --frozen-lockfile' \
    'else [ -z "$YARN_BERRY" ] || manager=yarn@4; case "$manager" in' \
    '  yarn@1*|"") npx --yes yarn@1 install --frozen-lockfile --production=false ;;' \
    '  *) YARN_NODE_LINKER=node-modules YARN_ENABLE_GLOBAL_CACHE=false npx --yes "@yarnpkg/cli-dist@${manager#yarn@}" install --immutable ;;' \
    '  esac' \
    'fi' > /install.sh
# Not empty when yarn.lock is of yarn 2 or later, and package.json names no version.
ARG YARN_BERRY=
# Whether these files are all that an install reads. A workspace reads its members too, and is installed one layer later.
ARG LAYERED=
COPY package.json package-lock.json* pnpm-lock.yaml* pnpm-workspace.yaml* yarn.lock* bun.lock* .npmrc* .yarnrc* ./
RUN --mount=type=cache,id=todo-node-packages,target=/var/cache/node-packages \
    [ -z "$LAYERED" ] || sh /install.sh

# ---- build ----
FROM deps AS build
ENV NEXT_TELEMETRY_DISABLED=1
ARG APP_DIR=.
COPY . .
RUN --mount=type=cache,id=todo-node-packages,target=/var/cache/node-packages \
    [ -n "$LAYERED" ] || sh /install.sh
# Build arguments are public: Next.js writes NEXT_PUBLIC_* into the browser's code. They come as one file, because a Dockerfile
# has to name each argument that it takes.
ARG PUBLIC_ENV=
RUN set -e; \
    [ -z "$PUBLIC_ENV" ] || printf '\n%s\n' "$PUBLIC_ENV" >> "$APP_DIR/.env.production"; \
    cd "$APP_DIR"; npm run build; mkdir -p public; cd /app; \
    if [ -d "$APP_DIR/.next/standalone" ]; then \
        mkdir /out; cp -R "$APP_DIR/.next/standalone/." /out/; cd /out; \
        dir="$APP_DIR"; [ -f "$dir/server.js" ] || dir=.; \
        [ -f "$dir/server.js" ] || { echo "the build made no server.js in .next/standalone" >&2; exit 1; }; \
        mkdir -p "$dir/.next"; cp -R "/app/$APP_DIR/.next/static" "$dir/.next/static"; cp -R "/app/$APP_DIR/public" "$dir/public"; \
        printf 'process.chdir(__dirname + "/%s"); import("./%s/server.js");\n' "$dir" "$dir" > start.cjs; \
    else \
        cp -R /app /out; rm -rf "/out/$APP_DIR/.next/cache"; cd /out; dir="$APP_DIR"; \
        printf 'process.chdir(__dirname + "/%s"); process.argv.push("start"); require(require.resolve("next/dist/bin/next", { paths: [process.cwd()] }));\n' "$dir" > start.cjs; \
    fi; \
    mkdir -p "/out/$APP_DIR/.next/cache"; chown 1000:1000 "/out/$APP_DIR/.next/cache"

# ---- runtime: the server and its static files; without output: 'standalone' the whole application ----
FROM ${NODE_IMAGE} AS runtime
WORKDIR /app
ARG APP_PORT=3000
# Without HOSTNAME the server listens on the container's own name only.
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1 HOSTNAME=0.0.0.0 PORT=${APP_PORT}
# Owned by root: the running user can read the application and cannot change it.
COPY --from=build /out ./
# Numeric, because the kubelet cannot prove that a user name is not root.
USER 1000:1000
HEALTHCHECK NONE
CMD ["node", "start.cjs"]
