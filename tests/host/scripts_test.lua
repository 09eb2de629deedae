-- Which script runs, and what is said of those that cannot.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"

local shark, shell = proc.run_shark, proc.run_shell
local directory = proc.temporary_directory()
local NOBODY = 65534
local tests = {}

local function file(name, text)
  return proc.write_file(directory .. "/" .. name, text)
end

local function assert_fails(result, ...)
  t.assertEquals({ result.status, result.signal }, { 1, 0 })
  for _, text in ipairs { ... } do
    t.assertStrContains(result.err, text)
  end
end

-- ---- which one ----

function tests.test_a_packaged_script_by_name()
  t.assertStrContains(shark("hello").out, "hello from shark")
end

function tests.test_a_file_of_that_name_does_not_replace_the_packaged_script()
  file("hello", "print 'from the file'")
  local result = shark({ cwd = directory }, "hello")
  t.assertStrContains(result.out, "hello from shark")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  t.assertEquals(shark({ cwd = directory }, "./hello").out, "from the file\n")
end

function tests.test_a_file_is_told_by_a_slash_or_its_suffix()
  file("here", "print 'by its slash'")
  file("here.lua", "print 'by its suffix'")
  t.assertEquals(shark({ cwd = directory }, "./here").out, "by its slash\n")
  t.assertEquals(shark({ cwd = directory }, "here.lua").out, "by its suffix\n")
  t.assertEquals(shark(directory .. "/here").out, "by its slash\n")
end

function tests.test_a_bare_name_is_never_a_file()
  file("neither", "print 'never'")
  local result = shark({ cwd = directory }, "neither")
  assert_fails(result, "cannot run 'neither': no packaged script of that name", "'./neither' runs the file")
  t.assertEquals(result.out, "")
end

function tests.test_a_directory_does_not_hide_the_packaged_script()
  os.execute(("mkdir -p %s/d/hello"):format(directory))
  t.assertStrContains(shark({ cwd = directory .. "/d" }, "hello").out, "hello from shark")
end

function tests.test_a_first_line_with_an_interpreter_is_skipped()
  t.assertEquals(shark(file("bang.lua", "#!/usr/bin/env shark\nprint 'ran'")).out, "ran\n")
end

function tests.test_scripts_of_a_source_tree()
  for _, folder in ipairs { "samples", "lua/shark", "core/tracers/ipi" } do
    os.execute(("mkdir -p %s/root/%s && cp shark_init.lua %s/root"):format(directory, folder, directory))
  end
  file("root/samples/hello.lua",
    "print(require 'shark.fmt', require 'shark.tracers.ipi', require('shark.hist') ~= nil)")
  file("root/lua/shark/fmt.lua", "return 'fmt of the tree'")
  file("root/core/tracers/ipi/ipi.lua", "return 'ipi of the tree'")
  -- The wire format is that of the binary: it describes its memory.
  os.execute(("mkdir -p %s/root/build/gen %s/root/build/san/gen"):format(directory, directory))
  file("root/build/gen/events.lua", "error 'of another build'")
  file("root/build/san/gen/events.lua", "error 'of another build'")
  t.assertEquals(shark("--root", directory .. "/root", "hello").out, "fmt of the tree\tipi of the tree\ttrue\n")
end

-- ---- which cannot run ----

function tests.test_missing()
  assert_fails(shark "no-such-script", "cannot run 'no-such-script': no packaged script",
    "a file needs a slash or the suffix .lua")
  assert_fails(shark "./no-such-file", "cannot run './no-such-file': No such file or directory")
  assert_fails(shark "hardirqs.lua", "cannot run 'hardirqs.lua': No such file or directory")
end

function tests.test_a_directory()
  assert_fails(shark(directory), "it is a directory")
end

function tests.test_unreadable()
  t.needs "root"
  local path = file("secret.lua", "print 'secret'")
  os.execute(("chmod 755 %s; chmod 600 %s"):format(directory, path))
  local result = shark({ uid = NOBODY, gid = NOBODY }, path)
  assert_fails(result, "cannot open", "Permission denied")
  t.assertEquals(result.out, "")
end

function tests.test_syntax_error()
  assert_fails(shark(file("syntax.lua", "print 'never'\nx = = 1\n")), "syntax.lua:2:", "near '='")
  assert_fails(shark(file("open.lua", "if true then")), "open.lua:1:", "'end' expected near '<eof>'")
end

function tests.test_binary_garbage()
  local garbage = {}
  for i = 1, 4096 do
    garbage[i] = string.char((i * 7919 + i * i) % 256)
  end
  assert_fails(shark(file("garbage.lua", table.concat(garbage))), "garbage.lua")
end

-- Bytecode is not verified: it could take over a process that runs as root.
function tests.test_bytecode_is_refused()
  local path = file("bytecode.lua", string.dump(function() print "never" end))
  local result = shark(path)
  assert_fails(result, "bytecode.lua", "it holds bytecode")
  t.assertEquals(result.out, "")
end

function tests.test_a_missing_source_tree()
  assert_fails(shark("--root", "/nowhere", "hello"), "/nowhere/shark_init.lua")
end

-- ---- errors at run time ----

function tests.test_an_error_has_a_traceback()
  assert_fails(shark(file("deep.lua", "local function f() error 'deep' end\nf()\n")),
    "deep.lua:1: deep", "stack traceback:", "in function 'f'", "deep.lua:2: in main chunk")
end

function tests.test_error_objects_that_are_no_text()
  assert_fails(shark("-e", "error({})"), "(error object is a table value)", "stack traceback:")
  assert_fails(shark("-e", "error(nil)"), "(error object is a nil value)")
  assert_fails(shark("-e", "error()"), "(error object is a nil value)")
  assert_fails(shark("-e", "error(setmetatable({}, { __tostring = function() return 'in words' end }))"),
    "in words")
  assert_fails(shark("-e", "error(setmetatable({}, { __tostring = error }))"), "shark:")
end

function tests.test_output_before_an_error_is_not_lost()
  local result = shark("-e", "io.write('kept') error 'x'")
  t.assertEquals(result.out, "kept")
  t.assertEquals(result.status, 1)
end

function tests.test_out_of_stack()
  assert_fails(shark("-e", "local function f() return 1 + f() end f()"), "stack overflow")
end

-- ---- what is not loaded ----

function tests.test_nothing_comes_from_the_current_directory()
  file("mine.lua", "print 'loaded'")
  assert_fails(shark({ cwd = directory }, "-e", "require 'mine'"), "module 'mine' not found")
  t.assertEquals(shark({ cwd = directory }, "-e", "package.path = './?.lua' require 'mine'").out, "loaded\n")
end

function tests.test_nothing_comes_from_the_environment()
  file("mine.lua", "print 'loaded'")
  local result = shell(([[LUA_INIT='print(1)' LUA_PATH='%s/?.lua' LUA_CPATH='%s/?.so' \
    $SHARK -e 'print(package.path:find("%s", 1, true), package.cpath:find("%s", 1, true))']])
    :format(directory, directory, directory, directory))
  t.assertEquals(result.out, "nil\tnil\n")
end

function tests.test_paths_are_absolute()
  local result = shark("-e", "for p in (package.path .. ';' .. package.cpath):gmatch('[^;]+') do print(p) end")
  for path in result.out:gmatch("[^\n]+") do
    t.assertStrMatches(path, "/.*")
  end
end

t.run(tests)
