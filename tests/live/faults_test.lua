-- What goes wrong around a trace: a killed shark, types that cannot be read.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ffi = require "ffi"
local json = require "dkjson"
local patience = require "patience"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

-- ---- a killed shark ----

ffi.cdef "long syscall(long number, ...); int close(int fd);"

local ENOENT, SYS_BPF = 2, 321 -- x86-64
-- BPF_*_GET_FD_BY_ID of enum bpf_cmd.
local BY_ID = { prog = 13, map = 14, link = 30 }

-- What a process has of BPF, by its descriptors: { { kind, id } }.
local function bpf_objects(pid)
  local found, scan = {}, uv.fs_scandir(("/proc/%d/fdinfo"):format(pid))
  for fd in function() return uv.fs_scandir_next(scan) end do
    -- A file that shark read has been closed meanwhile.
    local file = io.open(("/proc/%d/fdinfo/%s"):format(pid, fd))
    for line in (file and file:read "*a" or ""):gmatch "[^\n]+" do
      local kind, id = line:match "^(%l+)_id:%s+(%d+)"
      if BY_ID[kind] then
        found[#found + 1] = { kind = kind, id = tonumber(id) }
        found[kind] = true
      end
    end
    if file then
      file:close()
    end
  end
  return found
end

-- Those that the kernel still has. Their numbers are not given away again.
local function there_are(objects)
  local n = 0
  for _, object in ipairs(objects) do
    local attr = ffi.new("uint32_t[32]", { object.id, 0 }) -- one alone would fill them all
    local fd = tonumber(ffi.C.syscall(SYS_BPF, ffi.cast("long", BY_ID[object.kind]), attr, ffi.cast("long", 12)))
    if fd >= 0 then
      ffi.C.close(fd)
      n = n + 1
    else
      t.assertEquals(ffi.errno(), ENOENT, object.kind)
    end
  end
  return n
end

local function test_killed(way)
  t.needs("root", "tracing")
  if way == "tp" then
    t.needs "tracefs"
  end
  local child = proc.start(proc.shark, { "hardirqs", "--way", way, "-n", "0.1" })
  child.wait_for("MAX-US since the start")
  local objects = bpf_objects(child.pid)
  t.assertEquals({ objects.prog, objects.map }, { true, true })
  t.assertEquals(there_are(objects), #objects)
  child.kill("sigkill")
  t.assertEquals(child.wait().signal, 9)
  -- The kernel frees it a moment later.
  patience.wait_until("what the killed shark had to be freed", function() return there_are(objects) == 0 end)
end

for _, way in ipairs { "tp_btf", "raw_tp", "tp" } do
  tests["test_a_killed_shark_leaves_nothing_attached_by_" .. way] = function()
    test_killed(way)
  end
end

-- ---- types that are hidden ----

-- Only the classic tracepoint asks for none.
function tests.test_types_that_cannot_be_read()
  t.needs("root", "tracing", "tracefs")
  local result = proc.run_shell("unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && " ..
    "exec $SHARK hardirqs -d 0.2 --json'")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local how = json.decode(result.out).attached
  t.assertEquals({ how.way, #how.refused }, { "tp", 2 })
  t.assertStrContains(how.refused[1].reason, "/sys/kernel/btf/vmlinux")
end

t.run(tests)
