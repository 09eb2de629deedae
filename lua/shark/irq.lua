--- Interrupts: what runs between the CPU's vector and the driver.
--
-- Every function starts a trace and returns a session. docs/scripting.md says what a session
-- can do, docs/reference.md which filters, rows and events each trace has. All take, besides their filters, which are
-- checked in the kernel:
--   way         this way of attaching only
--   ring_bytes  room for events
--   rows        size of the row table
--   at_least_ns only events that took so long; rows count all
--   stacks      keep the kernel stack of each event, see session:stack()
--   audit       compare with the kernel's own counts, see session:audit()

local M = {}

--- Time in hard interrupt handlers, by IRQ, action and CPU.
---
--- An action is what a driver registered for the IRQ, under its name. Of an IRQ that
--- devices share, every action is called for each interrupt and has a row; the one
--- whose device was silent returns IRQ_NONE.
---
--- Source: tracepoints irq:irq_handler_entry and irq_handler_exit
--- (kernel/irq/handle.c). A threaded handler's thread is not in it.
---
--- @param options? table filters irq, cpu; ways "tp_btf", "raw_tp", "tp"
--- @return shark.Session? @return string? message @return string? name
function M.hardirq(options)
  return require("shark.tracers.hardirq").open(options)
end

--- Threaded interrupt handlers: from the handler that wakes its thread to the
--- thread's start, and until it sleeps again.
---
--- Rows have runs by the CPU of the thread, and wakes by the CPU of the handler.
---
--- Source: tracepoints irq:irq_handler_exit and sched:sched_switch.
---
--- @param options? table filters irq, cpu (of the thread); way "raw_tp"
--- @return shark.Session? @return string? message @return string? name
function M.thread(options)
  return require("shark.tracers.irqthread").open(options)
end

--- Softirqs by number and CPU: how long from the raise to the start, how long
--- they ran.
---
--- Source: tracepoints irq:softirq_raise, softirq_entry, softirq_exit
--- (kernel/softirq.c); with context also irq_handler_* and irq_vectors:*.
---
--- @param options? table filters softirq (number or name), cpu; wait = false:
---   without raises; context = false: without who raised and who interrupted;
---   ways "raw_tp", "tp"
--- @return shark.Session? @return string? message @return string? name
function M.softirq(options)
  return require("shark.tracers.softirq").open(options)
end

--- Time in the handlers of system vectors (local timer, reschedule, call
--- function, irq work, thermal, errors) and NMIs, by vector and CPU.
---
--- NMIs have a row for each of their handlers, and no events.
---
--- Source: tracepoints irq_vectors:* (arch/x86/include/asm/trace/irq_vectors.h)
--- and nmi:nmi_handler. how().skipped names those this kernel does not have.
---
--- @param options? table filters vector, cpu; ways "raw_tp", "tp"
--- @return shark.Session? @return string? message @return string? name
function M.vector(options)
  return require("shark.tracers.vector").open(options)
end

--- Inter-processor interrupts: sent by whom, received where, and how long they
--- were under way.
---
--- What was sent and what was received have rows of their own; `what` tells them apart.
---
--- Source: tracepoints ipi:ipi_send_cpu and ipi_send_cpumask (kernel/smp.c, since
--- 6.4; before, who sent is not seen) and the entries of the vectors.
---
--- @param options? table filters vector (251, 252, 253), cpu (the receiver)
--- @return shark.Session? @return string? message @return string? name
function M.ipi(options)
  return require("shark.tracers.ipi").open(options)
end

--- What /proc/interrupts says of each IRQ now.
--- @return table<integer, shark.Interrupt>? interrupts irq -> { irq, chip, hwirq, flow = "edge", actions = {...},
---   count = over all CPUs, counts = { [cpu] = count } }; what a line does not tell is nil
--- @return string? message
function M.interrupts()
  return require("shark.system.interrupts").read()
end

--- Everything that can be told about an IRQ, from its device to its handler.
--- See shark.irqmap.
--- @param irq integer
--- @return shark.IrqMap? map @return string? message @return string? name
function M.describe(irq)
  return require("shark.irqmap").describe(irq)
end

--- What a CPU does when a vector arrives. See shark.irqmap.
--- @param cpu integer @param vector integer
--- @return shark.VectorSlot? slot @return string? message @return string? name
function M.describe_vector(cpu, vector)
  return require("shark.irqmap").describe_vector(cpu, vector)
end

--- The vector allocator: which IRQ gets, moves or gives back which vector of
--- which CPU, and how many vectors are left.
---
--- The tracepoints irq_matrix_* do not tell the IRQ: what takes a vector comes just before
--- the vector_* that it is part of, irq_matrix_free just after it. session:cpus() has, for
--- each CPU, what the newest of them left.
---
--- Source: tracepoints irq_vectors:vector_* (arch/x86/kernel/apic/vector.c) and
--- irq_matrix:* (kernel/irq/matrix.c).
---
--- @param options? table filters irq (leaves out irq_matrix_*), cpu (of the vector;
---   leaves out what tells none); way "raw_tp"
--- @return shark.Session? @return string? message @return string? name
function M.vecalloc(options)
  return require("shark.tracers.vecalloc").open(options)
end

--- Interrupts in Dovetail's pipeline: from entering to leaving it; out-of-band handlers run in between.
---
--- Source: tracepoints irq:irq_pipeline_entry and irq_pipeline_exit (kernel/irq/pipeline.c of kernels with
--- Dovetail).
---
--- @param options? table filters irq, cpu, at_least_ns; way "raw_tp"
--- @return shark.Session? @return string? message @return string? name "ENODEV": the kernel has no Dovetail
function M.pipeline(options)
  local session, message, name = require("shark.tracers.pipeline").open(options)
  local pipeline = not session and require("shark.pipeline").find()
  if pipeline and pipeline.kind ~= "Dovetail" then
    return nil, "no Dovetail: the kernel has no tracepoints irq_pipeline_entry and irq_pipeline_exit", "ENODEV"
  end
  return session, message, name
end

return M
