-- Tables in less room than they would take, their order, and lines that go on below.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local foreign = require "shark.text.foreign"
local t = require "t"
local table_text = require "shark.text.table"
local wrap = require "shark.text.wrap"

local tests = {}

local COLUMNS = {
  { title = "IRQ", field = "irq", key = true },
  { title = "CHIP", field = "chip", left = true, rank = 2 },
  { title = "ACTION", field = "action", left = true, cut = true },
  { title = "AVG-US", field = "avg_ns", rank = 1, format = function(ns) return ("%.1f"):format(ns / 1e3) end },
  { title = "MAX-US", field = "max_ns", most = true, format = function(ns) return ("%.1f"):format(ns / 1e3) end },
}
local ROWS = {
  { irq = 9, chip = "IO-APIC", action = "a handler of a long name", avg_ns = 1500, max_ns = 9000 },
  { irq = 36, chip = "PCI-MSIX", action = "virtio1", avg_ns = 2500, max_ns = 10000 },
}

local function rendered(room)
  local lines, left_out = table_text.lines(COLUMNS, ROWS, room)
  return table.concat(lines, "\n"), left_out
end

function tests.test_with_room_nothing_is_left_out()
  local all, left_out = rendered(nil)
  t.assertEquals({ all, left_out }, { [[
IRQ  CHIP      ACTION                    AVG-US  MAX-US
  9  IO-APIC   a handler of a long name     1.5     9.0
 36  PCI-MSIX  virtio1                      2.5    10.0]], {} })
  t.assertEquals({ rendered(55) }, { all, {} })
end

-- First texts are cut, then columns go, and texts take what that leaves.
function tests.test_the_least_important_go_first()
  t.assertEquals({ rendered(54) }, { [[
IRQ  CHIP      ACTION                   AVG-US  MAX-US
  9  IO-APIC   a handler of a long n..     1.5     9.0
 36  PCI-MSIX  virtio1                     2.5    10.0]], {} })
  t.assertEquals({ rendered(42) }, { [[
IRQ  ACTION                 AVG-US  MAX-US
  9  a handler of a long..     1.5     9.0
 36  virtio1                   2.5    10.0]], { "CHIP" } })
  t.assertEquals({ rendered(32) }, { [[
IRQ  ACTION               MAX-US
  9  a handler of a lo..     9.0
 36  virtio1                10.0]], { "CHIP", "AVG-US" } })
  t.assertEquals({ rendered(3) }, { "IRQ\n  9\n 36", { "CHIP", "ACTION", "AVG-US", "MAX-US" } })
end

function tests.test_no_line_is_wider_than_the_room()
  local rows = {
    { irq = 1, chip = "\27[2J\155\226\128\174",
      action = "\27]0;pwn\7" .. ("\228\184\173"):rep(20), avg_ns = 1e12, max_ns = 1 },
    { irq = 4294967295, chip = ("e\204\129"):rep(9), action = ("\255\n"):rep(20), avg_ns = 1, max_ns = 1e15 },
  }
  for room = 1, 200 do
    local lines, left_out = table_text.lines(COLUMNS, rows, room)
    for _, line in ipairs(lines) do
      t.assertTrue(foreign.width(line) <= room, ("%d columns: %s"):format(room, line))
      t.assertNil(line:find "[%c\155\255]%f[^\128-\191]", line)
    end
    t.assertTrue(#lines == 3 and (#left_out > 0 or room > 40), room)
  end
end

-- Ideographs take two columns, marks above letters none.
function tests.test_columns_of_characters()
  for text, width in pairs {
    [""] = 0, abc = 3, ["gr\195\188n"] = 4, ["\228\184\173\230\150\135"] = 4, ["e\204\129"] = 1,
  } do
    t.assertEquals(foreign.width(text), width, text)
  end
  t.assertEquals(foreign.cut("\228\184\173\230\150\135", 3), "\228\184\173")
  t.assertEquals(table_text.render({ { title = "N", field = "n", left = true }, { title = "X", field = "x" } },
    { { n = "\228\184\173", x = 1 }, { n = "a", x = 2 } }), "N   X\n\228\184\173  1\na   2")
end

-- ---- colours ----

local function marked(mark)
  return function(text) return "<" .. mark .. text .. ">" end
end

local MARKS = { title = marked "t:", most = marked "m:", warning = marked "w:" }

function tests.test_titles_and_the_largest_have_colours()
  local lines = table_text.lines(COLUMNS, ROWS, 32, MARKS)
  t.assertEquals(lines[1], "<t:IRQ>  <t:ACTION>               <t:MAX-US>")
  t.assertStrContains(lines[3], "  <m:10.0>")
  t.assertNil(lines[2]:find "<")
  t.assertNil(table_text.lines(COLUMNS, { ROWS[1] }, nil, MARKS)[2]:find "<") -- of one row, none is the largest
end

-- ---- order ----

local function order(name, rows)
  local list = {}
  for i, row in ipairs(assert(table_text.sorted(COLUMNS, rows or ROWS, name))) do
    list[i] = row.irq
  end
  return list
end

function tests.test_rows_are_sorted_by_title_or_field_with_or_without_unit()
  for _, name in ipairs { "MAX-US", "max-us", "max_ns", "max", "avg", "chip" } do
    t.assertEquals(order(name), name == "chip" and { 9, 36 } or { 36, 9 }, name)
  end
  t.assertEquals(order "irq", { 9, 36 })
  t.assertEquals(order "action", { 9, 36 })
  t.assertEquals(ROWS[1].irq, 9) -- in a list of its own
end

function tests.test_equals_stay_and_what_has_none_comes_last()
  local rows = {}
  for i = 1, 200 do
    rows[i] = { irq = i, max_ns = i % 3 > 0 and 100 * (i % 3) or nil }
  end
  local list = order("max", rows)
  for i = 2, 200 do
    local a, b = rows[list[i - 1]].max_ns or 0, rows[list[i]].max_ns or 0
    t.assertTrue(a > b or a == b and list[i - 1] < list[i])
  end
  t.assertEquals(order("max", { { irq = 1, max_ns = 9007199254740993LL }, { irq = 2, max_ns = 2 } }), { 1, 2 })
end

function tests.test_a_column_that_is_not_there()
  local rows, message = table_text.sorted(COLUMNS, ROWS, "nope")
  t.assertNil(rows)
  t.assertEquals(message, "there is no column 'nope'; there are: IRQ, CHIP, ACTION, AVG-US, MAX-US")
end

-- ---- lines ----

function tests.test_lines_go_on_below()
  t.assertEquals(wrap.hanging("  lost:  nothing of it", 80), { "  lost:  nothing of it" })
  t.assertEquals(wrap.hanging("  lost:  nothing of it", 16), { "  lost:  nothing", "      of it" })
  t.assertEquals(wrap.hanging("  lost:  nothing of it", 15), { "  lost: ", "      nothing", "      of it" })
  t.assertEquals(wrap.hanging(("x"):rep(25), 10), {
    ("x"):rep(10), "    " .. ("x"):rep(6), "    " .. ("x"):rep(6), "    xxx",
  })
  t.assertEquals(wrap.hanging("", 10), { "" })
end

function tests.test_each_line_of_a_text_goes_on_below_itself()
  t.assertEquals(wrap.folded("ab\n  one two three four\n", 16), { "ab", "  one two three", "      four", "" })
  t.assertEquals(wrap.folded("ab\n  one two three four"), { "ab", "  one two three four" })
end

function tests.test_lines_that_go_on_keep_every_word()
  local text = ("  one, two; \228\184\173\230\150\135 three-four "):rep(9) .. ("y"):rep(50)
  for width = 1, 120 do
    local lines = wrap.hanging(text, width)
    for _, line in ipairs(lines) do
      t.assertTrue(foreign.width(line) <= math.max(width, 2), ("%d: %s"):format(width, line))
    end
    t.assertEquals((table.concat(lines):gsub("%s", "")), (text:gsub("%s", "")), width)
  end
end

t.run(tests)
