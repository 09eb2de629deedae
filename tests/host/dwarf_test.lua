-- Types of a file that has DWARF and no BTF, as scripts ask for them.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local core = require "core"
local ffi = require "ffi"
local k = require "shark.kernel"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local objects = proc.shark:gsub("shark$", "tests/dwarf/")
local tests = {}

local ASK = [[
  local k = require "shark.kernel"
  for _, object in ipairs { "dwarf5", "gz", "btf" } do
    assert(shark.debuginfo_set(%q .. object .. ".o"))
    print(object, k.sizeof "struct pipeline", k.offsetof("struct pipeline", "value"), k.sizeof "struct domain *[3]",
      k.offsetof("struct domain", "control"), k.offsetof("struct flags", "vector"))
  end
]]

function tests.test_types_are_those_of_btf()
  local result = proc.run_shark("-e", ASK:format(objects))
  local dwarf, compressed, btf = result.out:match "^dwarf5\t([^\n]+)\ngz\t([^\n]+)\nbtf\t([^\n]+)\n$"
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertStrMatches(dwarf, "280\t240\t24\t16\t.*")
  t.assertEquals({ dwarf, compressed }, { btf, btf })
end

function tests.test_a_file_of_its_own_has_them()
  local result = proc.run_shell(([[
    cd %s && cp %s/dwarf5.o whole.o &&
    objcopy --only-keep-debug whole.o kept.debug &&
    objcopy --strip-debug --add-gnu-debuglink=kept.debug whole.o bare.o &&
    objdump -h bare.o | grep -c debug_info
    $SHARK -e 'assert(shark.debuginfo_set "bare.o") print(require("shark.kernel").sizeof "struct pipeline")'
    rm kept.debug
    $SHARK -e 'shark.debuginfo_set "bare.o" print((require("shark.kernel").sizeof "struct pipeline"))']]):format(
    proc.temporary_directory(), objects))
  t.assertEquals({ result.out, result.err }, { "0\n280\nnil\n", "" })
end

-- libdw would have libdebuginfod ask for what a build id names.
function tests.test_no_server_is_asked_for_it()
  local server, asked = uv.new_tcp(), false
  server:bind("127.0.0.1", 0)
  server:listen(8, function() asked = true end)
  local result = proc.run_shell(([[
    cd %s && cp /bin/true bare && readelf -n bare | grep -c "Build ID"
    DEBUGINFOD_URLS=http://127.0.0.1:%d DEBUGINFOD_TIMEOUT=1 \
      $SHARK -e 'print(shark.debuginfo_set "bare")']]):format(proc.temporary_directory(), server:getsockname().port))
  uv.run "nowait"
  server:close()
  t.assertEquals({ result.out, result.err }, { "1\ntrue\n", "" })
  t.assertFalse(asked)
end

-- ---- kernels of 32 bits ----

local BASE, EM_386 = 0xc0000000, 3

local function words(...)
  return ffi.string(ffi.new("uint32_t[?]", select("#", ...), ...), select("#", ...) * 4)
end

-- A struct pipeline: its domain, the next one, a lock and a name; padded.
local function pipeline(domain, next, name)
  return words(domain, next, 7) .. name .. ("\0"):rep(256 - 12 - #name)
end

-- Two that are a list behind a head of one pointer.
local function open_image()
  local second, head = BASE + 256, BASE + 512
  return assert(k.open {
    core = core.write(proc.temporary_directory() .. "/core", { {
      BASE, pipeline(0xdeadbeef, second + 4, "first") .. pipeline(0, head, "second") .. words(BASE + 4, 0),
    } }, EM_386),
    btf = objects .. "m32.o",
  })
end

function tests.test_pointers_of_32_bits()
  local image = open_image()
  t.assertEquals({ image.sizeof "struct pipeline", image.sizeof "struct pipeline *[3]" }, { 152, 12 })
  local first = assert(image.cast("struct pipeline", BASE))
  t.assertEquals({ image.raw(first, "domain"), first.lock.count }, { 0xdeadbeefULL, 7 })
  local names = {}
  for entry in image.list(BASE + 512, "struct pipeline", "next") do
    names[#names + 1] = entry.name
  end
  t.assertEquals(names, { "first", "second" })
  image:close()
end

-- Whatever is there in its place, it is not libdw.
function tests.test_without_libdw_its_package_is_named()
  local directory = proc.temporary_directory()
  proc.write_file(directory .. "/libdw.so.1", "no library")
  local result = proc.run_shell(("cd %s && LD_LIBRARY_PATH=%s $SHARK -e %q"):format(objects, directory,
    "print(shark.debuginfo_set 'dwarf5.o') print(shark.debuginfo_set 'btf.o')"))
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertStrContains(result.out, "\tdwarf5.o: types in DWARF need the library libdw.so.1 (package libdw1): ")
  t.assertStrMatches(result.out, "nil\t[^\n]+\tELIBACC\ntrue\n")
end

t.run(tests)
