--- Interrupts: what runs between the CPU's vector and the driver.
--
-- Every function starts a trace and returns a session (docs/scripting.md, and
-- lua/shark/_meta for the types). All take, besides their filters, which are
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
--- Rows of read(): irq, action (name), cpu, count, total_ns, max_ns, hist, and
--- what the handlers returned: none, handled, wake_thread. Of an IRQ that
--- devices share, every action has a row and a count for each interrupt; the
--- one whose device was silent returns IRQ_NONE.
---
--- Fields of an event: ts_ns (entered, CLOCK_MONOTONIC), ns (how long), irq,
--- cpu, ret (irqreturn_t), action (name), stack.
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
--- Rows of read(), by CPU of the thread: irq, action, cpu; count, total_ns,
--- max_ns, hist of its runs, without preempted_ns; waits, wait_ns, wait_max_ns,
--- wait_hist. By CPU of the handler: wakes (handlers that asked for the thread;
--- one that runs already answers several in one run).
---
--- Fields of an event: ts_ns (started), ns, wait_ns, nested_ns (preempted), irq,
--- action, cpu.
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
--- Rows of read(): softirq (name), number, cpu; count, total_ns, max_ns, hist of
--- the time they ran, without interrupted_ns, which interrupts took from them;
--- ksoftirqd (ran in the thread); waits, wait_ns, wait_max_ns, wait_hist of the
--- time between raise and start; coalesced (raised while pending); raise_unseen;
--- raised_by ("IRQ 36", "local timer", "softirq TIMER", "task" -> count).
---
--- Fields of an event: ts_ns (entered), ns, wait_ns, nested_ns, softirq (number),
--- name, cpu, ksoftirqd, raised_by, stack (of the raise).
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
--- Rows of read(): vector, name, cpu, count, total_ns, max_ns, hist; of NMIs one
--- for each handler: handler (symbol), handled (events it says it handled).
---
--- Fields of an event: ts_ns, ns, vector, name, cpu, stack. NMIs have no events.
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
--- Rows of read(): what = "sent": vector, name, cpu (the sender), callsite,
--- callback (symbols), count, coalesced (one was pending already); what =
--- "received": vector, name, cpu, sender (nil where the sending was not seen),
--- count, total_ns, max_ns, hist of the time under way.
---
--- Fields of an event: ts_ns (arrived), ns (under way), vector, name, sender, cpu.
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
--- Rows of read(): what (the tracepoint), cpu (where it was done), on_cpu (the CPU
--- the vector is of; nil if the tracepoint does not tell), count, last_ns
--- (CLOCK_MONOTONIC); of vector_*: failed (there was no vector, or no memory); of
--- irq_matrix_*: what it left: available, allocated, managed, managed_allocated
--- of on_cpu, global_available, global_reserved, total_allocated, online_maps of
--- all. session:cpus() has the newest of these by CPU.
---
--- Fields of an event: ts_ns, name (the tracepoint), irq, vector, on_cpu,
--- prev_vector, prev_cpu (each -1 where there is none or it is not told),
--- apicdest, ret (negative errno or 0), flag_names ("managed", ...), matrix (fields
--- as in rows; of irq_matrix_*), cpu, pid and task (the thread that did it, or was
--- interrupted by it), stack. irq_matrix_* do not tell the IRQ; what takes a vector
--- comes just before the vector_* it is part of, irq_matrix_free just behind.
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

return M
