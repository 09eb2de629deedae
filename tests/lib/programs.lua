--- Runs the raw tracepoint programs that this process has loaded, with made-up arguments.
local ffi = require "ffi"
local uv = require "uv"

ffi.cdef [[
long syscall(long number, ...);
struct test_program_info { uint8_t before[64]; char name[16]; uint8_t behind[176]; };
struct test_info_attr { uint32_t fd, size; uint64_t info; };
struct test_run_attr {
  uint32_t fd, retval, data_size_in, data_size_out;
  uint64_t data_in, data_out;
  uint32_t repeats, duration, ctx_size_in, ctx_size_out;
  uint64_t ctx_in, ctx_out;
  uint32_t flags, cpu, batch_size, pad;
};
]]

local M = {}

local SYS_BPF, TEST_RUN, INFO_BY_FD = 321, 10, 15 -- x86-64; include/uapi/linux/bpf.h

local function address(cdata)
  return ffi.cast("uintptr_t", ffi.cast("void *", cdata))
end

local function bpf(command, attr)
  return ffi.C.syscall(SYS_BPF, ffi.cast("long", command), attr, ffi.cast("long", ffi.sizeof(attr)))
end

local function name_of(fd)
  local info = ffi.new("struct test_program_info")
  local attr = ffi.new("struct test_info_attr", { fd, ffi.sizeof(info), address(info) })
  return bpf(INFO_BY_FD, attr) == 0 and ffi.string(info.name)
end

local function is_program(fd)
  local file = io.open("/proc/self/fdinfo/" .. fd)
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text:find "prog_type:"
end

--- The descriptor of a loaded program.
function M.find(name)
  local scan = uv.fs_scandir "/proc/self/fdinfo"
  for entry in function() return uv.fs_scandir_next(scan) end do
    local fd = tonumber(entry)
    if is_program(fd) and name_of(fd) == name then
      return fd
    end
  end
  error("no program " .. name)
end

--- A function that runs a program with these arguments (BPF_PROG_TEST_RUN of raw
--- tracepoint programs, since 5.10).
function M.runner(name)
  local fd, arguments = M.find(name), ffi.new("uint64_t[3]")
  return function(a, b, c)
    arguments[0], arguments[1], arguments[2] = a, b, c
    local attr = ffi.new("struct test_run_attr",
      { fd = fd, ctx_in = address(arguments), ctx_size_in = ffi.sizeof(arguments) })
    assert(bpf(TEST_RUN, attr) == 0, "BPF_PROG_TEST_RUN: " .. ffi.errno())
  end
end

return M
