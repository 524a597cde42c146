#!/usr/bin/env bash
# What people wait for, each against something that was measured in the same run: docs/performance.md says
# what the figures mean. It needs a stack that is up on the lab or a cluster like it (make up), runs for about six minutes, and
# leaves the checkout and the stack as they were. RUNS=5 for more runs of each command than three.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname)" = Linux ] || { echo "make bench needs Linux: it reads /proc and uses GNU date"; exit 1; }
runs=${RUNS:-3} stack=${STACK:-dev}

for tool in hyperfine jq; do
  command -v "$tool" >/dev/null && continue
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "make bench needs $tool: https://github.com/sharkdp/hyperfine, https://jqlang.org"; exit 1; }
  apt-get install -y -qq "$tool" >/dev/null
done
cluster=.state/$stack/cluster.json
[ -f "$cluster" ] || { echo "stack $stack is not up here: make up"; exit 1; }
eval "$(make env)"
config=$PWD/.state/$stack/Pulumi.$stack.yaml
registry=$(jq -r '.registry // ""' "$cluster")
DOCKER_HOST=$(jq -r '.dockerHost // ""' "$cluster")
[ -z "$DOCKER_HOST" ] || export DOCKER_HOST DOCKER_BUILDKIT=1
namespace=$(pulumi stack output -s "$stack" namespace)
api=$(pulumi stack output -s "$stack" apiUrl)

# The one file that is changed, and put back however this ends.
line=app/backend/src/api/main.py
work=$(mktemp -d)
cp "$line" "$work/main.py"
trap 'cp "$work/main.py" "$line"; rm -rf "$work"' EXIT

title() { printf '\n▸ %s\n' "$*"; }
# ratios prints hyperfine's means and how many times the first one each is.
ratios() { jq -r '.results as $all | $all[] | "  \(.command)\t\(.mean * 100 | round / 100) s ± \((.stddev // 0) * 100 | round / 100)\t\(.mean / $all[0].mean * 100 | round / 100)×"' "$1" | column -t -s $'\t'; }
measure() { hyperfine --style none --runs "$runs" --export-json "$work/times.json" "$@" >/dev/null 2>"$work/hyperfine.log" || { cat "$work/hyperfine.log"; exit 1; }; ratios "$work/times.json"; }

echo "$(nproc) cores, $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo), $(. /etc/os-release && echo "$PRETTY_NAME"), $(go env GOVERSION), commit $(git rev-parse --short HEAD), $(date -u +%F)"

title "naming the three images after their content, against reading and hashing the same files once"
GOWORK=off go test ./components -run '^$' -bench 'ContentTag|ReadAndHash' -benchtime "${runs}s" | awk '
  /^Benchmark/ { sub(/-[0-9]+$/, "", $1); ms[$1] = $3 / 1e6; print "  " $1 "  " ms[$1] " ms" }
  $6 == "files" || $8 == "files" { for (i = 1; i < NF; i++) if ($(i + 1) == "files") files = $i; else if ($(i + 1) == "bytes") bytes = $i }
  END { printf "  %.1f×, %d files, %.0f kB\n", ms["BenchmarkContentTag"] / ms["BenchmarkReadAndHash"], files, bytes / 1e3 }'

# A program without resources, built and run as this one is: what Pulumi itself costs.
mkdir "$work/empty"
cp go.mod go.sum "$work/empty"
cat >"$work/empty/Pulumi.yaml" <<'YAML'
name: empty
runtime: {name: go, options: {buildTarget: bin/empty}}
YAML
cat >"$work/empty/main.go" <<'GO'
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() { pulumi.Run(func(*pulumi.Context) error { return nil }) }
GO
mkdir "$work/state"
cat >"$work/empty-preview" <<SCRIPT
cd $work/empty
export GOWORK=off GOFLAGS=-mod=mod PULUMI_STACK=bench PULUMI_BACKEND_URL=file://$work/state PULUMI_CONFIG_PASSPHRASE=bench
unset PULUMI_CONFIG_PASSPHRASE_FILE
[ -f Pulumi.bench.yaml ] || pulumi stack init bench
pulumi preview
SCRIPT
(cd "$work/empty" && for sdk in kubernetes docker random; do go mod edit -droprequire="github.com/pulumi/pulumi-$sdk/sdk/v4"; done)
title "pulumi preview with nothing changed, of an empty program and of this one"
measure --warmup 1 -n "empty program" "bash $work/empty-preview" -n "this program" "pulumi preview -s $stack --config-file $config"

title "peak memory in that preview, of this program and of the pulumi that runs it"
pulumi preview -s "$stack" --config-file "$config" >/dev/null 2>&1 &
while kill -0 $! 2>/dev/null; do
  for name in todo pulumi; do
    pid=$(pgrep -nx $name) && sed -n "s/^VmHWM:/$name/p" "/proc/$pid/status" 2>/dev/null || true
  done
  sleep 0.02
done | awk '$2 > high[$1] { high[$1] = $2 } END { printf "  program %d MB, pulumi %d MB: %.2f×\n", high["todo"] / 1e3, high["pulumi"] / 1e3, high["todo"] / high["pulumi"] }'

# Of the Docker CLIs on PATH, the first that can build: a newer one cannot without its buildx plugin.
mkdir "$work/nothing"
for docker in $(which -a docker); do
  printf 'FROM scratch\nLABEL bench=1\n' | "$docker" build -q -f - "$work/nothing" >/dev/null 2>&1 && break || docker=
done
[ -n "$docker" ] || { echo "make bench needs a docker that builds with BuildKit: https://docs.docker.com/go/buildx/"; exit 1; }

# The usual script: build every image under a fixed tag (with Docker's layer cache), push, restart every Deployment, wait.
cat >"$work/usual" <<SCRIPT
set -e
for service in backend frontend-web frontend-chatbot; do
  args=\$( [ \$service = backend ] || echo "--build-arg NEXT_PUBLIC_API_URL=$api")
  $docker build -q \$args -f dockerfiles/\$service.Dockerfile -t ${registry:+$registry/}bench/\$service:latest app/\$service
  [ -z "$registry" ] || $docker push -q $registry/bench/\$service:latest
done
kubectl -n $namespace rollout restart deployment
kubectl -n $namespace get deployments -o name | xargs -n1 kubectl -n $namespace rollout status --timeout=5m
SCRIPT
title "make up with nothing changed, with one line of the backend changed, and the usual script with that line changed"
change="cp $work/main.py $line; echo \"# \$(date +%s%N)\" >>$line"
measure --prepare "make up" --prepare "$change" --prepare "$change" \
  -n 'make up, nothing changed' "make up" -n 'make up, one line changed' "make up" -n 'the usual script' "bash $work/usual"

title "make dev: from saving a file of the backend to the first answer of the new code at $api"
cp "$work/main.py" "$line"
SERVICE=backend bin/ops dev >"$work/dev.log" 2>&1 &
dev=$!
until grep -q '▸ watching' "$work/dev.log"; do kill -0 $dev || { cat "$work/dev.log"; exit 1; }; sleep 0.2; done
for ((i = 1; i <= runs; i++)); do
  { cat "$work/main.py"; printf '\n\n@app.get("/bench")\nasync def bench() -> str:\n    return "code %d of %d"\n' "$i" $$; } >"$work/changed.py"
  cp "$work/changed.py" "$line"
  begin=$(date +%s%N)
  until curl -s -m 2 "$api/bench" | grep -q "code $i of $$"; do sleep 0.1; done
  echo "  $(((($(date +%s%N) - begin) / 100000000)))" | sed 's/\(.\)$/.\1 s/'
  until [ "$(grep -c 'the new code serves' "$work/dev.log")" = "$i" ]; do sleep 0.2; done
done
kill $dev
wait $dev || true
cp "$work/main.py" "$line"
make up >/dev/null
