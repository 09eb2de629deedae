-- What a process may still do when all is attached; of packaged scripts as root see json_test.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local capabilities = require "capabilities"
local proc = require "proc"
local t = require "t"

local set_of = capabilities.set_of
local tests = {}

-- A user's command has what the user has: it is started before shark gives up anything.
function tests.test_a_command_of_a_user_has_what_the_user_has()
  t.needs("root", "tracing")
  local path = proc.write_file(proc.temporary_directory() .. "/caps", "")
  os.execute(("chmod 755 %s; chmod 666 %s"):format(path:match "^(.*)/", path))
  local result = proc.run_shell(([[/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups \
    --inh-caps=-all,+bpf,+perfmon,+net_raw --ambient-caps=-all,+bpf,+perfmon,+net_raw \
    $SHARK softirqs --way raw_tp --json -- sh -c '%s']]):format(capabilities.watch(path)))
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local of_shark, of_command = capabilities.read(path)
  local kept, given = set_of("CAP_PERFMON", "CAP_BPF"), set_of("CAP_PERFMON", "CAP_BPF", "CAP_NET_RAW")
  t.assertEquals({ of_shark.CapEff, of_shark.CapPrm, of_shark.CapAmb }, { kept, kept, kept })
  t.assertEquals({ of_command.CapEff, of_command.CapAmb }, { given, given })
end

-- ---- scripts of one's own ----

local EFFECTIVE = [[ for line in io.lines "/proc/self/status" do io.write(line:match "^CapEff:%s*(%x+)" or "") end ]]

local function effective(chunk)
  local result = proc.run_shark("-e", chunk .. EFFECTIVE)
  t.assertEquals({ result.status, result.err }, { 0, "" })
  return result.out
end

function tests.test_scripts_give_up_what_they_like()
  t.needs("root", "tracing")
  t.assertEquals(effective [[
    local s = assert(require('shark.irq').softirq())
    print(shark.drop_capabilities())
    assert(s:read())]], "true\n" .. set_of())
  t.assertEquals(effective "print(shark.drop_capabilities { 'CAP_KILL', 'CAP_BPF' })",
    "true\n" .. set_of("CAP_KILL", "CAP_BPF"))
  t.assertEquals(effective("shark.drop_capabilities { 'CAP_KILL', 'CAP_BPF' } " ..
    "print(table.concat(shark.capabilities(), ' '))"), "CAP_KILL CAP_BPF\n" .. set_of("CAP_KILL", "CAP_BPF"))
  -- For good: what was given up is not had again, and opens no more traces.
  t.assertEquals(effective("shark.drop_capabilities() shark.drop_capabilities { 'CAP_BPF' } " ..
    "print(select(3, require('shark.irq').softirq()))"), "EPERM\n" .. set_of())
end

function tests.test_what_cannot_be_given_up()
  t.assertErrorMsgContains("'CAP_MAGIC' is no capability", shark.drop_capabilities, { "CAP_MAGIC" })
  t.assertErrorMsgContains("is no capability", shark.drop_capabilities, { CAP_BPF = true })
  t.assertErrorMsgContains("table expected", shark.drop_capabilities, "CAP_BPF")
  local result = proc.run_shark("-e", [[
    local thread = require("uv").new_thread(function() require("uv").sleep(300) end)
    print(shark.drop_capabilities()) thread:join()]])
  t.assertStrMatches(result.out, "nil\tcannot give up capabilities: 2 threads run, each with its own\tEBUSY\n")
end

t.run(tests)
