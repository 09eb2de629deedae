-- What irq(), vector() and softirq() become: what the tracer keeps of the CPU, where the kernel's own count agrees.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local compiled = require "compiled"
local ffi = require "ffi"
local keys_of = require "shark.probe.keys"
local maplist = require "shark.probe.maplist"
local probe = require "shark.probe"
local running_of = require "shark.probe.running"
local t = require "t"

local tests = {}

local COUNT_ID = 77
local TASK, SOFT, HARD, BOTH, NMI = 0, 0x100, 0x10000, 0x10100, 0x110000

local count = ffi.new "int32_t[1]"
local known = compiled.types {}
known.variables = {
  __preempt_count = { type = compiled.type "i32", is_per_cpu = true, offset = 0, btf_id = COUNT_ID },
}

-- Runs a handler where the kernel's count is `within`, and the tracer says what is `running`.
local function run(fn, within, running)
  count[0] = within
  local address = ffi.cast("uint64_t", ffi.cast("uintptr_t", count))
  return compiled.run(fn, { known = known, objects = { count }, variables = { [COUNT_ID] = address }, cpu = 2,
    running = running })
end

local function all()
  emit { irq = irq(), vector = vector(), softirq = softirq() }
end

local function said(within, running)
  return run(all, within, running).sent[1]
end

function tests.test_what_runs_is_told()
  t.assertEquals(said(HARD, { irq = 36 }), { irq = 36 })
  t.assertEquals(said(HARD, { vector = 236 }), { vector = 236 })
  t.assertEquals(said(SOFT, { softirq = 3 }), { softirq = "NET_RX" })
  t.assertEquals(said(BOTH, { irq = 36, softirq = 9 }), { irq = 36, softirq = "RCU" })
end

function tests.test_the_first_and_the_last_number()
  t.assertEquals(said(HARD, { irq = 0 }), { irq = 0 })
  t.assertEquals(said(HARD, { irq = 2 ^ 32 - 2 }), { irq = 2 ^ 32 - 2 })
  t.assertEquals(said(HARD, { vector = 0 }), { vector = 0 })
  t.assertEquals(said(HARD, { vector = 255 }), { vector = 255 })
  t.assertEquals(said(SOFT, { softirq = 0 }), { softirq = "HI" })
  t.assertEquals(said(SOFT, { softirq = 15 }), { softirq = "15" })
end

function tests.test_nothing_runs()
  t.assertEquals(said(TASK, {}), {})
  t.assertEquals(said(BOTH, {}), {})
end

-- Left behind by a missed exit.
function tests.test_what_the_kernel_does_not_confirm_is_not_told()
  local everything = { irq = 36, vector = 236, softirq = 3 }
  t.assertEquals(said(TASK, everything), {})
  t.assertEquals(said(SOFT, everything), { softirq = "NET_RX" })
  t.assertEquals(said(HARD, everything), { irq = 36, vector = 236 })
  t.assertEquals(said(NMI, everything), {})
end

function tests.test_they_are_tested_as_all_that_may_be_nil()
  local function handler()
    local here = irq()
    if here then
      emit { irq = here + 1 }
    elseif softirq() == 3 then
      emit { net = true }
    else
      emit { none = vector() or -2 }
    end
  end
  t.assertEquals(tonumber(run(handler, HARD, { irq = 36 }).sent[1].irq), 37)
  t.assertEquals(run(handler, SOFT, { softirq = 3 }).sent[1].net, true)
  t.assertEquals(tonumber(run(handler, SOFT, { softirq = 1 }).sent[1].none), -2)
  t.assertEquals(tonumber(run(handler, HARD, { vector = 236 }).sent[1].none), 236)
end

-- ---- keys ----

local function bytes(value)
  return ffi.string(ffi.new("int64_t[1]", value), 8)
end

function tests.test_keys_may_be_nil()
  local n = probe.count("irq", "softirq")
  local function handler() n[irq()][softirq()]:add() end
  for within, expected in pairs { [TASK] = { -1, -1 }, [HARD] = { 36, -1 }, [SOFT] = { -1, 3 }, [BOTH] = { 36, 3 } } do
    local done = run(handler, within, { irq = 36, softirq = 3 })
    t.assertEquals(tonumber(done:word(n, bytes(expected[1]) .. bytes(expected[2]))), 1, ("%#x"):format(within))
  end
end

function tests.test_a_key_takes_numbers_and_nil_as_well()
  local n = probe.count("irq")
  local done = run(function() n[nil]:add(); n[7]:add() end, TASK, {})
  t.assertEquals(tonumber(done:word(n, bytes(-1))), 1)
  t.assertEquals(tonumber(done:word(n, bytes(7))), 1)
end

function tests.test_keys_for_scripts()
  local keys = keys_of.list { "irq", "vector", "softirq", "mine:softirq" }
  local text = keys_of.bytes(keys, { nil, 236, "net_rx", 1 })
  local raw = keys_of.values(keys, ffi.cast("const char *", text))
  t.assertEquals(raw, { -1, 236, 3, 1 })
  local shown = {}
  for i, key in ipairs(keys) do
    t.assertTrue(keys_of.is_optional(key))
    shown[key.name] = keys_of.shown(key.as, raw[i])
  end
  t.assertEquals(shown, { vector = 236, softirq = "NET_RX", mine = "TIMER" })
  t.assertErrorMsgContains("key 'softirq': a whole number of 64 bits is wanted, not NET_XX", keys_of.bytes, keys,
    { 1, 2, "NET_XX", 4 })
end

-- ---- what is refused ----

local function refusal(fn)
  return compiled.refusal(fn, { known = known }):match ":%d+: (.*)$"
end

function tests.test_refusals()
  t.assertEquals(refusal(function() emit { a = irq(1) } end), "irq() takes no arguments")
  t.assertEquals(refusal(function() emit { a = softirq() + 1 } end),
    "the left side is a number or nil (test it first), not a number")
  local n = probe.count("pid")
  t.assertEquals(refusal(function() n[irq()]:add() end),
    "the key pid is a number, not a number or nil (test it first); the types irq, vector and softirq may be nil")
  local irq = {} -- luacheck: ignore 431
  t.assertEquals(refusal(function() emit { a = irq() } end),
    "irq is a table: it cannot be called; it hides the builtin of that name")
end

function tests.test_what_hides_them_is_named_only_where_it_does()
  local thing = {}
  t.assertEquals(refusal(function() thing() end), "thing is a table: it cannot be called")
end

-- ---- one map for all, unless one is open already ----

function tests.test_one_tracer_watches_all_that_is_asked_for()
  local maps = maplist.new()
  local first = maps:context "irq"
  t.assertEquals(maps:context "softirq", first)
  t.assertEquals(maps:context "irq", first)
  t.assertEquals(maps.entries[first].context, { irq = true, softirq = true })
  t.assertEquals(maps:tracers(), {})
  maps.entries[first].map = "open"
  t.assertEquals(maps:context "softirq", first)
  local second = maps:context "vector"
  t.assertNotEquals(second, first)
  t.assertEquals(maps.entries[second].context, { vector = true })
  t.assertEquals(maps:tracers(), { "open" })
end

-- ---- what tracers lost ----

local function tracer(builtins, lost)
  return { builtins = builtins, handle = {
    losses = function()
      return { { field = "ring_drops", one = "event", several = "events" },
        { field = "missed_runs", one = "run skipped", several = "runs skipped" },
        { field = "unmatched_entries", one = "entry without exit", several = "entries without exit" } }
    end,
    loss = function() return lost end,
  } }
end

function tests.test_losses_say_what_they_are_of()
  local tracers = {
    tracer({ "irq()", "softirq()" }, { missed_runs = 2, unmatched_entries = 1, unmatched_exits = 0, too_deep = 0 }),
    tracer({ "vector()" }, { unmatched_entries = 4, unmatched_exits = 0, too_deep = 0 }),
  }
  t.assertEquals(running_of.losses(tracers), {
    { field = "context_missed_runs", one = "run skipped for irq(), softirq(), vector()",
      several = "runs skipped for irq(), softirq(), vector()" },
    { field = "context_unmatched_entries", one = "entry without exit for irq(), softirq(), vector()",
      several = "entries without exit for irq(), softirq(), vector()" },
  })
  local loss = { missed_runs = 7 }
  running_of.add_losses(tracers, loss) -- what one of them cannot tell, both cannot
  t.assertEquals(loss,
    { missed_runs = 7, context_unmatched_entries = 5, context_unmatched_exits = 0, context_too_deep = 0 })
end

function tests.test_without_tracers_nothing_is_said_of_them()
  local loss = {}
  running_of.add_losses({}, loss)
  t.assertEquals({ loss, running_of.losses {} }, { {}, {} })
end

t.run(tests)
