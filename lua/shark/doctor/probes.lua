--- Probes written in Lua, by each of their ways: with a handler that counts, at places that every
-- kernel has.

local attempt = require "shark.doctor.attempt"
local files = require "shark.system.files"
local probe = require "shark.probe"
local progress = require "shark.text.progress"
local uv = require "uv"

local M = {}

local FUNCTION = "vfs_read"

-- A function that hardly any program calls: who does while the probe is there is slowed down.
local function function_of_a_program()
  local libc = (files.text "/proc/self/maps" or ""):match("(/[^\n]*/libc%.so%.6)\n")
  return libc and libc .. ":gnu_get_libc_version" or uv.exepath() .. ":main"
end

-- Best first. A pattern of functions tells in how() whether one program was enough for all.
local function kinds()
  local place = function_of_a_program()
  return {
    { "tracepoint", "Tracepoints", { "tp_btf:sched_switch", "raw_tp:sched_switch" } },
    { "record", "Records of tracepoints", { "tp:sched:sched_switch" } },
    { "entry", "Functions of the kernel", { ("fentry:%s()"):format(FUNCTION), ("kprobe:%s()"):format(FUNCTION) } },
    { "return", "Their returns",
      { ("fexit:return %s()"):format(FUNCTION), ("kretprobe:return %s()"):format(FUNCTION) } },
    { "many", "Many functions at once", { ("kprobe_multi:%s[%s]()"):format(FUNCTION:sub(1, -2), FUNCTION:sub(-1)) } },
    { "uprobe", "Functions of programs", { "uprobe:" .. place } },
    { "uretprobe", "Returns of these", { "uretprobe:" .. place } },
    { "profile", "Samples of each CPU", { "profile:99" } },
    { "interval", "Timers", { "interval:1s" } },
  }
end

local function open(name)
  local hits = probe.count()
  return probe.on(name, function() hits:add() end)
end

-- kprobe_multi is taken by itself for patterns, with other ways behind it: only it counts here.
local function open_many(pattern)
  local session, message, errname = open(pattern)
  local point = session and session:how().points[1]
  if not session or point.way == "kprobe_multi" then
    return session, message, errname
  end
  session:close()
  return nil, point.refused[1].reason, point.refused[1].error
end

local function try(name)
  local way, rest = name:match("^([%l_]+):(.*)$")
  return attempt.open(way, function()
    if way == "kprobe_multi" then
      return open_many(rest)
    end
    return open(name)
  end)
end

--- @param all boolean? ways after the first that succeeds, too
--- @return table[] answers of shark.doctor.attempt
function M.answers(all)
  local list, all_kinds = {}, kinds()
  for i, kind in ipairs(all_kinds) do
    progress.tell("kinds of probes tried", i, #all_kinds)
    list[i] = attempt.answer("probe." .. kind[1], kind[2], attempt.each(kind[3], all, try))
  end
  return list
end

return M
