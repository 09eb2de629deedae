# Tests: what they are built from, and the one command that runs them all.

T := $(B)/tests
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
LIVE_C := $(patsubst tests/live/%.c,%,$(wildcard tests/live/test_*.c))
LUA_TESTS := $(patsubst tests/%,%,$(wildcard tests/lua/*_test.lua tests/host/*_test.lua \
	tests/abi/*_test.lua tests/live/*_test.lua))

# The core is linked without Lua and without an event loop: it needs neither.
$(T)/%: tests/unit/%.c $(CORE_OBJS) $(B)/obj/embedded_lua.o
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^) $(LINK) -lcmocka $(CORE_LIBS)

$(T)/%: tests/live/%.c $(CORE_OBJS) $(B)/obj/embedded_lua.o
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^) $(LINK) -lcmocka $(CORE_LIBS)

$(T)/layout.c: $(B)/gen/events.lua tests/abi/layout.lua
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LUAJIT) tests/abi/layout.lua $< $(WIRE:core/%=%) > $@

$(T)/layout: $(T)/layout.c
	$(call say,TEST,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $<

# A block load that tests start, in guests too.
$(T)/blkload: tests/live/blkload.c $(B)/flags
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(LINK)

# A program that tests put probes into, in guests too.
$(T)/marked: tests/live/marked.c tests/unit/marked.h $(B)/flags
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(LINK)

# Objects that tests load: a socket filter, and types of a kernel that is not there.
$(T)/filter.o: tests/live/filter.bpf.c $(B)/flags
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

# A driver that is not among the tracers, of the shared half of block requests.
$(T)/loop_disks.o: tests/live/loop_disks.bpf.c $(WIRE) $(wildcard core/bpf/*.h core/bpf/*/*.h)
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$(T)/other_types.o: tests/live/other_types.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -O2 -g -c -o $@ $<

# Types of one program as DWARF of every version, by this and by another compiler, as BTF, and of units that
# disagree; made without headers, so without those of 32-bit programs too.
DWARF_dwarf2 := $(CC) -gdwarf-2 -gstrict-dwarf
DWARF_dwarf3 := $(CC) -gdwarf-3
DWARF_dwarf4 := $(CC) -gdwarf-4
DWARF_dwarf5 := $(CC) -gdwarf-5
DWARF_gz := $(CC) -g -gz
DWARF_m32 := $(CC) -g -m32
DWARF_m32_dwarf2 := $(CC) -gdwarf-2 -gstrict-dwarf -m32
DWARF_clang := $(CLANG) -g
DWARF_btf := $(CLANG) -g -target bpf
DWARF := dwarf2 dwarf3 dwarf4 dwarf5 gz m32 m32_dwarf2 clang btf

define dwarf_object
$(T)/dwarf/$(1).o: tests/unit/dwarf_sample.c tests/unit/dwarf_sample.h $(B)/flags
	$$(call say,TYPES,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(DWARF_$(1)) -w -O1 -ffreestanding -c -o $$@ $$<
endef
$(foreach d,$(DWARF),$(eval $(call dwarf_object,$(d))))

$(T)/dwarf/other.o: tests/unit/dwarf_other.c $(B)/flags
	$(call say,TYPES,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -g -O1 -ffreestanding -c -o $@ $<

$(T)/dwarf/units.o: $(T)/dwarf/dwarf4.o $(T)/dwarf/other.o
	$(call say,TYPES,$@)
	$(Q)$(CC) -r -nostdlib -o $@ $^

$(T)/dwarf/hostile.o $(T)/dwarf/endless.o: tests/unit/dwarf_hostile.S $(B)/flags
	$(call say,TYPES,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(if $(findstring endless,$@),-DENDLESS_POINTER) -c -o $@ $<

DWARF_OBJECTS := $(patsubst %,$(T)/dwarf/%.o,$(DWARF) units hostile endless)

TEST_PROGRAMS := $(UNIT:%=$(T)/%) $(LIVE_C:%=$(T)/%) $(T)/layout $(T)/blkload $(T)/marked $(T)/filter.o $(T)/loop_disks.o \
	$(T)/other_types.o $(DWARF_OBJECTS)

test-programs: all $(TEST_PROGRAMS)

# With the sanitizers: the C core, the host, and the live tests that drive both.
SUITES := $(UNIT:%=unit/%) $(LUA_TESTS) $(LIVE_C:%=live/%) $(patsubst tests/%,%,$(wildcard tests/rig/*_test.lua))
# The sanitized binary is not for installing or packaging, and has no man pages; completion is Lua only.
SAN_SUITES := $(UNIT:%=san/unit/%) $(patsubst %,san/%,$(filter-out host/install% host/deb% host/completion% host/manual%,$(filter host/%,$(LUA_TESTS)))) \
	$(LIVE_C:%=san/live/%) san/live/events_test.lua san/live/hardirq_test.lua san/live/softirq_test.lua \
	san/live/vector_test.lua san/live/kernel_test.lua

# The live tests in guests, the pages, which name IRQs as a guest has them after its start,
# and those that change the machine they run on.
GUEST_TESTS := $(filter live/%,$(LUA_TESTS)) $(LIVE_C:%=live/%) guest/docs_test.lua guest/changes_test.lua \
	guest/kernel_test.lua guest/replay_test.lua guest/irqmap_changes_test.lua guest/irqmap_fires_test.lua \
	guest/remap_test.lua guest/virtblk_test.lua

# make test ONLY=live/events_test.lua runs that one only (no guests, no lint).
ONLY ?=

# Builds use all CPUs, unless make was told how many.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

test: test-deps
	$(Q)$(MAKE) --no-print-directory test-installed

# All guests. PART=2/4: the second quarter of them; what other parts found is kept
# and told in the same table.
PART ?=

# Guests whose memory is walked on this machine (rig/image_test.lua).
IMAGES := $(foreach kernel,5.10 6.1 6.12 7,$(kernel)-intel $(kernel)-amd)

test-matrix: test-deps
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory test-programs
	$(Q)$(if $(PART),,$(MAKE) --no-print-directory test-others lint)
	$(Q)$(MAKE) --no-print-directory guests MATRIX='--all $(PART:%=--part %)' RESULTS=$(B)/vm/matrix
	$(Q)tests/setup
	$(Q)status=0; \
	IMAGES="$(IMAGES)" tests/run -j $(shell nproc) $(B) $(if $(PART),,$(SUITES) $(SAN_SUITES)) \
		$$(cat $(B)/vm/matrix/index) || status=1; \
	$(if $(PART),,$(MAKE) --no-print-directory test-distro || status=1;) \
	exit $$status

# In clean Debian systems; DISTRO="trixie sid" for these only.
DISTRO ?=
test-distro:
	$(Q)deps/install distro
	$(Q)$(AS_ROOT) tests/distro $(DISTRO)

# What needs neither guests nor another build.
test-here:
	$(Q)deps/install build test
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory test-programs
	$(Q)tests/setup
	$(Q)tests/run -j $(shell nproc) $(B) $(UNIT:%=unit/%) $(LUA_TESTS) $(LIVE_C:%=live/%)

test-installed:
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory test-programs
	$(Q)tests/setup
	$(Q)$(if $(ONLY),,$(MAKE) --no-print-directory test-others && \
		$(MAKE) --no-print-directory guests)
	$(Q)$(if $(ONLY),,$(LINT_BESIDE)) \
	tests/run -j $(shell nproc) $(if $(ONLY),,--complete) $(B) $(or $(ONLY),$(SUITES) $(SAN_SUITES) \
		$$(cat $(B)/vm/results/index)) || status=1; \
	$(if $(ONLY),,$(LINT_ENDED)) \
	exit $${status:-0}

# Live tests run one by one and leave CPUs idle.
LINT_BESIDE = nice -n 19 $(MAKE) --no-print-directory lint >$(B)/lint.log 2>&1 & lint=$$!;
LINT_ENDED = wait $$lint || { cat $(B)/lint.log; status=1; };

# Other builds: with the sanitizers, and with the other compiler.
test-others:
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory SAN=1 test-programs
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory CC=clang O=$(O)/clang all

# ---- lint ----

C_FILES := $(wildcard core/*/*.[ch] core/*/*/*.[ch] tests/*/*.[ch] tests/example/*/core/tracers/*/*.[ch])
# Not what names things as kernels do, or is a kernel only with what its build defines.
TIDY_FILES := $(filter-out %.bpf.c tests/images/% tests/live/other_types.c tests/unit/dwarf_sample.c tests/unit/dwarf_other.c,$(filter %.c,$(C_FILES)))

lint: $(BPF_HEADERS)
	$(call say,FORMAT,'$(words $(C_FILES)) files')
	$(Q)clang-format --dry-run --Werror $(C_FILES)
	$(call say,TIDY,'$(words $(TIDY_FILES)) files')
	$(Q)printf '%s\n' $(TIDY_FILES) | xargs -P $(shell nproc) -n 4 sh -c \
		'clang-tidy --quiet "$$@" -- $(filter-out -Werror,$(ALL_CFLAGS)) -Itests/unit' sh \
		2>$(B)/tidy.log || { grep -v 'warnings generated' $(B)/tidy.log; exit 1; }
	$(call say,LUACHECK,.)
	$(Q)luacheck --quiet --no-color .

# ---- guests ----

# What every guest gets besides a kernel: shark, and the tests if they are built.
$(B)/vm/base.cpio.gz: tests/vm/initramfs tests/vm/init tests/vm/in-guest $(B)/shark \
		$(wildcard $(TEST_PROGRAMS) tests/lib/* tests/live/* tests/guest/* tests/rig/faulty/* README.md docs/* docs/scripts/*)
	$(call say,CPIO,$@)
	$(Q)tests/vm/initramfs $(B) $@

vm-base: $(B)/vm/base.cpio.gz

# --all for every kernel, flavour and IOMMU; GUEST=name for one.
MATRIX ?=
GUEST ?=
RESULTS ?= $(B)/vm/results

guests: vm-base
	$(Q)$(B)/shark tests/vm/matrix.lua $(MATRIX) $(GUEST:%=--guest %) --results $(RESULTS) $(GUEST_TESTS)

.PHONY: test test-matrix test-distro test-here test-installed test-others test-programs lint vm-base guests

# ---- fuzzing ----

# make fuzz FUZZ_SECONDS=600: each target so long, from the seeds in tests/fuzz/corpus.
FUZZ_SECONDS ?= 60
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_CFLAGS := $(filter-out -D_FORTIFY_SOURCE=2 -O2,$(ALL_CFLAGS)) -O1 -Itests/unit \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
# What the targets need of the core, with the sanitizers and the fuzzer's counters.
FUZZ_CORE := base/error base/log base/foreign base/libbpf_error base/library kernel/btf kernel/btf_find kernel/btf_sources kernel/capabilities kernel/debuginfo \
	kernel/dwarf kernel/dwarf_btf kernel/dwarf_die kernel/dwarf_map kernel/dwarf_names kernel/dwarf_print kernel/dwarf_types \
	kernel/elfsection kernel/libdw \
	kernel/functions kernel/kernel kernel/kfeat kernel/lazyfile kernel/refusal kernel/symbols kernel/types \
	kernel/elfcore $(patsubst core/%.c,%,$(wildcard core/kernel/image*.c))

$(B)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_CORE:%=core/%.c) $(B)/flags
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^) $(CORE_LIBS)

$(B)/fuzz/sample: tests/fuzz/sample.c tests/unit/types_sample.h $(B)/flags
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit -o $@ $< $(CORE_LIBS)

# What it finds is kept in build/fuzz, the seeds stay as they are.
# With names where they are used, as the target has no other place for them.
$(T)/dwarf/fuzz4.o $(T)/dwarf/fuzz5.o: tests/unit/dwarf_other.c $(B)/flags
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -gdwarf-$(patsubst $(T)/dwarf/fuzz%.o,%,$@) -fno-merge-debug-strings -ffreestanding -c -o $@ $<

FUZZ_DWARF := $(patsubst %,$(T)/dwarf/%.o,hostile endless fuzz4 fuzz5)

fuzz: $(FUZZ:%=$(B)/fuzz/fuzz_%) $(B)/fuzz/sample $(T)/other_types.o $(FUZZ_DWARF) $(B)/shark
	$(Q)mkdir -p $(FUZZ:%=$(B)/fuzz/corpus/%)
	$(Q)for target in types btf; do \
		$(B)/fuzz/sample > $(B)/fuzz/corpus/$$target/sample && \
		cp $(T)/other_types.o $(B)/fuzz/corpus/$$target || exit 1; \
	done
	$(Q)for object in $(FUZZ_DWARF); do \
		tests/fuzz/dwarf_seed $$object > $(B)/fuzz/corpus/dwarf/$$(basename $$object .o) || exit 1; \
	done
	$(Q)for target in $(FUZZ); do \
		echo "  FUZZ     $$target, $(FUZZ_SECONDS) s"; \
		$(B)/fuzz/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
			-print_final_stats=1 -max_len=4096 -artifact_prefix=$(B)/fuzz/$$target- \
			$(B)/fuzz/corpus/$$target $$(ls -d tests/fuzz/corpus/$$target 2>/dev/null) || exit 1; \
	done
	$(Q)echo "  FUZZ     probe, $(FUZZ_SECONDS) s"
	$(Q)$(AS_ROOT) $(B)/shark tests/fuzz/probe.lua $(FUZZ_SECONDS)

.PHONY: fuzz

# ---- soak ----

# make soak SOAK_SECONDS=3600: does the memory of scripts level off? Not part of make test.
SOAK_SECONDS ?= 600

soak: $(B)/shark
	$(Q)$(AS_ROOT) $(B)/shark tests/soak/soak.lua --seconds $(SOAK_SECONDS)

.PHONY: soak
