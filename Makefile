# The whole developer interface. `make` alone says what there is.

NAME := consul-master-election-tagger
HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
# Static, so that no loader has work to do at every run, and at a fixed address, so that nothing is relocated at every run either: what
# https needs would cost a plain run 2 %. That needs an explicit target, or proc macros would not build. Here, wherever else the
# caller has cargo build.
FLAGS := $(RUSTFLAGS) -C target-feature=+crt-static -C relocation-model=static
STATIC := CARGO_TARGET_DIR=target RUSTFLAGS="$(FLAGS)" cargo
# What `make build` leaves, and nothing else does. Who installs as root may have no Rust there: it is found without it.
BUILT := target/$(NAME)
KEEP ?=
BASE ?=

# Where `make install` puts what; DESTDIR goes before all of it.
PREFIX ?= /usr/local
MANDIR ?= $(PREFIX)/share/man
# The documentation has a folder of its own in there, which goes with it.
DOCDIR ?= $(PREFIX)/share/doc
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

.PHONY: help build install uninstall deb test-install test-deb deny test-deny msrv consul tools test test-puppet bench failover demo clean

help: ## Say what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## Build the program, static and stripped: target/consul-master-election-tagger
	$(STATIC) build --release --locked --target $(HOST)
	@install -m 755 target/$(HOST)/release/$(NAME) $(BUILT)

install: ## Install what `make build` has built, with manual and completions, below PREFIX=/usr/local (DESTDIR= for a stage)
	@[ -x $(BUILT) ] || { echo "nothing is built yet; run make build, as the user who has Rust" >&2; exit 1; }
	install -D -m 755 $(BUILT) "$(DESTDIR)$(PREFIX)/bin/$(NAME)"
	install -D -m 644 packaging/$(NAME).1 "$(DESTDIR)$(MANDIR)/man1/$(NAME).1"
	install -D -m 644 packaging/completions/$(NAME).bash "$(DESTDIR)$(BASHDIR)/$(NAME)"
	install -D -m 644 packaging/completions/_$(NAME) "$(DESTDIR)$(ZSHDIR)/_$(NAME)"
	install -D -m 644 packaging/completions/$(NAME).fish "$(DESTDIR)$(FISHDIR)/$(NAME).fish"
	find *.md LICENSE docs examples puppet -path puppet/spec -prune -o -type f \
	  -exec install -D -m 644 {} "$(DESTDIR)$(DOCDIR)/$(NAME)/{}" \;

uninstall: ## Remove what `make install` has installed, with the same PREFIX and DESTDIR
	rm -f "$(DESTDIR)$(PREFIX)/bin/$(NAME)" "$(DESTDIR)$(MANDIR)/man1/$(NAME).1" "$(DESTDIR)$(BASHDIR)/$(NAME)" \
	  "$(DESTDIR)$(ZSHDIR)/_$(NAME)" "$(DESTDIR)$(FISHDIR)/$(NAME).fish"
	rm -rf "$(DESTDIR)$(DOCDIR)/$(NAME)"

deb: build ## Build the Debian package target/debian/consul-master-election-tagger_VERSION_ARCH.deb
	@scripts/deb.sh

test-install: build ## Try make install, make uninstall, cargo install, and what cargo would publish
	@scripts/test-install.sh

test-deb: build ## Install, run and remove the Debian package in a bare Debian 12; needs root and debootstrap
	@scripts/test-deb.sh

deny: ## Licences, sources, bans and advisories of what the program is built from
	@scripts/deny.sh

test-deny: ## Hold make deny to what it says of advisories, with databases made for it
	@scripts/test-deny.sh

msrv: ## Build and test with the oldest Rust that Cargo.toml promises
	@scripts/msrv.sh

consul: ## Provide the real Consuls that tests, demo and benchmark run on, and print their paths
	@scripts/consul.sh

tools: ## Provide the consul-template that the scenarios of examples/redis/ run, and print its path
	@scripts/tools.sh

test: ## Formatting, clippy, docs, unit tests, manual and completions, test-puppet, and every scenario on every Consul (CONSUL_BIN names one alone)
	@scripts/test.sh

test-puppet: ## The Puppet module alone: syntax, lint, examples, and whether its REFERENCE.md is current
	@scripts/test-puppet.sh

bench: ## Compare a pass with the least that such a program can cost, and with an earlier build (BASE=REVISION)
	@CONSUL_BIN="$${CONSUL_BIN:-$$(scripts/consul.sh | tail -n 1)}" && export CONSUL_BIN && \
	  if [ -n "$(BASE)" ]; then BASE_BIN="$$(RUSTFLAGS="$(FLAGS)" scripts/bench-base.sh "$(BASE)" "$(HOST)")" && export BASE_BIN || exit; fi && \
	  $(STATIC) build --quiet --release --locked --target $(HOST) --example floor && \
	  $(STATIC) bench --quiet --locked --target $(HOST) --bench pass

failover: ## Measure failovers on every Consul, 40 minutes each (ROUNDS=50, SEED=, MODES= by name; CONSUL_BIN names one Consul)
	@consuls="$${CONSUL_BIN:-$$(scripts/consul.sh)}" && $(STATIC) bench --quiet --locked --target $(HOST) --bench failover --no-run && \
	  { failed=0; for consul in $$consuls; do \
	    CONSUL_BIN="$$consul" $(STATIC) bench --quiet --locked --target $(HOST) --bench failover || failed=1; \
	  done; exit "$$failed"; }

demo: build ## Three redis servers elect a master, before your eyes (KEEP=1 leaves them up until Ctrl-C)
	@ELECTION_BIN="$(CURDIR)/$(BUILT)" KEEP="$(KEEP)" scripts/demo.sh

clean: ## Remove what was built here
	cargo clean
