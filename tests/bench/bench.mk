# make bench: shark and its peers side by side. A figure, not a test.

BENCH_DIR := $(B)/bench
BENCH_PROGRAMS := $(BENCH_DIR)/launch $(BENCH_DIR)/flood $(BENCH_DIR)/clock_pair \
	$(BENCH_DIR)/clock_pair.o $(BENCH_DIR)/drain $(BENCH_DIR)/feed $(BENCH_DIR)/feed.o $(BENCH_DIR)/calls \
	$(BENCH_DIR)/record $(BENCH_DIR)/replay \
	$(BENCH_DIR)/probe_count.o $(BENCH_DIR)/probe_hist.o $(BENCH_DIR)/probe_startstop.o

# BENCH_ROUNDS=3 for less, BENCH_ONLY=start for the targets whose names begin so.
BENCH_ROUNDS ?=
BENCH_ONLY ?=

# Static: what a process may need is counted from its fork on.
$(BENCH_DIR)/launch $(BENCH_DIR)/flood $(BENCH_DIR)/calls $(BENCH_DIR)/replay: $(BENCH_DIR)/%: tests/bench/%.c $(B)/flags
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -static -o $@ $<

$(BENCH_DIR)/clock_pair $(BENCH_DIR)/feed: $(BENCH_DIR)/%: tests/bench/%.c $(B)/flags
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(LINK) $(CORE_LIBS)

$(BENCH_DIR)/clock_pair.o $(BENCH_DIR)/feed.o: $(BENCH_DIR)/%.o: tests/bench/%.bpf.c $(B)/flags
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

# One object for each job, of one source.
$(BENCH_DIR)/probe_%.o: tests/bench/probes.bpf.c $(B)/flags
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D$(shell echo $* | tr a-z A-Z) -c -o $@ $<

# Linked as the unit tests are: the core without Lua.
$(BENCH_DIR)/record: BENCH_LINK := -Wl,--wrap=syscall
$(BENCH_DIR)/drain $(BENCH_DIR)/record: $(BENCH_DIR)/%: tests/bench/%.c $(CORE_OBJS) $(B)/obj/embedded_lua.o
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $(filter %.c %.o,$^) $(BENCH_LINK) $(LINK) $(CORE_LIBS)

bench:
	$(Q)deps/install build bench
	$(Q)$(MAKE) --no-print-directory bench-installed

bench-programs: $(B)/shark $(BENCH_PROGRAMS)

bench-installed: bench-programs
	$(Q)tests/setup
	$(Q)tests/bench/headers $(BENCH_DIR)/headers
	$(Q)$(AS_ROOT) $(B)/shark tests/bench/bench.lua --build $(B) $(BENCH_ROUNDS:%=--rounds %) \
		$(BENCH_ONLY:%=--only %)

.PHONY: bench bench-programs bench-installed
