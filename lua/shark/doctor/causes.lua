--- From a refusal to what refuses and what to do. The reasons are made where the errors are, and name
-- the option, the capability, the switch; here they are told apart.

local kconfig = require "shark.system.kconfig"

local M = {}

-- What the kernel was built with explains what was found out by trying.
local function config(option)
  local value, source = kconfig.value(option)
  local said = not value and "" or value == "n" and (" (%s: not set)"):format(source)
    or (" (%s: %s, so something else refuses too)"):format(source, value)
  return "boot a kernel that is built with it" .. said
end

local LEAST = { ["kernel.kptr_restrict"] = 1, ["kernel.perf_event_paranoid"] = 2 }

local function sysctl(name)
  return LEAST[name] and ("sysctl %s=%d"):format(name, LEAST[name]) or "see sysctl " .. name
end

local function capability()
  return "run shark as root, or give it to the process (capsh, setpriv, setcap)"
end

local function container()
  return "run shark as root, outside of the container"
end

-- In this order: kind, pattern of the reason with the name in parentheses, what to do, and the name where the
-- pattern has none.
local KINDS = {
  { "capability", "lacks (CAP_[%u_]+ and CAP_[%u_]+)", capability },
  { "capability", "lacks (CAP_[%u_]+)", capability },
  { "lockdown", "locked down %((%l+)%)", function() return "boot without it; lockdown=integrity allows all of this" end,
    "lockdown %s" },
  { "container", "user namespace", container, "user namespace" },
  { "container", "seccomp", container, "seccomp filter" },
  { "limit", "locked memory is limited", function() return "run shark as root, or after ulimit -l unlimited" end,
    "locked memory" },
  { "sysctl", "(kernel%.[%l_]+) %(sysctl%)", sysctl },
  { "mount", "is not mounted", function() return "mount -t tracefs tracefs /sys/kernel/tracing" end, "tracefs" },
  { "config", "(CONFIG_[%u%d_]+)", config },
  { "kernel", "kernel ([%d.]+) and later", function() return "boot such a kernel" end, "kernel before %s" },
  { "policy", "not for want of a capability", function()
    return "ask who runs this machine: a security module, a hypervisor"
  end, "a rule of this machine" },
  { "kernel", "types have no (.+)", function()
    return "neither this kernel nor a module that is loaded has it; if it is a driver's, load that"
  end, "no %s in the types" },
}

local function other(reason, errname)
  if errname == "ENODEV" then
    return { kind = "device", name = reason:match("^[^:]+"), remedy = reason:find "^no Dovetail"
      and "boot a kernel that has it: shark -V pipeline says what was looked for"
      or "shark remap and shark iommu say why" }
  end
  return { kind = "kernel", name = reason, remedy = nil }
end

--- What refuses.
--- @param reason string @param errname string?
--- @return table cause { kind = "capability", "lockdown", "container", "limit", "sysctl", "mount", "config", "policy",
---   "device" or "kernel", name, remedy? }
function M.of(reason, errname)
  for _, entry in ipairs(KINDS) do
    local found = reason:match(entry[2])
    if found then
      return { kind = entry[1], name = (entry[4] or "%s"):format(found), remedy = entry[3](found) }
    end
  end
  return other(reason, errname)
end

return M
