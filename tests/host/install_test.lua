-- make install and uninstall, into a directory of their own.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}
-- As it was built: another path would be another build.
local BUILD = uv.exepath():match("^(.*)/shark$"):gsub("^" .. uv.cwd():gsub("%p", "%%%0") .. "/", "")

local function files(folder)
  return proc.run_shell(("cd %s && find . -type f | sort"):format(folder)).out
end

local function assert_installed(list, prefix)
  for _, path in ipairs {
    "bin/shark", "share/man/man1/shark.1", "share/man/man1/shark-hardirqs.1",
    "share/bash-completion/completions/shark", "share/shark/samples/hardirqs.lua", "share/shark/meta/shark.lua",
    "share/doc/shark/README.md", "share/doc/shark/LICENSE", "share/doc/shark/docs/scripting.md",
    "share/doc/shark/docs/reference.md", "share/doc/shark/docs/scripts/hardirqs.md",
  } do
    t.assertStrContains(list, ("./%s%s\n"):format(prefix, path))
  end
end

-- ---- for all ----

function tests.test_install_and_uninstall()
  local into = proc.temporary_directory()
  local function make(target)
    local result = proc.run_shell(("make -s %s O=%s DESTDIR=%s PREFIX=/usr 2>&1"):format(target, BUILD, into))
    t.assertEquals({ result.status, result.out }, { 0, "" })
  end
  make "install"
  assert_installed(files(into), "usr/")
  local installed = proc.run(into .. "/usr/bin/shark", { "hello" }, { cwd = "/" })
  t.assertStrContains(installed.out, "hello from shark")
  make "uninstall"
  t.assertEquals(files(into), "")
end

-- ---- for one user ----

-- As a user who may write nothing but his home, wherever the checkout lies.
local AS_USER = "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+dac_read_search " ..
  "--ambient-caps=-all,+dac_read_search "

local function run_as_user(home, command)
  local wrapped = ("%senv -i HOME=%s PATH=%s/.local/bin:$PATH LANG=C.UTF-8 bash -c '%s' 2>&1"):format(
    uv.getuid() == 0 and AS_USER or "", home, home, command)
  local result = proc.run_shell(wrapped)
  t.assertEquals(result.status, 0, result.out)
  return result.out
end

-- As the first Tab behind the word has bash-completion do it.
local FIND_COMPLETION = [[. /usr/share/bash-completion/bash_completion; loader=$(complete -p -D)
  loader=${loader#* -F }; ${loader%% *} shark; complete -p shark]]

function tests.test_a_user_installs_it_for_himself()
  local home = proc.temporary_directory()
  if uv.getuid() == 0 then
    uv.fs_chown(home, 65534, 65534)
  end
  run_as_user(home, ("make -s install O=%s PREFIX=$HOME/.local"):format(BUILD))
  assert_installed(files(home), ".local/")
  t.assertEquals(run_as_user(home, "cd / && type -P shark && shark hello && man -w shark"),
    ("%s/.local/bin/shark\nhello from shark 0.1.0\n%s/.local/share/man/man1/shark.1\n"):format(home, home))
  t.assertEquals(run_as_user(home, FIND_COMPLETION), "complete -F _shark shark\n")
  run_as_user(home, ("make -s uninstall O=%s PREFIX=$HOME/.local"):format(BUILD))
  t.assertEquals(files(home), "")
end

function tests.test_the_binary_needs_libc_and_what_had_to_be_left_shared()
  local known = { ["libc.so.6"] = true, ["libm.so.6"] = true, ["ld-linux-x86-64.so.2"] = true }
  local left = io.open((uv.exepath():gsub("[^/]+$", "link/core"))):read("*a")
  for name in left:gmatch("%-l(%w+)") do
    known["lib" .. name .. ".so.1"] = true
  end
  -- What it needs itself: libelf in turn needs others.
  for name in proc.run("/usr/bin/objdump", { "-p", proc.shark }).out:gmatch("NEEDED +(%S+)") do
    t.assertTrue(known[name], "needs " .. name)
  end
end

function tests.test_the_man_page_knows_every_option()
  local page = proc.run_shell("man -l docs/shark.1 2>/dev/null | col -b").out
  for option in proc.run_shark("--help").out:gmatch("%s(%-%-?%a[%a-]*)") do
    t.assertStrContains(page, option)
  end
end

t.run(tests)
