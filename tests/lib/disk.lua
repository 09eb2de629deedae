--- A block workload of known size on a disk whose interrupts can be seen.
local ffi = require "ffi"
local interrupts = require "shark.system.interrupts"
local load = require "load"
local patience = require "patience"
local uv = require "uv"
local witness = require "witness"

ffi.cdef [[
int open(const char *path, int flags, ...);
int close(int fd);
ssize_t pread(int fd, void *buf, size_t n, int64_t offset);
int fsync(int fd);
int posix_memalign(void **p, size_t alignment, size_t size);
void free(void *p);
]]

local M = {}

local O_RDONLY, O_WRONLY, O_CREAT, O_DIRECT = 0, 1, 64, 16384
local BLOCK = 4096
local BLOCKS = 64 -- of the data that is read

local function irqs_of(virtio)
  local irqs = {}
  for irq, entry in pairs(interrupts.read()) do
    for _, action in ipairs(entry.actions) do
      if action:find("^" .. virtio .. "%-req") then
        irqs[#irqs + 1] = irq
      end
    end
  end
  return irqs
end

local function can_read_past_cache(path)
  local fd = ffi.C.open(path, O_RDONLY + O_DIRECT)
  if fd >= 0 then
    ffi.C.close(fd)
  end
  return fd >= 0
end

-- Where the disk itself may not be read, a file on it: beside the binary under
-- test, if that is on the disk.
local function file_on(device)
  local path = uv.exepath():gsub("[^/]+$", "direct-reads.dat")
  local file = io.open(path, "wb")
  if not file then
    return nil
  end
  file:write(("\42"):rep(BLOCK * BLOCKS))
  file:close()
  local fd = ffi.C.open(path, O_WRONLY + O_CREAT, ffi.cast("int", 384))
  ffi.C.fsync(fd)
  ffi.C.close(fd)
  local dev = uv.fs_stat(path).dev
  local link = uv.fs_readlink(("/sys/dev/block/%d:%d"):format(math.floor(dev / 256), dev % 256))
  return link and link:find("/block/" .. device, 1, true) and can_read_past_cache(path) and path
end

local function aligned_block()
  local box = ffi.new("void *[1]")
  assert(ffi.C.posix_memalign(box, BLOCK, BLOCK) == 0)
  return ffi.gc(box[0], ffi.C.free)
end

local function read_blocks(disk, n)
  local fd = ffi.C.open(disk.path, O_RDONLY + O_DIRECT)
  assert(fd >= 0, "cannot read " .. disk.path)
  local block = aligned_block()
  for i = 0, n - 1 do
    assert(ffi.C.pread(fd, block, BLOCK, (i % BLOCKS) * BLOCK) == BLOCK)
  end
  ffi.C.close(fd)
end

-- With a queue for each CPU, the reader's CPU decides which interrupt comes.
local function pin_to_first_cpu()
  load.pin(0)
end

-- The interrupt that reads have, as long as this process stays on its CPU.
local function busy_irq(disk)
  local before = interrupts.read()
  read_blocks(disk, 20)
  local after, most = interrupts.read(), 0
  for _, irq in ipairs(disk.irqs) do
    local count = after[irq].count - before[irq].count
    if count > most then
      disk.irq, most = irq, count
    end
  end
  return disk
end

local function find()
  local reason = "no virtio-blk disk with interrupts of its own"
  for i = 0, 25 do
    local device = "vd" .. string.char(97 + i)
    local link = uv.fs_readlink("/sys/block/" .. device)
    local virtio = link and link:match("/(virtio%d+)/block/")
    local irqs = virtio and irqs_of(virtio) or {}
    if #irqs > 0 then
      local path = can_read_past_cache("/dev/" .. device) and "/dev/" .. device or file_on(device)
      if path then
        pin_to_first_cpu()
        return busy_irq { device = device, irqs = irqs, path = path }
      end
      reason = "/dev/" .. device .. " cannot be read, and no file on it past the page cache"
    end
  end
  return nil, reason
end

local found

--- The first virtio-blk disk whose queues have interrupts of their own, and
--- what can be read on it. The process, and what it starts, stays on the first
--- CPU from then on.
--- @return table? { device = "vda", irqs = { 36 }, irq = that of reads, path }
--- @return string? reason
function M.find()
  if found then
    pin_to_first_cpu()
    return found
  end
  local reason
  found, reason = find()
  return found, reason
end

--- What the kernel counted for the disk so far: reads and writes completed.
function M.completed(disk)
  local fields = {}
  for field in io.open("/sys/block/" .. disk.device .. "/stat"):read("*a"):gmatch("%d+") do
    fields[#fields + 1] = tonumber(field)
  end
  return { reads = fields[1], writes = fields[5] }
end

--- Reads n blocks of the disk past the page cache, one after the other, so that
--- each has an interrupt.
--- @return integer visible interrupts that BPF programs can have seen, at least
--- @return integer hidden those that they may not have seen, see witness.lua
function M.direct_reads(disk, n)
  local hidden = witness.hidden(disk.irqs, function() read_blocks(disk, n) end)
  return n - hidden, hidden
end

--- Reads n blocks, and again until BPF programs can have seen as many interrupts.
function M.visible_reads(disk, n)
  local visible = 0
  patience.wait_until(n .. " interrupts that programs see", function()
    visible = visible + M.direct_reads(disk, n)
    return visible >= n
  end)
end

--- Runs work() for who follows requests of the disk. One may complete on another CPU than its
--- interrupt came on, where the witness of interrupts sees nothing.
--- @return integer hidden moments of requests that BPF programs may not have seen
function M.hidden_in_requests(disk, work)
  local dev = io.open("/sys/block/" .. disk.device .. "/dev"):read("*l")
  local major, minor = dev:match("(%d+):(%d+)")
  local filter, conditions = ("dev == %d"):format(major * 2 ^ 20 + minor), {}
  for i, irq in ipairs(disk.irqs) do
    conditions[i] = "irq == " .. irq
  end
  return witness.hidden_events({
    { "irq/irq_handler_entry", table.concat(conditions, " || ") },
    { "block/block_rq_issue", filter }, { "block/block_rq_complete", filter },
  }, work)
end

--- direct_reads() for who follows requests.
--- @return integer visible requests that BPF programs can have seen whole, at least
--- @return integer hidden moments of requests that they may not have seen
function M.request_reads(disk, n)
  local hidden = M.hidden_in_requests(disk, function() read_blocks(disk, n) end)
  return n - hidden, hidden
end

--- Interrupts of the disk so far, as /proc/interrupts counts them.
function M.interrupts(disk)
  local all, sum = interrupts.read(), 0
  for _, irq in ipairs(disk.irqs) do
    sum = sum + all[irq].count
  end
  return sum
end

return M
