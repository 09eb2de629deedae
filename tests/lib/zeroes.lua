--- Writes zeroes without data, which a disk carries out itself.
local ffi = require "ffi"

ffi.cdef [[
int open(const char *path, int flags, ...);
int close(int fd);
int fsync(int fd);
int fallocate(int fd, int mode, int64_t offset, int64_t length);
]]

local M = {}

local O_RDWR = 2
local ZERO_RANGE = 0x10 + 0x01 -- FALLOC_FL_ZERO_RANGE, FALLOC_FL_KEEP_SIZE

--- Writes n ranges of so many bytes to a block device, one after the other, and flushes.
function M.write(path, bytes, n)
  local fd = ffi.C.open(path, O_RDWR)
  assert(fd >= 0, "cannot write " .. path)
  for i = 0, n - 1 do
    assert(ffi.C.fallocate(fd, ZERO_RANGE, i * bytes, bytes) == 0, "fallocate: " .. ffi.errno())
  end
  assert(ffi.C.fsync(fd) == 0)
  ffi.C.close(fd)
end

return M
