# Everything is done from here; Makefile.toml and .ci/run only call it.
#
#   make          builds the command from source: target/release/leasehold
#   make run      the main job: works this repository's own files off a queue, and kills a worker half-way
#   make test     lints, then every test
#   make bench    the benchmark beside other queues, locks and stores, as tables and plots; installs those beneath target
#   make lint     formatting, clippy for both targets, licences
#   make clean    removes everything that was built

CARGO ?= cargo
# Where cargo builds; CARGO_TARGET_DIR is heeded by cargo itself.
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
LEASEHOLD := $(TARGET_DIR)/release/leasehold

# One profile for everything: what is built for the command serves the tests, the lints and the benchmark.
RELEASE := --release --locked
# With nextest each test is a process of its own, and a slow one is named; without it, the same tests run.
TESTS := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo "nextest run" || echo test)
DENY := $(shell $(CARGO) deny --version >/dev/null 2>&1 && echo yes)

.PHONY: build run test test-hosts bench lint lint-licences clean toolchain
# cargo uses all cores by itself, and two cargos only wait for each other.
.NOTPARALLEL:

build: toolchain
	$(CARGO) build $(RELEASE) --package leasehold

# The build script asks for it too; here its progress is seen.
toolchain:
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: install Rust 1.95 or later, see https://rustup.rs" >&2; exit 1; }
	@build/wasm-toolchain $(TARGET_DIR)

run: build
	build/run $(LEASEHOLD)

test: lint build test-hosts
	$(CARGO) test $(RELEASE) --workspace --doc
	$(CARGO) $(TESTS) $(RELEASE) --workspace

# The component under other runtimes. What these need is installed beneath the target folder.
test-hosts: build
	tests/hosts/run $(LEASEHOLD) $(TARGET_DIR)

bench: build
	$(CARGO) run $(RELEASE) --package leasehold-bench -- --command $(LEASEHOLD) --disk $(TARGET_DIR) \
		--page docs/performance.md --json docs/bench/results.json --plots docs/bench

lint: toolchain lint-licences
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(RELEASE) --workspace --all-targets -- --deny warnings
	build/lint-guest $(TARGET_DIR)

lint-licences:
ifeq ($(DENY),yes)
	$(CARGO) deny --offline --locked check bans licenses sources
else
	@echo "cargo-deny is not installed: licences and sources of packages are not checked"
endif

clean:
	$(CARGO) clean
