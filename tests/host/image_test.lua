-- Kernels that are not running: several at once, each in a room of its own; no right is needed.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local core = require "core"
local ffi = require "ffi"
local k = require "shark.kernel"
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}

local folder = proc.temporary_directory()
uv.fs_chmod(folder, 493) -- 0755: other users come here, too
local BTF = proc.shark:match("^(.*/)") .. "tests/other_types.o"

local BASE = 0xffffffff81000000ULL
local BANNER = "Linux version 4.99\0"

local function bytes_of(number)
  return ffi.string(ffi.new("int32_t[1]", number), 4)
end

-- A kernel whose variable "something" has this number; the symbols are those it was linked with, and it
-- was moved by so many bytes.
local function make(name, number, moved)
  local memory = BANNER .. ("\0"):rep(4096 - #BANNER) .. bytes_of(number) .. ("\0"):rep(4092)
  return {
    core = core.write(("%s/%s.core"):format(folder, name), { { BASE + (moved or 0), memory } }), btf = BTF,
    symbols = core.write_symbols(("%s/%s.map"):format(folder, name), {
      linux_banner = BASE, something = BASE + 4096, something_else = BASE + 4100,
    }),
  }
end

local first, second = make("first", 11), make("second", 22, 0x600000)

local TYPE = "struct irqaction_of_another_kernel"

local function number_in(image)
  return image.var("something", TYPE).number
end

local function arguments(image, ...)
  return "--core", image.core, "--btf", image.btf, "--symbols", image.symbols, ...
end

-- ---- open{} ----

function tests.test_several_kernels_are_read_at_once()
  local one, other = assert(k.open(first)), assert(k.open(second))
  t.assertEquals({ number_in(one), number_in(other), number_in(one) }, { 11, 22, 11 })
  t.assertEquals(one.address "something", BASE + 4096)
  t.assertEquals(other.address "something", BASE + 4096 + 0x600000)
  t.assertEquals((one.symbol(BASE + 4097)), "something+0x1")
  t.assertNil((other.symbol(BASE + 4097)))
  t.assertEquals(one.how().way, "image")
  t.assertStrContains(tostring(one.how()), "ELF core")
  t.assertNil(k.sizeof(TYPE))
  one:close()
  t.assertErrorMsgContains("this image is closed", one.sizeof, "int")
  one:close()
  t.assertEquals(number_in(other), 22)
end

function tests.test_an_object_of_one_kernel_is_none_of_another()
  local one, other = assert(k.open(first)), assert(k.open(second))
  local object = one.cast(TYPE, BASE + 4096)
  t.assertEquals(one.addressof(object), BASE + 4096)
  t.assertErrorMsgContains("of another kernel", other.addressof, object)
  t.assertErrorMsgContains("of another kernel", k.addressof, object)
  t.assertErrorMsgContains("of another kernel", other.copy, one.var("something", TYPE))
  t.assertFalse(object == other.cast(TYPE, BASE + 4096))
end

function tests.test_modules_in_a_room_read_its_kernel()
  local one = assert(k.open(first))
  t.assertIs(one:require "shark.kernel", one)
  t.assertIs(one:require "shark.json", one:require "shark.json")
  t.assertFalse(one:require "shark.irqmap" == require "shark.irqmap")
  t.assertErrorMsgContains("module 'nowhere' not found", one.require, one, "nowhere")
  local text, message, name = one:require("shark.system.files").text "/etc/passwd"
  t.assertEquals({ text, message, name }, { nil, "an image cannot tell what was in /etc/passwd", "ENOENT" })
end

function tests.test_what_attaches_needs_a_running_kernel()
  local one = assert(k.open(first))
  local session, message, name = one:require("shark.irq").hardirq {}
  t.assertEquals({ session, name }, { nil, "EOPNOTSUPP" })
  t.assertStrContains(message, "tracing takes a running kernel")
end

function tests.test_files_that_are_no_images_are_refused()
  for _, wrong in ipairs {
    { { core = folder .. "/nowhere" }, "nowhere", "ENOENT" },
    { { core = folder }, folder, "EISDIR" },
    { { core = first.symbols }, first.symbols, "EINVAL" },
    { { core = first.core, btf = first.symbols .. ".btf" }, first.symbols .. ".btf", "ENOENT" },
    { { core = first.core, symbols = "/nowhere" }, "/nowhere", "ENOENT" },
  } do
    local image, message, name = k.open(wrong[1])
    t.assertEquals({ image, name }, { nil, wrong[3] })
    t.assertStrContains(message, wrong[2])
  end
end

function tests.test_symbols_of_another_kernel_are_refused()
  local strange = core.write_symbols(folder .. "/strange.map", { linux_banner = BASE + 4096, something = BASE })
  local image, message, name = k.open { core = first.core, symbols = strange }
  t.assertEquals({ image, name }, { nil, "ENOENT" })
  t.assertStrContains(message, "symbols")
end

function tests.test_misuse_raises()
  t.assertErrorMsgContains("table expected", k.open)
  t.assertErrorMsgContains("with the kernel's memory", k.open, {})
  t.assertErrorMsgContains("not 'cores'", k.open, { cores = "x" })
  t.assertErrorMsgContains("path expected", k.open, { core = 1 })
end

function tests.test_without_types_and_symbols_it_is_said_which_file_is_missing()
  local image = assert(k.open { core = first.core })
  local size, no_types = image.sizeof "int"
  local address, no_symbols = image.address "init_task"
  t.assertEquals({ size, address }, {})
  t.assertStrContains(no_types, "--btf")
  t.assertStrContains(no_symbols, "--symbols")
  t.assertEquals(image.read(BASE, 13), "Linux version")
end

-- ---- the command line ----

local PRINT = ("print(kernel.var('something', '%s').number, (shark.symbol(kernel.address 'something')))"):format(TYPE)

function tests.test_with_core_scripts_read_the_image()
  local result = proc.run_shark(arguments(second, "-e", PRINT))
  t.assertEquals({ result.out, result.err, result.status }, { "22\tsomething\n", "", 0 })
end

function tests.test_an_ordinary_user_may_read_an_image()
  local words = { arguments(first, "-e", PRINT) }
  local result = proc.run(proc.shark, words, { uid = 65534, gid = 65534 })
  t.assertEquals({ result.out, result.err, result.status }, { "11\tsomething\n", "", 0 })
end

function tests.test_with_core_nothing_is_traced()
  for _, script in ipairs { "hardirqs", "softirqs", "virtblk", "affinity", "execs", "opens", "doctor", "top" } do
    local result = proc.run_shark(arguments(first, script))
    t.assertEquals({ result.out, result.status }, { "", 1 }, script)
    t.assertStrContains(result.err, "tracing takes a running kernel")
  end
end

function tests.test_probes_in_a_line_need_a_running_kernel()
  local result = proc.run_shark(arguments(first, "-e", "probe.on('func:schedule', function() end)"))
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "running kernel")
end

function tests.test_a_wrong_image_is_told()
  local result = proc.run_shark("--core", first.symbols, "irqmap")
  t.assertEquals({ result.out, result.status }, { "", 1 })
  t.assertEquals(result.err, ("shark: cannot read the image %s: it is not an ELF file\n"):format(first.symbols))
end

function tests.test_options_of_images_need_an_image()
  for _, option in ipairs { "--btf", "--symbols" } do
    local result = proc.run_shark(option, first.symbols, "irqmap")
    t.assertEquals({ result.out, result.status }, { "", 2 })
    t.assertStrContains(result.err, "needs --core")
  end
end

t.run(tests)
