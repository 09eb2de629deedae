--- The full-screen live view, shark top: what interrupts do, interval by interval.

local cli = require "shark.cli"
local frame = require "shark.top.frame"
local irqmap = require "shark.irqmap"
local model = require "shark.top.model"
local sources_of = require "shark.top.sources"
local state_of = require "shark.top.state"
local table_text = require "shark.text.table"
local views = require "shark.top.views"
local wrap = require "shark.text.wrap"

local M = {}

local NAME = "top"

-- What the first view is made of, the CPUs' shares among it.
local FIRST = views.list[1].sources

local function use(sources, names)
  for _, name in ipairs(names) do
    sources:use(name)
  end
end

local function refusals(sources, names)
  local list = {}
  for _, name in ipairs(names) do
    list[#list + 1] = sources:refusal(name)
  end
  return list
end

local function open_first(sources)
  use(sources, FIRST)
  if #sources.sessions == 0 then
    cli.fail(NAME, sources:refusal(FIRST[1]))
  end
end

-- The screen is drawn in its own time, and JSON is not text.
local function show_nothing() end

-- ---- as JSON ----

local ORDER = { "cpus", "interrupts", "softirqs", "ipis", "vectors", "virtblk", "remapping", "not_traced", "irq",
  "vector", "device", "name", "cpu", "cpus", "count", "total", "rate", "share", "irq_share",
  "vector_share", "softirq_share", "avg_ns", "max_ns" }

local function not_traced(sources)
  local list = {}
  for _, name in ipairs(sources_of.NAMES) do
    list[#list + 1] = sources.why[name] and { name = name, why = sources.why[name] } or nil
  end
  return list
end

-- What is not traced is left out: an empty list says that nothing happened.
local function json_report(sources, reading)
  local report = { cpus = model.cpus(reading), not_traced = not_traced(sources) }
  for _, view in ipairs(views.list) do
    local rows = #refusals(sources, view.sources) < #view.sources and view.rows(reading) or nil
    for _, row in ipairs(rows or {}) do
      row.key, row.order = nil, nil
    end
    report[view.name] = rows
  end
  return report
end

local function run_json(options, sources)
  use(sources, sources_of.NAMES)
  sources:begin()
  cli.run {
    name = NAME, options = options, sessions = sources.sessions, order = ORDER,
    report = function(before)
      local reading = before and sources:read() or sources:read_all()
      return json_report(sources, reading), true
    end,
    show = show_nothing,
  }
end

-- ---- on the screen ----

local App = {}
App.__index = App

local function only_of(options)
  local parts = {}
  parts[#parts + 1] = options.irq and ("IRQ %d only"):format(options.irq)
  parts[#parts + 1] = options.cpu and ("CPU %d only"):format(options.cpu)
  return #parts > 0 and table.concat(parts, ", ") or nil
end

-- What the view is made of was counted: nil until its first interval has ended.
local function rows_of(app, view)
  for _, name in ipairs(app.reading and view.sources or {}) do
    if app.reading.rows[name] then
      return view.rows(app.reading)
    end
  end
end

local function notes_of(app, view)
  local notes = refusals(app.sources, view.sources)
  notes[#notes + 1] = app.reading and view.note and view.note(app.reading)
  return notes
end

local function figures_of(app)
  local view, reading = app.state.view, app.reading
  return {
    clock = app.clock, seconds = reading and reading.seconds, lost = app.lost, only = app.only,
    rows = rows_of(app, view), cpus = reading and model.cpus(reading), notes = notes_of(app, view),
    none = "nothing in this interval",
  }
end

function App:draw()
  self.screen:draw(frame.make(self.state, figures_of(self), self.screen))
end

function App:tick()
  if not self.state.paused then
    self.reading = self.sources:read()
    self.clock, self.lost = os.date "%H:%M:%S", self.sources:lost()
    self:draw()
  end
end

-- ---- keys ----

function App:show_text(what, text, irq)
  self.state.over = { what = what, text = text, irq = irq, first = 1 }
  self:fold()
end

-- For the width that there is now.
function App:fold()
  local over = self.state.over
  if over then
    over.lines = wrap.folded(over.text, self.screen.columns)
  end
end

local function map_text(irq)
  local tree = require "shark.text.tree"
  local map, message = irqmap.describe(irq)
  return map and tree.text(tree.of(map)), message
end

function App:show_map(irq)
  local text, message = map_text(irq)
  if text then
    self:show_text("map", text, irq)
  else
    self.state.message = message
  end
end

function App:show_map_of(what)
  local found, message = irqmap.find(what)
  if found then
    self:show_map(found[1])
  else
    self.state.message = message
  end
end

local function chosen_irq(app)
  for _, row in ipairs(rows_of(app, app.state.view) or {}) do
    if row.key == app.state.page.chosen then
      return row.irq
    end
  end
end

local DO = {
  quit = function() shark.stop() end,
  help = function(app) app:show_text("help", frame.HELP) end,
  map = function(app)
    local irq = chosen_irq(app)
    if irq then
      app:show_map(irq)
    else
      app.state.message = "this row is of no IRQ; i asks for one"
    end
  end,
  ["map of"] = function(app, what) app:show_map_of(what) end,
  ["map again"] = function(app) app:show_map(app.state.over.irq) end,
  redraw = function(app) app.screen:forget() end,
}

function App:press(key)
  local action, text = state_of.press(self.state, key)
  if action then
    DO[action](self, text)
  end
  use(self.sources, self.state.view.sources)
  self:draw()
end

local function open_screen(app)
  local screen, message = require("shark.top.screen").open {
    on_key = function(key) app:press(key) end,
    on_change = function()
      app:fold()
      app:draw()
    end,
    on_end = shark.stop,
  }
  return screen or cli.fail(NAME, message .. "; without one, 'shark hardirqs -n 1' prints a table every second, " ..
    "and 'shark top --json' all of this")
end

local function run_screen(options, sources)
  local app = setmetatable({ sources = sources, state = state_of.new { sort = options.sort },
    only = only_of(options) }, App)
  app.screen = open_screen(app)
  sources:begin()
  cli.run {
    name = NAME, options = options, sessions = sources.sessions, opens_more = true,
    report = function(before)
      if before then
        app:tick()
      end
      return {}, true
    end,
    show = show_nothing,
  }
  app:draw()
end

--- Shows interrupts on the terminal's whole screen, or with options.json as JSON, until it is ended.
--- @param options table { irq?, cpu?, way?, interval, duration?, sort? = field of views.list[1], json?, command }
function M.run(options)
  local sources = sources_of.new(options)
  open_first(sources)
  local run = options.json and run_json or run_screen
  run(options, sources)
end

--- Converter for the option --sort.
--- @param text string a column of the first view, as shark.text.table finds it
--- @return string? field @return string? message
function M.column(text)
  local column, message = table_text.find(views.list[1].columns, text)
  return column and column.field, message
end

return M
