-- shark.probe: what probes are called, and the numbers of a session's maps.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local fake = require "fake_maps"
local ffi = require "ffi"
local maplist = require "shark.probe.maplist"
local maps = require "shark.probe.maps"
local names = require "shark.probe.names"
local t = require "t"

local tests = {}

local function parsed(text)
  local target = names.parse(text)
  local got = { text = target.text, ways = table.concat(target.ways, " "), what = target.what }
  for _, field in ipairs { "name", "group", "binary", "provider", "hz", "ns", "offset" } do
    got[field] = target[field]
  end
  got.glob, got.pinned = target.is_glob or nil, target.is_pinned or nil
  return got
end

local function is(text, fields)
  fields.text = text
  t.assertEquals(parsed(text), fields)
end

function tests.test_names_mean_what_the_guide_says()
  is("block_rq_issue", { what = "tracepoint", name = "block_rq_issue", ways = "tp_btf raw_tp" })
  is("sched:sched_switch", { what = "record", group = "sched", name = "sched_switch", ways = "tp" })
  is("vfs_read()", { what = "entry", name = "vfs_read", ways = "fentry kprobe" })
  is("return vfs_read()", { what = "return", name = "vfs_read", ways = "fexit kretprobe" })
  is("uprobe:/bin/sh:readline",
    { what = "uprobe", binary = "/bin/sh", name = "readline", ways = "uprobe", pinned = true })
  is("uprobe:/a:b/sh:main+16",
    { what = "uprobe", binary = "/a:b/sh", name = "main", offset = 16, ways = "uprobe", pinned = true })
  is("uretprobe:/bin/sh:f", { what = "uretprobe", binary = "/bin/sh", name = "f", ways = "uretprobe", pinned = true })
  is("usdt:/bin/x:lib:go",
    { what = "usdt", binary = "/bin/x", provider = "lib", name = "go", ways = "usdt", pinned = true })
  is("profile:99", { what = "profile", hz = 99, name = "99", ways = "profile", pinned = true })
  is("interval:1s", { what = "interval", ns = 1e9, name = "1s", ways = "interval", pinned = true })
  is("interval:10ms", { what = "interval", ns = 1e7, name = "10ms", ways = "interval", pinned = true })
end

function tests.test_a_way_pins_it()
  is("raw_tp:sched_switch", { what = "tracepoint", name = "sched_switch", ways = "raw_tp", pinned = true })
  is("tp:sched:sched_switch", { what = "record", group = "sched", name = "sched_switch", ways = "tp", pinned = true })
  is("kprobe:vfs_read()", { what = "entry", name = "vfs_read", ways = "kprobe", pinned = true })
  is("kprobe:vfs_read", { what = "entry", name = "vfs_read", ways = "kprobe", pinned = true })
  is("fexit:return vfs_read()", { what = "return", name = "vfs_read", ways = "fexit", pinned = true })
  is("kretprobe:vfs_read", { what = "return", name = "vfs_read", ways = "kretprobe", pinned = true })
end

function tests.test_patterns()
  is("block_*", { what = "tracepoint", name = "block_*", ways = "tp_btf raw_tp", glob = true })
  is("vfs_*()", { what = "entry", name = "vfs_*", ways = "fentry kprobe", glob = true })
  is("syscalls:sys_enter_*", { what = "record", group = "syscalls", name = "sys_enter_*", ways = "tp", glob = true })
end

function tests.test_what_means_nothing_is_refused()
  for _, text in ipairs { "", "a b", "vfs_read(x)", "kprobe:", "uprobe:readline", "usdt:/bin/x:go", "profile:0",
    "profile:x", "interval:1h", "interval:0s", "tp:sched_switch", "a:b:c", "return x" } do
    local ok, message = pcall(names.parse, text)
    t.assertFalse(ok, text)
    t.assertStrContains(message, ("'%s' is no probe: NAME or GROUP:NAME"):format(text))
  end
  t.assertErrorMsgContains("not a nil", names.parse)
end

-- ---- maps of a session ----

function tests.test_maps_are_numbered_as_they_are_used()
  local list, n, bytes = maplist.new(), maps.new("count", {}), maps.new("hist", { "comm" })
  t.assertEquals(list.control, 1)
  t.assertEquals({ list:index(bytes, 1), list:index(n), list:index(bytes) }, { 2, 3, 2 })
  t.assertNil(list:ring_map())
  t.assertEquals({ list.ring, list.ring }, { 4, 4 })
  t.assertEquals(list:loss_word(2), 32)
  t.assertEquals(#list:counted(), 2)
  t.assertEquals(list:counted()[1], bytes)
end

function tests.test_constants_are_kept_once_and_lie_in_the_control_map()
  local list = maplist.new()
  t.assertEquals({ list:constant(7), list:constant(-1), list:constant(7LL) }, { 512, 520, 512 })
  t.assertEquals(list:constant(0xffffffffffffffffULL), 520)
  assert(list:make())
  t.assertEquals({ tonumber(list:words()[64]), tonumber(list:words()[65]) }, { 7, -1 })
  for i = 1, 446 do
    list:constant(i * 1000)
  end
  t.assertErrorMsgContains("at most 448 constants", list.constant, list, -5)
end

function tests.test_losses_are_those_of_each_map()
  local list, n, m = maplist.new(), maps.new("count", { "comm" }), maps.new("sum", { "comm" })
  list:index(n)
  list:index(m)
  assert(list:make())
  local bytes = ffi.cast("char *", list:words())
  ffi.cast("uint64_t *", bytes + list.drops)[0] = 3
  ffi.cast("uint64_t *", bytes + list:loss_word(list:index(m)))[0] = 5
  ffi.cast("uint64_t *", bytes + list.cut)[0] = 2
  local drops, full, cut = list:losses()
  t.assertEquals({ drops, cut }, { 3, 2 })
  t.assertEquals({ full[1].count, full[2].count, full[2].agg == m }, { 0, 5, true })
end

function tests.test_a_session_has_so_many_maps_and_no_more()
  local list = maplist.new()
  for _ = 1, 59 do
    list:index(maps.new("count", {}))
  end
  t.assertErrorMsgContains("at most 60 maps", list.index, list, maps.new("count", {}))
end

function tests.test_what_refuses_a_map_is_said()
  local list = maplist.new()
  list:index(maps.new("count", { "comm" }, { name = "by_name" }))
  fake.refuse = true
  local ok, message, name = list:make()
  fake.refuse = nil
  t.assertEquals({ ok, message, name }, { nil, "no memory for it", "ENOMEM" })
end

t.run(tests)
