--- Images of kernels that never ran: ELF cores with what a test puts into their memory, and their symbols as text.
local ffi = require "ffi"

local M = {}

ffi.cdef [[
struct test_elf_header {
  uint8_t ident[16]; uint16_t type, machine; uint32_t version; uint64_t entry, phoff, shoff; uint32_t flags;
  uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct test_elf_segment { uint32_t type, flags; uint64_t offset, vaddr, paddr, filesz, memsz, align; };
]]

local HEADER, SEGMENT = ffi.sizeof "struct test_elf_header", ffi.sizeof "struct test_elf_segment"

local function write(path, ...)
  local file = assert(io.open(path, "wb"))
  assert(file:write(...))
  assert(file:close())
  return path
end

--- Writes an ELF core (gABI, e_type ET_CORE) whose memory is at virtual addresses.
--- @param memory table[] {{ address, bytes }}
--- @param machine integer? EM_*, else that of x86-64
--- @return string path
function M.write(path, memory, machine)
  local header = ffi.new("struct test_elf_header", {
    ident = { 0x7f, 0x45, 0x4c, 0x46, 2, 1, 1 }, type = 4, machine = machine or 62, version = 1, phoff = HEADER,
    ehsize = HEADER, phentsize = SEGMENT, phnum = #memory,
  })
  local segments, parts, offset = ffi.new("struct test_elf_segment[?]", #memory), {}, HEADER + SEGMENT * #memory
  for i, piece in ipairs(memory) do
    local size = #piece[2]
    segments[i - 1] = { type = 1, offset = offset, vaddr = piece[1], filesz = size, memsz = size }
    parts[i], offset = piece[2], offset + size
  end
  return write(path, ffi.string(header, HEADER), ffi.string(segments, SEGMENT * #memory), table.concat(parts))
end

--- Writes symbols in the form of /proc/kallsyms.
--- @param symbols table<string, ffi.cdata*> name -> address
--- @return string path
function M.write_symbols(path, symbols)
  local lines = {}
  for name, address in pairs(symbols) do
    lines[#lines + 1] = ("%s D %s\n"):format(require("bit").tohex(address, 16), name)
  end
  return write(path, table.concat(lines))
end

return M
