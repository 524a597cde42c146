# The verbs of this repository. `make` alone lists them. STACK=prod (or any stack with a Pulumi.<stack>.yaml) chooses another stack.
STACK ?= dev
export STACK
# `eval "$(make env)"` must read nothing but the environment, also from inside another make.
MAKEFLAGS += --no-print-directory
# Nobody debugs these builds: without debug information they take a fifth less CPU and disk. A version control stamp costs
# seven calls of git in each build. `make env` exports the same, because Go compiles everything again for other flags.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false -gcflags=all=-dwarf=false)

# `make test RACE=-race` adds the race detector: it needs a C compiler, and compiles the Kubernetes SDK a second time.
RACE ?=
# Every Go module that holds code of ours. Each is built with its own pins, so each is tested on its own.
MODULES := . examples/one-service conformance conformance/alerts lab lab/tools/cluster lab/plugins lab/images/pause dockerfiles/lint

# All Go files below the current folder, separated by zero bytes. An unpacked archive has no git to list them.
GO_FILES := find . \( -name node_modules -o -name '.?*' \) -prune -o -name '*.go' -print0
# What runs on a user's machine. It has to compile on each of these systems.
PORTABLE := ./ops ./adopt ./build ./config ./spec ./target ./internal/step ./internal/doctor
SYSTEMS := darwin/arm64 darwin/amd64 linux/arm64 linux/amd64

FRONTENDS := app/frontend-web app/frontend-chatbot
NODE_PACKAGES := $(FRONTENDS) e2e/browser

.DEFAULT_GOAL := help
# Every target here is a verb, but for files (which have a slash in their names).
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: bin/ops ## bring everything up: tools, cluster, images, workloads, smoke test, URLs
	@bin/ops up
down: bin/ops ## destroy the stack (the lab, if there is one, stays)
	@bin/ops down
preview: bin/ops ## show what `make up` would change; needs no cluster and no Docker
	@bin/ops preview
smoke: bin/ops ## probe every service, and add a task as a new user; in production only with JOURNEY=1
	@bin/ops smoke
doctor: bin/ops ## why is a workload not Ready, and what fixes it; NAMESPACE=… looks elsewhere, FORMAT=json
	@bin/ops doctor
releases: bin/ops ## list the releases that a rollback can return to
	@bin/ops releases
rollback: bin/ops ## deploy the last good release again: its images, its configuration; RELEASE=… chooses
	@bin/ops rollback
ai: bin/ops ## ask kubectl-ai about the stack: PROMPT="why is my backend crashing?"; reads only
	@bin/ops ai
ai-check: bin/ops ## which AI DevOps tools can be used here; never fails
	@bin/ops ai-check
logs: bin/ops ## print what the pods say, as it comes; SERVICE=… chooses one service
	@bin/ops logs
dev: bin/ops ## bring up, then deploy whenever a source changes; SERVICE=… watches one service
	@bin/ops dev
db-shell: bin/ops ## psql on the development database; SQL can be piped in
	@bin/ops db-shell
db-dump: bin/ops ## write the development database to FILE=…, or below .state
	@bin/ops db-dump
db-restore: bin/ops ## replace its content by FILE=…, all or nothing; keeps a dump of what was there
	@bin/ops db-restore
forward: bin/ops ## serve the localhost URLs in this terminal; reconnects by itself
	@bin/ops forward
env: bin/ops ## print the shell environment in which plain pulumi and kubectl act on the same stack
	@bin/ops env
stop: bin/ops ## end the forward that `make up` left in the background; the stack stays up
	@bin/ops stop
status: bin/ops ## cluster, release, URLs, forward and state in five lines; exit 0 when the stack is up
	@bin/ops status
open: bin/ops ## open the web's URL in a browser
	@bin/ops open
adopt: bin/ops ## propose the configuration of an application that is not deployed yet: SOURCE=../my-app; WRITE=1 adds it
	@bin/ops adopt

test: test-go test-backend test-web ## unit and static tests of the platform and the application; the README says what they need
test-go: # the platform alone; needs nothing but Go
	@for module in $(MODULES); do \
		echo "▸ $$module"; \
		(cd $$module && unformatted=$$($(GO_FILES) | xargs -0 gofmt -l) && \
			if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted (gofmt -w does it)"; exit 1; fi && \
			GOWORK=off go vet ./... && GOWORK=off go test $(RACE) ./...) || exit 1; \
	done
coverage: ## statements of build, config, target, components and platform that tests reach: 90 % at least
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && GOWORK=off go test -covermode=count -coverprofile=$$folder/all -coverpkg=./build,./config,./target,./components,./platform ./build ./config ./target ./components ./platform . >$$folder/said || { cat $$folder/said; exit 1; }; \
		GOWORK=off go tool cover -func=$$folder/all | awk '/^total:/ { sub("%", "", $$3); print "build, config, target, components and platform: " $$3 " % of statements"; found = $$3 } END { exit found < 90 }'
mutants: ## mutation tests: each of 26 wrong changes to the program must fail a test (about 5 minutes)
	@GOWORK=off go test -tags mutants -count=1 -run TestMutants -v -timeout 60m .
test-backend: # the backend's types, and its tests on a real PostgreSQL
	@echo "▸ app/backend" && app/backend/test
test-web: $(FRONTENDS:%=%/node_modules/.installed) # both front ends
	@node --test app/audit.test.mjs >/dev/null || node --test app/audit.test.mjs
	@for app in $(FRONTENDS); do echo "▸ $$app"; (cd $$app && npm run --silent test) || exit 1; done
lint: lint-go lint-cross lint-dockerfiles lint-web ## static checks: Go, Dockerfiles, TypeScript, vulnerable dependencies
lint-go:
	@for module in $(MODULES); do echo "▸ staticcheck $$module"; (cd $$module && GOWORK=off go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 ./...) || exit 1; done
	@echo "▸ staticcheck e2e" && GOWORK=off go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 -tags e2e ./e2e
lint-cross: # the commands and the lab compile for macOS and Linux, with their tests
	@for system in $(SYSTEMS); do \
		echo "▸ go vet, go test -c for $$system"; \
		export GOOS=$${system%/*} GOARCH=$${system#*/} CGO_ENABLED=0 GOWORK=off; \
		go vet $(PORTABLE) && go test -c -o /dev/null $(PORTABLE) && (cd lab && go vet . && go test -c -o /dev/null .) || exit 1; \
	done
lint-dockerfiles: # BuildKit's build checks, and rules of our own: dockerfiles/lint
	@echo "▸ dockerfiles" && cd dockerfiles/lint && GOWORK=off go run . ../*.Dockerfile
lint-web: $(NODE_PACKAGES:%=%/node_modules/.installed)
	@for package in $(NODE_PACKAGES); do echo "▸ $$package"; (cd $$package && npm run --silent lint && npm run --silent typecheck && npm run --silent --if-present format:check) || exit 1; done
	@for app in $(FRONTENDS); do (cd $$app && npm audit --omit=dev --json 2>/dev/null | node ../audit.mjs) || exit 1; done
e2e: bin/ops bin/lab ## end-to-end tests on a live cluster: runs `make up` itself, and changes the stack
	@go test -tags e2e -count=1 -v -timeout 75m ./e2e
e2e-browser: bin/ops bin/lab ## the browser's part of the end-to-end tests alone, on a stack that is up
	@go test -tags e2e -count=1 -v -timeout 15m -run 'TestStack/browser' ./e2e
screenshots: bin/ops bin/lab ## take the pictures in docs/images from the stack that is up
	@go test -tags e2e,screenshots -count=1 -v -timeout 15m -run TestScreenshots ./e2e
bench: bin/ops bin/lab ## time what people wait for, as ratios, on a stack that is up (docs/performance.md); Linux only
	@bench/bench.sh

lab-up: bin/lab ## start the lab alone: a real one-node Kubernetes for machines that cannot pull images
	@bin/lab up
lab-down: bin/ops bin/lab ## stop the lab and remove what it made (its cache stays)
	@bin/ops stop && bin/lab down
lab-status: bin/lab ## each component of the lab: healthy or not, and since when
	@bin/lab status

# Go decides itself whether anything has to be built again. GOGC: with a larger heap the compiler takes less CPU.
.PHONY: bin/ops bin/lab
bin/ops bin/lab: bin/%:
	@GOGC=400 go build -o $@ ./$*

# npm ci takes the stamp away with the folder, so an interrupted one is run again; else a changed lockfile does.
%/node_modules/.installed: %/package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' 2>/dev/null && npm --version >/dev/null 2>&1 \
		|| { echo "$* needs Node 20.19 or later with npm, and $$(node --version 2>/dev/null || echo none) is on PATH: install it from https://nodejs.org"; exit 1; }
	@echo "▸ npm ci in $*"
	@cd $* && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.installed
