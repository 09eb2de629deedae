--- Workloads of known size that need no disk.
local ffi = require "ffi"

ffi.cdef [[
int close(int fd);
int socket(int domain, int type, int protocol);
int bind(int fd, const void *address, unsigned length);
int getsockname(int fd, void *address, unsigned *length);
ssize_t sendto(int fd, const void *data, size_t n, int flags, const void *address, unsigned length);
ssize_t recv(int fd, void *data, size_t n, int flags);
long syscall(long number, ...);
int sched_setaffinity(int pid, size_t size, const uint64_t *mask);
]]

local M = {}

local AF_INET, SOCK_DGRAM = 2, 2
local SYS_PERF_EVENT_OPEN, SYS_MEMBARRIER = 298, 324 -- x86-64

--- Keeps this process, and what it starts, on a CPU.
function M.pin(cpu)
  local mask = ffi.new("uint64_t[1]", 2 ^ cpu)
  assert(ffi.C.sched_setaffinity(0, 8, mask) == 0)
end

--- Sends n datagrams over the loopback interface, from this process to itself, of 16 bytes or so many.
--- Each passes the NET_RX softirq, before sendto() returns or in ksoftirqd.
function M.datagrams(n, bytes)
  local fd = ffi.C.socket(AF_INET, SOCK_DGRAM, 0)
  assert(fd >= 0)
  local address, length = ffi.new("uint8_t[16]", { AF_INET, 0, 0, 0, 127, 0, 0, 1 }), ffi.new("unsigned[1]", 16)
  assert(ffi.C.bind(fd, address, 16) == 0)
  assert(ffi.C.getsockname(fd, address, length) == 0)
  bytes = bytes or 16
  local data = ffi.new("char[?]", bytes)
  for _ = 1, n do
    assert(ffi.C.sendto(fd, data, bytes, 0, address, 16) == bytes)
    assert(ffi.C.recv(fd, data, bytes, 0) == bytes)
  end
  ffi.C.close(fd)
end

--- Opens n perf events on another CPU, one after the other: the kernel has that
--- CPU call a function for each (kernel/events/core.c, perf_install_in_context()).
function M.remote_calls(cpu, n)
  local attr = ffi.new("uint32_t[32]", { 1, 128 }) -- PERF_TYPE_SOFTWARE, size
  for _ = 1, n do
    local fd = ffi.C.syscall(SYS_PERF_EVENT_OPEN, attr, ffi.cast("long", -1), ffi.cast("long", cpu),
      ffi.cast("long", -1), ffi.cast("long", 8))
    assert(fd >= 0, "perf_event_open: " .. ffi.errno())
    ffi.C.close(tonumber(fd))
  end
end

-- A child that ends when work() has, however that ended.
local function while_it_runs(child, work)
  local ok, message = xpcall(work, debug.traceback)
  child.kill "sigkill"
  child.wait()
  if not ok then
    error(message, 0)
  end
end

--- Keeps a CPU busy while work() runs: one that idles may poll for what others ask
--- of it, and then needs no interrupt (kernel/sched/core.c, call_function_single_prep_ipi()).
function M.while_busy(cpu, work)
  local proc = require "proc"
  M.pin(cpu)
  local child = proc.start("/bin/sh", { "-c", "echo busy; while :; do :; done" })
  M.pin(0)
  child.wait_for "busy"
  while_it_runs(child, work)
end

--- Has another process read a map over and over, by system calls on a CPU, while work() runs. The kernel runs no
--- program on a classic tracepoint or a kprobe there as long as one lasts (bpf_disable_instrumentation()); 32 KiB
--- makes it last.
function M.while_maps_are_read(cpu, work)
  local proc = require "proc"
  local child = proc.start(proc.shark, { "-e", ([[
    local ffi = require "ffi"
    package.path = %q .. package.path
    require("load").pin(%d)
    local BPF, CREATE, LOOKUP, ARRAY, SIZE = ffi.cast("long", 321), 0, 1, 2, 32768 -- x86-64
    local function bpf(command, attr, size)
      local result = tonumber(ffi.C.syscall(BPF, ffi.cast("long", command), attr, ffi.cast("long", size)))
      assert(result >= 0, ffi.errno())
      return result
    end
    local map = bpf(CREATE, ffi.new("uint32_t[32]", { ARRAY, 4, SIZE, 1 }), 72)
    local key, value = ffi.new "uint32_t[1]", ffi.new("char[?]", SIZE)
    local attr = ffi.new("uint64_t[4]", { map, ffi.cast("uintptr_t", key), ffi.cast("uintptr_t", value), 0 })
    io.stdout:write "ready\n"
    io.stdout:flush()
    while true do bpf(LOOKUP, attr, 32) end]]):format(package.path:match("^[^;]*;"), cpu) })
  child.wait_for "ready"
  while_it_runs(child, work)
end

local MEMBARRIER = { GLOBAL_EXPEDITED = 2, REGISTER_GLOBAL_EXPEDITED = 4 }

local function membarrier(command)
  assert(ffi.C.syscall(SYS_MEMBARRIER, ffi.cast("long", MEMBARRIER[command]), ffi.cast("long", 0)) == 0)
end

--- Has every CPU that runs a registered process pass a memory barrier.
function M.membarriers(n)
  for _ = 1, n do
    membarrier "GLOBAL_EXPEDITED"
  end
end

--- Registers this process for them.
function M.register_for_membarriers()
  membarrier "REGISTER_GLOBAL_EXPEDITED"
end

--- Keeps a CPU busy with such a process while work() runs.
function M.while_registered(cpu, work)
  local proc = require "proc"
  local child = proc.start(proc.shark, { "-e", ([[
    package.path = %q .. package.path
    local load = require "load"
    load.pin(%d)
    load.register_for_membarriers()
    io.stdout:write "ready\n"
    io.stdout:flush()
    while true do end]]):format(package.path:match("^[^;]*;"), cpu) })
  child.wait_for "ready"
  while_it_runs(child, work)
end

return M
