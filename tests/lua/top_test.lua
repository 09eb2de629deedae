-- shark top without a kernel and without a terminal: what keys mean, what is made of rows, what stands on a screen.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local frame = require "shark.top.frame"
local keys = require "shark.top.keys"
local model = require "shark.top.model"
local state_of = require "shark.top.state"
local t = require "t"
local views = require "shark.top.views"
local wrap = require "shark.text.wrap"

local tests = {}

-- ---- keys ----

function tests.test_bytes_are_keys()
  for bytes, expected in pairs {
    ["qä€"] = { "q", "ä", "€" },
    ["\13\10\9\127\8\12\21"] = { "enter", "enter", "tab", "backspace", "backspace", "redraw", "clear" },
    ["\27[A\27[B\27OA\27[5~\27[6~\27[H\27[4~\27[Z"] = { "up", "down", "up", "pageup", "pagedown", "home", "end",
      "backtab" },
    -- Nothing that shark top knows: modified arrows, F1 of xterm and of the Linux console, a mouse, Alt-x is two.
    ["\27[1;5A\27OP\27[[A\27[200~a"] = { "a" }, ["\27x"] = { "escape", "x" }, ["\1\5\3"] = { "home", "end" },
  } do
    local found, rest = keys.decode(bytes)
    t.assertEquals({ found, rest }, { expected, "" }, bytes)
  end
end

function tests.test_keys_that_come_in_pieces()
  for _, whole in ipairs { "\27[5~", "\27OA", "\27[A", "€" } do
    for cut = 1, #whole - 1 do
      local none, rest = keys.decode("a" .. whole:sub(1, cut))
      t.assertEquals({ none, rest }, { { "a" }, whole:sub(1, cut) })
      local found, nothing = keys.decode(rest .. whole:sub(cut + 1))
      t.assertEquals({ #found, nothing }, { 1, "" })
    end
  end
  t.assertEquals(keys.flush "\27", { "escape" })
  t.assertEquals(keys.flush "\27[", {})
end

function tests.test_any_bytes_end()
  for first = 0, 255 do
    local _, rest = keys.decode(string.char(first) .. "[\255\128\27x\200")
    t.assertTrue(#rest < 8)
  end
end

-- ---- model ----

local function hardirq(irq, cpu, count, total_ns, max_ns)
  return { irq = irq, action = "disk", cpu = cpu, count = count, total_ns = total_ns, max_ns = max_ns, none = 0 }
end

local function reading(rows)
  return { seconds = 2, cpus = { 0, 1 }, rows = rows }
end

function tests.test_an_irq_has_one_row_over_its_cpus()
  local rows = model.interrupts(reading { hardirq = { hardirq(36, 0, 10, 1e6, 300), hardirq(36, 1, 30, 3e6, 900),
    hardirq(37, 0, 0, 0, 50) } })
  t.assertEquals(#rows, 1) -- the other did not come in this interval
  local row = rows[1]
  t.assertEquals({ row.irq, row.name, row.cpu, row.cpus, row.count, row.rate }, { 36, "disk", 1, 2, 40, 20 })
  t.assertEquals({ row.share, row.avg_ns, row.max_ns }, { 4e6 / 2e9, 1e5, 900 })
end

function tests.test_interrupts_of_the_system_are_beside_them()
  local rows = model.interrupts(reading { vector = {
    { vector = 236, name = "local timer", cpu = 0, count = 4, total_ns = 8, max_ns = 3 },
    { vector = 2, name = "NMI", handler = "perf", cpu = 0, count = 1, total_ns = 1, max_ns = 1 },
  } })
  t.assertEquals({ rows[1].vector, rows[1].name, rows[2].name, rows[1].irq }, { 236, "local timer", "NMI perf" })
end

function tests.test_cpus_have_their_time()
  local cpus = model.cpus(reading {
    hardirq = { hardirq(36, 0, 10, 1e8, 1) },
    softirq = { { softirq = "RCU", cpu = 0, count = 1, total_ns = 2e8 }, { softirq = "RCU", cpu = 7, count = 1,
      total_ns = 1 } },
  })
  t.assertEquals(cpus, {
    { cpu = 0, count = 10, rate = 5, irq_share = 0.05, softirq_share = 0.1, share = cpus[1].share },
    { cpu = 1, count = 0, rate = 0, irq_share = 0, softirq_share = 0, share = 0 },
  })
  t.assertAlmostEquals(cpus[1].share, 0.15, 1e-9)
  t.assertNil(cpus[1].vector_share) -- not traced is no zero
end

function tests.test_who_raised_softirqs()
  local function row(cpu, raised_by)
    return { softirq = "RCU", cpu = cpu, count = 2, total_ns = 10, max_ns = 5, waits = 2, wait_ns = 8, ksoftirqd = 1,
      raised_by = raised_by }
  end
  local rows = model.softirqs(reading { softirq = { row(0, { task = 1, ["IRQ 3"] = 1 }), row(1, { task = 1 }) } })
  t.assertEquals({ #rows, rows[1].raised_by, rows[1].count, rows[1].wait_avg_ns, rows[1].ksoftirqd },
    { 1, "task, IRQ 3", 4, 4, 2 })
end

function tests.test_stages_have_a_share_of_the_whole()
  local function row(what, stage, order, total_ns)
    return { what = what, device = "vda", op = "read", stage = stage, order = order, from = "a", to = "b", cpu = 0,
      count = 4, total_ns = total_ns, max_ns = 9 }
  end
  local rows = model.requests(reading { virtblk = { row("request", nil, 0, 100), row("stage", "device", 3, 75),
    row("stage", "reap", 4, 25), { what = "kicks", device = "vda", cpu = 0, count = 3 } } })
  views.sort(views.by_name.virtblk, rows, "stage")
  local shown = {}
  for i, one in ipairs(rows) do
    shown[i] = { one.stage, one.share }
  end
  t.assertEquals(shown, { { "device", 0.75 }, { "reap", 0.25 }, { "WHOLE", 1 } })
end

function tests.test_what_is_not_traced_has_no_rows()
  for _, view in ipairs(views.list) do
    t.assertEquals(view.rows(reading {}), {}, view.name)
  end
end

-- ---- what keys do ----

local ROWS = {}
for i = 1, 40 do
  ROWS[i] = { key = "row " .. i, irq = i, name = "action " .. i, cpu = 0, cpus = 1, count = i, rate = i,
    share = i / 100, avg_ns = i * 1000, max_ns = i * 2000, none = 0 }
end

local FIGURES = {
  clock = "12:00:00", seconds = 1, rows = ROWS, none = "nothing",
  cpus = { { cpu = 0, share = 0.5, irq_share = 0.25, vector_share = 0.125, softirq_share = 0.125, rate = 10 },
    { cpu = 1, share = 0, irq_share = 0, softirq_share = 0, rate = 0 } },
}

local function shown(state, columns, lines, figures)
  local made, texts = frame.make(state, figures or FIGURES, { columns = columns or 80, lines = lines or 24 }), {}
  for i, line in ipairs(made) do
    texts[i] = line.text
  end
  return texts, made
end

local function press(state, ...)
  local action, text
  for _, key in ipairs { ... } do
    action, text = state_of.press(state, key)
    shown(state)
  end
  return action or nil, text
end

local function chosen_line(state)
  local _, made = shown(state)
  for i, line in ipairs(made) do
    if i > 1 and line.style == "reverse" then
      return line.text
    end
  end
end

local function new()
  local state = state_of.new()
  shown(state)
  return state
end

function tests.test_rows_are_chosen()
  local state = new()
  t.assertStrContains(chosen_line(state), "action 40") -- the highest rate
  press(state, "down", "j")
  t.assertStrContains(chosen_line(state), "action 38")
  press(state, "end")
  t.assertStrContains(chosen_line(state), "action 1")
  press(state, "up", "k", "down")
  t.assertStrContains(chosen_line(state), "action 2")
  press(state, "home", "pagedown")
  t.assertStrContains(chosen_line(state), "action " .. 40 - state.page.height)
  press(state, "pageup", "up")
  t.assertStrContains(chosen_line(state), "action 40")
end

function tests.test_the_chosen_row_is_followed()
  local state = new()
  press(state, "down")
  press(state, "r") -- the other way round
  t.assertStrContains(chosen_line(state), "action 39")
  press(state, "down")
  t.assertStrContains(chosen_line(state), "action 40") -- the one behind it now
  t.assertEquals(state.page.chosen, "row 40")
  press(state, "up", "r", "s")
  t.assertStrContains(chosen_line(state), "action 39")
  -- While it is not there, the one in its place; then it again.
  shown(state, 80, 24, { rows = { { key = "a", share = 2 }, { key = "b", share = 1 } }, seconds = 1 })
  t.assertEquals(state.page.chosen, "b")
  t.assertStrContains(chosen_line(state), "action 39")
end

function tests.test_order()
  local state = new()
  t.assertStrMatches(shown(state)[24], "by PER%-S | .*")
  press(state, "s")
  t.assertStrMatches(shown(state)[24], "by %%CPU | .*")
  press(state, "S", "S", "S")
  t.assertStrMatches(shown(state)[24], "by IRQ | .*")
  press(state, "S", "r")
  t.assertStrMatches(shown(state)[24], "by ACTION, the other way round | .*")
  t.assertStrContains(shown(state)[7], "action 9") -- names rise, turned they fall
  t.assertStrMatches(shown(state_of.new { sort = "max_ns" })[24], "by MAX%-US | .*")
end

function tests.test_a_filter_is_typed()
  local state = new()
  press(state, "/", "A", "c", "t")
  t.assertEquals(shown(state)[24], "filter: Act")
  local _, made = shown(state)
  t.assertEquals(made.cursor, { line = 24, column = 12 })
  press(state, "backspace", "backspace", "backspace", "3", "q", "backspace", "7") -- q is a letter here
  t.assertStrContains(shown(state)[7], "action 37")
  t.assertEquals(shown(state)[8], "")
  press(state, "enter")
  t.assertStrMatches(shown(state)[24], "by PER%-S; filter '37': 1 of 40 | .*")
  press(state, "/", "clear", "ä", "backspace", "x", "escape") -- given up: as it was
  t.assertStrContains(shown(state)[24], "filter '37'")
  press(state, "/", "x", "enter")
  t.assertEquals(shown(state)[7], "nothing that the filter lets through")
  press(state, "escape")
  t.assertStrMatches(shown(state)[24], "by PER%-S | .*")
end

function tests.test_views_and_actions()
  local state = new()
  press(state, "3")
  t.assertStrContains(shown(state)[2], "[3 IPIs]")
  press(state, "tab", "tab", "tab", "tab")
  t.assertStrContains(shown(state)[2], "[1 interrupts]")
  press(state, "backtab", "7", "0", "x") -- these mean nothing
  t.assertStrContains(shown(state)[2], "[6 remapping]")
  t.assertEquals(press(state, "q"), "quit")
  t.assertEquals({ press(state, "i", "3", "6", "enter") }, { "map of", "36" })
  t.assertNil(press(state, "i", "enter"))
  t.assertEquals({ press(state, "h"), press(state, "enter"), press(state, "redraw") }, { "help", "map", "redraw" })
  t.assertFalse(state.paused)
  press(state, "p")
  t.assertStrContains(shown(state)[1], "PAUSED")
  press(state, " ")
  t.assertFalse(state.paused)
end

function tests.test_a_text_over_the_rows_is_scrolled_and_left()
  local state, lines = new(), {}
  for i = 1, 60 do
    lines[i] = "line " .. i
  end
  state.over = { what = "map", lines = lines, first = 1, irq = 36 }
  t.assertEquals(shown(state)[3], "line 1")
  press(state, "down", "down", "up")
  t.assertEquals(shown(state)[3], "line 2")
  press(state, "end")
  t.assertEquals({ shown(state)[3], shown(state)[23] }, { "line 40", "line 60" })
  press(state, "down", "pageup", "s") -- no key of a text
  t.assertEquals(shown(state)[3], "line 19")
  t.assertEquals(press(state, "r"), "map again")
  press(state, "escape")
  t.assertStrContains(shown(state)[3], "%TIME")
end

-- ---- the screen ----

function tests.test_a_screen_of_80_columns()
  t.assertEquals(table.concat({ unpack((shown(new(), 80, 12))) }, "\n"), [[
shark top  12:00:00  last 1.00s  lost: nothing
[1 interrupts] 2 softirqs  3 IPIs  4 vectors  5 virtio-blk  6 remapping
 CPU   %TIME    %IRQ  %SYSTEM  %SOFTIRQ     PER-S
   0    50.0    25.0     12.5      12.5        10
   1     0.0     0.0        -       0.0         0
  IRQ     CPU     PER-S    %CPU    AVG-US     MAX-US  ACTION
   40       0        40    40.0      40.0       80.0  action 40
   39       0        39    39.0      39.0       78.0  action 39
   38       0        38    38.0      38.0       76.0  action 38
   37       0        37    37.0      37.0       74.0  action 37
   36       0        36    36.0      36.0       72.0  action 36
by PER-S | q quit  h help  p pause  / filter  s sort  r turn  Enter map  i IRQ  1-6 Tab views]])
end

function tests.test_a_wide_screen_has_all_columns()
  t.assertEquals(shown(new(), 120, 40)[6],
    "  IRQ     CPU     PER-S    %CPU    AVG-US     MAX-US     COUNT    NONE  ACTION")
end

function tests.test_less_room_leaves_out_what_is_missed_least()
  t.assertEquals(shown(new(), 48, 7), {
    "shark top  12:00:00  last 1.00s  lost: nothing",
    "  IRQ     PER-S    %CPU  ACTION", "   40        40    40.0  action 40", "   39        39    39.0  action 39",
    "   38        38    38.0  action 38", "   37        37    37.0  action 37",
    "by PER-S | q quit  h help  p pause  / filter  s sort  r turn  Enter map  i IRQ  1-6 Tab views",
  })
  t.assertEquals(shown(new(), 12, 4)[2], "ACTION")
end

-- Whatever the size and whatever is on it, there are as many lines as the screen has.
function tests.test_every_size()
  local text = { what = "help", lines = wrap.folded(frame.HELP, 10), first = 1 }
  for lines = 1, 30 do
    for _, columns in ipairs { 1, 2, 7, 20, 79, 500 } do
      for _, view in ipairs(views.list) do
        local state = new()
        state.view = view
        for _, over in ipairs { false, text } do
          state.over = over or nil
          for _, figures in ipairs { FIGURES, {}, { rows = {}, none = "nothing", notes = { ("why "):rep(50) } } } do
            figures = view == views.list[1] and figures or {}
            t.assertEquals(#shown(state, columns, lines, figures), lines)
          end
        end
      end
    end
  end
end

function tests.test_many_cpus_leave_room()
  local figures = { rows = ROWS, cpus = {}, seconds = 1 }
  for i = 1, 64 do
    figures.cpus[i] = { cpu = i - 1, share = i / 100, rate = i }
  end
  local lines = shown(new(), 80, 24, figures)
  t.assertStrMatches(lines[4], "  63    64%.0 .*") -- the busiest first
  t.assertEquals(lines[9], "and 59 CPUs with less")
  t.assertStrContains(lines[10], "ACTION")
end

function tests.test_names_cannot_hurt_columns()
  local row = { key = "x", irq = 1, cpu = 0, cpus = 1, rate = 1, name = "\27[2J\nä\255" }
  local figures = { seconds = 1, rows = { row } }
  t.assertStrMatches(shown(new(), 80, 24, figures)[4], ".*  \\x1b%[2J\\x0aä\\xff")
end

t.run(tests)
