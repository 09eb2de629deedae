# Softirqs through bcc's ring buffer to a Python function, until SIGINT; says how
# many, and how many were lost. Argument: pages of the ring.
import signal
import sys

from bcc import BPF

PROGRAM = """
struct event { u64 ts; u64 ns; u32 vec; u32 cpu; };
BPF_RINGBUF_OUTPUT(events, PAGES);
BPF_PERCPU_ARRAY(started, u64, 1);
BPF_PERCPU_ARRAY(lost, u64, 1);

TRACEPOINT_PROBE(irq, softirq_entry)
{
    int zero = 0;
    u64 now = bpf_ktime_get_ns();

    started.update(&zero, &now);
    return 0;
}

TRACEPOINT_PROBE(irq, softirq_exit)
{
    int zero = 0;
    u64 *start = started.lookup(&zero);
    struct event event = {};

    if (!start || !*start)
        return 0;
    event.ts = *start;
    event.ns = bpf_ktime_get_ns() - *start;
    event.vec = args->vec;
    event.cpu = bpf_get_smp_processor_id();
    if (events.ringbuf_output(&event, sizeof(event), 0))
        lost.increment(zero);
    return 0;
}
"""


stopped = False


def stop(signum, frame):
    global stopped
    stopped = True


signal.signal(signal.SIGINT, stop)
bpf = BPF(text=PROGRAM.replace("PAGES", sys.argv[1]))
seen = {"n": 0, "sum": 0, "longest": 0}


def on_event(ctx, data, size):
    event = bpf["events"].event(data)
    seen["n"] += 1
    seen["sum"] += event.ns
    seen["longest"] = max(seen["longest"], event.ns)
    return -stopped  # below zero: hand over no more


bpf["events"].open_ring_buffer(on_event)
while not stopped:
    bpf.ring_buffer_poll(100)
print("events %d lost %d" % (seen["n"], sum(bpf["lost"].values()[0])), flush=True)
