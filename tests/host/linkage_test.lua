-- What the binary says of the libraries it contains and needs, against binutils; and
-- what a static one (make STATIC=1) refuses. tests/run build/static runs it on that.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local shell = require "shell"
local t = require "t"

local tests = {}

local function told(label)
  local result = proc.run_shark("-V", "-v")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return result.out:match("\n" .. label .. ": ([^\n]+)")
end

local function words(text)
  local list = {}
  for word in text:gmatch("%S+") do
    list[#list + 1] = word
  end
  table.sort(list)
  return list
end

local is_static = told "needs" == "no libraries"

local function needs_static(wanted)
  t.skipIf(is_static ~= wanted, is_static and "this shark is linked statically" or "needs a static shark")
end

local function read_elf(command)
  t.skipIf(not shell.succeeds "command -v objdump >/dev/null", "needs objdump")
  local result = proc.run_shell(command)
  t.assertEquals(result.status, 0)
  return result.out
end

function tests.test_needed_glibc_is_the_newest_version_of_its_symbols()
  needs_static(false)
  local newest = read_elf [[objdump -T "$SHARK" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1]]
  t.assertEquals("GLIBC_" .. told("needs"):match("^glibc (%S+) or newer;") .. "\n", newest)
end

function tests.test_needed_libraries_are_those_the_loader_loads()
  local needed = read_elf [[objdump -p "$SHARK" | sed -n 's/^ *NEEDED *//p']]
  t.assertEquals(words(is_static and "" or told("needs"):match("; (.*)")), words(needed))
end

function tests.test_what_it_contains_is_not_needed()
  local contained, needed = words(told "contains"), told "needs"
  t.assertTrue(#contained >= 4)
  for _, name in ipairs(contained) do
    t.assertNil(needed:find(name:gsub("^zlib$", "libz") .. ".so", 1, true), name)
  end
end

local GETPID = [[require("ffi").cdef "int getpid(void);" print(require("ffi").C.getpid())]]

function tests.test_functions_of_libc_can_be_called()
  needs_static(false)
  local result = proc.run_shark("-e", GETPID)
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertStrMatches(result.out, "%d+\n")
end

function tests.test_a_static_one_says_what_it_cannot_do()
  needs_static(true)
  local module = os.tmpname()
  local chunks = {
    GETPID, [[require("ffi").load "m"]], ("assert(package.loadlib(%q, 'luaopen_x'))"):format(module),
    ("package.cpath = %q require 'x'"):format(module),
  }
  for _, chunk in ipairs(chunks) do
    local result = proc.run_shark("-e", chunk)
    t.assertEquals(result.status, 1, chunk)
    t.assertStrContains(result.err, "this shark is linked statically")
  end
  os.remove(module)
end

function tests.test_a_static_one_looks_names_up()
  needs_static(true)
  local result = proc.run_shark("-e", [[local uv = require "uv"
    print(uv.getaddrinfo("localhost", nil, { socktype = "stream", family = "inet" })[1].addr)
    print(uv.os_get_passwd().uid == uv.getuid())]])
  t.assertEquals({ result.status, result.err, result.out }, { 0, "", "127.0.0.1\ntrue\n" })
end

t.run(tests)
