# lsmlab: `make` alone lists the targets.

SHELL       := /bin/bash
.SHELLFLAGS := -o pipefail -c

GO       ?= go
BIN      := bin/lsmlab
# A new directory for each run: old results are never shown as those of new code.
STAMP    := $(shell date +%Y%m%d-%H%M%S)
RESULTS  ?= results/default-$(STAMP)
FUZZTIME ?= 30s
HOURS    ?= 1
SOAK     ?= 67
# What make k6 loads.
ENGINES  ?= @own,pebble
PROFILE  ?= steady
SET      ?=
A        ?=
B        ?=

# Debian packages that the tests need: a browser for the report's test, RocksDB
# and a C++ compiler for its adapter, makers of the file systems that stores are
# crashed on, and the machine for it. Of the benchmarks those with all peers need
# RocksDB's.
ROCKSDB  := librocksdb-dev g++
MKFS     := e2fsprogs xfsprogs btrfs-progs
# For the service: prometheus with promtool, and the clients that load it.
# Node.js from elsewhere is taken too, if it has npm.
SERVICE  := prometheus redis-server redis-tools wrk curl python3-redis $(if $(shell command -v npm),,nodejs npm)
NOTEBOOKS := python3-nbconvert python3-ipykernel python3-matplotlib
PACKAGES := chromium $(ROCKSDB) $(MKFS) $(SERVICE) $(NOTEBOOKS) qemu-system-x86 sqlite3
SUDO     := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

GOLANGCI := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT  := $(GO) run mvdan.cc/gofumpt@v0.12.0

.DEFAULT_GOAL := help
.PHONY: help all build build-rocksdb test packages node-clients kernels powerfail race fuzz bench bench-peers bench-sustained bench-growth bench-threads bench-used bench-transactions bench-serve memtables studies notebooks compare lint fmt proto golden soak soak-model k6 clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

all: build lint test race ## build, lint, and all tests

build: ## build bin/lsmlab, and the init of the machines whose power it cuts
	$(GO) build -buildvcs=auto -o $(BIN) ./harness/cmd/lsmlab
	CGO_ENABLED=0 $(GO) build -ldflags='-s -w' -o $(BIN)-init ./powerfail/vm/guest

build-rocksdb: PACKAGES := $(ROCKSDB)
build-rocksdb: packages # build bin/lsmlab with RocksDB among the peers
	$(GO) build -buildvcs=auto -tags rocksdb -o $(BIN) ./harness/cmd/lsmlab

packages: ## install the Debian packages that the tests need
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

kernels: ## fetch the pinned kernels that `lsmlab crash vm` boots into the user's cache (61 MB)
	$(GO) run ./powerfail/vm/kernel/fetch

# The load generator, of a module of its own; a minute or more the first time.
bin/k6: k6/go.mod k6/go.sum
	nice $(GO) build -C k6 -o ../bin/k6 go.k6.io/k6

# The OpenTelemetry Collector that a test sends traces to, likewise.
COLLECTOR := harness/httpd/otelcol
bin/otelcol: $(addprefix $(COLLECTOR)/,main.go go.mod go.sum)
	nice $(GO) build -C $(COLLECTOR) -o $(CURDIR)/bin/otelcol .

# Clients of others that the service is tested with, of modules of their own.
CLIENTS := harness/httpd/clients
bin/grpcurl: $(addprefix $(CLIENTS)/grpcurl/,go.mod go.sum)
	nice $(GO) build -C $(CLIENTS)/grpcurl -o $(CURDIR)/bin/grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl

bin/ycsb: $(addprefix $(CLIENTS)/ycsb/,main.go go.mod go.sum)
	nice $(GO) build -C $(CLIENTS)/ycsb -o $(CURDIR)/bin/ycsb .

# Faults as resources of Chaos Mesh; the Kubernetes libraries are of this module alone.
CHAOS := powerfail/chaos
bin/chaos: go.mod $(addprefix $(CHAOS)/,go.mod go.sum) $(wildcard powerfail/faults/*.go $(CHAOS)/*.go $(CHAOS)/cmd/chaos/*.go)
	nice $(GO) build -C $(CHAOS) -o $(CURDIR)/bin/chaos ./cmd/chaos

# The generators of workloads against those of go-ycsb, whose clients are of this module alone.
GOYCSB := workloads/dist/goycsb

node-clients: packages $(CLIENTS)/node/node_modules # install node-redis and ioredis for their test
$(CLIENTS)/node/node_modules: $(CLIENTS)/node/package-lock.json
	cd $(CLIENTS)/node && npm ci --no-audit --no-fund
	touch $@

k6: build bin/k6 ## load ENGINES as services by PROFILE (see k6/README.md), draw, print where
	./$(BIN) load --engines $(ENGINES) --profile $(PROFILE) $(if $(SET),--set $(SET)) --out results/k6-$(PROFILE)-$(STAMP)

test: packages kernels bin/k6 bin/otelcol bin/grpcurl bin/ycsb node-clients ## install what is missing, run every test, also with internal checks and with RocksDB
	$(GO) vet ./...
	$(GO) test -timeout 30m -tags invariants -skip TestAddingPage ./engines/lsm/... ./engines/internal/...
	$(GO) test -timeout 30m -tags rocksdb ./engines/peers/rocksdb/... ./engines/
	$(GO) test -timeout 30m -tags plantedbugs -run TestPlantedBugs ./engines/lsm ./powerfail/sim ./harness/cmd/isolationrun ./harness/cmd/lsmlab
	$(GO) vet -C $(CHAOS) ./...
	$(GO) test -C $(CHAOS) ./...
	$(GO) test -C $(GOYCSB) ./...
	$(GO) test -timeout 30m ./...

powerfail: build packages kernels ## cut the power in all tiers, a little of each (at most 10 minutes on 2 cores)
	./$(BIN) crash sim --states 20000 --out results/crash-sim-$(STAMP)
	$(SUDO) ./$(BIN) crash files --engines lsm-skiplist,lsm-rbtree,lsm-bptree --out results/crash-files-$(STAMP)
	$(SUDO) ./$(BIN) crash disk --states 200 --profile posix-strict --out results/crash-disk-$(STAMP)
	$(SUDO) ./$(BIN) crash disk --states 20 --profile posix-strict --engines lsm-bptree --fs xfs,btrfs --out results/crash-disk2-$(STAMP)
	./$(BIN) crash vm --methods sigkill,flakey-drop,disk-log,log-writes --out results/crash-vm-$(STAMP)

# The detector lets each process sleep a second at its exit; the tests start thousands.
race: export GORACE := atexit_sleep_ms=0
race: ## run the tests under the race detector, each with fewer rounds
	$(GO) test -race -short -timeout 60m ./...

fuzz: ## run every fuzz target for FUZZTIME each (default 30s)
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

bench: build ## race the default plan (at most 10 minutes on 2 cores), draw the charts, print where
	./$(BIN) bench --plan default --out $(RESULTS)

bench-peers: build-rocksdb ## race every line of the speed targets (35 minutes on 2 cores), say which are met
	./$(BIN) bench --plan peers --out results/peers-$(STAMP)
	./$(BIN) bench --plan peers-tables --out results/peers-tables-$(STAMP)

bench-sustained: build ## five minutes of random overwrites of 20 million keys, three rounds (2 hours)
	./$(BIN) bench --plan sustained --out results/sustained-$(STAMP)

bench-growth: build ## writes and reads at 0.1, 1, 10 and 50 million keys, three rounds (1.5 hours)
	./$(BIN) bench --plan growth --out results/growth-$(STAMP)

bench-threads: build-rocksdb ## writes and reads by 1, 2, 4, 8 and 16 threads (20 minutes)
	./$(BIN) bench --plan threads --out results/threads-$(STAMP)

bench-used: build ## the time to open a store after 3 million random writes and a kill, three rounds (10 minutes)
	./$(BIN) bench --plan used --out results/used-$(STAMP)

bench-transactions: build-rocksdb ## transactions under contention, at both isolation levels, the store checked (25 minutes)
	./$(BIN) bench --plan transactions --out results/transactions-$(STAMP)

memtables: build ## race the bare MemTables against public ones
	./$(BIN) bench --memtables --out results/memtables-$(STAMP)

studies: build ## measure what the source claims, small: a verdict on each claim (15 minutes)
	./$(BIN) study all --quick --out results/studies-$(STAMP)

notebooks: PACKAGES := $(NOTEBOOKS)
notebooks: BOOKS := results/notebooks-$(STAMP)
notebooks: build bin/k6 packages ## run the notebooks, each on a small run of its own, with outputs under results/ (6 minutes)
	./$(BIN) bench --no-report --engines lsm-skiplist,pebble --workloads fillrandom,ycsb-a --keys 1000000 --rounds 3 --threads 2 --duration 5s --out $(BOOKS)/race
	./$(BIN) crash sim --states 50000 --out $(BOOKS)/crash
	./$(BIN) load --no-report --engines lsm-bptree,pebble --profile sweep --set SECONDS=5,STEPS=8 --in-process 0 --out $(BOOKS)/load
	./$(BIN) study codec --no-report --quick --out $(BOOKS)/study
	@set -e; cd notebooks; for kind in race crash load study; do \
		LSMLAB_RUN=$(CURDIR)/$(BOOKS)/$$kind /usr/bin/python3 -m nbconvert --to notebook --execute --output-dir ../$(BOOKS) $$kind.ipynb; \
	done

compare: build ## compare two runs: make compare A=DIR B=DIR
	./$(BIN) compare $(A) $(B)

# Modules of their own that have Go code; golangci-lint looks at one module at a time.
MODULES := $(COLLECTOR) $(CLIENTS)/ycsb $(CHAOS) powerfail/netsim/raft36 $(GOYCSB)

lint: ## golangci-lint of every module, with the import rules of the layout
	$(GOLANGCI) run ./...
	@set -e; for module in $(MODULES); do \
		echo "== $$module"; \
		(cd $$module && $(GOLANGCI) run ./...); \
	done

fmt: ## format all Go files
	$(GOFUMPT) -w .

bench-serve: packages ## measure what the service costs, by wrk and redis-benchmark: ratios over a bare handler and redis-server
	$(GO) test ./harness/httpd -run '^$$' -bench Targets -benchtime 5x | tr '\t' '\n'

proto: ## generate the gRPC code again, by Debian's protobuf-compiler
	$(GO) build -o bin/ google.golang.org/protobuf/cmd/protoc-gen-go connectrpc.com/connect/cmd/protoc-gen-connect-go
	cd harness/httpd/rpc/kvv1 && PATH="$(CURDIR)/bin:$$PATH" protoc -I . --go_out=. --go_opt=paths=source_relative \
		--connect-go_out=. --connect-go_opt=paths=source_relative kv.proto

golden: ## write the golden files again
	$(GO) test $$(grep -rlE 'flag.Bool\("update"' --include='*_test.go' . | xargs -n1 dirname | sort -u | grep -v '^./$(CHAOS)$$') -run Golden -update
	$(GO) test -C $(CHAOS) -run Golden -update

soak: build ## cut the power in simulation for HOURS (default 1), a fresh seed a chunk; findings stay in results/soak-TIME
	./$(BIN) crash sim --for $(HOURS)h --findings 5 --out results/soak-$(STAMP)

soak-model: ## compare random work on every MemTable with a model: SOAK runs of a million operations each
	$(GO) test -c -o bin/lsm.test ./engines/lsm
	@set -e; for i in $$(seq $(SOAK)); do \
		./bin/lsm.test -test.run '^TestRandom$$/./^small$$' -kvtest.ops 1000000 -test.timeout 90m -test.v | grep -E 'executed|FAIL|after|again'; \
	done

clean: ## remove what was built and measured
	rm -rf bin results
