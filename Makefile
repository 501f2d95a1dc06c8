# Pound's build. `make help` lists the targets; `make verbose=yes` shows each command.
#
# Variables select a variant: `make`, `make debug=yes`, `make check sanitize=address,undefined`,
# `make CXX=clang++`. Each variant has an object folder of its own, so that none rebuilds another.

VERSION := 0.2.0

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
# Use all cores, unless the caller gives -j.
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
hardening := -fPIE -fstack-protector-strong
# Protections against redirected jumps. Each exists on some processors only, so the compiler is asked.
jump_protections := -fcf-protection -mbranch-protection=standard
# Measured on keep-alive requests, relative to -O2: -O3 executes 0.97 of the user-space instructions
# with 1.38 of the code size; -flto executes 1.10 of them with 0.66 of the code size. The CPU time,
# nearly all of it the kernel's, differs by no more than the noise.
optimise  := -O2
ifeq ($(debug),yes)
optimise  := -O0 -ggdb
endif
ifneq ($(sanitize),)
optimise  := -O1 -ggdb -fno-omit-frame-pointer
checks    := -fsanitize=$(sanitize) -fno-sanitize-recover=all -DPOUND_SANITIZE
else ifneq ($(debug),yes)
hardening += -D_FORTIFY_SOURCE=2
endif
ifeq ($(CI),true)
warnings  += -Werror
endif

packages := libevent_core libcrypto libssl yaml-0.1 re2 libseccomp libnghttp2 libcrypt libidn2 zlib libzstd libbrotlienc hiredis
# Stops make when a library, pkg-config or the compiler is missing, after naming the packages.
require = $(shell CXX='$(CXX)' init/missing-deps $(1) $(CPPFLAGS) $(CXXFLAGS))$(if \
    $(filter-out 0,$(.SHELLSTATUS)),$(error packages are missing, nothing was built))
# Each value is looked up at its first use and then kept. So `make help` and `make install-deps`
# work on a bare machine, and a build that has nothing to do looks up nothing.
require_all    = $(eval require_all := )$(call require)
# hiredis asks for 64-bit offsets, which a 64-bit system has; the macro would only rename system calls.
package_cflags = $(eval package_cflags := $(require_all)$(filter-out -D_FILE_OFFSET_BITS=64,$(shell \
    pkg-config --cflags $(packages))))$(package_cflags)
package_libs   = $(eval package_libs := $(require_all)$(shell pkg-config --libs $(packages)))$(package_libs)

# The options among $(1) that the compiler accepts.
accepted = $(foreach option,$(1),$(shell $(CXX) -Werror $(option) -fsyntax-only -x c++ /dev/null \
    >/dev/null 2>&1 && echo '$(option)'))
protection = $(eval protection := $(call accepted,$(jump_protections)))$(protection)

CPPFLAGS += -I. -D_GNU_SOURCE -DPOUND_VERSION='"$(VERSION)"'
CXXFLAGS ?= -g
all_cxxflags = -std=c++20 $(optimise) $(warnings) $(hardening) $(protection) $(checks) -pthread $(package_cflags) $(CXXFLAGS)
all_ldflags  = -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread $(checks) $(LDFLAGS)

# The tests need more. These targets look for everything before they build anything.
ifneq ($(filter check-unit check-e2e,$(MAKECMDGOALS)),)
$(call require,--test)
endif

# --- programs and their objects ---------------------------------------------------------------------
# The rooms of worker/, lowest first. A room may include only itself, conf, shm and rooms to its left.
# The leaves sandbox, log and http include no other room, and sandbox and http include neither conf nor
# shm. Nor does http2, which includes http only; compress includes conf only. t/lint checks this.
leaves  := sandbox log http
rooms   := $(leaves) http2 compress tls net route auth backend store serve transaction client explain
folders := conf shm $(rooms:%=worker/%) worker master master/control master/convert master/ctl
objects_of = $(patsubst %.cc,$(out)/%.o,$(wildcard $(1)/*.cc))

# A unit test program links only its own folder and the folders below it. An include that breaks the
# layers therefore fails to link.
conf_objects := $(call objects_of,conf)
shm_objects  := $(call objects_of,shm)
http_objects := $(call objects_of,worker/http)
http2_objects := $(http_objects) $(call objects_of,worker/http2)
sandbox_objects := $(call objects_of,worker/sandbox)
log_objects  := $(conf_objects) $(shm_objects) $(call objects_of,worker/log)
below        := $(log_objects) $(http2_objects) $(sandbox_objects)
define room_rule
below        += $$(call objects_of,worker/$(1))
$(1)_objects := $$(below)
endef
$(foreach room,$(filter-out $(leaves) http2,$(rooms)),$(eval $(call room_rule,$(room))))
worker_objects := $(call objects_of,worker) $(below)
tls_objects := $(net_objects)  # The tests of TLS sessions run them through a stream.
master_objects := $(filter-out %/master/main.o,$(call objects_of,master)) $(call objects_of,master/control) \
                  $(call objects_of,master/ctl) $(call objects_of,master/convert) $(worker_objects)
# The converter needs the configuration and one table of worker/http.
convert_objects := $(call objects_of,master/convert) $(conf_objects) $(http_objects)

unit_folders := $(foreach f,conf shm $(rooms) worker master convert,$(if $(wildcard t/unit/$(f)/test_*.cc),$(f)))
unit_tests   := $(unit_folders:%=$(out)/unit_%)
unit_objects = $(patsubst %.cc,$(out)/%.o,t/unit/main.cc $(wildcard t/unit/$(1)/test_*.cc))

fuzz_names   := $(patsubst t/fuzz/fuzz_%.cc,%,$(wildcard t/fuzz/fuzz_*.cc))
replays      := $(fuzz_names:%=$(out)/replay_%)
demo         := $(out)/demo_backend
check_many   := $(out)/check_many
balancers    := $(addprefix $(out)/worker/route/,balancer.o least_loaded.o rendezvous.o round_robin.o weighted_random.o)
bench        := $(patsubst t/bench/%.cc,$(out)/bench_%,$(wildcard t/bench/*_table.cc t/bench/*_head.cc t/bench/*_block.cc))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all help run check check-unit check-e2e check-cross bench bench-crowd bench-growth bench-scale bench-store bench-tables lint \
        format fuzz mutants install uninstall deb dist clean install-deps check-programs

all: $(pound)  ## build the program: build/pound

help:  ## list the targets
	@echo 'make TARGET [debug=yes] [sanitize=address,undefined] [verbose=yes] [CXX=clang++] [DESTDIR=…] [PREFIX=…]'
	@sed -n 's/^\([a-z0-9-]*\):.*  ## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

install-deps:  ## install the missing Debian packages (needs root or sudo)
	@init/install-deps

$(pound): $(out)/master/main.o $(master_objects)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(package_libs)

$(out)/%.o: %.cc
	@mkdir -p $(@D)
	@echo '  c++  $<'
	$(q)$(CXX) $(CPPFLAGS) $(all_cxxflags) -MD -MP -c -o $@ $<

# These contain VERSION: another version compiles them anew.
$(patsubst %.cc,$(out)/%.o,$(shell grep -lr --include='*.cc' POUND_VERSION master worker t/unit)): Makefile

# The assembler reads these files, so the compiler does not list them.
$(out)/worker/serve/page_files.o: $(wildcard worker/serve/*.css worker/serve/*.js)

# Tests of compression decode what they get. The package of the encoder brings the decoder along.
decoder_libs = $(eval decoder_libs := $(shell pkg-config --libs libbrotlidec))$(decoder_libs)

define unit_rule
$$(out)/unit_$(1): $$(call unit_objects,$(1)) $$($(1)_objects)
	@echo '  link $$@'
	$$(q)$$(CXX) $$(all_ldflags) -o $$@ $$^ $$(package_libs) $$(decoder_libs)
endef
$(foreach f,$(unit_folders),$(eval $(call unit_rule,$(f))))

fuzz_objects := $(http2_objects) $(log_objects) $(out)/master/log_sink.o $(addprefix $(out)/master/,control/line.o ctl/objects.o) \
                $(out)/worker/auth/htpasswd.o $(out)/worker/store/replies.o \
                $(addprefix $(out)/worker/route/,changed_url.o edits.o template.o) \
                $(addprefix $(out)/worker/net/,address.o address_set.o crc32c.o proxy_header.o) \
                $(call objects_of,master/convert)

$(out)/replay_%: $(out)/t/fuzz/fuzz_%.o $(out)/t/fuzz/replay.o $(fuzz_objects)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(package_libs)

# t/fuzz/run builds these with CXX=clang++ sanitize=fuzzer-no-link,address,undefined. Only this link
# step adds the fuzzer, so that all targets share the same objects.
$(out)/fuzz_%: $(out)/t/fuzz/fuzz_%.o $(fuzz_objects)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -fsanitize=fuzzer -o $@ $^ $(package_libs)

$(demo): $(out)/t/demo/backend.o
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(shell pkg-config --libs libevent)

$(check_many): $(out)/t/schema/check_many.o $(conf_objects)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(package_libs)

$(out)/bench_%: $(out)/t/bench/%.o $(shm_objects) $(http2_objects) $(conf_objects) $(addprefix $(out)/worker/net/,address_set.o address_lists.o) \
    $(balancers)
	@echo '  link $@'
	$(q)$(CXX) $(all_ldflags) -o $@ $^ $(package_libs)

.SECONDARY:

# --- running and checking ---------------------------------------------------------------------------
# `make run` and `make check` first install missing packages. A second make then builds, because
# pkg-config knows a library only after its package is installed.
run:  ## start two demo backends and Pound on 127.0.0.1:8080, 8443 (HTTPS) and 8081 (status); Ctrl-C stops them
	@init/install-deps --run
	@$(MAKE) --no-print-directory $(parallel) $(pound) $(demo)
	@t/demo/run $(pound) $(demo)

check-programs: $(pound) $(demo) $(check_many) $(unit_tests) $(replays)

check:  ## run all tests; the last line counts passed and failed tests
	@init/install-deps --test
	@$(MAKE) --no-print-directory $(parallel) check-programs
	@$(PYTHON) t/check.py --out $(out) --pound $(pound) unit fuzz e2e

check-unit: $(unit_tests) $(replays)  ## run the unit tests and replay the fuzz corpora; only=conf selects a folder
	@$(PYTHON) t/check.py --out $(out) --pound $(pound) --only '$(only)' unit fuzz

check-e2e: $(pound) $(demo) $(check_many)  ## test the real daemon; only=EXPR goes to pytest -k
	@$(PYTHON) t/check.py --out $(out) --pound $(pound) --only '$(only)' e2e

# Not part of `make check`, because it installs cross-compilers and downloads 100 MB of libraries.
architectures ?= arm64 s390x
check-cross:  ## run the unit tests of conf, http and http2 on emulated machines; architectures='arm64 s390x'
	@init/install-deps --test --cross
	@MAKE='$(MAKE) $(parallel)' t/cross $(architectures)

# nginx, HAProxy and nghttpx come from Debian's packages. h2o takes part if it is installed. NGINX,
# HAPROXY, NGHTTPX and H2O in the environment name other programs. rounds=, seconds=, only='NAME …'
# and strict=yes go to the script.
rounds  ?= 9
strict  ?= no
bench:  ## compare Pound with its peers (15 minutes); strict=yes fails on a missed target
	@init/install-deps --bench
	@$(MAKE) --no-print-directory $(parallel) $(pound) $(out)/bench_backend
	@POUND=$(pound) $(PYTHON) -B t/bench/compare.py --backend $(out)/bench_backend \
	  --rounds $(rounds) --seconds $(or $(seconds),1) --only '$(only)' --strict $(strict)

bench-growth:  ## measure how the cost grows with clients, services, sessions …; writes man/speed.md
	@init/install-deps --bench
	@$(MAKE) --no-print-directory $(parallel) $(pound) $(out)/bench_backend
	@POUND=$(pound) $(PYTHON) -B t/bench/growth.py --backend $(out)/bench_backend \
	  --rounds $(if $(filter file,$(origin rounds)),3,$(rounds)) --seconds $(or $(seconds),2) --only '$(only)'

bench-scale:  ## calculate how sessions scale over many machines; writes man/scaling.md
	@$(PYTHON) -B t/bench/scale.py --text man/scaling.md --svg man/scaling.svg

bench-crowd:  ## measure how long known clients wait while a crowd of strangers asks
	@init/install-deps --bench
	@$(MAKE) --no-print-directory $(parallel) $(pound) $(out)/bench_backend
	@POUND=$(pound) $(PYTHON) -B t/bench/crowd.py --backend $(out)/bench_backend --seconds $(or $(seconds),20)

bench-store:  ## measure what a session store costs
	@init/install-deps --bench
	@$(MAKE) --no-print-directory $(parallel) $(pound) $(out)/bench_backend
	@POUND=$(pound) $(PYTHON) -B t/bench/store.py --backend $(out)/bench_backend \
	  --rounds $(rounds) --seconds $(or $(seconds),1)

bench-tables: $(bench)  ## time look-ups in tables and the parsing of a request head
	@for program in $(bench); do $$program || exit 1; done

lint:  ## check layers, sizes, formatting and clang-tidy
	@init/install-deps --lint
	@t/lint

format:  ## format the sources with clang-format
	clang-format -i $(wildcard $(folders:%=%/*.cc) $(folders:%=%/*.h) t/unit/*.cc t/unit/*/*.cc t/unit/*/*.h t/fuzz/*.cc t/fuzz/*.h t/demo/*.cc t/schema/*.cc t/bench/*.cc)

fuzz:  ## run each libFuzzer target for 60 s; seconds=N, only=NAME
	@init/install-deps --lint
	@t/fuzz/run '$(or $(only),$(fuzz_names))' $(or $(seconds),60)

# Not part of `make check`, because it takes minutes for each room.
count ?= 12
seed  ?= 1
mutants: $(unit_tests)  ## do the unit tests notice small faults? only='conf shm' count= seed= seconds=
	@$(PYTHON) -B t/mutants --out $(out) --only '$(only)' --count $(count) --seed '$(seed)' \
	  --seconds $(or $(seconds),1800) \
	  --make '$(MAKE) debug=$(debug) sanitize=$(sanitize) CXX=$(CXX)'

# --- installing -------------------------------------------------------------------------------------
# The files in init/ contain Debian's paths. Installation replaces them with the paths below PREFIX
# and SYSCONFDIR.
sbin  = $(PREFIX)/sbin
units = $(PREFIX)/lib/systemd/system
man   = $(PREFIX)/share/man
doc   = $(PREFIX)/share/doc/pound
completions = $(PREFIX)/share/bash-completion/completions

installed = $(sbin)/pound $(sbin)/poundctl $(sbin)/pound-convert $(sbin)/pound-reload $(SYSCONFDIR)/init.d/pound \
            $(units)/pound.service $(units)/pound@.service \
            $(man)/man8/pound.8 $(man)/man8/poundctl.8 $(man)/man8/pound-convert.8 \
            $(man)/man8/pound-reload.8 $(man)/man5/pound.yaml.5 \
            $(completions)/poundctl $(doc)/README.md $(doc)/CHANGELOG.md $(doc)/SECURITY.md $(doc)/migration.md $(doc)/scaling.md $(doc)/scaling.svg \
            $(doc)/pound.schema.json \
            $(doc)/examples/pound.yaml.sample $(doc)/examples/pound.apparmor $(doc)/examples/keepalived.conf \
            $(PREFIX)/lib/sysusers.d/pound.conf $(PREFIX)/lib/tmpfiles.d/pound.conf \
            $(doc)/examples/grafana/pound.json $(doc)/examples/prometheus/pound.rules.yml \
            $(doc)/examples/rsyslog/pound.conf $(doc)/examples/logrotate/pound \
            $(doc)/examples/fail2ban/filter.d/pound.conf $(doc)/examples/fail2ban/jail.d/pound.conf
example_folders = grafana prometheus rsyslog logrotate fail2ban/filter.d fail2ban/jail.d fail2ban
defaults  = $(SYSCONFDIR)/default/pound
settings  = $(SYSCONFDIR)/pound/pound.yaml

in_place = sed -e 's|/usr/sbin/|$(sbin)/|g' -e 's|/etc/|$(SYSCONFDIR)/|g'
# The template unit is the plain unit with the instance's name in its file names.
in_template = $(in_place) -e 's|/pound\.yaml|/%i.yaml|g' -e 's|/pound\.pid|/pound-%i.pid|g' \
              -e 's|^Description=Pound|& %i|'

# The files of AppArmor and keepalived themselves stay where they are.
in_example  = sed -e 's|/usr/sbin/|$(sbin)/|g' -e 's|/etc/pound/|$(SYSCONFDIR)/pound/|g' \
              -e 's|/usr/share/doc/pound|$(doc)|g'

# put: installs standard input with a mode at a path. put_of: installs a file likewise.
put    = install -D -m $(1) /dev/stdin $(DESTDIR)$(2)
put_of = install -D -m $(2) $(1) $(DESTDIR)$(3)

install: $(pound)  ## install below DESTDIR and PREFIX; keeps an existing configuration
	$(call put_of,$(pound),755,$(sbin)/pound)
	ln -sf pound $(DESTDIR)$(sbin)/poundctl
	ln -sf pound $(DESTDIR)$(sbin)/pound-convert
	$(call put_of,init/pound-reload,755,$(sbin)/pound-reload)
	$(in_place) init/pound.init | $(call put,755,$(SYSCONFDIR)/init.d/pound)
	$(in_place) init/pound.service | $(call put,644,$(units)/pound.service)
	$(in_template) init/pound.service | $(call put,644,$(units)/pound@.service)
	$(call put_of,man/pound.8,644,$(man)/man8/pound.8)
	$(call put_of,man/poundctl.8,644,$(man)/man8/poundctl.8)
	$(call put_of,man/pound-convert.8,644,$(man)/man8/pound-convert.8)
	$(call put_of,man/pound-reload.8,644,$(man)/man8/pound-reload.8)
	$(call put_of,man/pound.yaml.5,644,$(man)/man5/pound.yaml.5)
	$(call put_of,init/poundctl.bash-completion,644,$(completions)/poundctl)
	if schema=$$($(pound) --schema); then printf '%s\n' "$$schema" | $(call put,644,$(doc)/pound.schema.json); \
	  else echo 'pound.schema.json is not installed: the program does not run on this machine' >&2; fi
	$(call put_of,README.md,644,$(doc)/README.md)
	$(call put_of,CHANGELOG.md,644,$(doc)/CHANGELOG.md)
	$(call put_of,SECURITY.md,644,$(doc)/SECURITY.md)
	$(call put_of,man/migration.md,644,$(doc)/migration.md)
	$(call put_of,man/scaling.md,644,$(doc)/scaling.md)
	$(call put_of,man/scaling.svg,644,$(doc)/scaling.svg)
	$(call put_of,pound.yaml.sample,644,$(doc)/examples/pound.yaml.sample)
	$(in_example) init/pound.apparmor | $(call put,644,$(doc)/examples/pound.apparmor)
	$(in_example) init/keepalived.conf.example | $(call put,644,$(doc)/examples/keepalived.conf)
	$(call put_of,init/grafana/pound.json,644,$(doc)/examples/grafana/pound.json)
	$(call put_of,init/prometheus/pound.rules.yml,644,$(doc)/examples/prometheus/pound.rules.yml)
	$(call put_of,init/pound.sysusers,644,$(PREFIX)/lib/sysusers.d/pound.conf)
	$(call put_of,init/pound.tmpfiles,644,$(PREFIX)/lib/tmpfiles.d/pound.conf)
	$(call put_of,init/rsyslog/pound.conf,644,$(doc)/examples/rsyslog/pound.conf)
	$(call put_of,init/logrotate/pound,644,$(doc)/examples/logrotate/pound)
	$(call put_of,init/fail2ban/filter.d/pound.conf,644,$(doc)/examples/fail2ban/filter.d/pound.conf)
	$(call put_of,init/fail2ban/jail.d/pound.conf,644,$(doc)/examples/fail2ban/jail.d/pound.conf)
	test -e $(DESTDIR)$(defaults) || $(in_place) init/pound.default | $(call put,644,$(defaults))
	test -e $(DESTDIR)$(settings) || $(call put_of,pound.yaml.sample,644,$(settings))

uninstall:  ## remove the installed files; keeps a configuration that was changed
	rm -f $(addprefix $(DESTDIR),$(installed))
	! $(in_place) init/pound.default | cmp -s - $(DESTDIR)$(defaults) || rm -f $(DESTDIR)$(defaults)
	! cmp -s pound.yaml.sample $(DESTDIR)$(settings) || rm -f $(DESTDIR)$(settings)
	rmdir $(addprefix $(DESTDIR)$(doc)/examples/,$(example_folders)) $(DESTDIR)$(doc)/examples $(DESTDIR)$(doc) $(DESTDIR)$(SYSCONFDIR)/pound 2>/dev/null || true

# A clean copy, with Debian's flags for compilers: see init/make-deb.
deb:  ## build the Debian packages in build/
	@init/install-deps --deb
	@init/make-deb build

# From the last commit. The same commit always gives the same bytes.
dist_folder ?= build
dist:  ## pack the sources of the last commit: build/pound-VERSION.tar.gz
	@mkdir -p $(dist_folder)
	@git archive --format=tar --prefix=pound-$(VERSION)/ HEAD | gzip -9n >$(dist_folder)/pound-$(VERSION).tar.gz
	@echo $(dist_folder)/pound-$(VERSION).tar.gz

clean:  ## remove build/
	rm -rf build

-include $(shell find $(out) -name '*.d' -type f 2>/dev/null)
