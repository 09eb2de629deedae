-- shark.probe.registers: places of values, moves that happen at once.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ir = require "shark.probe.ir"
local irrandom = require "irrandom"
local lifetimes = require "shark.probe.lifetimes"
local registers = require "shark.probe.registers"
local t = require "t"

local tests = {}

local function places_of(func)
  local lives = lifetimes.of(func)
  local where, slots = registers.allocate(func, lives)
  return where, slots, lives.context
end

-- Loads n words of the context, calls a helper, adds them all.
local function words_across_a_call(n)
  local f = ir.new()
  local block, words, sum = f:block(), {}, f:reg()
  local context = f:reg()
  f:emit(block, { op = "ctx", dst = context })
  for i = 1, n do
    words[i] = f:reg()
    f:emit(block, { op = "load", dst = words[i], base = context, off = 8 * (i - 1), size = 8 })
  end
  f:emit(block, { op = "call", dst = sum, helper = 5, args = {} })
  for i = 1, n do
    f:emit(block, { op = "alu", fn = "add", dst = sum, a = sum, b = words[i] })
  end
  local at = f:reg()
  f:emit(block, { op = "mapvalue", dst = at, map = 1, off = 0 })
  f:emit(block, { op = "store", base = at, off = 0, size = 8, src = sum })
  f:emit(block, { op = "exit" })
  return ir.check(f), words, sum
end

function tests.test_what_outlives_a_call_is_in_saved_registers()
  local f, words, sum = words_across_a_call(4)
  local where, slots = places_of(f)
  for _, word in ipairs(words) do
    t.assertTrue(where[word] >= 6 and where[word] <= 9, where[word])
  end
  t.assertEquals({ slots, where[sum] }, { 0, 0 })
end

function tests.test_the_context_stays_where_it_is_unless_a_call_comes_between()
  local where, _, context = places_of((words_across_a_call(2)))
  t.assertEquals(where[context], 1)
  local f = words_across_a_call(1)
  table.insert(f.blocks[1], #f.blocks[1], { op = "call", helper = 130, args = { { ctx = true } } })
  where, _, context = places_of(f)
  t.assertTrue(where[context] >= 6)
end

-- The entry branches; the other block begins with a call, which the context outlives.
function tests.test_what_is_live_into_a_block_outlives_a_call_at_its_start()
  local f = ir.new()
  local entry, calls, done = f:block(), f:block(), f:block()
  local context, gate, word, sum = f:reg(), f:reg(), f:reg(), f:reg()
  f:emit(entry, { op = "ctx", dst = context })
  f:emit(entry, { op = "mapvalue", dst = gate, map = 1, off = 0 })
  f:emit(entry, { op = "load", dst = gate, base = gate, off = 0, size = 8 })
  f:emit(entry, { op = "branch", cond = "ne", a = gate, imm = 0, yes = calls, no = done })
  f:emit(done, { op = "exit" })
  f:emit(calls, { op = "call", dst = sum, helper = 5, args = {} })
  f:emit(calls, { op = "load", dst = word, base = context, off = 0, size = 8 })
  f:emit(calls, { op = "alu", fn = "add", dst = sum, a = sum, b = word })
  f:emit(calls, { op = "mapvalue", dst = gate, map = 1, off = 0 })
  f:emit(calls, { op = "store", base = gate, off = 0, size = 8, src = sum })
  f:emit(calls, { op = "exit" })
  local where, _, place = places_of(ir.check(f))
  t.assertTrue(where[place] >= 6 and where[place] <= 9, where[place])
end

function tests.test_what_finds_no_register_shares_slots_of_the_stack()
  local where, slots = places_of((words_across_a_call(7)))
  t.assertEquals(slots, 3)
  for _, place in pairs(where) do
    t.assertTrue(place ~= 0 and place ~= 1, "r0 and r1 are kept for going to the stack")
  end
end

-- A counter that many instructions of a loop read is not the one to go.
function tests.test_loops_weigh_more()
  local f, words = words_across_a_call(6)
  local block = f.blocks[1]
  local last = table.remove(block)
  local loop, done = f:block(), f:block()
  f:emit(1, { op = "jump", to = loop })
  for _ = 1, 3 do
    f:emit(loop, { op = "alu", fn = "add", dst = words[6], a = words[6], imm = 1 })
    f:emit(loop, { op = "call", helper = 5, args = {} })
  end
  f:emit(loop, { op = "branch", cond = "slt", a = words[6], imm = 100, yes = loop, no = done })
  f:emit(done, last)
  local where, slots = places_of(ir.check(f))
  t.assertTrue(slots > 0)
  t.assertTrue(where[words[6]] >= 6, where[words[6]])
end

-- ---- moves ----

-- What the registers hold after moves, each having held its own number.
local function after(from)
  local wanted, held = {}, {}
  for number = 0, 5 do
    wanted[number], held[number] = number, number
  end
  for to, source in pairs(from) do
    wanted[to] = source
  end
  local moves = 0
  registers.parallel(from, function(to, source)
    held[to], moves = held[source], moves + 1
  end)
  held[0], wanted[0] = nil, nil -- calls overwrite it
  return held, wanted, moves
end

function tests.test_moves_happen_at_once()
  for _, case in ipairs {
    { 2, { [1] = 2, [2] = 3 } }, { 3, { [1] = 2, [2] = 1 } }, { 4, { [1] = 2, [2] = 3, [3] = 1 } },
    { 5, { [1] = 2, [2] = 1, [3] = 1, [4] = 0 } },
    { 6, { [1] = 2, [2] = 1, [3] = 4, [4] = 3 } }, { 1, { [1] = 1, [2] = 1 } },
    { 0, {} },
  } do
    local held, wanted, moves = after(case[2])
    t.assertEquals(held, wanted)
    t.assertEquals(moves, case[1])
  end
end

function tests.test_any_moves_happen_at_once()
  math.randomseed(1)
  for _ = 1, 2000 do
    local from = {}
    for to = 1, 5 do
      from[to] = math.random() < 0.7 and math.random(0, 5) or nil
    end
    local held, wanted = after(from)
    t.assertEquals(held, wanted)
  end
end

-- ---- any function ----

-- What is wanted at the end of each block, by going round until nothing changes.
local function live_out_of(func, order)
  local live_in, live_out, changed = {}, {}, true
  for _, number in ipairs(order) do
    live_in[number], live_out[number] = {}, {}
  end
  while changed do
    changed = false
    for _, number in ipairs(order) do
      local block, live = func.blocks[number], {}
      local one, two = ir.successors(block[#block])
      for _, successor in ipairs { one or two, two } do
        for r in pairs(live_in[successor]) do
          live[r], live_out[number][r] = true, true
        end
      end
      for n = #block, 1, -1 do
        if block[n].dst then live[block[n].dst] = nil end
        ir.each_read(block[n], function(r) live[r] = true end)
      end
      for r in pairs(live) do
        changed = changed or not live_in[number][r]
        live_in[number][r] = true
      end
    end
  end
  return live_out
end

-- Live at the same time and in the same place: none, walking each block backwards.
local function check_block(block, live, where)
  for n = #block, 1, -1 do
    local instr = block[n]
    if instr.dst then
      for other in pairs(live) do
        t.assertTrue(other == instr.dst or where[other] ~= where[instr.dst],
          ("v%d and v%d are both in %d at %s"):format(other, instr.dst, where[instr.dst], ir.line_of(instr)))
      end
      live[instr.dst] = nil
    end
    if instr.op == "call" then
      for other in pairs(live) do
        t.assertTrue(where[other] < 0 or where[other] >= 6, "a call overwrites v" .. other)
      end
    end
    ir.each_read(instr, function(r) live[r] = true end)
  end
end

function tests.test_no_two_live_values_share_a_place()
  local values = 0
  for seed = 1, 200 do
    local f = irrandom.func(seed)
    local where = places_of(f)
    local order = ir.order(f)
    local live_out = live_out_of(f, order)
    for _, number in ipairs(order) do
      check_block(f.blocks[number], live_out[number], where)
    end
    for _ in pairs(where) do
      values = values + 1
    end
  end
  t.assertTrue(values > 2000, values)
end

t.run(tests)
