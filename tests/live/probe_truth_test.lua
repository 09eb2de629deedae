-- Fields as a handler reads them, beside shark.kernel reading the same object; what the verifier has to walk.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local kernel = require "shark.kernel"
local loading = require "loading"
local patience = require "patience"
local probe = require "shark.probe"
local t = require "t"
local uv = require "uv"

local tests = {}

-- luacheck: globals emit now tid cpu comm str

-- ---- fields ----

-- What a handler sent of this task as it was switched away from, by a way.
local function seen(way)
  local own, event = probe.var(uv.os_getpid()), nil
  local session, message, name = probe.on(way .. ":sched_switch", function(_, prev)
    if prev.pid == own() then
      local parent = prev.real_parent
      emit {
        at = prev, pid = prev.pid, tgid = prev.tgid, prio = prev.prio, policy = prev.policy, comm = prev.comm,
        start = prev.start_time, exiting = prev.exit_state, parent = parent, parent_pid = parent.pid,
        parent_comm = str(parent.comm), mm = prev.mm, start_stack = prev.mm.start_stack, weight = prev.se.load.weight,
        execve = prev.in_execve, affine = prev.no_cgroup_migration, prio_class = prev.normal_prio,
      }
    end
  end)
  if not session then
    return t.skip(("%s: %s (%s)"):format(way, message, name))
  end
  session:on(function(e)
    event = event or { at = e.at, pid = e.pid, tgid = e.tgid, prio = e.prio, policy = e.policy, comm = e.comm,
      start = e.start, exiting = e.exiting, parent = e.parent, parent_pid = e.parent_pid, parent_comm = e.parent_comm,
      mm = e.mm, start_stack = e.start_stack, weight = e.weight, execve = e.execve, affine = e.affine,
      prio_class = e.prio_class }
  end)
  patience.wait_until("this task to be switched away from", function() return event end, 30)
  session:close()
  return event
end

local function is_same(e, way)
  local task = assert(kernel.cast("struct task_struct", e.at))
  local parent = task.real_parent
  local wanted = { pid = task.pid, tgid = task.tgid, prio = task.prio, policy = task.policy, comm = task.comm,
    start = task.start_time, exiting = task.exit_state, parent = kernel.raw(task, "real_parent"),
    parent_pid = parent.pid, parent_comm = parent.comm, mm = kernel.raw(task, "mm"), start_stack = task.mm.start_stack,
    weight = task.se.load.weight, execve = task.in_execve, affine = task.no_cgroup_migration,
    prio_class = task.normal_prio }
  for name, value in pairs(wanted) do
    local got = e[name]
    if type(value) == "boolean" then
      value = value and 1 or 0
    end
    t.assertTrue(got == value, ("%s: %s is %s, not %s"):format(way, name, tostring(got), tostring(value)))
  end
end

for _, way in ipairs { "tp_btf", "raw_tp" } do
  tests["test_fields_by_" .. way] = function()
    is_same(seen(way), way)
  end
end

-- ---- shapes ----

local h, hk, n, m = probe.hist(), probe.hist("comm"), probe.count(), probe.map("tid", "u64")

-- Of each: how often a piece is repeated is the size of the handler.
local SHAPES = {
  ["ifs that add to a sum"] = [[if prev.pid > %d then sum = sum + %d end]],
  ["maps that are read"] = [[local t%d = m[prev.pid + %d]; if t%1$d then sum = sum + 1 end]],
  ["histograms"] = [[if prev.prio > %d then h:add(prev.pid + %d) end]],
  ["histograms by key"] = [[if prev.prio > %d then hk[comm()]:add(prev.pid + %d) end]],
  ["choices"] = [[sum = sum + (prev.pid > %d and next.pid or %d)]],
  ["records"] = [[if prev.pid == %d then emit { x = sum, y = %d } end]],
}

local function handler_of(piece, times)
  local lines = { "return function(_, prev, next) local sum = 0" }
  for i = 1, times do
    lines[#lines + 1] = (piece:gsub("%%1%$d", tostring(i)):gsub("%%d", tostring(i)))
  end
  lines[#lines + 1] = "for i = 1, 4 do if sum > i then n:add() end end\nh:add(sum) end"
  local env = setmetatable({ h = h, hk = hk, n = n, m = m, bit = bit }, nil)
  return setfenv(loadstring(table.concat(lines, "\n"), "=shape")(), env)
end

local function verified(piece, times)
  local loaded = loading.load(handler_of(piece, times), { on = "sched_switch", way = "raw_tp" })
  local info = loaded.program:info()
  loaded.program:close()
  return info.verified, loaded.encoded.n
end

-- Where ways were not taken for one, each piece would double the number.
function tests.test_what_is_verified_grows_with_the_handler_and_no_faster()
  for name, piece in pairs(SHAPES) do
    local four = verified(piece, 4)
    if not four then
      return t.skip "this kernel does not tell how many instructions it verified"
    end
    local twelve, length = verified(piece, 12)
    t.assertTrue(twelve < 5 * four, ("%s: %d for 4, %d for 12"):format(name, four, twelve))
    t.assertTrue(twelve < 6 * length, ("%s: %d verified of %d instructions"):format(name, twelve, length))
  end
end

t.run(tests, "root", "tracing")
