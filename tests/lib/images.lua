--- Kernels that never ran: C whose initialisers are the kernel's memory, linked at a kernel's addresses, as an ELF
--- core with types and symbols beside it.
local ffi = require "ffi"
local proc = require "proc"
local t = require "t"

local M = {}

local SOURCES = arg[0]:gsub("[^/]+/[^/]+$", "images/")
local FIRST = "0xffffffff81000000"

local FLAGS = "-O1 -Wall -Wextra -Werror -fno-zero-initialized-in-bss -fno-eliminate-unused-debug-types " ..
  "-ffreestanding -fno-pic -mcmodel=kernel -nostdlib -static -no-pie -Wl,--build-id=none,-e,0,-Ttext-segment=" ..
  FIRST .. ",--section-start=.entry=0xffffffff81800000"

-- From elf.h.
local ET_CORE, PT_NULL, PT_LOAD = 4, 0, 1
local E_TYPE, E_PHOFF, E_SHOFF, E_PHENTSIZE, E_PHNUM, E_SHNUM, E_SHSTRNDX = 16, 32, 40, 54, 56, 60, 62
local P_TYPE, P_VADDR, P_PADDR = 0, 16, 24
-- Where the kernel's code is mapped on x86-64, from physical address 0 on (__START_KERNEL_map).
local KERNEL_MAP = 0xffffffff80000000ULL

local function at(bytes, ctype, offset)
  return ffi.cast(ctype .. " *", bytes + offset)
end

-- What is loaded is memory; nothing else is left.
local function make_core(text)
  local bytes = ffi.new("uint8_t[?]", #text)
  ffi.copy(bytes, text, #text)
  at(bytes, "uint16_t", E_TYPE)[0] = ET_CORE
  at(bytes, "uint64_t", E_SHOFF)[0] = 0
  at(bytes, "uint16_t", E_SHNUM)[0], at(bytes, "uint16_t", E_SHSTRNDX)[0] = 0, 0
  local place = tonumber(at(bytes, "uint64_t", E_PHOFF)[0])
  for i = 0, at(bytes, "uint16_t", E_PHNUM)[0] - 1 do
    local header = place + i * at(bytes, "uint16_t", E_PHENTSIZE)[0]
    local is_memory = at(bytes, "uint32_t", header + P_TYPE)[0] == PT_LOAD
    at(bytes, "uint32_t", header + P_TYPE)[0] = is_memory and PT_LOAD or PT_NULL
    at(bytes, "uint64_t", header + P_PADDR)[0] = at(bytes, "uint64_t", header + P_VADDR)[0] - KERNEL_MAP
  end
  return ffi.string(bytes, #text)
end

--- Makes an image.
--- @param source string a file of tests/images, without ".c"
--- @param macros table<string, string|number> what it is compiled with, in C
--- @param types? "dwarf" in place of BTF
--- @return table image { core, types, symbols } paths
function M.make(source, macros, types)
  local folder, defines = proc.temporary_directory(), {}
  for name, value in pairs(macros) do
    defines[#defines + 1] = ("'-D%s=%s'"):format(name, value)
  end
  local linked, symbols = folder .. "/vmlinux", folder .. "/kallsyms"
  local built = proc.run_shell(("gcc %s %s %s -o %s %s%s.c && nm %s > %s"):format(types == "dwarf" and "-g" or "-gbtf",
    FLAGS, table.concat(defines, " "), linked, SOURCES, source, linked, symbols))
  t.assertEquals({ built.status, built.err }, { 0, "" })
  proc.write_file(folder .. "/core", make_core(proc.read_file(linked)))
  return { core = folder .. "/core", types = linked, symbols = symbols }
end

--- Runs shark on an image.
--- @param image table of make() @param ... string arguments
--- @return table result of proc.run_shark()
function M.run(image, ...)
  return proc.run_shark("--core", image.core, "--btf", image.types, "--symbols", image.symbols, ...)
end

return M
