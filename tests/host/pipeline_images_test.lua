-- shark pipeline on kernels that never ran: their memory is what initialisers in tests/images say, in several
-- layouts, and all of it has to be told as it is there.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local images = require "images"
local json = require "dkjson"
local proc = require "proc"
local strict_json = require "strict_json"
local t = require "t"

local tests = {}

local PLAIN = {
  ipipe = { ROOT_NAME = '"Linux"', HEAD_NAME = '"Xenomai"', HEAD = "&xenomai",
    HEAD_OFFSET = "offsetof(struct ipipe_percpu_data, head)" },
  dovetail = { ACTION_NAME = '"serial"', ETHERNET_NEXT = "NULL", OOB_INDEX = 1 },
}

local made = {}

local function image(source, layout, more, types, bits)
  local macros, key = { LAYOUT = layout }, table.concat({ source, layout, types or "", bits or 64 }, " ")
  for _, list in ipairs { PLAIN[source], more or {} } do
    for name, value in pairs(list) do
      macros[name] = value
      key = key .. "\0" .. name .. "\0" .. value
    end
  end
  made[key] = made[key] or images.make(source, macros, types, bits)
  return made[key]
end

local function read(of, ...)
  local result = images.run(of, "pipeline", "--json", ...)
  t.assertEquals({ result.status, result.err }, { 0, "" })
  strict_json.decode(result.out)
  return json.decode(result.out)
end

-- ---- as lines that one can compare ----

local WORDS = { [true] = "yes", [false] = "no" }

local function cpus_of(row)
  local parts = {}
  for _, entry in ipairs(row.cpus) do
    parts[#parts + 1] = ("%d:%d%s%s%s"):format(entry.cpu, entry.hits, entry.pending and "P" or "",
      entry.held and "H" or "", entry.stray and "S" or "")
  end
  return table.concat(parts, ",")
end

local function line_of(row)
  return table.concat({ row.irq, row.role, row.kind or "-", WORDS[row.allocated] or "-",
    table.concat(row.flags, "+"), cpus_of(row), row.handler or "-", row.ack or "-", row.own or "-" }, " ")
end

local function lines_of(found)
  local lines = {}
  for i, row in ipairs(found.interrupts) do
    lines[i] = line_of(row)
  end
  return lines
end

local function stalled(found)
  local list = {}
  for i, stage in ipairs(found.stages) do
    list[i] = ("%s %s %s %s"):format(stage.role, stage.name, tostring(stage.cpus[1].stalled),
      tostring(stage.cpus[2].stalled))
  end
  return list
end

-- ---- I-pipe ----

local CRITICAL, WORK = "IPI: all CPUs to a critical section", "work for the root domain"
local PRINTK = "messages for the root domain"

-- By the number of the first virtual interrupt; head: is there a head domain?
local function ipipe_lines(first, head)
  local lines = {
    "1 root real - handle 0:7 __ipipe_do_IRQ - -",
    "4 root real - handle 0:1000P,1:2 __ipipe_do_IRQ __ipipe_ack_edge -",
    head and "4 head real - handle+sticky 0:1001 rt_serial_interrupt __ipipe_ack_edge -",
    "33 root real - handle+lock 0:3H __ipipe_do_IRQ __ipipe_ack_edge -",
    "40 root real - handle+0x100  __ipipe_do_IRQ __ipipe_ack_apic -",
    head and "239 head real - handle+sticky 0:123456789 xnintr_core_clock_handler __ipipe_ack_apic "
      .. "timer of the head domain",
    ("%d root real - handle 0:1P __ipipe_do_IRQ - -"):format(first - 1),
    ("%d root virtual yes handle+sticky  __ipipe_do_critical_sync __ipipe_ack_apic %s"):format(first + 3, CRITICAL),
    head and ("%d head virtual yes handle+sticky 1:5P __ipipe_do_critical_sync __ipipe_ack_apic %s")
      :format(first + 3, CRITICAL),
    ("%d root virtual yes handle  __ipipe_flush_printk - %s"):format(first + 4, PRINTK),
    ("%d root virtual yes handle 0:20,1:1S __ipipe_do_work - %s"):format(first + 5, WORK),
    ("%d root virtual no  1:9 - - -"):format(first + 20),
  }
  local there = {}
  for i = 1, 12 do
    there[#there + 1] = lines[i] or nil
  end
  return there
end

local function check_ipipe(layout, numbers, head, types, bits)
  local found = read(image("ipipe", layout, nil, types, bits), "--all")
  t.assertEquals(found.kind, "I-pipe")
  t.assertEquals(found.numbers, numbers)
  t.assertEquals(stalled(found), { "root Linux true false", head and "head Xenomai false true" or nil })
  t.assertEquals(lines_of(found), ipipe_lines(numbers.first_virtual, head))
  local ipis = {}
  for _, row in ipairs(found.interrupts) do
    ipis[#ipis + 1] = row.ipi and row.irq or nil
  end
  t.assertEquals(ipis, { numbers.first_virtual + 3, head and numbers.first_virtual + 3 or nil })
end

function tests.test_ipipe_with_two_levels_of_32_bits()
  check_ipipe(2, { interrupts = 384, first_virtual = 320, log_levels = 2, word_bits = 32 }, true)
end

function tests.test_ipipe_with_three_levels()
  check_ipipe(3, { interrupts = 4480, first_virtual = 4416, log_levels = 3, word_bits = 64 }, true)
end

function tests.test_ipipe_with_four_levels_and_no_head_domain()
  check_ipipe(4, { interrupts = 262336, first_virtual = 262272, log_levels = 4, word_bits = 64 }, false)
end

-- ---- Dovetail ----

local DOVETAIL = {
  "5 in-band real yes  0:11P,1:4 serial8250_interrupt apic_ack_edge -",
  "9 out-of-band real yes oob 0:1000000,1:1P rt_eth_irq apic_ack_edge -",
  "12 in-band real yes chained 1:0S - apic_ack_edge -",
  "70 out-of-band synthetic yes oob 0:3 escalate_interrupt - -",
  "71 in-band synthetic yes  0:40P,1:2 inband_work_interrupt - work for the in-band stage",
  "100 in-band real no  0:0P - - -",
}

local function check_dovetail(layout, numbers, more)
  local found, expected = read(image("dovetail", layout)), { unpack(DOVETAIL) }
  for _, line in ipairs(more) do
    expected[#expected + 1] = line
  end
  t.assertEquals(found.kind, "Dovetail")
  t.assertEquals(found.release, "6.6.0-dovetail")
  t.assertEquals(found.numbers, numbers)
  t.assertEquals(found.missing, {})
  t.assertEquals(stalled(found), { "in-band Linux true false", "out-of-band EVL false true" })
  t.assertEquals(lines_of(found), expected)
  return found
end

function tests.test_dovetail_with_two_levels()
  local found = check_dovetail(5, { interrupts = 2048, log_levels = 2, word_bits = 64 }, {})
  t.assertEquals(found.interrupts[2].actions, { "rt_eth", "rt_eth second" })
  t.assertEquals(found.interrupts[2].handlers, { "rt_eth_irq", "rt_eth_second" })
end

function tests.test_dovetail_with_three_levels_and_the_apics_own()
  local found = check_dovetail(6, { interrupts = 4608, log_levels = 3, word_bits = 64 }, {
    "300 out-of-band system yes oob 0:77 clock_ipi_handler - asm_sysvec_timer_oob_ipi",
    "4100 in-band real yes  0:5,1:6P nvme_irq apic_ack_edge -",
  })
  t.assertEquals(found.interrupts[7].ipi, true)
end

-- Kernels of I-pipe's age have no BTF.
function tests.test_types_from_dwarf()
  check_ipipe(2, { interrupts = 384, first_virtual = 320, log_levels = 2, word_bits = 32 }, true, "dwarf")
  check_ipipe(3, { interrupts = 4480, first_virtual = 4416, log_levels = 3, word_bits = 64 }, true, "dwarf")
  local found = read(image("dovetail", 5, nil, "dwarf"))
  t.assertEquals({ #found.interrupts, #found.missing }, { #DOVETAIL + 1, 1 }) -- one waits elsewhere
  t.assertStrContains(found.missing[1].why, "DWARF is not searched for the enum of a value")
end

-- A kernel of 32 bits: words, pointers and the number of virtual interrupts are others.
function tests.test_ipipe_on_32_bits()
  check_ipipe(2, { interrupts = 352, first_virtual = 320, log_levels = 2, word_bits = 32 }, true, "dwarf", 32)
end

-- As irqmap asks for it: the flag is another bit in each, and says nothing where there is no Dovetail.
function tests.test_the_stage_of_an_interrupt()
  for _, layout in ipairs { 5, 6 } do
    local result = images.run(image("dovetail", layout), "-e", [[
      local k, stage = require "shark.kernel", require "shark.pipeline.stage"
      for _, irq in ipairs { 5, 9, 12, 70 } do
        print(stage.of(assert(k.irq_desc(irq)).status_use_accessors))
      end]])
    t.assertEquals({ result.status, result.err, result.out },
      { 0, "", "in-band\nout-of-band\nin-band\nout-of-band\n" })
  end
  local code = "print(require('shark.pipeline.stage').of(2 ^ 21))"
  t.assertEquals(images.run(image("ipipe", 2), "-e", code).out, "nil\n")
end

-- ---- the script ----

function tests.test_text_has_what_is_in_use_and_says_what_is_left_out()
  local out = images.run(image("ipipe", 2), "pipeline").out
  t.assertStrContains(out, "I-pipe\nroot stage Linux: stalled on CPU 0\nhead stage Xenomai: stalled on CPU 1\n")
  t.assertStrContains(out, "384 interrupts, virtual ones from 320, logs of 2 levels with words of 32 bits\n")
  t.assertStrContains(out, "\nleft out (--all): 1 interrupts that nobody uses\n")
  t.assertStrMatches(out, ".*\n *325 +Linux +virtual +yes +handle +21 +%(stray: 1%) +%- +__ipipe_do_work .*")
  t.assertNil(out:find "\n *40 ")
end

function tests.test_one_interrupt_on_one_cpu()
  local found = read(image("ipipe", 3), "-i", "4", "-c", "1")
  t.assertEquals(lines_of(found), {
    "4 root real - handle 1:2 __ipipe_do_IRQ __ipipe_ack_edge -",
    "4 head real - handle+sticky  rt_serial_interrupt __ipipe_ack_edge -",
  })
  local result = images.run(image("ipipe", 3), "pipeline", "-c", "7")
  t.assertEquals({ result.status, result.err }, { 1, "shark pipeline: CPU 7 is not online\n" })
end

-- An image stays as it is.
function tests.test_watching_tells_what_changed_and_nothing_else()
  local result = images.run(image("dovetail", 6), "pipeline", "--watch", "-n", "0.05", "--json", "--", "sleep", "0.3")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  local reports = {}
  for line in result.out:gmatch "[^\n]+" do
    local value = json.decode(line)
    reports[#reports + 1] = value.kind or value.report
    t.assertEquals(value.changes or {}, {})
  end
  t.assertTrue(#reports > 2)
  t.assertEquals({ reports[1], reports[2], reports[#reports] }, { "Dovetail", "interval", "total" })
end

-- docs/schema.json
function tests.test_json_is_what_the_schema_says()
  local folder = proc.temporary_directory()
  local text = {}
  for _, of in ipairs { image("ipipe", 2), image("dovetail", 6) } do
    text[#text + 1] = images.run(of, "pipeline", "--json", "--all").out
  end
  text[3] = images.run(image("dovetail", 5), "pipeline", "--json", "-d", "0.1").out
  proc.write_file(folder .. "/pipeline", table.concat(text))
  local check = arg[0]:gsub("[^/]+/[^/]+$", "lib/check_json.py")
  local result = proc.run("/usr/bin/env", { "python3", check, "docs/schema.json", folder .. "/pipeline" })
  t.assertEquals({ result.status, result.out, result.err }, { 0, "", "" })
end

-- ---- contents made to do harm ----

local HOSTILE = [["\033]0;pwn\007\233\342\200\256<&\"'\''\\\nINJECTED\377"]]

function tests.test_hostile_names()
  for _, entry in ipairs { { "ipipe", 2, { ROOT_NAME = HOSTILE, HEAD_NAME = HOSTILE } },
    { "dovetail", 6, { ACTION_NAME = HOSTILE } } } do
    local of = image(unpack(entry))
    local result = images.run(of, "pipeline")
    t.assertEquals({ result.status, result.err }, { 0, "" })
    t.assertNil(result.out:match "[%z\1-\8\11-\31\127]" or result.out:match "[\155\255]"
      or result.out:match "\nINJECTED" or result.out:match "\226\128\174")
    t.assertStrContains(result.out, "\\x1b]0;pwn\\x07\\x9b")
    read(of)
  end
end

local function missing_of(found)
  local texts = {}
  for i, missing in ipairs(found.missing) do
    texts[i] = missing.what .. ": " .. missing.why
  end
  return table.concat(texts, "\n")
end

function tests.test_a_list_of_actions_without_an_end()
  local found = read(image("dovetail", 5, { ETHERNET_NEXT = "&ethernet" }))
  t.assertStrContains(missing_of(found), "IRQ 9: the chain at 0x")
  t.assertStrContains(missing_of(found), "has more than 256 entries")
  t.assertEquals(#found.interrupts, #DOVETAIL)
  t.assertEquals(line_of(found.interrupts[4]), DOVETAIL[4])
end

function tests.test_more_stages_than_a_cpu_has()
  for _, index in ipairs { 2, 1000000, -1 } do
    local found = read(image("dovetail", 6, { OOB_INDEX = index }))
    t.assertStrContains(missing_of(found),
      ("what waits in the out-of-band stage: its number is %d, and a CPU has 2 stages"):format(index))
    t.assertEquals(line_of(found.interrupts[1]), DOVETAIL[1])
  end
end

function tests.test_no_out_of_band_stage()
  local found = read(image("dovetail", 5, { OOB_INDEX = 0 }))
  t.assertEquals(#found.stages, 1)
  t.assertEquals(found.interrupts[2].stage, "Linux") -- where interrupts go as long as there is no other
end

function tests.test_a_domain_whose_data_is_elsewhere()
  local found = read(image("ipipe", 2, { HEAD_OFFSET = "12345" }))
  t.assertStrContains(missing_of(found), "what waits in the head domain: the domain at 0x")
  t.assertStrContains(missing_of(found), "has its data at 12345 of struct ipipe_percpu_data, where no domain's is")
  t.assertEquals(line_of(found.interrupts[2]), "4 root real - handle 0:1000P,1:2 __ipipe_do_IRQ __ipipe_ack_edge -")
end

function tests.test_pointers_that_lead_nowhere()
  local found = read(image("ipipe", 2, { HEAD = "NULL", ROOT_NAME = "NULL" }))
  t.assertEquals(#found.stages, 1)
  t.assertNil(found.stages[1].name)
  t.assertStrContains(images.run(image("ipipe", 2, { HEAD = "NULL", ROOT_NAME = "NULL" }), "pipeline").out,
    "root stage without a name: stalled on CPU 0\n")
  local result = images.run(image("ipipe", 2, { HEAD = "(struct ipipe_domain *)0x1234" }), "pipeline")
  t.assertEquals({ result.status, result.out }, { 1, "" })
  t.assertStrMatches(result.err, "shark pipeline: the 8 bytes at 0x%x+ cannot be read: .*\n")
end

t.run(tests)
