--- What the running kernel was built with, where it says so. Only ever an explanation: what can be
-- done is found out by trying.

local files = require "shark.system.files"
local uv = require "uv"

local M = {}

-- By its own path: nothing of the environment is run.
local UNPACK = "/usr/bin/gzip -dc /proc/config.gz 2>/dev/null"

local function packed()
  if not files.exists "/proc/config.gz" then
    return nil
  end
  local pipe = io.popen(UNPACK)
  local text = pipe and pipe:read "*a"
  if pipe then
    pipe:close()
  end
  return text ~= "" and text or nil
end

local known

local function read()
  local boot = "/boot/config-" .. uv.os_uname().release
  local text, source = packed(), "/proc/config.gz"
  if not text then
    text, source = files.text(boot), boot
  end
  return { text = text, source = source }
end

--- What the configuration says of an option.
--- @param option string "CONFIG_KPROBES"
--- @return string? value "y", "m", a text, or "n" for one that is not set; nil: no configuration can be read
--- @return string? source the file
function M.value(option)
  known = known or read()
  if not known.text then
    return nil
  end
  return ("\n" .. known.text):match("\n" .. option .. "=([^\n]*)") or "n", known.source
end

return M
