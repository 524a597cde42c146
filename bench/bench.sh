#!/usr/bin/env bash
# What people wait for, timed in one run on one machine and given as ratios. It needs a stack that is up (make up), and
# leaves the checkout and the stack as they were. RUNS=10 for more runs than five of each command.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${RUNS:-5} stack=${STACK:-dev}

for tool in hyperfine jq; do
  command -v "$tool" >/dev/null && continue
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "make bench needs $tool: https://github.com/sharkdp/hyperfine, https://jqlang.org"; exit 1; }
  apt-get install -y -qq "$tool" >/dev/null
done

eval "$(make env)"
config=.state/$stack/Pulumi.$stack.yaml
cluster=.state/$stack/cluster.json
[ -f "$cluster" ] || { echo "stack $stack is not up here: make up"; exit 1; }
DOCKER_HOST=$(jq -r '.dockerHost // ""' "$cluster")
[ -z "$DOCKER_HOST" ] || export DOCKER_HOST DOCKER_BUILDKIT=1
registry=$(jq -r '.registry // ""' "$cluster")
namespace=$(pulumi stack output -s "$stack" namespace)

line=app/backend/src/api/main.py
saved=$(mktemp)
cp "$line" "$saved"
restore() { cp "$saved" "$line"; rm -f "$saved"; }
trap restore EXIT
change="echo \"# \$(date +%s%N)\" >>$line"

# The usual script, against which the program is measured: build every image under a fixed tag (with Docker's layer
# cache), push, restart every Deployment, wait.
usual=$(mktemp)
cat >"$usual" <<SCRIPT
set -e
for service in backend frontend-web frontend-chatbot; do
  args=\$( [ \$service = backend ] || echo "--build-arg NEXT_PUBLIC_API_URL=http://localhost:8000")
  docker build -q \$args -f dockerfiles/\$service.Dockerfile -t $registry/bench/\$service:latest app/\$service
  docker push -q $registry/bench/\$service:latest
done
kubectl -n $namespace rollout restart deployment
kubectl -n $namespace get deployments -o name | xargs -n1 kubectl -n $namespace rollout status --timeout=5m
SCRIPT

echo "▸ nothing changed, $runs runs of each"
hyperfine --style basic --warmup 1 --runs "$runs" \
  -n 'pulumi preview' "pulumi preview -s $stack --config-file $config" \
  -n 'pulumi up' "pulumi up -s $stack --config-file $config --yes --skip-preview" \
  -n 'make up' "make up"
echo "▸ one line of the backend changed, $runs runs of each"
hyperfine --style basic --runs "$runs" --prepare "$change" \
  -n 'make up' "make up" \
  -n 'build, push and restart all three' "bash $usual"
rm -f "$usual"
restore
trap - EXIT
make up >/dev/null

echo "▸ memory of each container against its limit"
kubectl -n "$namespace" top pods --containers
echo "▸ images"
pulumi stack output -s "$stack" images --json | jq -r '.[]' | xargs docker image inspect --format '{{index .RepoTags 0}} {{.Size}}' | awk '{ printf "%-70s %d MB\n", $1, $2/1e6 }'
