# The two commands a newcomer needs are `make demo` and `make test`; both install what this machine lacks.
.DEFAULT_GOAL := help
SHELL := /bin/bash

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD   ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.build=$(BUILD)
TOOL    := go tool -modfile=.ci/tools.mod

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: build
build: ## Build the three programs into bin/.
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/caconsole ./cmd/casigner ./cmd/applicant

.PHONY: demo
demo: ## Make and serve a whole demo at http://localhost:8080 (Ctrl-C stops everything).
	@.ci/deps demo
	@$(MAKE) --no-print-directory build
	@bin/caconsole demo

.PHONY: test
test: ## Everything CI runs: lint, then all tests with the race detector.
	@.ci/deps test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory build
	@# The PDF engine compiles itself on first use; its cache is warmed without the race detector, with which it takes a minute.
	go test -count 1 -run '^$$' ./admin/document
	go test -race -timeout 25m ./...

.PHONY: bench
bench: ## Measure; prints `area | measure | value | aim`. CACONSOLE_BENCH_ORDERS=1000000 for the full size.
	@.ci/bench

.PHONY: screenshots
screenshots: ## Take the pictures of docs/ anew: a demo is made and every role walks through it.
	@.ci/deps test
	go test -count 1 -tags screenshots -timeout 30m -run '^TestScreenshots$$' -v ./cmd/caconsole

.PHONY: soak
soak: ## The long forms of what `make test` runs in short, then every fuzz target (hours).
	@.ci/deps test
	@$(MAKE) --no-print-directory build
	@.ci/soak

.PHONY: lint
lint: ## Formatting, linters, import rules, generated files.
	.ci/imports --check
	go mod verify >/dev/null
	$(TOOL) golangci-lint run --timeout 10m

.PHONY: clean
clean: ## Remove what was built; var/ (the demo's data) stays.
	rm -rf bin
