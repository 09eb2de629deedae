# shark: a scriptable tracing runtime for Linux interrupts.
#
#   make run       install what is needed, build, trace this machine for a moment
#   make test      install what the tests need, build, run them all
#   make           build only
#   make bench     measure it beside bpftrace, bcc, libbpf-tools and perf
#   make help      the other targets
#
# V=1 shows the commands, O=dir builds elsewhere, CC=clang with another compiler,
# SAN=1 with the address and undefined behaviour sanitizers (in $(O)/san),
# STATIC=1 a binary that needs no libraries (in $(O)/static).

O      ?= build
SAN    ?=
STATIC ?=
V      ?=
CC     ?= cc
CLANG  ?= clang
LUAJIT ?= luajit
PREFIX ?= /usr/local
DESTDIR ?=

B := $(O)$(if $(SAN),/san)$(if $(STATIC),/static)
$(if $(and $(SAN),$(STATIC)),$(error the sanitizers cannot be linked statically: SAN or STATIC))
Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-8s%s\n' $(1) $(2))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# ---- flags ----

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wundef -Wformat=2 -Wwrite-strings
CFLAGS ?= -O2 -g
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -DSHARK_GC_STRESS
SAN_FLAGS := $(if $(SAN),$(SANITIZE))
HARDEN := $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
# Headers of others and generated ones: their warnings are not ours to fix.
SYSTEM := -isystem /usr/include/luajit-2.1 -isystem /usr/include/lua5.1 -isystem $(B)/bpf -isystem $(B)/link
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -Icore $(SYSTEM) $(WARN) $(HARDEN) $(SAN_FLAGS) $(CPPFLAGS) $(CFLAGS)

# C modules that scripts require find the Lua API in the binary.
EXPORT := $(if $(STATIC),,-Wl,--export-dynamic-symbol=lua_* -Wl,--export-dynamic-symbol=luaL_*)
# The sanitizers must see LuaJIT unwind the stack: they need the shared libgcc.
LINK := $(if $(STATIC),-static-pie,-pie) $(if $(SAN),,-static-libgcc) -Wl,-z,relro,-z,now $(EXPORT) $(SAN_FLAGS) $(LDFLAGS)
# What deps/link found out.
CORE_LIBS := @$(B)/link/core
HOST_LIBS := @$(B)/link/host

MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null || true)
LIBRARIES := $(wildcard $(foreach l,bpf elf z zstd uv uv_a luajit-5.1 lua5.1-luv edit tinfo bsd md, \
	/usr/lib/$(or $(MULTIARCH),$(shell uname -m)-linux-gnu)/lib$(l).a))
BPF_CFLAGS := -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -O2 -g -std=gnu11 -Wall -Wextra -Werror \
	-Wno-unused-parameter -Icore -idirafter /usr/include/$(or $(MULTIARCH),$(shell uname -m)-linux-gnu)

# ---- what there is ----

# The core proper: no Lua, no event loop. Unit tests link this and nothing else.
CORE := $(filter-out %.bpf.c core/load/flatten%,$(wildcard core/base/*.c core/load/*.c core/kernel/*.c core/trace/*.c core/probe/*.c core/tracers/*/*.c)) \
	core/host/options.c core/host/embedded.c
HOST := $(filter-out $(CORE) $(if $(STATIC),,core/host/static.c),$(wildcard core/bind/*.c core/host/*.c))

# Tracers with a NAME.bpf.c and no NAME.c: that is made (core/trace/plain.lua).
TRACERS := $(notdir $(wildcard core/tracers/*))
PLAIN := $(foreach t,$(TRACERS),$(if $(wildcard core/tracers/$(t)/$(t).c),,$(if $(wildcard core/tracers/$(t)/$(t).bpf.c),$(t))))

# IMAGE:SOURCE:DEFINE, one compiled BPF object for each way of attaching.
BPF := $(shell core/load/images $(PLAIN))
$(if $(filter 0,$(.SHELLSTATUS)),,$(error core/load/images failed))

# Lua modules of others, linked in with ours.
LUA_VENDOR := argparse=/usr/share/lua/5.1/argparse.lua dkjson=/usr/share/lua/5.1/dkjson.lua
LUA_MODULES := $(filter-out lua/shark/_meta/%,$(wildcard lua/shark/*.lua lua/shark/*/*.lua)) \
	$(wildcard core/tracers/*/*.lua)
SCRIPTS := $(wildcard samples/*.lua)

CORE_OBJS := $(CORE:core/%.c=$(B)/obj/%.o) $(foreach p,$(PLAIN),$(B)/obj/tracers/$(p)/$(p).o)
HOST_OBJS := $(HOST:core/%.c=$(B)/obj/%.o) $(B)/obj/embedded_lua.o
BPF_NAMES := $(foreach b,$(BPF),$(firstword $(subst :, ,$(b))))
BPF_HEADERS := $(foreach n,$(BPF_NAMES),$(B)/bpf/$(n).image.h)
WIRE := core/trace/wire.h $(wildcard core/bpf/*/wire.h core/tracers/*/wire.h)

all: $(B)/shark $(if $(SAN),,$(B)/man/shark.1)

# ---- the binary ----

$(B)/shark: $(HOST_OBJS) $(CORE_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK) -o $@ $^ $(HOST_LIBS)
	$(Q)$@ -V -v | sed -n 's/^needs: /  NEEDS    /p'

# Objects are made anew when the flags change, or libraries come or go.
BUILT_WITH := $(CC) $(ALL_CFLAGS) $(LINK) $(LIBRARIES) $(CLANG) $(BPF_CFLAGS)
$(B)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(BUILT_WITH)' | cmp -s - $@ || \
		{ sh deps/probe '$(CC)' '$(CLANG)' '$(LUAJIT)' && \
		  sh deps/link '$(CC)' '$(LINK)' $(B)/link && echo '$(BUILT_WITH)' > $@; }

$(B)/obj/%.o: core/%.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/gen/plain/%.c: $(B)/bpf/%_raw_tp.image.h core/trace/plain.lua
	$(call say,PLAIN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LUAJIT) core/trace/plain.lua $* $< > $@

define plain_object
$(B)/obj/tracers/$(1)/$(1).o: $(B)/gen/plain/$(1).c $(B)/flags
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(foreach p,$(PLAIN),$(eval $(call plain_object,$(p))))

# Generated headers are system headers to the compiler, which -MMD leaves out.
$(filter $(B)/obj/tracers/% $(B)/obj/kernel/kmem_bpf.o $(B)/obj/kernel/knames.o,$(CORE_OBJS)): $(BPF_HEADERS)

# ---- BPF ----

define bpf_object
$(B)/bpf/$(1).o: $(2) $(B)/flags
	$$(call say,BPF,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(BPF_CFLAGS) -D$(3) -MMD -MP -c -o $$@ $$<
endef
$(foreach b,$(BPF),$(eval $(call bpf_object,$(word 1,$(subst :, ,$(b))),$(word 2,$(subst :, ,$(b))),$(word 3,$(subst :, ,$(b))))))

# What an object says, as tables for the core: nothing is parsed at run time.
$(B)/flatten: core/load/flatten.c core/load/flatten_types.c core/load/flatten.h core/load/image.h $(B)/flags
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $(filter %.c,$^) $(LINK) $(CORE_LIBS)

$(B)/bpf/%.image.h: $(B)/bpf/%.o $(B)/flatten
	$(call say,IMAGE,$@)
	$(Q)$(B)/flatten $* $< > $@

# ---- Lua ----

# The FFI declarations come from the headers the BPF programs are compiled with.
$(B)/gen/events.lua: $(WIRE) core/trace/cdef.lua $(B)/flags $(B)/gen/lua-files
	$(call say,CDEF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)printf '#include "%s"\n' $(WIRE:core/%=%) | $(CC) -E -P -DSHARK_FFI -Icore - | $(LUAJIT) core/trace/cdef.lua > $@

# LuaJIT's instructions by number: made anew, with all bytecode, when another LuaJIT is installed.
VMDEF := $(shell $(LUAJIT) -e 'print(package.searchpath("jit.vmdef", package.path))' 2>/dev/null)
$(B)/gen/opcodes.lua: core/host/opcodes.lua $(VMDEF) $(B)/flags
	$(call say,OPCODES,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LUAJIT) core/host/opcodes.lua $@

# What help() says at the prompt: the docstrings that editors get.
META := $(wildcard lua/shark/_meta/*.lua)
$(B)/gen/reference.lua: docs/help.lua $(META) $(B)/flags
	$(call say,HELP,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LUAJIT) docs/help.lua $@ $(META)

# The pages of packaged scripts, for `shark help` and as man pages.
PAGES := $(filter-out docs/scripts/README.md,$(wildcard docs/scripts/*.md))
$(B)/gen/pages.lua: docs/pages.lua $(PAGES) $(SCRIPTS) $(B)/flags $(B)/gen/lua-files
	$(call say,PAGES,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LUAJIT) docs/pages.lua $@ $(PAGES)

$(B)/man/shark.1: docs/man.lua docs/shark.1 $(B)/shark
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)$(B)/shark docs/man.lua $(@D)

# core/tracers/NAME/NAME.lua is the module shark.tracers.NAME.
module_name = $(subst /,.,$(patsubst lua/%.lua,%,$(if $(filter core/%,$(1)),shark/tracers/$(notdir $(basename $(1))),$(1))))
EMBED := init shark_init.lua module $(LUA_VENDOR) shark.events=$(B)/gen/events.lua \
	shark.probe.opcodes=$(B)/gen/opcodes.lua shark.prompt.reference=$(B)/gen/reference.lua shark.manual.pages=$(B)/gen/pages.lua \
	$(foreach m,$(LUA_MODULES),$(call module_name,$(m))=$(m)) \
	script $(foreach s,$(SCRIPTS),$(basename $(notdir $(s)))=$(s))

$(B)/gen/embedded_lua.c: core/host/embed.lua core/host/canonical.lua shark_init.lua $(B)/gen/events.lua $(B)/gen/opcodes.lua $(B)/gen/reference.lua $(B)/gen/pages.lua \
		$(LUA_MODULES) $(SCRIPTS) \
		$(B)/gen/lua-files
	$(call say,EMBED,$@)
	$(Q)$(LUAJIT) core/host/embed.lua $@ $(EMBED)

# Changes when a Lua file, a page, or a part of the wire format, comes or goes.
$(B)/gen/lua-files: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(EMBED) $(WIRE) $(PAGES)' | cmp -s - $@ || echo '$(EMBED) $(WIRE) $(PAGES)' > $@

$(B)/obj/embedded_lua.o: $(B)/gen/embedded_lua.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# ---- dependencies from Debian ----

deps:
	$(Q)deps/install build

test-deps:
	$(Q)deps/install build test vm

vm-deps:
	$(Q)deps/install build vm

# ---- run, test, lint ----

# Interrupts to look at: blocks read past the page cache, in three bursts.
AS_ROOT := deps/as-root
LOAD = for i in 1 2 3; do dd if=$(1) of=/dev/null bs=4k count=4096 iflag=direct 2>/dev/null || \
	dd if=$(1) of=/dev/null bs=4k count=4096 2>/dev/null; sleep 0.7; done
TRY := local session, why = require("shark.irq").hardirq {} if not session then print(why) os.exit(1) end

run: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(AS_ROOT) true
	$(Q)if why=$$($(AS_ROOT) $(B)/shark -e '$(TRY)'); then \
		$(MAKE) --no-print-directory run-here; \
	else \
		echo "This machine refuses to be traced: $$why"; \
		echo "Tracing a guest instead: Linux 6.12 in QEMU, with an emulated Intel IOMMU."; \
		$(MAKE) --no-print-directory vm-deps && $(MAKE) --no-print-directory run-guest; \
	fi

run-here:
	$(Q)dd if=/dev/zero of=$(B)/load.dat bs=1M count=16 conv=fsync status=none
	$(AS_ROOT) $(B)/shark hardirqs --interval 1 -- sh -c '$(call LOAD,$(B)/load.dat)'

run-guest:
	tests/vm/run --kernel 6.12 --iommu intel -- shark hardirqs --interval 1 -- sh -c '$(call LOAD,/dev/vda)'

# The tables of docs/reference.md and docs/options.md, the contents of docs/scripts, and for editors the types of rows, events and public modules.
reference: $(B)/shark
	$(Q)$(B)/shark docs/reference.lua
	$(Q)$(B)/shark docs/types.lua
	$(Q)$(B)/shark docs/schema.lua
	$(Q)$(B)/shark docs/options.lua
	$(Q)$(B)/shark docs/contents.lua

include tests/tests.mk
include tests/bench/bench.mk

# ---- install ----

DOCS := README.md CHANGELOG.md LICENSE CONTRIBUTING.md
GUIDE := $(wildcard docs/*.md) docs/schema.json

MAN := $(DESTDIR)$(PREFIX)/share/man/man1
SHARE := $(DESTDIR)$(PREFIX)/share

install: all
	$(Q)$(MAKE) --no-print-directory install-files

# What was built, as it is.
install-files:
	install -D -m 755 $(B)/shark $(DESTDIR)$(PREFIX)/bin/shark
	install -D -m 644 docs/shark.bash $(SHARE)/bash-completion/completions/shark
	install -d $(MAN) $(SHARE)/shark/samples $(SHARE)/shark/meta $(SHARE)/doc/shark/docs/scripts
	install -m 644 $(wildcard $(B)/man/*.1) $(MAN)
	install -m 644 $(SCRIPTS) $(SHARE)/shark/samples
	install -m 644 $(wildcard lua/shark/_meta/*.lua) $(SHARE)/shark/meta
	install -m 644 $(DOCS) $(SHARE)/doc/shark
	install -m 644 $(GUIDE) $(SHARE)/doc/shark/docs
	install -m 644 $(wildcard docs/scripts/*.md) $(SHARE)/doc/shark/docs/scripts

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/shark $(SHARE)/bash-completion/completions/shark \
		$(MAN)/shark.1 $(SCRIPTS:samples/%.lua=$(MAN)/shark-%.1)
	rm -rf $(SHARE)/shark $(SHARE)/doc/shark

# ---- packages ----

# Of Debian, for the release that this is; in $(O)/deb.
deb:
	$(Q)deps/install build deb
	$(Q)deps/deb $(O)/deb

# The packages of others whose code is in the binary.
contained:
	@deps/contained '$(CC)' $(B)/link $(foreach l,$(LUA_VENDOR),$(lastword $(subst =, ,$(l))))

clean:
	rm -rf $(O)

help:
	@echo 'make run | test | test-matrix | bench | soak | fuzz | lint | reference | install | uninstall | deb | clean | deps | test-deps'
	@echo 'variables: V=1  O=dir  CC=clang|gcc  SAN=1  STATIC=1  PREFIX=  DESTDIR=  BENCH_ROUNDS=n  BENCH_ONLY=start  FUZZ_SECONDS=n  SOAK_SECONDS=n'

FORCE:
.PHONY: all reference deps test-deps vm-deps run run-here run-guest install install-files uninstall deb contained clean help FORCE

# What was made of a file that has gone or moved since is made anew.
core/%.c core/%.h core/%.lua: ;

-include $(wildcard $(B)/obj/*.d $(B)/obj/*/*.d $(B)/obj/*/*/*.d $(B)/bpf/*.d $(T)/*.d)
