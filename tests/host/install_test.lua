-- make install and uninstall, into a directory of their own.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local proc = require "proc"
local t = require "t"
local uv = require "uv"

local tests = {}
local into = proc.temporary_directory()

local function make(target)
  -- As it was built: another path would be another build.
  local build = uv.exepath():match("^(.*)/shark$"):gsub("^" .. uv.cwd():gsub("%p", "%%%0") .. "/", "")
  local result = proc.run_shell(("make -s %s O=%s DESTDIR=%s PREFIX=/usr 2>&1"):format(target, build, into))
  t.assertEquals({ result.status, result.out }, { 0, "" })
end

local function files()
  return proc.run_shell(("cd %s && find . -type f | sort"):format(into)).out
end

function tests.test_install_and_uninstall()
  make "install"
  for _, path in ipairs {
    "./usr/bin/shark", "./usr/share/man/man1/shark.1", "./usr/share/man/man1/shark-hardirqs.1",
    "./usr/share/bash-completion/completions/shark",
    "./usr/share/shark/samples/hardirqs.lua", "./usr/share/shark/meta/shark.lua", "./usr/share/doc/shark/README.md",
    "./usr/share/doc/shark/LICENSE", "./usr/share/doc/shark/docs/scripting.md",
    "./usr/share/doc/shark/docs/reference.md", "./usr/share/doc/shark/docs/scripts/hardirqs.md",
  } do
    t.assertStrContains(files(), path .. "\n")
  end
  local installed = proc.run(into .. "/usr/bin/shark", { "hello" }, { cwd = "/" })
  t.assertStrContains(installed.out, "hello from shark")
  make "uninstall"
  t.assertEquals(files(), "")
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

function tests.test_completion_offers_scripts_and_options()
  local command = [[bash -c '
    PATH=%s:$PATH; . docs/shark.bash
    COMP_WORDS=(shark hardi); COMP_CWORD=1; _shark; echo "${COMPREPLY[@]}"
    COMP_WORDS=(shark --li); COMP_CWORD=1; _shark; echo "${COMPREPLY[@]}"
    COMP_WORDS=(shark hardirqs --his); COMP_CWORD=2; _shark; echo "${COMPREPLY[@]}"']]
  local result = proc.run_shell(command:format(proc.shark:match("^(.*)/shark$")))
  t.assertEquals({ result.out, result.err }, { "hardirqs\n--list\n--hist\n", "" })
end

t.run(tests)
