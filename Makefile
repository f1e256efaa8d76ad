# The whole developer interface. `make` alone says what there is.

HOST := $(shell rustc -vV | sed -n 's/^host: //p')
# Static, so that no loader has work to do at every run; that needs an explicit target, or proc macros would not build.
STATIC := RUSTFLAGS="$(RUSTFLAGS) -C target-feature=+crt-static" cargo
RELEASE := target/$(HOST)/release
KEEP ?=

.PHONY: help build consul test bench failover demo clean

help: ## Say what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: ## Build the program, static and stripped: target/HOST/release/consul-master-election-tagger
	$(STATIC) build --release --locked --target $(HOST)

consul: ## Provide the real Consuls that tests, demo and benchmark run on, and print their paths
	@scripts/consul.sh

test: ## Formatting, clippy, docs, unit tests, and every scenario on every Consul (CONSUL_BIN names one alone)
	@scripts/test.sh

bench: ## Compare a pass with the least that such a program can cost
	@CONSUL_BIN="$${CONSUL_BIN:-$$(scripts/consul.sh | tail -n 1)}" && export CONSUL_BIN && \
	  $(STATIC) build --quiet --release --locked --target $(HOST) --example floor && \
	  $(STATIC) bench --quiet --locked --target $(HOST) --bench pass

failover: ## Measure failovers on every Consul, 40 minutes each (ROUNDS=50, SEED=, MODES= by name; CONSUL_BIN names one Consul)
	@consuls="$${CONSUL_BIN:-$$(scripts/consul.sh)}" && $(STATIC) bench --quiet --locked --target $(HOST) --bench failover --no-run && \
	  { failed=0; for consul in $$consuls; do \
	    CONSUL_BIN="$$consul" $(STATIC) bench --quiet --locked --target $(HOST) --bench failover || failed=1; \
	  done; exit "$$failed"; }

demo: build ## Three redis servers elect a master, before your eyes (KEEP=1 leaves them up until Ctrl-C)
	@ELECTION_BIN="$(CURDIR)/$(RELEASE)/consul-master-election-tagger" KEEP="$(KEEP)" scripts/demo.sh

clean: ## Remove what was built here
	cargo clean
