--- What this process may do, and the switches of the machine that say who may trace.

local bit = require "bit"
local files = require "shark.system.files"
local uv = require "uv"

local M = {}

-- Those that tracing asks for, by number (include/uapi/linux/capability.h).
local CAPABILITIES = {
  { 2, "CAP_DAC_READ_SEARCH" }, { 13, "CAP_NET_RAW" }, { 21, "CAP_SYS_ADMIN" }, { 24, "CAP_SYS_RESOURCE" },
  { 34, "CAP_SYSLOG" }, { 38, "CAP_PERFMON" }, { 39, "CAP_BPF" },
}

-- Of 16 hexadecimal digits, which are too many for a number.
local function has_bit(digits, n)
  local half = n < 32 and digits:sub(-8) or digits:sub(1, -9)
  return bit.band(bit.rshift(tonumber(half, 16) or 0, n % 32), 1) == 1
end

local function capabilities(status)
  local digits, list = status:match("\nCapEff:%s*(%x+)") or "0", {}
  for _, entry in ipairs(CAPABILITIES) do
    list[#list + 1] = has_bit(digits, entry[1]) and entry[2] or nil
  end
  return list
end

local SWITCHES = { "perf_event_paranoid", "unprivileged_bpf_disabled", "kptr_restrict" }

local function switches()
  local list = {}
  for _, name in ipairs(SWITCHES) do
    list[name] = files.number("/proc/sys/kernel/" .. name)
  end
  return list
end

--- @return table rights { user = number, capabilities = those that tracing may ask for, in_user_namespace, seccomp,
---   lockdown = "none", "integrity", "confidentiality" or nil where it is not told, sysctls = { name = number } }
function M.read()
  local status = files.text "/proc/self/status" or ""
  local inside, outside, users = (files.line "/proc/self/uid_map" or ""):match("(%d+)%s+(%d+)%s+(%d+)")
  return {
    user = uv.getuid(), capabilities = capabilities(status),
    in_user_namespace = users ~= nil and not (inside == "0" and outside == "0" and users == "4294967295"),
    seccomp = status:match("\nSeccomp:%s*(%d)") == "2",
    lockdown = (files.line "/sys/kernel/security/lockdown" or ""):match("%[(%l+)%]"), sysctls = switches(),
  }
end

return M
