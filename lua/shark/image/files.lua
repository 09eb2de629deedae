--- In place of shark.system.files, where the kernel is not the one that runs: files of /proc and /sys on this machine
-- are not its files. What a few of them had in them is in its memory; of the others nobody can tell.

local bytes = require "shark.decode.bytes"
local cpulist = require "shark.decode.cpulist"
local register = require "shark.decode.register"

local M = {}

-- It reads files too.
local function kernel()
  return require "shark.kernel", require "shark.kernel.must"
end

-- ---- CPUs (kernel/cpu.c, since 4.5) ----

-- All bits that a kernel was built for: which of them can be CPUs is what is asked here.
local function mask(name)
  local k, must = kernel()
  local text = must(k.read(must(k.address(name)), must(k.sizeof("struct cpumask"))))
  local cpus = {}
  for cpu = 0, #text * 8 - 1 do
    if register.bits(bytes.u8(text, math.floor(cpu / 8)), cpu % 8) == 1 then
      cpus[#cpus + 1] = cpu
    end
  end
  return cpus
end

local function cpu_list(name)
  return function()
    return cpulist.format(mask(name)) .. "\n"
  end
end

-- x86_cap_flags has the names of bits as /proc/cpuinfo shows them (arch/x86/kernel/cpu/proc.c).
local function flags_of(info)
  local k, must = kernel()
  local names, words = must(k.var("x86_cap_flags", "char *[]")):value(), {}
  for i = 0, k.sizeof(info.x86_capability) / 4 - 1 do
    local set = info.x86_capability[i]
    for bit = 0, set ~= 0 and 31 or -1 do
      words[#words + 1] = register.bits(set, bit) == 1 and names[i * 32 + bit] or nil
    end
  end
  return table.concat(words, " ")
end

-- The lines that are asked for. Before 6.7 the id was not in a struct of its own (arch/x86/include/asm/processor.h).
local function cpuinfo()
  local k, must = kernel()
  local lines, is_old = {}, k.has_field("struct cpuinfo_x86", "apicid")
  for _, cpu in ipairs(mask "__cpu_online_mask") do
    local info = must(k.per_cpu("cpu_info", cpu, "struct cpuinfo_x86"))
    lines[#lines + 1] = ("processor\t: %d\napicid\t\t: %d\nflags\t\t: %s\n"):format(cpu,
      is_old and info.apicid or info.topo.apicid, flags_of(info))
  end
  return table.concat(lines, "\n")
end

-- ---- files ----

local MAX_COMMAND_LINE = 4096 -- COMMAND_LINE_SIZE is 2048 on x86

local function command_line()
  local k, must = kernel()
  local memory = require "shark.kernel.memory"
  local pointer = memory.pointer(must(k.address("saved_command_line")))
  return memory.string(pointer, MAX_COMMAND_LINE) .. "\n"
end

local TOLD = {
  ["/proc/cmdline"] = command_line, ["/proc/cpuinfo"] = cpuinfo,
  ["/sys/devices/system/cpu/online"] = cpu_list "__cpu_online_mask",
  ["/sys/devices/system/cpu/possible"] = cpu_list "__cpu_possible_mask",
}

--- The text that a file had.
--- @return string? text @return string? message @return string? name "ENOENT": an image cannot tell
function M.text(path)
  if TOLD[path] then
    return require("shark.kernel.memory").attempt(TOLD[path])
  end
  return nil, ("an image cannot tell what was in %s"):format(path), "ENOENT"
end

--- The first line of it, without its newline.
--- @return string? line @return string? message @return string? name
function M.line(path)
  local text, message, name = M.text(path)
  return text and text:match("^[^\n]*"), message, name
end

--- The number that it is; nil if it is none.
--- @return number?
function M.number(path)
  return tonumber((M.line(path)))
end

--- None: no folder is known.
--- @return string[]
function M.names()
  return {}
end

--- Is it known what was in a file?
--- @return boolean
function M.exists(path)
  return TOLD[path] ~= nil
end

--- Nothing: no link is known.
function M.link()
  return nil
end

M.real = M.link

return M
