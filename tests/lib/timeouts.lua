--- A load of kernel timers whose number is known: each wait on a socket with a time limit
-- (SO_RCVTIMEO) is one timer, whose function is process_timeout (schedule_timeout(),
-- kernel/time/sleep_timeout.c).
-- usage: shark timeouts.lua N
local ffi = require "ffi"

ffi.cdef [[
struct timeval_of_timeouts { long sec, usec; };
int socketpair(int domain, int type, int protocol, int fds[2]);
int setsockopt(int fd, int level, int name, const void *value, unsigned int size);
long recv(int fd, void *buffer, size_t size, int flags);
]]

local AF_UNIX, SOCK_DGRAM, SOL_SOCKET, SO_RCVTIMEO = 1, 2, 1, 20
local fds, limit = ffi.new "int[2]", ffi.new("struct timeval_of_timeouts", 0, 20000)
assert(ffi.C.socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0)
assert(ffi.C.setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, limit, ffi.sizeof(limit)) == 0)
local buffer = ffi.new "char[1]"
for _ = 1, tonumber(arg[1]) do
  assert(ffi.C.recv(fds[0], buffer, 1, 0) == -1)
end
