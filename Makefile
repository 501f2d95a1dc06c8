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
seconds  ?=
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
# Of the user-space instructions of a keep-alive request -O3 leaves 0.97, with 1.38 of the text; -flto
# makes 1.10 of them, with 0.66 of the text. In CPU time, nearly all of it the kernel's, neither
# differs from -O2 by more than the noise.
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
# The rooms of worker/, from the lowest to the highest: a room includes only itself and lower rooms,
# but the leaves log and http include no other room (t/lint checks it).
leaves  := log http
rooms   := $(leaves) tls net route backend transaction client
folders := conf shm $(rooms:%=worker/%) worker master
objects_of = $(patsubst %.cc,$(out)/%.o,$(wildcard $(1)/*.cc))

# A unit test links its own folder and the folders below it, so an upward dependency does not link.
conf_objects := $(call objects_of,conf)
shm_objects  := $(call objects_of,shm)
http_objects := $(call objects_of,worker/http)
log_objects  := $(conf_objects) $(shm_objects) $(call objects_of,worker/log)
below        := $(log_objects) $(http_objects)
define room_rule
below        += $$(call objects_of,worker/$(1))
$(1)_objects := $$(below)
endef
$(foreach room,$(filter-out $(leaves),$(rooms)),$(eval $(call room_rule,$(room))))
worker_objects := $(call objects_of,worker) $(below)
tls_objects := $(net_objects)  # sessions are tested through a stream
master_objects := $(filter-out %/main.o,$(call objects_of,master)) $(worker_objects)

unit_folders := $(foreach f,conf shm $(rooms) worker master,$(if $(wildcard t/unit/$(f)/test_*.cc),$(f)))
unit_tests   := $(unit_folders:%=$(out)/unit_%)
unit_objects = $(patsubst %.cc,$(out)/%.o,t/unit/main.cc $(wildcard t/unit/$(1)/test_*.cc))

fuzz_names   := $(patsubst t/fuzz/fuzz_%.cc,%,$(wildcard t/fuzz/fuzz_*.cc))
replays      := $(fuzz_names:%=$(out)/replay_%)
demo         := $(out)/demo_backend
bench        := $(patsubst t/bench/%.cc,$(out)/bench_%,$(wildcard t/bench/*_table.cc t/bench/*_head.cc))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all help run check check-unit check-e2e bench bench-growth bench-tables lint format fuzz \
        install uninstall deb clean install-deps check-programs

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

# For sanitize=fuzzer-no-link,address,undefined CXX=clang++, see t/fuzz/run: the fuzzer itself comes
# in here, and the leaves are compiled once for all targets.
$(out)/fuzz_%: $(out)/t/fuzz/fuzz_%.o $(http_objects) $(conf_objects)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -fsanitize=fuzzer -o $@ $^ $(package_libs)

$(demo): $(out)/t/demo/backend.o
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(shell pkg-config --libs libevent)

$(out)/bench_%: $(out)/t/bench/%.o $(shm_objects) $(http_objects)
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

# What it is measured against comes from Debian's packages. NGINX and HAPROXY in the environment
# name other programs; rounds=, seconds=, only='NAME …' and strict=yes go to the script.
rounds  ?= 9
strict  ?= no
bench:  ## Pound beside nginx and HAProxy, within 10 minutes; strict=yes fails on a missed target
	@init/install-deps --bench
	@$(MAKE) --no-print-directory $(parallel) $(pound) $(out)/bench_backend
	@POUND=$(pound) $(PYTHON) -B t/bench/compare.py --backend $(out)/bench_backend \
	  --rounds $(rounds) --seconds $(or $(seconds),1) --only '$(only)' --strict $(strict)

bench-growth:  ## how the cost grows with clients, services, sessions, backends and bodies: man/speed.md
	@init/install-deps --bench
	@$(MAKE) --no-print-directory $(parallel) $(pound) $(out)/bench_backend
	@POUND=$(pound) $(PYTHON) -B t/bench/growth.py --backend $(out)/bench_backend \
	  --rounds $(if $(filter file,$(origin rounds)),3,$(rounds)) --seconds $(or $(seconds),2) --only '$(only)'

bench-tables: $(bench)  ## what look-ups in the shared tables and a request's head cost
	@for program in $(bench); do $$program || exit 1; done

lint:  ## layers, formatting, sizes, clang-tidy
	@init/install-deps --lint
	@t/lint

format:  ## rewrite the sources with clang-format
	clang-format -i $(wildcard $(folders:%=%/*.cc) $(folders:%=%/*.h) t/unit/*.cc t/unit/*/*.cc t/unit/*/*.h t/fuzz/*.cc t/demo/*.cc t/bench/*.cc)

fuzz:  ## run each libFuzzer target for seconds=60; only=NAME for one
	@init/install-deps --lint
	@t/fuzz/run '$(or $(only),$(fuzz_names))' $(or $(seconds),60)

# --- installing -------------------------------------------------------------------------------------
# What stands in init/ names Debian's places; installed it names those of PREFIX and SYSCONFDIR.
sbin  = $(PREFIX)/sbin
units = $(PREFIX)/lib/systemd/system
man   = $(PREFIX)/share/man
doc   = $(PREFIX)/share/doc/pound

installed = $(sbin)/pound $(sbin)/pound-reload $(SYSCONFDIR)/init.d/pound \
            $(units)/pound.service $(units)/pound@.service \
            $(man)/man8/pound.8 $(man)/man8/pound-reload.8 $(man)/man5/pound.yaml.5 \
            $(doc)/README.md $(doc)/examples/pound.yaml.sample
defaults  = $(SYSCONFDIR)/default/pound
settings  = $(SYSCONFDIR)/pound/pound.yaml

in_place = sed -e 's|/usr/sbin/|$(sbin)/|g' -e 's|/etc/|$(SYSCONFDIR)/|g'
# The unit of every other instance is that of the usual one, with the instance's name in it.
in_template = $(in_place) -e 's|/pound\.yaml|/%i.yaml|g' -e 's|/pound\.pid|/pound-%i.pid|g' \
              -e 's|^Description=Pound|& %i|'

# Mode, and place; the content is a file, or what comes through a pipe.
put    = install -D -m $(1) /dev/stdin $(DESTDIR)$(2)
put_of = install -D -m $(2) $(1) $(DESTDIR)$(3)

install: $(pound)  ## into DESTDIR and PREFIX; keeps a configuration that is there
	$(call put_of,$(pound),755,$(sbin)/pound)
	$(call put_of,init/pound-reload,755,$(sbin)/pound-reload)
	$(in_place) init/pound.init | $(call put,755,$(SYSCONFDIR)/init.d/pound)
	$(in_place) init/pound.service | $(call put,644,$(units)/pound.service)
	$(in_template) init/pound.service | $(call put,644,$(units)/pound@.service)
	$(call put_of,man/pound.8,644,$(man)/man8/pound.8)
	$(call put_of,man/pound-reload.8,644,$(man)/man8/pound-reload.8)
	$(call put_of,man/pound.yaml.5,644,$(man)/man5/pound.yaml.5)
	$(call put_of,README.md,644,$(doc)/README.md)
	$(call put_of,pound.yaml.sample,644,$(doc)/examples/pound.yaml.sample)
	test -e $(DESTDIR)$(defaults) || $(in_place) init/pound.default | $(call put,644,$(defaults))
	test -e $(DESTDIR)$(settings) || $(call put_of,pound.yaml.sample,644,$(settings))

uninstall:  ## removes what `make install` has put there, but no configuration that was changed
	rm -f $(addprefix $(DESTDIR),$(installed))
	! $(in_place) init/pound.default | cmp -s - $(DESTDIR)$(defaults) || rm -f $(DESTDIR)$(defaults)
	! cmp -s pound.yaml.sample $(DESTDIR)$(settings) || rm -f $(DESTDIR)$(settings)
	rmdir $(DESTDIR)$(doc)/examples $(DESTDIR)$(doc) $(DESTDIR)$(SYSCONFDIR)/pound 2>/dev/null || true

deb:  ## a Debian package, in build/
	@init/install-deps --deb
	@$(MAKE) --no-print-directory $(parallel) $(pound)
	@rm -rf build/deb
	@$(MAKE) --no-print-directory -s install DESTDIR=build/deb/root PREFIX=/usr SYSCONFDIR=/etc
	@init/make-deb build/deb $(VERSION)

clean:  ## remove build/
	rm -rf build

-include $(shell find build -name '*.d' -type f 2>/dev/null)
