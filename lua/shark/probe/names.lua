--- What probes are called: from "block_rq_issue" or "return vfs_read()" to what is meant, and by which
-- ways it can be reached, best first.
--
--   NAME                      a tracepoint, with its arguments      tp_btf, raw_tp
--   GROUP:NAME                the same as a record                  tp
--   NAME()                    the entry of a function               fentry, kprobe
--   return NAME()             its return                            fexit, kretprobe
--   uprobe:BINARY:NAME        a function of a program; uretprobe:... its return; usdt:BINARY:PROVIDER:NAME
--   profile:99, interval:1s   each CPU 99 times a second; once a second
-- A way before it pins that one: "kprobe:vfs_read()", "raw_tp:sched_switch".

local M = {}

--- What can be meant -> its ways, best first.
M.WAYS = {
  tracepoint = { "tp_btf", "raw_tp" },
  record = { "tp" },
  entry = { "fentry", "kprobe" },
  ["return"] = { "fexit", "kretprobe" },
  uprobe = { "uprobe" }, uretprobe = { "uretprobe" }, usdt = { "usdt" },
  profile = { "profile" }, interval = { "interval" },
}

local IDENTIFIER = "^[%a_][%w_.]*$"
local PATTERN = "^[%w_.*?%[%]%-]+$"

-- A name, or a pattern of names.
local function checked_name(name)
  if name:find(IDENTIFIER) then
    return name, false
  elseif name:find(PATTERN) and name:find("[*?%[]") then
    return name, true
  end
  return nil
end

-- ---- what a text can be ----

local function named(what, name, group)
  local checked, is_glob = checked_name(name)
  return checked and { what = what, name = checked, group = group, is_glob = is_glob }
end

local function tracepoint(text)
  return named("tracepoint", text)
end

local function record(text)
  local group, name = text:match("^([%w_*?%-]+):([^:]+)$")
  return group and named("record", name, group)
end

local function entry(text)
  local name = text:match("^(.-)%(%)$")
  return name and named("entry", name)
end

local function returning(text)
  local name = text:match("^return%s+(.-)%(%)$")
  return name and named("return", name)
end

-- With the way said, "()" and "return" are clear without being written.
local function function_of(what, read)
  return function(text)
    return read(text) or named(what, (text:gsub("^return%s+", ""):gsub("%(%)$", "")))
  end
end

local function program(what)
  return function(text)
    local binary, name = text:match("^(.+):([^:]+)$")
    local symbol, offset = (name or ""):match("^([^+]+)%+?(%w*)$")
    return symbol and { what = what, binary = binary, name = symbol, offset = tonumber(offset) }
  end
end

local function usdt(text)
  local binary, provider, name = text:match("^(.+):([^:]+):([^:]+)$")
  return binary and { what = "usdt", binary = binary, provider = provider, name = name }
end

local function profile(text)
  local hz = tonumber(text:match("^(%d+)h?z?$"))
  return hz and hz >= 1 and hz <= 100000 and { what = "profile", hz = hz, name = text }
end

local UNITS = { s = 1e9, ms = 1e6, us = 1e3, ns = 1 }

local function interval(text)
  local n, unit = text:match("^(%d+)(%a*)$")
  local each = UNITS[unit == "" and "s" or unit]
  return each and tonumber(n) > 0 and { what = "interval", ns = tonumber(n) * each, name = text }
end

-- What stands before the first colon -> what reads the rest.
local PINNED = {
  tp_btf = tracepoint, raw_tp = tracepoint, tp = record,
  fentry = function_of("entry", entry), kprobe = function_of("entry", entry),
  fexit = function_of("return", returning), kretprobe = function_of("return", returning),
  uprobe = program "uprobe", uretprobe = program "uretprobe", usdt = usdt, profile = profile, interval = interval,
}

local UNKNOWN = "'%s' is no probe: NAME or GROUP:NAME of a tracepoint, FUNCTION(), return FUNCTION(), " ..
  "uprobe:BINARY:FUNCTION, uretprobe:BINARY:FUNCTION, usdt:BINARY:PROVIDER:NAME, profile:HZ, interval:1s"

--- What a text means; raises if it means nothing.
--- @param text string
--- @return table target { text, what = a key of WAYS, name, group, is_glob, ways, is_pinned, binary, provider, hz, ns }
function M.parse(text)
  if type(text) ~= "string" then
    error(("a probe is a text such as \"sched_switch\", not a %s"):format(type(text)), 0)
  end
  local way, rest = text:match("^([%l_]+):(.+)$")
  local pinned = PINNED[way]
  local target = pinned and pinned(rest) or
    not pinned and (returning(text) or entry(text) or record(text) or tracepoint(text)) or nil
  if not target then
    error(UNKNOWN:format(text), 0)
  end
  target.text, target.is_pinned = text, pinned ~= nil
  target.ways = pinned and { way } or M.WAYS[target.what]
  return target
end

return M
