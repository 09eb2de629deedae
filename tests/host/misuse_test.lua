-- Everything that C offers to Lua, called with what it was not made for: it may
-- raise or refuse, but the process lives.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local tests = {}

-- Calls fn(...) with every value, and every pair of values, in the place of its
-- arguments. What is called is on standard error before it is called.
local PRELUDE = [[
local ffi, uv = require "ffi", require "uv"
local select, pcall, tostring, type, pairs = select, pcall, tostring, type, pairs
ffi.cdef "struct misuse_text { int x; };"
local with_text = ffi.metatype("struct misuse_text", { __tostring = function() return {} end })
local closed = uv.new_timer()
closed:close()
local file = io.tmpfile()
file:close()
local values = {
  false, true, -1, 0, 1, 1.5, 7, 2^31 - 1, 2^31, 2^32, 2^32 + 1, 2^53, 2^63, 2^64, -2^31, -2^63, 1e308, 0/0, 1/0, -1/0,
  "", "x", "-1", " 1", "0x", "0x10", "1\0002", "99999999999999999999", ("x"):rep(70000), "\0", "\27LJ", "%s%n",
  {}, { {} }, { 1, 2, 3 }, { { 0/0, 1, 1, 1 } }, { { 6, 0, 0, 2^32 } }, { "x", 5 }, { x = 1 }, { [1] = { [1] = {} } },
  setmetatable({}, { __index = error, __len = error, __tostring = error }),
  print, coroutine.create(print), io.stdout, file, closed, uv,
  5ULL, -1LL, ffi.new("int[4]"), ffi.new("char"), ffi.cast("void *", 0),
  with_text(), ffi.typeof("int"), newproxy(true),
}
local calls = 0
local function try(name, fn, ...)
  calls = calls + 1
  pcall(fn, ...)
end
local slow = { ["shark.open_raw_sock"] = true, ["core.addresses"] = true } -- to them, a second argument is nothing
local function misuse(name, fn, ...)
  io.stderr:write(name, "\n")
  try(name, fn, ...)
  local first = { ... }
  for _, value in pairs(values) do
    if #first == 0 then
      try(name, fn, value)
    else
      try(name, fn, first[1], value)
    end
    for _, second in pairs(slow[name] and {} or values) do
      if #first == 0 then
        try(name, fn, value, second)
      else
        try(name, fn, first[1], value, second)
      end
    end
  end
end
local function misuse_all(prefix, functions, skip, ...)
  local names = {}
  for name, fn in pairs(functions) do
    if type(fn) == "function" and not (skip or {})[name] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    misuse(prefix .. name, functions[name], ...)
  end
  return #names
end
-- What was called may have asked for callbacks, and for the end: they are not for this process.
local function done(functions)
  collectgarbage()
  io.stdout:write(("survived %d functions, %d calls\n"):format(functions, calls))
  io.stdout:flush()
  uv.kill(uv.os_getpid(), "sigkill")
end
]]

-- Runs a chunk after the prelude; it ends with done(n). Returns n.
local function survives(chunk)
  local path = proc.write_file(proc.temporary_directory() .. "/misuse.lua", PRELUDE .. chunk)
  local result = proc.run_shark(path)
  local functions, calls = result.out:match("survived (%d+) functions, (%d+) calls\n$")
  if not functions then
    t.fail(("status %d, signal %d, last called: %s"):format(result.status, result.signal, result.err:sub(-400)))
  end
  t.assertTrue(tonumber(calls) > 1000 * tonumber(functions))
  return tonumber(functions)
end

function tests.test_functions_of_shark()
  t.assertTrue(survives [[
    print_hist, print_hist_raw, shark.print_hist, shark.print_hist_raw = nil
    local drop = shark.drop_capabilities -- last: the others need some
    shark.drop_capabilities = nil
    done(misuse_all("shark.", shark) + misuse_all("", { set_interval = set_interval, set_timeout = set_timeout })
      + misuse_all("shark.", { drop_capabilities = drop }))
  ]] >= 14)
end

function tests.test_functions_of_kernel_memory()
  -- An FFI object is the caller's word for memory; read() takes it at that.
  t.assertTrue(survives [[
    local core = require "shark.kernel.core"
    local n = misuse_all("core.", core, { read = true })
    for i, value in pairs(values) do
      if type(value) == "cdata" then values[i] = nil end
    end
    misuse("core.read", core.read)
    local void = core.find("int")
    if void then
      for _, name in ipairs { "member", "members", "enumerators", "target", "type" } do
        misuse("core." .. name, core[name], void.id)
      end
    end
    done(n + 1)
  ]] >= 13)
end

function tests.test_sessions()
  t.needs("root", "tracing")
  t.assertTrue(survives [[
    local core = require "shark.core"
    misuse("core.session", core.session)
    local providers = { "hardirq", "softirq", "vector", "ipi", "irqthread", "virtblk" }
    for _, provider in ipairs(providers) do
      for _, option in ipairs { "cpu", "irq", "way", "rows", "ring_bytes", "stacks", "at_least_ns", 1 } do
        for _, value in pairs(values) do
          -- What fits opens a trace, which takes its time.
          if not (type(value) == "number" and value >= -1 and value < 2^53) and value ~= true and value ~= false then
            try("core.session", core.session, provider, { [option] = value })
          end
        end
      end
    end
    done(1)
  ]] == 1)
end

function tests.test_methods_of_sessions()
  t.needs("root", "tracing")
  t.assertTrue(survives [[
    local core = require "shark.core"
    local open, ended = assert(core.session "hardirq"), assert(core.session "hardirq")
    local methods = debug.getmetatable(open).__index
    ended:close()
    local ending = { close = true, stop = true }
    assert(open:stream(true))
    local n = misuse_all("(anything):", methods)
    misuse_all("closed:", methods, nil, ended)
    misuse_all("open:", methods, ending, open)
    -- It is a trace as before: what is not there cannot be taken out of its ring.
    open:advance(2^31 - 1)
    assert(select(2, open:peek(0)) == 0)
    misuse_all("ending:", { stop = methods.stop, close = methods.close }, nil, open)
    done(n)
  ]] >= 12)
end

-- Globals are the script's to change.
function tests.test_changed_globals()
  local result = proc.run_shark("-e", [[
    local write, pcall, find, type = io.write, pcall, string.find, type
    local set, symbol, iptos = shark.set_binary, shark.symbol, shark.iptos
    shark.on_end(function() write "end\n" end)
    for name in pairs(_G) do
      if name ~= "_G" and name ~= "shark" then _G[name] = false end
    end
    local ok, message = pcall(symbol, 1ULL)
    write(type(ok), "\n")
    write(iptos(1), "\n")]])
  t.assertEquals({ result.status, result.signal, result.out, result.err }, { 0, 0, "boolean\n0.0.0.1\nend\n", "" })
  for _, value in ipairs { "nil", "5", "function() end", "function() return {} end", "error" } do
    result = proc.run_shark("-e", ("local say = print; tostring = %s; say((pcall(shark.symbol, 1ULL)))"):format(value))
    t.assertEquals(result.signal, 0)
  end
  t.assertErrorMsgContains("64-bit integer expected", shark.symbol, " 1")
end

t.run(tests)
