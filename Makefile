# Pound's build. `make help` lists what can be asked for.
#
# `make verbose=yes` shows the commands as they are run.
#
# Variants are chosen by variables and each has its own object folder, so that they stand side by
# side: `make`, `make debug=yes`, `make check sanitize=address,undefined`, `make CXX=clang++`.

VERSION := 0.1.0

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=

debug    ?= no
sanitize ?=
CXX      ?= g++
PYTHON   := /usr/bin/python3
only     ?=
verbose  ?= no

q := $(if $(filter yes,$(verbose)),,@)
# All cores, unless the caller has said how many.
parallel = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

comma := ,
variant := $(strip $(if $(filter-out g++ c++,$(notdir $(CXX))),$(notdir $(CXX))))
variant := $(variant)$(if $(filter yes,$(debug)),-debug)
variant := $(variant)$(if $(sanitize),-$(subst $(comma),-,$(sanitize)))
variant := $(patsubst -%,%,$(variant))
out     := build/$(or $(variant),release)
pound   := $(if $(variant),$(out)/pound,build/pound)

# --- flags ----------------------------------------------------------------------------------------
warnings  := -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Wformat=2 \
             -Wundef -Wimplicit-fallthrough
hardening := -fPIE -fstack-protector-strong -fcf-protection
optimise  := -O2
ifeq ($(debug),yes)
optimise  := -O0 -ggdb
endif
ifneq ($(sanitize),)
optimise  := -O1 -ggdb -fno-omit-frame-pointer
checks    := -fsanitize=$(sanitize) -fno-sanitize-recover=all
else ifneq ($(debug),yes)
hardening += -D_FORTIFY_SOURCE=2
endif
ifeq ($(CI),true)
warnings  += -Werror
endif

packages := libevent_core libcrypto libssl yaml-0.1 re2
# Looked up when first used, so that `make help` and `make install-deps` work on a bare machine.
package_cflags = $(shell pkg-config --cflags $(packages))
package_libs   = $(shell pkg-config --libs $(packages))

CPPFLAGS += -I. -D_GNU_SOURCE -DPOUND_VERSION='"$(VERSION)"'
CXXFLAGS ?= -g
all_cxxflags = -std=c++20 $(optimise) $(warnings) $(hardening) $(checks) -pthread $(package_cflags) $(CXXFLAGS)
all_ldflags  = -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread $(checks) $(LDFLAGS)

# --- what is built from what ------------------------------------------------------------------------
folders := conf shm worker/http worker master
objects_of = $(patsubst %.cc,$(out)/%.o,$(wildcard $(1)/*.cc))

conf_objects   := $(call objects_of,conf)
shm_objects    := $(call objects_of,shm)
http_objects   := $(call objects_of,worker/http)
worker_objects := $(call objects_of,worker) $(http_objects) $(conf_objects) $(shm_objects)
master_objects := $(filter-out %/main.o,$(call objects_of,master)) $(worker_objects)

# A unit test links its own folder and the folders below it: what it may not know is not there.
unit_folders := $(foreach f,conf shm http worker master,$(if $(wildcard t/unit/test_$(f)_*.cc),$(f)))
unit_tests   := $(unit_folders:%=$(out)/unit_%)
unit_objects = $(patsubst %.cc,$(out)/%.o,t/unit/main.cc $(wildcard t/unit/test_$(1)_*.cc))

fuzz_names   := $(patsubst t/fuzz/fuzz_%.cc,%,$(wildcard t/fuzz/fuzz_*.cc))
replays      := $(fuzz_names:%=$(out)/replay_%)
demo         := $(out)/demo_backend
bench        := $(patsubst t/bench/%.cc,$(out)/bench_%,$(wildcard t/bench/*_table.cc))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all help run check check-unit check-e2e bench-tables lint format fuzz install clean install-deps \
        check-programs

all: $(pound)  ## build build/pound

help:  ## this list
	@echo 'make TARGET [debug=yes] [sanitize=address,undefined] [verbose=yes] [CXX=clang++] [DESTDIR=…] [PREFIX=…]'
	@sed -n 's/^\([a-z0-9-]*\):.*  ## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

install-deps:  ## install what is missing from Debian's packages (needs root or sudo)
	@init/install-deps

$(pound): $(out)/master/main.o $(master_objects)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(package_libs)

$(out)/%.o: %.cc
	@mkdir -p $(@D)
	@echo '  c++  $<'
	$(q)$(CXX) $(CPPFLAGS) $(all_cxxflags) -MD -MP -c -o $@ $<

define unit_rule
$$(out)/unit_$(1): $$(call unit_objects,$(1)) $$($(1)_objects)
	@echo '  link $$@'
	$$(q)$$(CXX) $$(all_ldflags) -o $$@ $$^ $$(package_libs)
endef
$(foreach f,$(unit_folders),$(eval $(call unit_rule,$(f))))

$(out)/replay_%: $(out)/t/fuzz/fuzz_%.o $(out)/t/fuzz/replay.o $(http_objects) $(conf_objects)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(package_libs)

$(demo): $(out)/t/demo/backend.o
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(shell pkg-config --libs libevent)

$(out)/bench_%: $(out)/t/bench/%.o $(shm_objects)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^

.SECONDARY:

# --- running and checking ---------------------------------------------------------------------------
# The first of these two commands on a new machine also installs what is missing; the build is a
# second make, because pkg-config can only be asked once the packages are there.
run:  ## start two demo backends and Pound on 127.0.0.1:8080 and 8443 (HTTPS), until Ctrl-C
	@init/install-deps
	@$(MAKE) --no-print-directory $(parallel) $(pound) $(demo)
	@t/demo/run $(pound) $(demo)

check-programs: $(pound) $(demo) $(unit_tests) $(replays)

check:  ## all tests; the last line says how many passed and failed
	@init/install-deps --test
	@$(MAKE) --no-print-directory $(parallel) check-programs
	@$(PYTHON) t/check.py --out $(out) --pound $(pound) unit fuzz e2e

check-unit: $(unit_tests) $(replays)  ## unit tests and the fuzzers' corpora; only=conf for one folder
	@$(PYTHON) t/check.py --out $(out) --pound $(pound) --only '$(only)' unit fuzz

check-e2e: $(pound) $(demo)  ## tests against the real daemon; only=EXPR goes to pytest -k
	@$(PYTHON) t/check.py --out $(out) --pound $(pound) --only '$(only)' e2e

bench-tables: $(bench)  ## what look-ups in the shared tables cost
	@for program in $(bench); do $$program || exit 1; done

lint:  ## layers, formatting, sizes, clang-tidy
	@init/install-deps --lint
	@t/lint

format:  ## rewrite the sources with clang-format
	clang-format -i $(wildcard $(folders:%=%/*.cc) $(folders:%=%/*.h) t/unit/*.cc t/unit/*.h t/fuzz/*.cc t/demo/*.cc t/bench/*.cc)

seconds ?= 60
fuzz:  ## run each libFuzzer target for seconds=60; only=NAME for one
	@init/install-deps --lint
	@t/fuzz/run '$(or $(only),$(fuzz_names))' $(seconds)

install: $(pound)  ## into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(SYSCONFDIR)/pound
	install -m 755 $(pound) $(DESTDIR)$(PREFIX)/sbin/pound
	install -m 644 man/pound.8 $(DESTDIR)$(PREFIX)/share/man/man8/pound.8
	test -e $(DESTDIR)$(SYSCONFDIR)/pound/pound.yaml || \
	  install -m 644 pound.yaml.sample $(DESTDIR)$(SYSCONFDIR)/pound/pound.yaml

clean:  ## remove build/
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
