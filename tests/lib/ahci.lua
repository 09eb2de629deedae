--- The AHCI controller that QEMU's q35 has: no driver in the guest uses it, so it
--- can be told to write where its IOMMU lets it write nowhere.
local ffi = require "ffi"
local uv = require "uv"

ffi.cdef [[
void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset);
int munmap(void *addr, size_t length);
]]

local M = {}

local DEVICE = "/sys/bus/pci/devices/0000:00:1f.2/"
M.SOURCE = "00:1f.2"

local READ_WRITE, SHARED, BYTES = 3, 1, 4096

-- PCI command register: memory space, bus master.
local function enable()
  local file = io.open(DEVICE .. "config", "r+b")
  if not file then
    return nil, "no AHCI controller at " .. M.SOURCE
  end
  file:seek("set", 4)
  file:write("\6\0")
  file:close()
  return true
end

local function registers()
  local fd, reason = uv.fs_open(DEVICE .. "resource5", "r+", 0)
  if not fd then
    return nil, reason
  end
  local memory = ffi.C.mmap(nil, BYTES, READ_WRITE, SHARED, fd, 0)
  uv.fs_close(fd)
  if ffi.cast("intptr_t", memory) == -1 then
    return nil, "cannot map the registers of " .. M.SOURCE
  end
  return ffi.cast("volatile uint32_t *", memory)
end

-- AHCI 1.3.1, 3.1 and 3.3; in words of 32 bits.
local GHC, PORT = 0x04 / 4, 0x100 / 4
local FB, FBU, CMD = PORT + 0x08 / 4, PORT + 0x0c / 4, PORT + 0x18 / 4
local AHCI_ENABLE, FIS_RECEIVE_ENABLE = 0x80000000, 0x10

--- Has the controller receive to an address that nobody mapped for it.
--- @param address integer below 2^32, of a page
--- @return true? @return string? reason
function M.write_to(address)
  local ok, reason = enable()
  if not ok then
    return nil, reason
  end
  local ahci
  ahci, reason = registers()
  if not ahci then
    return nil, reason
  end
  ahci[GHC] = AHCI_ENABLE
  ahci[FBU], ahci[FB] = 0, address
  ahci[CMD] = FIS_RECEIVE_ENABLE
  ahci[CMD] = 0
  ffi.C.munmap(ffi.cast("void *", ahci), BYTES)
  return true
end

return M
