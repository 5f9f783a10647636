# gpk: what a person types, and what CI runs. `make` alone lists it all.
# Everything that is built or downloaded for tests lies in .bench/, everything that is built of gpk in bin/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Without cgo, binaries are static, and what is compiled for one module serves the others and the bench.
export CGO_ENABLED := 0

# Machines of the bench that run pods: of three, the mirrors of one's primaries can be spread over two.
NODES ?= 3
# Nodes of the bench that pretend to; 0 is as many as there are.
SIMULATED ?= 0
# The release of the stand-in that tests begin with, and all that it plays: two with equal catalogue versions, one with another.
STANDIN ?= 7.1.0
STANDINS ?= 7.1.0 7.2.0 8.0.0

bench := $(CURDIR)/.bench/bin/bench
lint := $(CURDIR)/.bench/tools/golangci-lint
vale := $(CURDIR)/.bench/tools/vale
vulncheck := $(CURDIR)/.bench/tools/govulncheck
kubescore := $(CURDIR)/.bench/tools/kube-score
# Its image whose gpadmin has not the uid of the pods' user, as in public images.
otheruser := gpk.local/standin-1001
# Its images that are laid out as those of Greenplum's relatives; test/standin/image/flavour.go says how.
flavours := gpk.local/standin-cloudberry:2.1.0-incubating gpk.local/standin-whpg:7.4.1-WHPG
standins := $(foreach release,$(STANDINS),.bench/images/standin-$(release).tar) .bench/images/standin-1001-$(STANDIN).tar \
  $(patsubst gpk.local/%,.bench/images/%.tar,$(subst :,-,$(flavours)))
# Modules with Go code of ours. Those in test/tools are versions of tools.
modules := . test/bench test/standin
# Prose that people read.
prose := README.md CONTRIBUTING.md docs
scripts := .ci/run $(wildcard test/*.sh test/byhand/*.sh templates/scripts/*.sh)

.PHONY: help
help: ## list the targets
	@echo "make TARGET [NODES=$(NODES)] [STANDIN=$(STANDIN)]"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: ## build bin/gpk
	go build -o bin/gpk ./cmd/gpk

.PHONY: test
test: ## all that CI runs: lint, unit, end to end, no trace left (root)
	@bash test/ci.sh

.PHONY: unit
unit: ## go vet and go test, without a cluster
	@failed=; for module in $(modules); do \
	  (cd $$module && echo "== $$module" && go vet ./... && go test -timeout 20m ./...) || failed="$$failed $$module"; \
	done; \
	(cd test/bench/components && echo "== test/bench/components" && go test ./localvolume/... ./networkpolicy/...) || failed="$$failed test/bench/components"; \
	[ -z "$$failed" ] || { echo "failed in:$$failed" >&2; exit 1; }

# The platforms that people run gpk on. Tests run on one of them, so the others are compiled.
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

.PHONY: platforms
platforms: ## compile gpk for all platforms
	@for platform in $(PLATFORMS); do \
	  echo "== $$platform" && GOOS=$${platform%/*} GOARCH=$${platform#*/} go build ./cmd/... ./pkg/... || exit 1; \
	done

.PHONY: race
race: ## the tests of gpk itself under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout 30m ./...

# Each target gets so long; a failure leaves its input in testdata/fuzz, where it is a test from then on.
FUZZTIME ?= 60s

.PHONY: fuzz
fuzz: ## the fuzz targets, FUZZTIME each (60s): what gpk reads and did not write
	@for folder in $$(grep -rl --include='*_test.go' '^func Fuzz' cmd pkg | xargs dirname | sort -u); do \
	  for target in $$(go test -list '^Fuzz' ./$$folder | grep '^Fuzz'); do \
	    echo "== $$folder $$target" && go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) ./$$folder || exit 1; \
	  done; \
	done

.PHONY: lint
lint: lint-go lint-scripts lint-words lint-messages lint-manifests ## golangci-lint in every module, shellcheck, the words of pages and messages, kube-score

.PHONY: lint-go
lint-go: $(lint)
	@failed=; for module in $(modules); do \
	  (cd $$module && echo "== $$module" && $(lint) run --config $(CURDIR)/.golangci.yml ./...) || failed="$$failed $$module"; \
	done; \
	unformatted=$$(gofmt -l cmd pkg templates test); \
	[ -z "$$failed$$unformatted" ] || { echo "not as they should be:$$failed $$unformatted" >&2; exit 1; }

.PHONY: lint-scripts
lint-scripts:
	shellcheck --external-sources $(scripts)

# The rules first prove themselves by the tests that they bring along.
.PHONY: lint-words
lint-words: $(vale)
	@$(vale) --no-global --no-color test test/words/gpk
	@go run ./test/words -vale $(vale) $(prose)

# MESSAGES=-count counts them by folder, MESSAGES='-kinds comments' reads the comments.
.PHONY: lint-messages
lint-messages: $(vale) ## the words of help texts and messages, by the rules of README and docs
	@go run ./test/words -vale $(vale) $(MESSAGES) cmd pkg pkg/topology/starter.yaml

# docs/image.md explains what is ignored: kube-score knows a budget by the labels of a template, and gpk makes one for each pair of pods.
.PHONY: lint-manifests
lint-manifests: $(kubescore) ## what kube-score finds in the manifests of a strict cluster.yaml
	@manifests=$$(mktemp -d) && go run ./cmd/gpk plan -q -f test/manifests/strict.yaml --manifests $$manifests/of >$$manifests/said 2>&1 && \
	$(kubescore) score --output-format ci --ignore-test statefulset-has-poddisruptionbudget $$manifests/of/*.yaml >$$manifests/said || \
	{ grep -v '^\[OK\|^\[SKIPPED' $$manifests/said; exit 1; }; rm -rf $$manifests

.PHONY: vulns
vulns: $(vulncheck) ## known vulnerabilities in what gpk calls (asks vuln.go.dev)
	$(vulncheck) ./...

.PHONY: format
format: $(lint) ## gofmt and goimports, written back
	@for module in $(modules); do (cd $$module && $(lint) fmt --config $(CURDIR)/.golangci.yml); done

# Tools are built from their Go modules and kept until their versions change. golangci-lint takes minutes.
$(lint): test/tools/go.mod test/tools/go.sum
	cd test/tools && GOGC=400 go build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(vale): $(wildcard test/tools/vale/go.* $(foreach depth,*/ */*/ */*/*/,test/tools/vale/$(depth)*.go))
	cd test/tools/vale && go build -o $@ github.com/vale-cli/vale/v3/cmd/vale

$(kubescore): test/tools/kube-score/go.mod test/tools/kube-score/go.sum
	cd test/tools/kube-score && go build -o $@ github.com/zegl/kube-score/cmd/kube-score

$(vulncheck): test/tools/go.mod test/tools/go.sum
	cd test/tools && go build -o $@ golang.org/x/vuln/cmd/govulncheck

.PHONY: demo
demo: build ## a database on a bench, or on your own cluster (KUBECONFIG, GPK_IMAGE)
	@bash test/demo.sh

.PHONY: bench
bench:
	@cd test/bench && go build -o $(bench) .

.PHONY: bench-build
bench-build: bench ## build the Kubernetes of the bench, and start nothing
	@$(bench) build

.PHONY: bench-up
bench-up: bench ## start a real Kubernetes on this machine (root; the first time takes minutes)
	@$(bench) up --nodes $(NODES) --simulated $(SIMULATED)

.PHONY: bench-down
bench-down: bench ## stop it, and remove everything in it
	@$(bench) down

.PHONY: bench-status
bench-status: bench ## show its machines
	@$(bench) status

.PHONY: standin
standin: ## build the images of the stand-in database (root, debootstrap)
	@cd test/standin && go run ./image --version $$(tr ' ' , <<<'$(STANDINS)') --cache ../../.bench/cache/standin \
	  --out ../../.bench/images/standin-VERSION.tar
	@cd test/standin && go run ./image --version $(STANDIN) --name $(otheruser) --user 1001 --cache ../../.bench/cache/standin \
	  --out ../../.bench/images/standin-1001-VERSION.tar
	@cd test/standin && for flavour in cloudberry whpg; do \
	  go run ./image --flavour $$flavour --cache ../../.bench/cache/standin --out ../../.bench/images/standin-$$flavour-VERSION.tar; \
	done

.PHONY: load
load: bench standin ## bring those images into the bench
	@$(bench) load $(standins)

.PHONY: e2e
e2e: bench-up load e2e-run ## gpk against the bench, from create to delete

# The tests alone, on the cluster and with the image of the environment, or on the bench as it is. The bench comes first: whether
# it is the bench's cluster is asked of the environment, before the shell has assigned what it says there.
.PHONY: e2e-run
e2e-run: build
	GPK_TEST_BENCH=$${GPK_TEST_BENCH-$$([ -n "$${GPK_TEST_KUBECONFIG:-}" ] || echo $(bench))} \
	GPK_TEST_KUBECONFIG=$${GPK_TEST_KUBECONFIG:-$(CURDIR)/.bench/kubeconfig} \
	GPK_TEST_OTHER_USER=$${GPK_TEST_OTHER_USER-$$([ -n "$${GPK_TEST_IMAGE:-}" ] || echo $(otheruser):$(STANDIN))} \
	GPK_TEST_FLAVOURS="$${GPK_TEST_FLAVOURS-$$([ -n "$${GPK_TEST_IMAGE:-}" ] || echo $(flavours))}" \
	GPK_TEST_IMAGE=$${GPK_TEST_IMAGE:-gpk.local/standin:$(STANDIN)} \
	go test -tags e2e -count 1 -parallel 4 -timeout 60m -v ./test/e2e/...

.PHONY: contract
contract: bench-up load contract-run ## what Greenplum's utilities do, by their own command lines, against the bench

# As e2e-run.
.PHONY: contract-run
contract-run:
	GPK_TEST_KUBECONFIG=$${GPK_TEST_KUBECONFIG:-$(CURDIR)/.bench/kubeconfig} \
	GPK_TEST_IMAGE=$${GPK_TEST_IMAGE:-gpk.local/standin:$(STANDIN)} \
	go test -tags e2e -count 1 -timeout 40m -v ./test/contract/

# ONLY is the name of a case or its beginning, such as expand/killed-in; FAULTS are names of faults, such as 'killed-in exec-cut';
# SEED is a number; STEPS is how many steps of each command get each fault, drawn by the seed (0: all). What breaks machines or
# the API server runs only where FAULTS or ONLY names it: the bench must be nobody else's.
ONLY ?=
FAULTS ?=
SEED ?= 1
STEPS ?= 0
# How many coordinators `make takeovers` loses, with the seeds from SEED on. Its bench must be nobody else's either.
TAKEOVERS ?= 10

faults = GPK_TEST_BENCH=$${GPK_TEST_BENCH-$$([ -n "$${GPK_TEST_KUBECONFIG:-}" ] || echo $(bench))} \
	GPK_TEST_KUBECONFIG=$${GPK_TEST_KUBECONFIG:-$(CURDIR)/.bench/kubeconfig} \
	GPK_TEST_IMAGE=$${GPK_TEST_IMAGE:-gpk.local/standin:$(STANDIN)}

.PHONY: faults
faults: bench-up load faults-run ## gpk with faults at every step, written to docs/faults.md; goes on where it stopped (hours)

# As e2e-run.
.PHONY: takeovers
takeovers: bench-up load takeovers-run ## lose coordinators, TAKEOVERS of them, and judge what clients saw, written to docs/faults.md

.PHONY: faults-run faults-sample takeovers-run
faults-run:
	$(faults) GPK_FAULTS_ONLY='$(ONLY)' GPK_FAULTS='$(FAULTS)' GPK_FAULTS_SEED='$(SEED)' GPK_FAULTS_STEPS='$(STEPS)' \
	go test -tags faults -count 1 -timeout 0 -v ./test/faults/

takeovers-run:
	$(faults) GPK_FAULTS_SEED='$(SEED)' GPK_FAULTS_TAKEOVERS='$(TAKEOVERS)' \
	go test -tags faults -count 1 -timeout 0 -v -run TestTakeovers ./test/faults/

# A fixed choice of cases, for CI. It writes no page.
faults-sample:
	$(faults) GPK_FAULTS_SAMPLE=1 go test -tags faults -count 1 -timeout 15m -v ./test/faults/

# On the cluster and with the image of the environment, or on the bench.
speed = go run ./test/speed -kubectl $${KUBECTL:-$(CURDIR)/.bench/bin/kubectl} \
  -kubeconfig $${GPK_TEST_KUBECONFIG:-$(CURDIR)/.bench/kubeconfig} -image $${GPK_TEST_IMAGE:-gpk.local/standin:$(STANDIN)}

.PHONY: bench-create
bench-create: build bench-up load ## measure gpk against kubectl, a script by hand and a bare client (apply alone: a quarter of an hour)
	$(speed) -only plan,create,apply $(SPEED)

.PHONY: bench-upgrade
bench-upgrade: build bench-up load ## measure how long an upgrade takes the database down, by gpk and by hand
	$(speed) -only upgrade -next $${GPK_TEST_NEXT:-gpk.local/standin:7.2.0} $(SPEED)

.PHONY: bench-failover
bench-failover: build bench-up load ## measure how long a failover takes to the first row written, by gpk and by hand
	$(speed) -only failover $(SPEED)

.PHONY: bench-test
bench-test: bench ## the bench's own tests, on an instance of its own (root)
	cd test/bench && GPK_BENCH_E2E=1 go test -count 1 -timeout 20m -run TestBench .

.PHONY: standin-test
standin-test: standin ## the stand-in's own tests, without Kubernetes (root)
	cd test/standin && STANDIN_IT=1 go test -count 1 -timeout 20m ./it/...

.PHONY: clean
clean: ## stop the bench and remove everything that was built
	@if [ -d .bench ] && [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory bench-down; fi
	rm -rf bin .bench
