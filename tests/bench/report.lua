--- Prints the targets, and writes them as JSON.
local json = require "dkjson"
local stats = require "stats"
local table_text = require "shark.text.table"

local M = {}

local function number(value)
  if value == 0 then
    return "0"
  end
  local size = math.abs(value)
  local digits = size >= 100 and 0 or size >= 10 and 1 or size >= 1 and 2 or 3
  return ("%." .. digits .. "f"):format(value)
end

-- 1/15 rather than 0.067.
local function ratio(value)
  if value > 0 and value < 0.2 then
    return "1/" .. number(1 / value)
  end
  return number(value)
end

local function side(target, samples)
  if not samples then
    return "-"
  end
  local scale = target.scale
  return ("%s (%s - %s)"):format(number(samples.median / scale), number(samples.min / scale),
    number(samples.max / scale))
end

local function limit(target)
  if target.most then
    return ("<= %s %s"):format(number(target.most / target.scale), target.unit)
  elseif target.at_most then
    return "<= " .. ratio(target.at_most)
  end
  return ">= " .. number(target.at_least)
end

-- The ratio, and what it lies between; no figure where the spread is too large for one.
local function between(target)
  local result = target.result
  if result.verdict == "too noisy" or not result.ratio then
    return nil
  end
  return ("%s (%s - %s)"):format(ratio(result.ratio), ratio(result.low), ratio(result.high))
end

-- Why there is no figure.
local function spread(target)
  local result = target.result
  if #result.ours.samples < stats.ENOUGH then
    return ("%d rounds say nothing, %d may"):format(#result.ours.samples, stats.ENOUGH)
  elseif not result.low then
    return "what else the machine does outweighs what is measured; try again when it is quiet"
  end
  local scale = target.most and target.scale or 1
  return ("the rounds say no more than from %s to %s, and the limit is %s; try again when the machine is quiet, " ..
    "or with more rounds"):format(number(result.low / scale), number(result.high / scale), limit(target))
end

local COLUMNS = {
  { title = "TARGET", field = "name", left = true },
  { title = "UNIT", field = "unit", left = true },
  { title = "SHARK (MIN - MAX)", field = "ours", left = true },
  { title = "PEER (MIN - MAX)", field = "theirs", left = true },
  { title = "RATIO (BETWEEN)", field = "ratio", left = true },
  { title = "LIMIT", field = "limit" },
  { title = "", field = "verdict", left = true },
}

local function row(target)
  local result = target.result
  return {
    name = target.name, unit = target.unit, limit = limit(target), verdict = result.verdict,
    ours = side(target, result.ours), theirs = side(target, result.theirs), ratio = between(target),
  }
end

--- One line, as soon as a target is measured.
function M.progress(target)
  local result = target.result
  local found = between(target)
  local figures = result.ours and (", %s%s %s"):format(found and ("ratio %s, "):format(found) or "",
    side(target, result.ours), target.unit) or ""
  print(("%s: %s: %s%s"):format(target.name, target.title, result.verdict, figures))
  io.stdout:flush()
end

--- The table; medians, and in brackets the least and the most.
function M.print(targets)
  local rows, counts = {}, { met = 0, MISSED = 0, ["too noisy"] = 0, ["not measured"] = 0 }
  for i, target in ipairs(targets) do
    rows[i] = row(target)
    counts[rows[i].verdict] = counts[rows[i].verdict] + 1
  end
  print("\n" .. table_text.render(COLUMNS, rows) .. "\n")
  for _, target in ipairs(targets) do
    local result = target.result
    if result.why then
      print(("%s: not measured, because %s"):format(target.name, result.why))
    elseif result.verdict == "too noisy" then
      print(("%s: too noisy, %s"):format(target.name, spread(target)))
    end
  end
  print(("%d met, %d missed, %d too noisy, %d not measured"):format(counts.met, counts.MISSED, counts["too noisy"],
    counts["not measured"]))
end

local ORDER = { "date", "kernel", "cpus", "rounds", "targets", "name", "title", "unit", "verdict", "why",
  "ratio", "low", "high", "limit", "ours", "theirs", "median", "min", "q1", "q3", "max", "samples" }

local function scaled(target, found)
  if not found then
    return nil
  end
  local result = { samples = {} }
  for _, field in ipairs { "median", "min", "q1", "q3", "max" } do
    result[field] = found[field] / target.scale
  end
  for i, sample in ipairs(found.samples) do
    result.samples[i] = sample / target.scale
  end
  return result
end

--- Writes what was measured, in the units of the table.
--- @param run table { date, kernel, cpus, rounds }
function M.write(path, run, targets)
  run.targets = {}
  for i, target in ipairs(targets) do
    local result = target.result
    run.targets[i] = {
      name = target.name, title = target.title, unit = target.unit, verdict = result.verdict,
      ratio = result.ratio, low = result.low, high = result.high, limit = limit(target), why = result.why,
      ours = scaled(target, result.ours), theirs = scaled(target, result.theirs),
    }
  end
  local file = assert(io.open(path, "w"))
  assert(file:write(json.encode(run, { indent = true, keyorder = ORDER }), "\n"))
  assert(file:close())
end

return M
