--- Kernels that never ran: C whose initialisers are the kernel's memory, linked at a kernel's addresses, as an ELF
--- core with types and symbols beside it.
local ffi = require "ffi"
local proc = require "proc"
local t = require "t"

local M = {}

local SOURCES = arg[0]:gsub("[^/]+/[^/]+$", "images/")
local COMMON = "-O1 -Wall -Wextra -Werror -fno-zero-initialized-in-bss -fno-eliminate-unused-debug-types " ..
  "-ffreestanding -fno-pic -nostdlib -static -no-pie -Wl,--build-id=none,-e,0,-Ttext-segment="

-- From elf.h: where members are in the headers, of files of 64 and of 32 bits; and from where on each maps a
-- kernel's code, from physical address 0 on (__START_KERNEL_map, __PAGE_OFFSET).
local KINDS = {
  [64] = { word = "uint64_t", phoff = 32, shoff = 40, phentsize = 54, vaddr = 16, paddr = 24,
    map = 0xffffffff80000000ULL,
    flags = "-mcmodel=kernel " .. COMMON .. "0xffffffff81000000,--section-start=.entry=0xffffffff81800000" },
  [32] = { word = "uint32_t", phoff = 28, shoff = 32, phentsize = 42, vaddr = 8, paddr = 12, map = 0xc0000000,
    flags = "-m32 " .. COMMON .. "0xc1000000" },
}
local ET_CORE, PT_NULL, PT_LOAD, E_TYPE = 4, 0, 1, 16

local function at(bytes, ctype, offset)
  return ffi.cast(ctype .. " *", bytes + offset)
end

-- Memory is what is loaded; of the rest nothing is left.
local function change_segment(bytes, header, kind)
  local is_memory = at(bytes, "uint32_t", header)[0] == PT_LOAD
  at(bytes, "uint32_t", header)[0] = is_memory and PT_LOAD or PT_NULL
  if is_memory then
    at(bytes, kind.word, header + kind.paddr)[0] = at(bytes, kind.word, header + kind.vaddr)[0] - kind.map
  end
end

local function make_core(text, kind)
  local bytes = ffi.new("uint8_t[?]", #text)
  ffi.copy(bytes, text, #text)
  at(bytes, "uint16_t", E_TYPE)[0] = ET_CORE
  at(bytes, kind.word, kind.shoff)[0] = 0
  local halves = at(bytes, "uint16_t", kind.phentsize) -- e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx
  halves[3], halves[4] = 0, 0
  local place = tonumber(at(bytes, kind.word, kind.phoff)[0])
  for i = 0, halves[1] - 1 do
    change_segment(bytes, place + i * halves[0], kind)
  end
  return ffi.string(bytes, #text)
end

--- Makes an image.
--- @param source string a file of tests/images, without ".c"
--- @param macros table<string, string|number> what it is compiled with, in C
--- @param types? "dwarf" in place of BTF @param bits? 32 in place of 64
--- @return table image { core, types, symbols } paths
function M.make(source, macros, types, bits)
  local folder, defines, kind = proc.temporary_directory(), {}, KINDS[bits or 64]
  for name, value in pairs(macros) do
    defines[#defines + 1] = ("'-D%s=%s'"):format(name, value)
  end
  local linked, symbols = folder .. "/vmlinux", folder .. "/kallsyms"
  local built = proc.run_shell(("gcc %s %s %s -o %s %s%s.c && nm %s > %s"):format(types == "dwarf" and "-g" or "-gbtf",
    kind.flags, table.concat(defines, " "), linked, SOURCES, source, linked, symbols))
  t.assertEquals({ built.status, built.err }, { 0, "" })
  proc.write_file(folder .. "/core", make_core(proc.read_file(linked), kind))
  return { core = folder .. "/core", types = linked, symbols = symbols }
end

--- Runs shark on an image.
--- @param image table of make() @param ... string arguments
--- @return table result of proc.run_shark()
function M.run(image, ...)
  return proc.run_shark("--core", image.core, "--btf", image.types, "--symbols", image.symbols, ...)
end

return M
