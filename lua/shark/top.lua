--- The full-screen live view, shark top: what interrupts do, interval by interval.

local cli = require "shark.cli"
local frame = require "shark.top.frame"
local irqmap = require "shark.irqmap"
local model = require "shark.top.model"
local sources_of = require "shark.top.sources"
local state_of = require "shark.top.state"
local views = require "shark.top.views"

local M = {}

local NAME = "top"

-- What the first view is made of, the CPUs' shares among it.
local FIRST = views.list[1].sources

local function open_first(sources)
  local is_traced = false
  for _, name in ipairs(FIRST) do
    is_traced = sources:use(name) or is_traced
  end
  if not is_traced then
    cli.fail(NAME, sources:refusal(FIRST))
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
  for _, name in ipairs { "vectors", unpack(sources_of.NAMES) } do
    list[#list + 1] = sources.why[name] and { name = name, why = sources.why[name] } or nil
  end
  return list
end

-- What is not traced is left out: an empty list says that nothing happened.
local function json_report(sources, reading)
  local report = { cpus = model.cpus(reading), not_traced = not_traced(sources) }
  for _, view in ipairs(views.list) do
    local rows = sources:refusal(view.sources) == nil and view.rows(reading) or nil
    for _, row in ipairs(rows or {}) do
      row.key, row.order = nil, nil
    end
    report[view.name] = rows
  end
  report.vectors = reading.vectors and report.vectors
  return report
end

local function run_json(options, sources)
  for _, name in ipairs(sources_of.NAMES) do
    sources:use(name)
  end
  sources:begin()
  cli.run {
    name = NAME, options = options, sessions = sources.sessions, order = ORDER,
    report = function(before)
      local reading = before and sources:read() or sources:read_all()
      reading.vectors = sources:vectors()
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
  local reading = app.reading
  for _, name in ipairs(view.sources) do
    if reading.rows[name] then
      return view.rows(reading)
    end
  end
  return view.name == "vectors" and reading.vectors and view.rows(reading) or nil
end

local function notes_of(app, view)
  local notes = {}
  for _, name in ipairs(view.name == "vectors" and { "vectors" } or view.sources) do
    notes[#notes + 1] = app.sources:refusal { name }
  end
  notes[#notes + 1] = app.reading and view.note and view.note(app.reading)
  return notes
end

local function figures_of(app)
  local view, reading = app.state.view, app.reading
  return {
    clock = app.clock, seconds = reading and reading.seconds, lost = app.lost, only = app.only,
    rows = reading and rows_of(app, view), cpus = reading and model.cpus(reading), notes = notes_of(app, view),
    none = "nothing in this interval",
  }
end

function App:draw()
  self.screen:draw(frame.make(self.state, figures_of(self), self.screen))
end

local function count(app)
  app.reading = app.sources:read()
  app.clock, app.lost = os.date "%H:%M:%S", app.sources:lost()
end

-- The vectors are read, not traced: while they are looked at, and no older than an interval.
local function look_at_vectors(app)
  if app.state.view.name == "vectors" and app.reading then
    app.reading.vectors = app.sources:vectors()
  end
end

function App:tick()
  if not self.state.paused then
    count(self)
    look_at_vectors(self)
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
    over.lines = frame.folded(over.text, self.screen.columns)
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
  local rows = app.reading and rows_of(app, app.state.view) or {}
  local chosen = app.state.page.keys[state_of.chosen_of(app.state, app.state.page.keys)]
  for _, row in ipairs(rows) do
    if row.key == chosen then
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
  local before = self.state.view
  local action, text = state_of.press(self.state, key)
  if action then
    DO[action](self, text)
  end
  if self.state.view ~= before then
    self:use_view()
  end
  self:draw()
end

function App:use_view()
  for _, name in ipairs(self.state.view.sources) do
    self.sources:use(name)
  end
  look_at_vectors(self)
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
    name = NAME, options = options, sessions = sources.sessions,
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

--- The columns that the first view can be ordered by.
--- @return table fields by title in lower case
function M.sorts()
  local fields = {}
  for _, field in ipairs(views.sorts(views.list[1])) do
    fields[views.column_of(views.list[1], field).title:lower()] = field
  end
  return fields
end

return M
