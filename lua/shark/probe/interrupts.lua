--- What the CPU is in when a handler runs, by the kernel's own count: no tracer is needed for it.
--
-- The preempt count (include/linux/preempt.h) has a byte of nested disabling of preemption, a byte for softirqs,
-- then four bits each of hard interrupts and of NMIs.

local ffi = require "ffi"
local members = require "shark.probe.lower_members"

jit.off(true, true)

local M = { calls = {} }
local calls = M.calls

-- Helpers by the numbers of include/uapi/linux/bpf.h.
local GET_CURRENT_TASK, THIS_CPU_PTR = 35, 154
-- SERVING is SOFTIRQ_OFFSET: twice of it is added by who keeps softirqs out, and does not serve one.
local SERVING_SHIFT, HARDIRQ_SHIFT, NMI_SHIFT, COUNT_BITS = 8, 16, 20, 4
local COUNT = 2 ^ COUNT_BITS - 1

-- ---- the count ----

-- A variable of its own until 6.2 and again from 6.15 on, in between a member of a struct.
local PLACES = { { "__preempt_count" }, { "pcpu_hot", "preempt_count" } }

local function per_cpu(c, name)
  local found = c.types.variable(name)
  return found and found.is_per_cpu and found.btf_id and found
end

local function find(c)
  for _, place in ipairs(PLACES) do
    local found = per_cpu(c, place[1])
    if found then
      return found, place[2]
    end
  end
end

-- Without variables in BTF (pahole 1.18 to 1.21, scripts/link-vmlinux.sh) the kernel's symbols tell.
local function find_by_symbols(c)
  local int = c.types.named "int"
  local count, queues = c.types.address "__preempt_count", c.types.address "runqueues"
  return int and count and queues and { type = int, beyond_queues = tonumber(ffi.cast("int64_t", count - queues)) }
end

-- How far behind the run queue of its CPU the variable is.
local function beyond_queues(c, found)
  if found.beyond_queues then
    return found.beyond_queues
  end
  local queues = per_cpu(c, "runqueues")
  return queues and found.offset - queues.offset
end

-- What a pointer to the variable gives: its member, or itself.
local function value_at(c, member, at)
  if member then
    return members.member(c, at, member).reg
  end
  return members.element(c, at, { k = "const", v = 0 }).reg
end

local function named_by_program(c, found, member)
  local here = c:call(THIS_CPU_PTR, { { reg = c:variable(found.btf_id) } })
  if member then
    return value_at(c, member, members.pointer(c, here, found.type, true))
  end
  return c:load(found.type.size, here, 0)
end

-- A kernel that does not let its variables be named: the current task leads to its CPU's run queue, and that
-- lies so far from the count as it does on all CPUs (set_task_rq(), kernel/sched/sched.h).
local function beside_run_queue(c, found, member)
  local distance = beyond_queues(c, found)
  local task, fair = c.types.named "struct task_struct", c.types.named "struct cfs_rq"
  if not distance or not task or not fair or not c.types.member(fair, "rq") then
    return nil
  end
  local current = members.pointer(c, c:call(GET_CURRENT_TASK, {}), task, false)
  local queue = members.member(c, members.member(c, members.member(c, current, "se"), "cfs_rq"), "rq")
  local at = c:alu("add", queue.reg, nil, distance)
  return value_at(c, member, members.pointer(c, at, found.type, false))
end

local function load_count(c, name)
  local found, member = find(c)
  found = found or find_by_symbols(c)
  if not found then
    c:refuse("%s(): neither types nor symbols of this kernel tell of its preempt count", name)
  elseif not member and found.type.size ~= 4 then
    c:refuse("%s(): this kernel's preempt count has %d bytes: what is in which is not known", name, found.type.size)
  end
  local way = found.btf_id and c.context.can_name(found.btf_id) and named_by_program or beside_run_queue
  return way(c, found, member) or c:refuse("%s(): this kernel lets programs name no variables " ..
    "(CONFIG_KALLSYMS_ALL is off), and tasks do not lead to their CPU's run queue", name)
end

-- Whatever comes in between has gone again: it is the same wherever the handler asks.
local function preempt_count(c, name)
  return c.memo.preempt_count or c:remember("preempt_count", load_count(c, name))
end

-- With PREEMPT_RT softirqs are counted in the task that serves them (kernel/softirq.c).
local function softirq_count(c, name)
  local task = c.types.named "struct task_struct"
  if not task or not c.types.member(task, "softirq_disable_cnt") then
    return preempt_count(c, name)
  end
  local current = members.pointer(c, c:call(GET_CURRENT_TASK, {}), task, false)
  return members.member(c, current, "softirq_disable_cnt").reg
end

-- ---- the builtins ----

-- 1 if any bit of a count is set; without a branch.
local function any(c, count)
  return c:alu("rsh", c:alu("add", count, nil, COUNT), nil, COUNT_BITS)
end

local function bits_at(c, reg, shift, mask)
  return c:alu("and", c:alu("rsh", reg, nil, shift), nil, mask)
end

local function told(name, make)
  calls[name] = function(c, arguments)
    if #arguments > 0 then
      c:refuse("%s() takes no arguments", name)
    end
    local reg = c.memo[name] or c:remember(name, make(c, name))
    return { k = "bool", reg = reg, line = c.line }
  end
end

-- nmi_enter() counts in both: a hard interrupt is what is in the one count and not in the other.
-- Breakpoints count as NMIs (irqentry_nmi_enter()), so the kernel's own in_hardirq() would be true in each kprobe.
told("in_hardirq", function(c, name)
  local count = preempt_count(c, name)
  local nmis = c:alu("rsh", count, nil, NMI_SHIFT - HARDIRQ_SHIFT)
  return any(c, bits_at(c, c:alu("xor", count, nmis), HARDIRQ_SHIFT, COUNT))
end)

told("in_softirq", function(c, name)
  return bits_at(c, softirq_count(c, name), SERVING_SHIFT, 1)
end)

told("in_nmi", function(c, name)
  return any(c, bits_at(c, preempt_count(c, name), NMI_SHIFT, COUNT))
end)

return M
