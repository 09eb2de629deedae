-- docs/shark.bash in bash: what it offers, and that names of the system stay names.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local interrupts = require "shark.system.interrupts"
local cpus = require "shark.system.cpus"
local proc = require "proc"
local screen = require "screen"
local t = require "t"
local uv = require "uv"

local tests = {}

function tests.tearDown()
  screen.close_all()
end

local COMPLETION = uv.cwd() .. "/docs/shark.bash"
local BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"

-- ---- in a bash that reads lines ----

-- Takes a line apart as readline does where nothing is quoted, and prints what is offered for it.
local ASK = [=[
[[ -z $1 ]] || . "$1"
. "$0"
while IFS= read -r COMP_LINE; do
  COMP_POINT=${#COMP_LINE} parted=${COMP_LINE//:/ : }
  read -r -a COMP_WORDS <<< "${parted//=/ = }"
  [[ $COMP_LINE != *[\ :=] ]] || COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _shark shark "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
  printf '%s\n' "${COMPREPLY[*]}"
done]=]

--- What is offered for each of some lines, as line -> answer.
--- @param lines string[] @param library? string sourced first
--- @param folder? string where
local function offered(lines, library, folder)
  local args = { "--norc", "--noprofile", "-c", ASK, COMPLETION, library or "" }
  local result = proc.run("/bin/bash", args, { cwd = folder,
    stdin = table.concat(lines, "\n") .. "\n",
    env = { ("PATH=%s:%s"):format(proc.shark:match "^(.*)/", os.getenv "PATH"), "LANG=C.UTF-8" },
  })
  t.assertEquals(result.err, "")
  local answers, i = {}, 0
  for answer in result.out:gmatch "([^\n]*)\n" do
    i = i + 1
    answers[lines[i]] = answer
  end
  t.assertEquals(i, #lines)
  return answers
end

local function sorted(list)
  table.sort(list)
  return table.concat(list, " ")
end

local function irqs()
  local list = {}
  for number in pairs(interrupts.read()) do
    list[#list + 1] = number
  end
  return sorted(list)
end

local function texts(list)
  local words = {}
  for i, value in ipairs(list) do
    words[i] = tostring(value)
  end
  return table.concat(words, " ")
end

function tests.test_what_is_offered()
  local expected = {
    ["shark hardi"] = "hardirqs",
    ["shark --li"] = "--list",
    ["shark -l shark.virt"] = "shark.virtblk",
    ["shark -l i=shark.virt"] = "shark.virtblk",
    ["shark -l i=shark.irq hardirqs --his"] = "--hist",
    ["shark --root=. -V -l shark.irq hardirqs --his"] = "--hist",
    ["shark -- hardirqs --his"] = "--hist",
    ["shark --core . --btf=. --symbols . irqmap --al"] = "--all",
    ["shark -e hello hardirqs --his"] = "--hist",
    ["shark help hardi"] = "hardirqs",
    ["shark hardirqs --way "] = "tp_btf raw_tp tp",
    ["shark hardirqs --way=ra"] = "raw_tp",
    ["shark hardirqs --sort PER"] = "PER-S",
    ["shark hardirqs -i "] = irqs(),
    ["shark hardirqs -c "] = texts(assert(cpus.online())),
    ["shark softirqs -s NET_R"] = "NET_RX",
    ["shark hardirqs --sort per"] = "per-s",
    ["shark sysvecs --vector 23"] = "236",
    ["shark offcpu -p " .. uv.os_getpid()] = tostring(uv.os_getpid()),
    ["shark count -k cp"] = "cpu",
    ["shark hardirqs -- compge"] = "compgen",
    ["shark hardirqs --json > tes"] = "", -- readline completes names of files
    ["shark ./hardirqs --"] = "",
    ["shark x.lua --"] = "",
    ["shark nothing --"] = "",
  }
  local lines = {}
  for line in pairs(expected) do
    lines[#lines + 1] = line
  end
  t.assertEquals(offered(lines), expected)
end

-- Options that shark itself and each script list, so that none is forgotten here.
function tests.test_every_option_is_offered()
  local lines, expected = { "shark -" }, { ["shark -"] = proc.run_shark("--help").out }
  for name in proc.run_shark("--list").out:gmatch "([%w_-]+) [^\n]*\n" do
    if name ~= "hello" and name ~= "ticks" then -- these have no options
      lines[#lines + 1] = ("shark %s -"):format(name)
      expected[lines[#lines]] = proc.run_shark(name, "--help").out
    end
  end
  t.assertTrue(#lines > 20)
  for line, answer in pairs(offered(lines)) do
    local words = (" %s "):format(answer)
    for option in expected[line]:gmatch "%f[%S](%-%-?%a[%a-]*)" do
      t.assertStrContains(words, (" %s "):format(option), false, line)
    end
  end
end

function tests.test_files_are_offered_as_they_would_run()
  local folder = proc.temporary_directory()
  for _, name in ipairs { "hello", "hellish", "hell.lua" } do
    proc.write_file(folder .. "/" .. name, "")
  end
  t.assertEquals(offered({ "shark hell" }, nil, folder), { ["shark hell"] = "hello hell.lua" })
end

function tests.test_scripts_without_options_do_not_run()
  for _, name in ipairs { "ticks", "hello" } do
    local result = proc.run_shark("-l", "_=shark.completion.asked", name, "--complete", " ", "")
    t.assertEquals({ result.out, result.err, result.status }, { "", "", 0 })
  end
end

-- Of a server that listens, and of who is connected to it.
function tests.test_ports()
  local server, client = uv.new_tcp(), uv.new_tcp()
  assert(server:bind("127.0.0.1", 0))
  assert(server:listen(1, function() end))
  local port, connected = tostring(server:getsockname().port), false
  client:connect("127.0.0.1", tonumber(port), function(message) connected = not message end)
  repeat uv.run "once" until connected
  t.assertEquals(offered { "shark tcpconnect --port " .. port }, { ["shark tcpconnect --port " .. port] = port })
  client:close()
  server:close()
end

function tests.test_probes_of_this_kernel()
  t.needs("root", "tracing")
  t.assertEquals(offered { "shark trace sched_switch -f nex" }, { ["shark trace sched_switch -f nex"] = "next" })
  t.assertEquals(offered { "shark count sched:sched_switc", "shark latency vfs_readlin" }, {
    ["shark count sched:sched_switc"] = "sched_switch",
    ["shark latency vfs_readlin"] = [[vfs_readlink\(\)]],
  })
end

function tests.test_commands_are_completed_as_they_would_be_alone()
  t.skipIf(not uv.fs_stat(BASH_COMPLETION), "needs bash-completion")
  t.assertEquals(offered({ "shark hardirqs -- shark irqma", "shark count x -k comm -- sudo shark hardirqs --his" },
    BASH_COMPLETION), {
    ["shark hardirqs -- shark irqma"] = "irqmap",
    ["shark count x -k comm -- sudo shark hardirqs --his"] = "--hist",
  })
end

-- ---- in a terminal ----

-- The names of interrupts are these, and what the shell would make of each is a file.
local HOSTILE = { [[nic0 $(>made)`>made`;>made|!>made\]], "\27[31mdisk", [[it's "a" disk]] }

-- A shark that sees them, and prints what it is given when it is not asked by the shell.
local FAKE = [[#!/bin/sh
case " $* " in *" --complete "*) exec %s -e 'require("shark.system.interrupts").read = function()
  return { [7] = { actions = { %s } } } end' "$@" ;; esac
printf 'given: %%s\n' "$*"
]]

local function fake_shark(folder)
  local names = {}
  for i, name in ipairs(HOSTILE) do
    names[i] = ("%q"):format(name):gsub("'", "\\39")
  end
  local path = proc.write_file(folder .. "/shark", FAKE:format(proc.shark, table.concat(names, ", ")))
  uv.fs_chmod(path, 493) -- 0755
end

function tests.test_names_of_the_system_stay_names()
  t.skipIf(not screen.is_there(), "needs tmux")
  local folder = proc.temporary_directory()
  fake_shark(folder)
  local shown = screen.start("exec bash --norc --noprofile -i", { columns = 200, env = {
    PATH = folder .. ":" .. os.getenv "PATH", PS1 = "% " } })
  shown.wait_end "%"
  shown.line((". %s; cd %s; ls"):format(COMPLETION, folder))
  shown.wait_end "shark\n%"
  for i, case in ipairs {
    { "irqmap nic0", HOSTILE[1] }, { "irqmap 'nic0 ", HOSTILE[1] }, { [[irqmap nic0\ \$]], HOSTILE[1] },
    { "irqmap it", HOSTILE[3] }, { "irqmap 'it", HOSTILE[3] }, { 'irqmap "it', HOSTILE[3] },
    { [[irqmap it\'s]], HOSTILE[3] }, { "irqmap 7 2<sh" }, { "./sh" },
  } do
    shown.type("clear; shark " .. case[1])
    shown.keys "Tab"
    shown.line("; echo " .. i)
    local given = case[2] and "irqmap " .. case[2] or case[1]:gsub(" 2<sh", ""):gsub("sh$", "shark")
    shown.wait_end(("given: %s\n%d\n%%"):format(given, i))
  end
  shown.line "clear; ls; echo ."
  t.assertEquals(shown.wait_end "\n.\n%", "shark\n.\n%")
  shown.close()
end

t.run(tests)
