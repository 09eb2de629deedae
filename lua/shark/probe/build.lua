--- Makes programs of handlers and has them attached: each point by the best of its ways that the
-- machine takes, all points or none. What was refused on the way there is kept.

local encode = require "shark.probe.encode"
local lower = require "shark.probe.lower"
local maplist = require "shark.probe.maplist"
local progress = require "shark.text.progress"
local records_of = require "shark.probe.records"
local source = require "shark.probe.source"
local ways = require "shark.probe.ways"

jit.off(true, true)

local M = {}

-- ---- one point: from one way to the next ----

local function way_of(point)
  return point.target.ways[point.at]
end

-- The way is refused; the next is as yet untried.
local function refuse(point, reason, errname, is_misuse)
  point.refused[#point.refused + 1] =
    { way = way_of(point), reason = reason, error = errname, is_misuse = is_misuse or nil }
  if point.program then
    point.program:close()
  end
  point.at, point.is_untyped, point.plan, point.encoded, point.program = point.at + 1, nil, nil, nil, nil
end

-- What the verifier takes for no object of that type (memory of each CPU or of programs, parts of unions) can
-- be copied instead, by the same way.
local function read_by_copies(point)
  if not point.plan.context.typed then
    return false
  end
  point.is_untyped, point.encoded = true, nil
  return true
end

-- Every way was: because of what is written there, or because of the machine?
local function give_up(point)
  local reasons, errname, is_misuse = {}, nil, true
  for i, refusal in ipairs(point.refused) do
    local previous = point.refused[i - 1]
    local reason = previous and previous.reason == refusal.reason and "the same" or refusal.reason
    reasons[i] = ("%s: %s"):format(refusal.way, reason)
    is_misuse = is_misuse and refusal.is_misuse
    errname = errname or not refusal.is_misuse and refusal.error
  end
  if is_misuse then
    error(point.refused[1].reason, 0)
  end
  local text = point.of and point.of.text or point.target.text
  return nil, ("no way to attach %s: %s"):format(text, table.concat(reasons, "; ")), errname
end

-- ---- compiling ----

local function lowered(build, point, context)
  return lower.compile {
    fn = point.fn, context = context, records = build.records, maps = build.maps,
  }
end

-- One point alone is there when it is attached: it need not ask whether the others are.
local function plan_of(build, point)
  local plan, message, errname = ways.of(way_of(point), point.target)
  if plan then
    plan.context.gate = #build.points > 1
    plan.context.typed = plan.context.typed and not point.is_untyped
  end
  return plan, message, errname
end

local function compile_by(build, point)
  local plan, message, errname = plan_of(build, point)
  if not plan then
    return refuse(point, message, errname)
  end
  local ok, func = pcall(lowered, build, point, plan.context)
  if not ok then
    return refuse(point, func, "EINVAL", true)
  end
  local encoded
  encoded, message = encode.func(func)
  if not encoded then
    return refuse(point, source.place(point.fn) .. message, "EINVAL", true)
  end
  point.plan, point.func, point.encoded, point.record_size = plan, func, encoded, build.records.size
end

local function compile(build, point)
  while not point.encoded do
    if not way_of(point) then
      return give_up(point)
    end
    compile_by(build, point)
  end
  return true
end

-- Those that were compiled for shorter records have to be again.
local function outgrown(build)
  for _, point in ipairs(build.points) do
    if point.encoded and point.record_size ~= build.records.size then
      point.encoded = nil
      if point.program then
        point.program:close()
        point.program = nil
      end
    end
  end
end

-- Compiling makes many small tables; collecting garbage meanwhile takes a third of its time.
local function uncollected(call, ...)
  local was_running = collectgarbage "isrunning"
  collectgarbage "stop"
  local fine, ok, message, errname = pcall(call, ...)
  if was_running then
    collectgarbage "restart"
  end
  if not fine then
    error(ok, 0)
  end
  return ok, message, errname
end

local function compile_all(build)
  repeat
    local size = build.records.size
    for i, point in ipairs(build.points) do
      progress.tell("handlers compiled", i, #build.points)
      local ok, message, errname = compile(build, point)
      if not ok then
        return nil, message, errname
      end
    end
    outgrown(build)
  until build.records.size == size
  return true
end

-- ---- loading ----

local function kernel_name(text)
  return (text:gsub("[^%w_]+", "_"):gsub("^_", ""):sub(1, 15))
end

local function program_of(build, point)
  local spec = { name = kernel_name(point.target.name or point.target.text) }
  for name, value in pairs(point.plan.program) do
    spec[name] = value
  end
  spec.code = encode.link(point.encoded, build.maps:fds())
  point.text = source.lines(point.fn, point.encoded.lines)
  spec.lines, spec.file, spec.text = point.encoded.lines, point.func.file, point.text
  return require("shark.core.probe").program(spec)
end

-- What the verifier says last is why.
local function with_log(message, log)
  local last
  for line in (log or ""):gmatch("[^\n]+") do
    last = not line:find("^processed %d+ insns") and line or last
  end
  if last and last:find("or_null_", 1, true) then
    return message .. " (an argument may be nil: test it first)"
  end
  return last and not message:find(last, 1, true) and ("%s (%s)"):format(message, last) or message
end

local function load_all(build)
  for i, point in ipairs(build.points) do
    progress.tell("programs loaded", i, #build.points)
    if not point.program then
      local program, message, errname, log = program_of(build, point)
      if not program then
        if not log or not read_by_copies(point) then
          refuse(point, with_log(message, log), errname)
        end
        return false
      end
      point.program = program
    end
  end
  return true
end

-- ---- attaching ----

local function attach(build)
  local points = {}
  for i, point in ipairs(build.points) do
    points[i] = { program = point.program }
    for name, value in pairs(point.plan.point) do
      points[i][name] = value
    end
  end
  local session, message, errname, index = require("shark.core.probe").session {
    control = build.maps.entries[build.maps.control].map, ring = build.maps:ring_map(),
    record_size = build.records.size, points = points,
  }
  if session then
    return session
  elseif not index and #points > 1 then
    return nil, message, errname
  end
  refuse(build.points[index or 1], message, errname)
  return false
end

local function replace(points, i, several)
  table.remove(points, i)
  for j, point in ipairs(several) do
    table.insert(points, i + j - 1, point)
  end
end

-- What cannot be had as one becomes a point for each name; a name out of a pattern that cannot be had is
-- left out, and the others are attached.
local function leave_out(build)
  for i = #build.points, 1, -1 do
    local point = build.points[i]
    local is_misuse = point.refused[1] and point.refused[1].is_misuse
    local is_over = not way_of(point) and not is_misuse
    local several = is_over and point.split and point.split()
    if several then
      replace(build.points, i, several)
    elseif is_over and #point.of.members > 1 then
      local reason = point.refused[#point.refused]
      point.of:leave_out(point, reason)
      table.remove(build.points, i)
    end
  end
end

local function try(build)
  leave_out(build)
  local ok, message, errname = uncollected(compile_all, build)
  if ok then
    ok, message, errname = build.maps:make()
  end
  if not ok then
    return nil, message, errname
  elseif not load_all(build) then
    return false
  end
  return attach(build)
end

--- Gives back its programs, and the maps that are its own: they would stay in the kernel until their Lua
-- objects are collected.
function M.close(build)
  for _, point in ipairs(build.points) do
    if point.program then
      point.program:close()
      point.program = nil
    end
  end
  build.maps:close()
end

local function try_all(build)
  local session, message, errname
  repeat
    session, message, errname = try(build)
  until session ~= false
  return session, message, errname
end

--- Attaches points, all or none.
--- @param points table[] { target, fn, at = 1, refused = {}, of = the pattern it is of, or nil }
--- @param options table ring_bytes
--- @return table? build { session = of shark.core.probe, points, maps, records }
--- @return string? message @return string? name; raises for a handler that is wrong by each way
function M.start(points, options)
  local build = { points = points, maps = maplist.new(options.ring_bytes), records = records_of.new() }
  local ok, session, message, errname = pcall(try_all, build)
  if not ok or not session then
    M.close(build)
  end
  if not ok then
    error(session, 0)
  end
  build.session = session
  return session and build, message, errname
end

return M
