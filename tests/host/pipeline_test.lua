-- shark pipeline on this kernel, which has no interrupt pipeline.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local json = require "dkjson"
local proc = require "proc"
local t = require "t"

local tests = {}

local NONE = "no interrupt pipeline: the kernel has no symbol of I-pipe or Dovetail\n"

-- Both make directories of their own where they are.
local function needs_none()
  t.needs "root"
  t.skipIf(proc.read_file("/proc/kallsyms"):find(" [Tt] enable_oob_stage\n") ~= nil, "this kernel has Dovetail")
  t.skipIf(io.open "/proc/ipipe/version" ~= nil, "this kernel has I-pipe")
end

function tests.test_a_kernel_without_one()
  needs_none()
  for _, arguments in ipairs { {}, { "--watch" }, { "-n", "0.1", "-d", "60" }, { "-i", "1", "--all" } } do
    local result = proc.run_shark("pipeline", unpack(arguments))
    t.assertEquals({ result.status, result.err, result.out }, { 0, "", NONE })
  end
end

-- Every symbol of both kinds, and no other word.
function tests.test_verbose_tells_what_was_looked_for()
  needs_none()
  local result = proc.run_shark("-V", "pipeline")
  t.assertEquals({ result.status, result.out }, { 0, NONE })
  local seen = {}
  for symbol, kind in result.err:gmatch "shark pipeline: ([%w_]+), of ([%w-]+): not there\n" do
    seen[kind .. " " .. symbol] = true
  end
  for _, symbol in ipairs { "I-pipe ipipe_root", "I-pipe ipipe_percpu", "I-pipe ipipe_register_head",
    "Dovetail inband_stage", "Dovetail enable_oob_stage", "Dovetail synthetic_irq_domain" } do
    t.assertTrue(seen[symbol], symbol)
  end
end

function tests.test_json_has_what_was_looked_for()
  needs_none()
  local result = proc.run_shark("pipeline", "--json")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local found = json.decode(result.out)
  t.assertNil(found.kind)
  t.assertTrue(#found.looked_for > 5)
  for _, entry in ipairs(found.looked_for) do
    t.assertEquals(entry.found, false, entry.symbol)
  end
end

t.run(tests)
