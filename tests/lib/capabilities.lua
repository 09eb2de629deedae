--- What a running shark may do, as a command that it started sees it.
local t = require "t"

local M = {}

local NUMBERS = { CAP_DAC_READ_SEARCH = 2, CAP_KILL = 5, CAP_NET_RAW = 13, CAP_SYS_RAWIO = 17, CAP_SYS_ADMIN = 21,
  CAP_SYSLOG = 34, CAP_PERFMON = 38, CAP_BPF = 39 }

--- As /proc/PID/status has them.
function M.set_of(...)
  local set = 0ULL
  for _, name in ipairs { ... } do
    set = set + bit.lshift(1ULL, NUMBERS[name])
  end
  return bit.tohex(set)
end

-- Until its parent has other capabilities than it was started with, or long enough to have done anything.
local WATCH = [[
  before=$(grep CapEff /proc/self/status)
  for i in $(seq 300); do
    [ "$(grep CapEff /proc/$PPID/status)" = "$before" ] || break
    sleep 0.01
  done
  { grep ^Cap /proc/$PPID/status; echo; grep ^Cap /proc/self/status; } > "%s"
]]

--- Commands for sh, without single quotes, that tell into a file what their parent may do, and they themselves.
function M.watch(path)
  return WATCH:format(path)
end

--- @return table of_shark, of_command by field: { CapEff = digits, ... }
function M.read(path)
  local file = assert(io.open(path), "the command did not run")
  local text, both = file:read "*a", {}
  file:close()
  for part in (text .. "\n"):gmatch "(.-\n)\n" do
    local fields = {}
    for name, digits in part:gmatch "(Cap%a+):%s*(%x+)\n" do
      fields[name] = digits
    end
    both[#both + 1] = fields
  end
  return both[1], both[2]
end

--- Shark had these and no more, and the command still had what it was started with.
function M.assert_only(path, names)
  local of_shark, of_command = M.read(path)
  t.assertEquals({ of_shark.CapEff, of_shark.CapPrm }, { M.set_of(unpack(names)), M.set_of(unpack(names)) })
  t.assertNotEquals(of_command.CapEff, of_shark.CapEff)
end

return M
