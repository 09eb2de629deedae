-- Which script runs, and what is said of those that cannot.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"
local uv = require "uv"

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

-- ---- modules beside the script ----

local function module_beside(folder, name, value)
  file(folder .. "/" .. name .. ".lua", ("return %q"):format(value))
end

local function folder_with(name, modules)
  os.execute(("mkdir -p %s/%s"):format(directory, name))
  for module, value in pairs(modules) do
    module_beside(name, module, value)
  end
end

function tests.test_modules_lie_beside_the_script()
  folder_with("beside", { helper = "the helper" })
  folder_with("beside/more", { deep = "deep", init = "a folder" })
  local main = file("beside/main.lua", "print(require 'helper', require 'more.deep', require 'more')")
  t.assertEquals(shark(main).out, "the helper\tdeep\ta folder\n")
  t.assertEquals(shark({ cwd = directory .. "/beside" }, "main.lua").out, "the helper\tdeep\ta folder\n")
  -- Also once the script is done, and whatever the current directory is then.
  file("beside/later.lua", "set_timeout(function() print(require 'helper') end, 1) require('uv').chdir '/'")
  t.assertEquals(shark({ cwd = directory .. "/beside" }, "./later.lua").out, "the helper\n")
end

function tests.test_beside_is_where_the_script_really_lies()
  folder_with("really", { helper = "really here" })
  folder_with("linked", { helper = "beside the link" })
  file("really/main.lua", "print(require 'helper')")
  os.execute(("ln -sf ../really/main.lua %s/linked/main.lua"):format(directory))
  t.assertEquals(shark({ cwd = directory .. "/linked" }, "main.lua").out, "really here\n")
end

function tests.test_what_is_linked_in_comes_before_what_lies_beside()
  folder_with("shadows", { dkjson = "mine", argparse = "mine", uv = "mine", ffi = "mine" })
  folder_with("shadows/shark", { fmt = "mine", irq = "mine" })
  local path = file("shadows/main.lua", [[
    for _, name in ipairs { "dkjson", "argparse", "uv", "ffi", "shark.fmt", "shark.irq" } do
      print(type(require(name)))
    end]])
  t.assertEquals(shark(path).out, ("table\n"):rep(6))
end

function tests.test_only_a_script_that_was_named_has_a_beside()
  folder_with("cwd", { helper = "never" })
  local there = { cwd = directory .. "/cwd" }
  for _, result in ipairs {
    shark(there, "-e", "require 'helper'"), shark(there, "-l", "helper"), shark(there, "-l", "h=helper", "hello"),
    proc.run(proc.shark, { "-" }, { cwd = there.cwd, stdin = "require 'helper'" }),
    proc.run(proc.shark, { "-i" }, { cwd = there.cwd, stdin = "print(require 'helper')" }),
    shark(there, file("elsewhere.lua", "require 'helper'")),
  } do
    t.assertStrContains(result.err, "module 'helper' not found")
    t.assertNotStrContains(result.out, "never")
  end
end

function tests.test_a_module_that_is_not_there_tells_where_it_was_looked_for()
  folder_with("missing", {})
  local path = file("missing/missing.lua", "require 'not.there'")
  local folder = uv.fs_realpath(directory .. "/missing")
  assert_fails(shark(path), "missing.lua:1: module 'not.there' not found:",
    ("no file '%s/not/there.lua'"):format(folder), ("no file '%s/not/there/init.lua'"):format(folder),
    "no file '/usr/share/lua/5.1/not/there.lua'")
end

function tests.test_a_module_with_mistakes()
  folder_with("mistakes", {})
  file("mistakes/wrong.lua", "x = = 1")
  file("mistakes/code.lua", string.dump(function() end))
  os.execute(("mkdir -p %s/mistakes/folder.lua"):format(directory))
  assert_fails(shark(file("mistakes/a.lua", "require 'wrong'")), "error loading module 'wrong' from file",
    "wrong.lua:1:", "near '='")
  assert_fails(shark(file("mistakes/b.lua", "require 'code'")), "error loading module 'code'", "wrong mode")
  assert_fails(shark(file("mistakes/c.lua", "require 'folder'")), "module 'folder' not found")
end

-- In a folder like /tmp anybody may lay a file beside a script of root's.
function tests.test_files_of_strangers_are_left_alone()
  t.needs "root"
  folder_with("tmp", { planted = "never", theirs = "theirs" })
  local path = file("tmp/main.lua", "print(pcall(require, 'planted'))")
  os.execute(("chown %d %s/tmp/planted.lua"):format(NOBODY, directory))
  local out = shark(path).out
  t.assertStrContains(out, ("planted.lua' is left alone: it belongs to user %d"):format(NOBODY))
  t.assertStrContains(out, "module 'planted' not found")
  -- Who runs somebody's script runs their modules.
  os.execute(("chown %d %s"):format(NOBODY, path))
  t.assertEquals(shark(path).out, "true\tnever\n")
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

-- Threads of luv's have a Lua each.
function tests.test_nothing_of_either_in_threads()
  file("mine.lua", "print 'loaded'")
  local result = shell(([[cd %s && LUA_PATH='%s/?.lua' LUA_CPATH='%s/?.so' $SHARK -e '
    local function work(n)
      local found = pcall(require, "mine")
      print(n, found, package.path:match "^[^/]" or package.path:find("%s", 1, true), require "uv" == require "luv")
      return n
    end
    require("uv").new_thread(work, 1):join()
    require("uv").new_work(work, print):queue(2)']]):format(directory, directory, directory, directory))
  t.assertEquals({ result.status, result.err, result.out },
    { 0, "", "1\tfalse\tnil\ttrue\n2\tfalse\tnil\ttrue\n2\n" })
end

function tests.test_paths_are_absolute()
  local result = shark("-e", "for p in (package.path .. ';' .. package.cpath):gmatch('[^;]+') do print(p) end")
  for path in result.out:gmatch("[^\n]+") do
    t.assertStrMatches(path, "/.*")
  end
end

t.run(tests)
