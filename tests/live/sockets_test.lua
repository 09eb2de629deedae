-- Raw sockets and their filters, on the loopback interface.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local ffi = require "ffi"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

ffi.cdef [[
ssize_t read(int fd, void *buf, size_t n);
int fcntl(int fd, int cmd, ...);
int close(int fd);
]]

local tests = {}
local filter_object = proc.shark:gsub("shark$", "tests/filter.o")

-- Classic BPF: take what has this length on the wire (as tcpdump -ddd prints it).
local function length_filter(length)
  return { { 0x80, 0, 0, 0 }, { 0x15, 0, 1, length }, { 0x06, 0, 0, 0x40000 }, { 0x06, 0, 0, 0 } }
end

-- UDP datagrams to ourselves; each is seen twice on loopback, going out and
-- coming in. Ethernet, IP and UDP headers are 42 bytes.
local HEADERS = 42

local function send(payload, n)
  local udp = uv.new_udp()
  assert(udp:bind("127.0.0.1", 0))
  local port = udp:getsockname().port
  for _ = 1, n do
    assert(udp:try_send(payload, "127.0.0.1", port))
  end
  udp:close()
  uv.run("nowait")
end

local function received(fd)
  local buffer, lengths = ffi.new("char[65536]"), {}
  while true do
    local n = tonumber(ffi.C.read(fd, buffer, 65536))
    if n <= 0 then
      return lengths
    end
    lengths[n] = (lengths[n] or 0) + 1
  end
end

local function open()
  local fd, message = shark.open_raw_sock("lo")
  t.assertNotNil(fd, message)
  return fd
end

function tests.test_a_raw_socket_sees_every_frame()
  t.needs "root"
  local fd = open()
  send(("x"):rep(713), 11)
  t.assertEquals(received(fd)[713 + HEADERS], 22)
  ffi.C.close(fd)
end

function tests.test_a_raw_socket_is_not_handed_to_commands()
  t.needs "root"
  local fd = open()
  local F_GETFD, F_GETFL, FD_CLOEXEC, O_NONBLOCK = 1, 3, 1, 2048
  t.assertEquals(ffi.C.fcntl(fd, F_GETFD), FD_CLOEXEC)
  t.assertEquals(bit.band(ffi.C.fcntl(fd, F_GETFL), O_NONBLOCK), O_NONBLOCK)
  ffi.C.close(fd)
end

function tests.test_a_classic_filter_filters()
  t.needs "root"
  local fd = open()
  t.assertTrue(shark.sock_attach_bpf(fd, length_filter(300 + HEADERS)))
  send(("x"):rep(200), 7)
  send(("x"):rep(300), 5)
  t.assertEquals(received(fd), { [300 + HEADERS] = 10 })
  ffi.C.close(fd)
end

-- The object takes frames longer than 500 bytes (tests/live/filter.bpf.c).
function tests.test_a_compiled_filter_filters_and_is_then_the_first_program()
  t.needs("root", "tracing")
  local first, second = open(), open()
  t.assertEquals({ proc.run_shark("-e", "print(shark.sock_attach_bpf(0))").out },
    { "nil\tno filter program has been loaded yet\tENOENT\n" })
  t.assertTrue(shark.sock_attach_bpf(first, filter_object))
  t.assertTrue(shark.sock_attach_bpf(second))
  send(("x"):rep(100), 3)
  send(("x"):rep(600), 2)
  t.assertEquals(received(first), { [600 + HEADERS] = 4 })
  t.assertEquals(received(second), { [600 + HEADERS] = 4 })
  ffi.C.close(first)
  ffi.C.close(second)
end

function tests.test_what_cannot_be_attached()
  t.needs "root"
  local fd = open()
  local function refused(text, name, ...)
    local ok, message, code = shark.sock_attach_bpf(...)
    t.assertNil(ok)
    t.assertStrContains(message, text)
    t.assertEquals(code, name)
  end
  refused("cannot read /nowhere", "ENOENT", fd, "/nowhere")
  refused("is not a BPF object", "EINVAL", fd, "/etc/hostname")
  refused("1 to 4096 instructions", "EINVAL", fd, {})
  refused("cannot attach a filter", "EINVAL", fd, { { 0xffff, 0, 0, 0 } })
  refused("cannot attach a filter", "EBADF", 9999, length_filter(1))
  t.assertErrorMsgContains("each instruction is {code, jt, jf, k}", shark.sock_attach_bpf, fd, { { 1, 2 } })
  t.assertErrorMsgContains("each instruction is {code, jt, jf, k}", shark.sock_attach_bpf, fd, { 1 })
  t.assertErrorMsgContains("path of a BPF object or table", shark.sock_attach_bpf, fd, true)
  ffi.C.close(fd)
end

function tests.test_no_such_interface()
  t.needs "root"
  t.assertEquals({ shark.open_raw_sock("nosuch0") }, { nil, "no network interface 'nosuch0'", "ENODEV" })
end

t.run(tests)
