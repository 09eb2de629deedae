--- What this process may do, and the switches of the machine that say who may trace.

local files = require "shark.system.files"
local uv = require "uv"

local M = {}

-- Those that tracing asks for.
local ASKED_FOR = {
  CAP_DAC_READ_SEARCH = true, CAP_NET_RAW = true, CAP_SYS_ADMIN = true, CAP_SYS_RESOURCE = true, CAP_SYSLOG = true,
  CAP_PERFMON = true, CAP_BPF = true,
}

local function capabilities()
  local list = {}
  for _, name in ipairs(shark.capabilities()) do
    list[#list + 1] = ASKED_FOR[name] and name or nil
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
    user = uv.getuid(), capabilities = capabilities(),
    in_user_namespace = users ~= nil and not (inside == "0" and outside == "0" and users == "4294967295"),
    seccomp = status:match("\nSeccomp:%s*(%d)") == "2",
    lockdown = (files.line "/sys/kernel/security/lockdown" or ""):match("%[(%l+)%]"), sysctls = switches(),
  }
end

return M
