# The developer interface. `make` alone lists the targets.

NAME := consul-master-election-tagger
HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
# Static and at a fixed address, because loading and relocating the TLS code would slow down every run by 2 %. Static linking needs an
# explicit target, or proc macros would not build. The caller's CARGO_TARGET_DIR does not apply, so that `make install` finds the program.
FLAGS := $(RUSTFLAGS) -C target-feature=+crt-static -C relocation-model=static
STATIC := CARGO_TARGET_DIR=target RUSTFLAGS="$(FLAGS)" cargo
# The check, and the program with the other commands, which the check's program executes.
PROGRAMS := $(NAME) $(NAME)-commands
# Only `make build` writes these files. `make install` needs no Rust to find them, because root may have none.
BUILT := target/$(NAME)
KEEP ?=
BASE ?=

# The folders of `make install`, below DESTDIR.
PREFIX ?= /usr/local
MANDIR ?= $(PREFIX)/share/man
# `make uninstall` removes the program's own folder in there.
DOCDIR ?= $(PREFIX)/share/doc
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

.PHONY: help build install uninstall deb test-install test-deb deny test-deny msrv consul tools test test-puppet bench failover scale bench-run bench-watch chaos-run chaos-schedule demo picture clean

help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## Build the two programs, static and stripped: target/consul-master-election-tagger and ...-commands
	$(STATIC) build --release --locked --target $(HOST)
	@install -m 755 $(PROGRAMS:%=target/$(HOST)/release/%) target/

install: ## Install the programs, man page and completions below PREFIX=/usr/local, after `make build` (DESTDIR= for staging)
	@[ -x $(BUILT) ] || { echo "nothing is built yet; run make build as a user who has Rust" >&2; exit 1; }
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 $(PROGRAMS:%=target/%) "$(DESTDIR)$(PREFIX)/bin"
	install -D -m 644 packaging/$(NAME).1 "$(DESTDIR)$(MANDIR)/man1/$(NAME).1"
	install -D -m 644 packaging/completions/$(NAME).bash "$(DESTDIR)$(BASHDIR)/$(NAME)"
	install -D -m 644 packaging/completions/_$(NAME) "$(DESTDIR)$(ZSHDIR)/_$(NAME)"
	install -D -m 644 packaging/completions/$(NAME).fish "$(DESTDIR)$(FISHDIR)/$(NAME).fish"
	find *.md LICENSE docs examples puppet \( -path puppet/spec -o -path 'puppet/.*' -o -name Gemfile -o -name Rakefile \) -prune -o -type f \
	  -exec install -D -m 644 {} "$(DESTDIR)$(DOCDIR)/$(NAME)/{}" \;

uninstall: ## Remove what `make install` installed, with the same PREFIX and DESTDIR
	rm -f $(PROGRAMS:%="$(DESTDIR)$(PREFIX)/bin/%") "$(DESTDIR)$(MANDIR)/man1/$(NAME).1" "$(DESTDIR)$(BASHDIR)/$(NAME)" \
	  "$(DESTDIR)$(ZSHDIR)/_$(NAME)" "$(DESTDIR)$(FISHDIR)/$(NAME).fish"
	rm -rf "$(DESTDIR)$(DOCDIR)/$(NAME)"

deb: build ## Build the Debian package target/debian/consul-master-election-tagger_VERSION_ARCH.deb
	@scripts/deb.sh

test-install: build ## Test make install, make uninstall, cargo install, and the contents of the crate
	@scripts/test-install.sh

test-deb: build ## Install, run and remove the Debian package in a minimal Debian 12; needs root and debootstrap
	@scripts/test-deb.sh

deny: ## Check the dependencies: licences, sources, bans and security advisories
	@scripts/deny.sh

test-deny: ## Test how make deny handles advisories, with made-up advisory databases
	@scripts/test-deny.sh

msrv: ## Build and test with the oldest supported Rust (rust-version in Cargo.toml)
	@scripts/msrv.sh

consul: ## Get the real Consuls for tests, demo and benchmarks, and print their paths
	@scripts/consul.sh

tools: ## Get the consul-template for the scenarios of examples/redis/, and print its path
	@scripts/tools.sh

test: ## Check formatting, clippy and docs; run all tests, and every scenario on every Consul (CONSUL_BIN= for one)
	@scripts/test.sh

test-puppet: ## Test the Puppet module: syntax, lint, specs, its parameters, and whether its REFERENCE.md is current
	@scripts/test-puppet.sh

chaos-schedule: ## Count the starts of each tick of run --schedule under random faults, on every Consul (FAULTS=200, SEED=; CONSUL_BIN= for one)
	@for consul in $${CONSUL_BIN:-$$(scripts/consul.sh)}; do \
	  FAULTS="$${FAULTS:-200}" CONSUL_BIN="$$consul" cargo test --locked --test scenarios -- --nocapture no_tick_is_started_twice || exit; \
	done

bench: ## Compare a run with a minimal program that sends the same requests, and with an earlier build (BASE=REVISION)
	@CONSUL_BIN="$${CONSUL_BIN:-$$(scripts/consul.sh | tail -n 1)}" && export CONSUL_BIN && \
	  if [ -n "$(BASE)" ]; then BASE_BIN="$$(RUSTFLAGS="$(FLAGS)" scripts/bench-base.sh "$(BASE)" "$(HOST)")" && export BASE_BIN || exit; fi && \
	  $(STATIC) build --quiet --release --locked --target $(HOST) --example floor && \
	  $(STATIC) bench --quiet --locked --target $(HOST) --bench pass

failover: ## Measure failovers on every Consul, 40 minutes each, and draw them (ROUNDS=50, SEED=, MODES= by name, PICTURE=FILE; CONSUL_BIN= for one)
	@consuls="$${CONSUL_BIN:-$$(scripts/consul.sh)}" && $(STATIC) bench --quiet --locked --target $(HOST) --bench failover --no-run && \
	  { failed=0; for consul in $$consuls; do \
	    CONSUL_BIN="$$consul" $(STATIC) bench --quiet --locked --target $(HOST) --bench failover || failed=1; \
	  done; exit "$$failed"; }

scale: ## Measure what an election costs by its size, 45 minutes on every Consul (SIZES="10 100 300 1000", ROUNDS=5, MODES="none wait plain", SERVERS=1, BIN=PROGRAM, OUT=CSV; CONSUL_BIN= for one)
	@consuls="$${CONSUL_BIN:-$$(scripts/consul.sh)}" && if [ -n "$${BIN:-}" ]; then export ELECTION_BIN="$$BIN"; fi && \
	  for consul in $$consuls; do CONSUL_BIN="$$consul" $(STATIC) bench --quiet --locked --target $(HOST) --bench scale || exit; done

bench-run: ## Measure how long the next node takes to run a command, beside consul lock, 5 minutes on every Consul (ROUNDS=20; CONSUL_BIN= for one)
	@consuls="$${CONSUL_BIN:-$$(scripts/consul.sh)}" && for consul in $$consuls; do \
	  CONSUL_BIN="$$consul" $(STATIC) bench --quiet --locked --target $(HOST) --bench run || exit; \
	done

bench-watch: ## Measure how long after a change watch prints its line, 1 minute on every Consul (ROUNDS=100; CONSUL_BIN= for one)
	@consuls="$${CONSUL_BIN:-$$(scripts/consul.sh)}" && for consul in $$consuls; do \
	  CONSUL_BIN="$$consul" $(STATIC) bench --quiet --locked --target $(HOST) --bench watch || exit; \
	done

chaos-run: ## Try for 11 minutes on every Consul whether two commands of run ever run at once (ROUNDS=200, SEED=; CONSUL_BIN= for one); needs root
	@consuls="$${CONSUL_BIN:-$$(scripts/consul.sh)}" && failed=0 && for consul in $$consuls; do \
	  ROUNDS="$${ROUNDS:-200}" CONSUL_BIN="$$consul" cargo test --quiet --locked --test scenarios run::chaos -- --nocapture || failed=1; \
	done; exit "$$failed"

demo: build ## Watch three redis servers elect a master, lose it, and elect another (KEEP=1 keeps them running until Ctrl-C)
	@ELECTION_BIN="$(CURDIR)/$(BUILT)" KEEP="$(KEEP)" scripts/demo.sh

picture: build ## Draw docs/demo.svg from the output of a run of make demo
	@ELECTION_BIN="$(CURDIR)/$(BUILT)" scripts/picture.sh

clean: ## Remove everything that was built here
	cargo clean
