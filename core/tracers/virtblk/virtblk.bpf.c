// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * virtio-blk, request by request: issued, added to the ring, kicked, ended by an
 * interrupt, reaped, completed.
 *
 * drivers/block/virtio_blk.c: blk_mq_start_request() passes block_rq_issue,
 * virtblk_add_req() puts the request into the ring, virtqueue_kick_prepare()
 * says whether the device must be told, and virtqueue_notify() tells it. The
 * interrupt's handler vring_interrupt() calls virtblk_done(), which takes what is
 * done with virtqueue_get_buf(); blk_mq_complete_request() ends it there, in
 * BLOCK softirq (one queue) or on the CPU that issued it, and passes
 * block_rq_complete. Polling queues are reaped without an interrupt.
 * virtio_queue_rq() is no place to look: 5.16 and later mostly take
 * virtio_queue_rqs(). virtblk_add_req() is on both paths.
 *
 * One source, five objects: WAY_FENTRY and WAY_KPROBE see the driver; WAY_TP_BTF
 * and WAY_RAW_TP see the block layer and the interrupt handlers, WAY_TP the same
 * by classic tracepoints, where a request has no address.
 *
 * The kernel may skip a program: where tasks are preempted in programs on
 * tracepoints (7.x), one that issues while another of that CPU is inside; and one
 * that interrupts a run of itself. The programs in the driver run under a lock with
 * interrupts off and see all, so a request that was not seen to be issued is taken
 * up there, or else where it is completed; what came before stays unknown.
 *
 * A row's id: the device, major << 20 | minor. Rows of a queue have its number
 * as key; those of requests key_of().
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/frames.bpf.h"
#include "bpf/kernel.bpf.h"
#include "bpf/tp.bpf.h"
#if defined(WAY_FENTRY) || defined(WAY_KPROBE)
#define SEES_THE_DRIVER
#endif

#include "tracers/virtblk/virtblk.bpf.h"

/* ---- completion, the same for all ways ---- */

#ifdef SEES_THE_DRIVER

static __always_inline void settle(struct shark_cpu *cpu, struct shark_request *request)
{
	if (!has(request, SHARK_REAPED))
		return;
	if (request->reap_cpu != request->cpu)
		request->where = SHARK_DONE_REMOTE;
	else if (cpu->scratch) /* the virtqueue whose interrupt is handled on this CPU */
		request->where = SHARK_DONE_HARDIRQ;
	else if (request->where != SHARK_DONE_POLLED)
		request->where = SHARK_DONE_SOFTIRQ;
}

#else

static __always_inline void end_by(struct shark_request *request, __u32 irq, __u64 irq_ns,
				   __u8 where)
{
	request->where = where;
	request->irq = irq;
	note(request, SHARK_INTERRUPTED, irq_ns);
}

/*
 * Completed behind the handler. The softirq takes what was reaped before it
 * started, so the interrupt is the queue's last before that.
 */
static __always_inline void settle_later(struct shark_cpu *cpu, struct shark_request *request)
{
	struct queue *queue = find_queue(request->queue_key);
	__u64 start = cpu->scratch ?: request->at_ns[SHARK_COMPLETED], irq_ns;
	__u32 last;

	if (!queue || queue->kicks == request->kick)
		return;
	last = queue->kicks - 1;
	irq_ns = queue->kick_ns[last % KICKS_KEPT];
	if (irq_ns > start)
		irq_ns = queue->kick_ns[(last - 1) % KICKS_KEPT];
	if (irq_ns > start || irq_ns < request->at_ns[SHARK_ISSUED])
		return;
	end_by(request, queue->irq, irq_ns,
	       queue->cpu == request->cpu ? SHARK_DONE_SOFTIRQ : SHARK_DONE_REMOTE);
}

static __always_inline void settle(struct shark_cpu *cpu, struct shark_request *request)
{
	__u32 top = cpu->depth - 1;

	if (top < SHARK_MAX_NESTING)
		end_by(request, cpu->frames[top].id, cpu->frames[top].entered_ns,
		       SHARK_DONE_HARDIRQ);
	else
		settle_later(cpu, request);
}

#endif

static __always_inline void complete(struct shark_cpu *cpu, void *ctx,
				     struct shark_request *request, __s32 status, enum counter by)
{
	__u64 ns;

	note(request, SHARK_COMPLETED, bpf_ktime_get_ns());
	request->status = status;
	request->cpu = bpf_get_smp_processor_id();
	settle(cpu, request);
	leave_queue(request);
	if (!wanted_cpu())
		return;
#ifndef SEES_THE_DRIVER
	request->stack = keep_stack(cpu, ctx);
#endif
	ns = count_request(cpu, request, by);
	if (config.stacks)
		count_ending(cpu, request, ns);
	stream_request(cpu, request, ns);
}

/* include/linux/blk_types.h */
enum { OP_WRITE = 1 };

/*
 * A flush sequence (block/blk-flush.c) ends the request it was made for, without
 * data and without having issued it in this moment. One that had data was counted
 * when they were written; one that had none is counted here, as the block layer
 * does in /sys/block/DISK/stat.
 */
static __always_inline int ends_flush(const struct shark_request *late)
{
	return late->op == OP_WRITE && !late->bytes;
}

static __always_inline void count_flush_end(struct shark_cpu *cpu, const struct shark_request *late)
{
	struct shark_row *row = queue_row(cpu, late->dev, late->queue, SHARK_FLUSH_ENDS);

	if (!row)
		return;
	shared_begins(row); /* several programs do */
	shared_ends(row);
}

/*
 * A request that ends and was not seen to be issued: before the start, or the
 * kernel skipped the program. Is it to be counted?
 */
static __always_inline int is_late(const struct shark_request *late, int had_data)
{
	return may_start() && wanted_cpu() && !(had_data && ends_flush(late));
}

static __always_inline void complete_late(struct shark_cpu *cpu, void *ctx,
					  struct shark_request *late, __s32 status, enum counter by)
{
	late->size_class = size_class_of(late->bytes);
	lose(&cpu->own[SHARK_LATE_ENDS]);
	complete(cpu, ctx, late, status, by);
}

static __always_inline void requeue(const struct request_key *key)
{
	struct shark_request *request = bpf_map_lookup_elem(&extra, key);

	if (!request)
		return;
	take_back(request);
	request->flags |= SHARK_REQUEUED;
}

static __always_inline struct shark_request *
issue(struct shark_cpu *cpu, const struct request_key *key, struct shark_request *fresh)
{
	fresh->size_class = size_class_of(fresh->bytes);
	fill_asker(fresh);
	note(fresh, SHARK_ISSUED, bpf_ktime_get_ns());
	return keep(cpu, key, fresh, BY_ISSUE);
}

/* ---- the block layer ---- */

#ifndef WAY_TP

/* A request that a tracepoint names has a type; one found by its address has none. */
#if defined(WAY_FENTRY) || defined(WAY_TP_BTF)
enum { NAMED = 1 };
#else
enum { NAMED = 0 };
#endif
#define GET(typed, ...) ((typed) ? ___arrow(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))

static __always_inline struct gendisk *disk_of(struct request *rq, const int typed)
{
	if (bpf_core_field_exists(rq->q->disk))
		return GET(typed, rq, q, disk);
	return GET(typed, rq, rq_disk);
}

/* Only virtio-blk names its disks so (virtblk_name_format()). */
static __always_inline int is_virtblk(struct gendisk *disk, const int typed)
{
	return disk && GET(typed, disk, disk_name[0]) == 'v' &&
	       GET(typed, disk, disk_name[1]) == 'd';
}

static __always_inline __u32 dev_of(struct gendisk *disk, const int typed)
{
	return (__u32)GET(typed, disk, major) << 20 | (__u32)GET(typed, disk, first_minor);
}

/* What the block layer says of a request; 0 if it is none of a disk that is wanted. */
static __always_inline int describe(struct request *rq, struct shark_request *fresh,
				    const int typed)
{
	struct gendisk *disk = disk_of(rq, typed);

	if (!is_virtblk(disk, typed))
		return 0;
	fill_blank(fresh);
	fresh->dev = dev_of(disk, typed);
	if (!wanted_id(fresh->dev))
		return 0;
	fresh->sector = GET(typed, rq, __sector);
	fresh->bytes = GET(typed, rq, __data_len);
	fresh->op = GET(typed, rq, cmd_flags);
	fresh->queue = GET(typed, rq, mq_hctx, queue_num);
	fresh->issue_cpu = GET(typed, rq, mq_ctx, cpu);
	return 1;
}

#ifndef SEES_THE_DRIVER
/* No virtqueue to be known by: its device and number. */
static __always_inline __u64 device_queue_key(__u32 dev, __u16 queue)
{
	return (__u64)dev << 16 | queue;
}

static __always_inline void find_place(struct shark_cpu *cpu, struct shark_request *request)
{
	struct queue *queue;

	request->queue_key = device_queue_key(request->dev, request->queue);
	queue = queue_of(cpu, request->queue_key, request);
	if (queue)
		enter_queue(request, queue);
}
#endif

static __always_inline int on_issue_of(struct request *rq)
{
	struct request_key key = { .request = (__u64)rq };
	struct shark_request fresh, *request;
	struct shark_cpu *cpu = this_cpu();

	if (!cpu || !describe(rq, &fresh, NAMED))
		return 0;
	request = issue(cpu, &key, &fresh);
#ifndef SEES_THE_DRIVER
	if (request)
		find_place(cpu, request);
#else
	(void)request;
#endif
	return 0;
}

static __always_inline int on_requeue_of(struct request *rq)
{
	struct request_key key = { .request = (__u64)rq };

	requeue(&key);
	return 0;
}

/*
 * Two programs see each completion, one behind the other: the kernel skips the
 * first where it interrupts a run of itself, as the handler of a disk with a queue
 * for each CPU does to the softirq that completes for others. What the first has
 * counted it leaves behind, marked as completed, for the second to take away.
 */
static __always_inline int on_complete_of(void *ctx, struct request *rq, __s32 status,
					  const enum counter by)
{
	struct request_key key = { .request = (__u64)rq };
	struct shark_request *request = bpf_map_lookup_elem(&extra, &key);
	struct shark_cpu *cpu = this_cpu();
	struct shark_request late;

	if (!cpu)
		return 0;
	if (request && !has(request, SHARK_COMPLETED)) {
		complete(cpu, ctx, request, status, by);
	} else if (!request || by == BY_COMPLETION) {
		if (!describe(rq, &late, NAMED) ||
		    !is_late(&late, GET(NAMED, rq, nr_phys_segments)))
			return 0;
		note(&late, SHARK_COMPLETED, bpf_ktime_get_ns());
		/* Without room for the mark it is the second's. */
		if (by == BY_COMPLETION && bpf_map_update_elem(&extra, &key, &late, BPF_ANY))
			return 0;
		if (ends_flush(&late))
			count_flush_end(cpu, &late);
		else
			complete_late(cpu, ctx, &late, status, by);
	}
	if (by == BY_SECOND)
		bpf_map_delete_elem(&extra, &key);
	return 0;
}

#if defined(WAY_FENTRY) || defined(WAY_TP_BTF)

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	return may_start() ? on_issue_of(rq) : 0;
}

SEC("tp_btf/block_rq_requeue")
int BPF_PROG(on_requeue, struct request *rq)
{
	return may_end() ? on_requeue_of(rq) : 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int status)
{
	return may_end() ? on_complete_of(ctx, rq, status, BY_COMPLETION) : 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete_2nd, struct request *rq, int status)
{
	return may_end() ? on_complete_of(ctx, rq, status, BY_SECOND) : 0;
}

#else

/* Before 5.11 the request queue goes before the request. */
static __always_inline struct request *request_of(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 rq;

	if (config.at[SHARK_VIRTBLK_AT_REQUEST]) {
		rq = ctx->args[1];
		/* Two loads: the verifier wants each offset to be a constant. */
		__asm__ volatile("" : "+r"(rq));
	} else {
		rq = ctx->args[0];
		__asm__ volatile("" : "+r"(rq));
	}
	return (struct request *)rq;
}

SEC("raw_tp/block_rq_issue")
int on_issue(struct bpf_raw_tracepoint_args *ctx)
{
	return may_start() ? on_issue_of(request_of(ctx)) : 0;
}

SEC("raw_tp/block_rq_requeue")
int on_requeue(struct bpf_raw_tracepoint_args *ctx)
{
	return may_end() ? on_requeue_of(request_of(ctx)) : 0;
}

SEC("raw_tp/block_rq_complete")
int on_complete(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *rq = (struct request *)ctx->args[0];

	return may_end() ? on_complete_of(ctx, rq, (__s32)ctx->args[1], BY_COMPLETION) : 0;
}

SEC("raw_tp/block_rq_complete")
int on_complete_2nd(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *rq = (struct request *)ctx->args[0];

	return may_end() ? on_complete_of(ctx, rq, (__s32)ctx->args[1], BY_SECOND) : 0;
}

#endif
#endif /* !WAY_TP */

/* ---- the driver ---- */

#ifdef SEES_THE_DRIVER

/* A request lies right before what the driver keeps of it (blk_mq_rq_from_pdu()). */
static __always_inline struct request_key key_of_driver_data(__u64 data)
{
	return (struct request_key){ .request = data - bpf_core_type_size(struct request) };
}

/*
 * Not seen to be issued. Where other drivers add to queues too, one of virtio-blk is
 * known by the requests in it before.
 */
static __always_inline struct shark_request *take_up(struct shark_cpu *cpu,
						     const struct request_key *key, __u64 vq)
{
	struct shark_request fresh;

#ifdef WAY_KPROBE
	if (!find_queue(vq))
		return NULL;
#endif
	if (!may_start() || !describe((struct request *)key->request, &fresh, 0))
		return NULL;
	lose(&cpu->own[SHARK_LATE_ADDS]);
	fresh.size_class = size_class_of(fresh.bytes);
	fill_asker(&fresh);
	return keep(cpu, key, &fresh, BY_ADD);
}

static __always_inline int on_add_of(__u64 vq, __u64 data)
{
	struct request_key key = key_of_driver_data(data);
	struct shark_request *request = bpf_map_lookup_elem(&extra, &key);
	struct shark_cpu *cpu = this_cpu();
	struct queue *queue;

	if (!cpu)
		return 0;
	/* One that was reaped has ended, and this is the next that lies there. */
	if (!request || has(request, SHARK_REAPED) || has(request, SHARK_COMPLETED))
		request = take_up(cpu, &key, vq);
	if (!request)
		return 0;
	leave_queue(request); /* added before, and taken back unseen */
	request->queue_key = vq;
	request->depth = 0;
	queue = queue_of(cpu, vq, request);
	if (queue)
		enter_queue(request, queue);
	note(request, SHARK_ADDED, bpf_ktime_get_ns());
	return 0;
}

static __always_inline void count_kick(struct shark_cpu *cpu, const struct queue *queue,
				       __u32 asked, __u32 sent)
{
	struct shark_row *row = queue_row(cpu, queue->dev, queue->queue, SHARK_KICKS);

	if (!row)
		return;
	row->begun = (__u32)row->count + asked;
	barrier();
	row->tally[SHARK_KICK_SENT] += sent;
	barrier();
	row->count += asked;
}

static __always_inline void on_kick_of(struct queue *queue)
{
	queue->kick_ns[queue->kicks % KICKS_KEPT] = bpf_ktime_get_ns();
	queue->kicks++;
}

static __always_inline int on_reap_of(struct shark_request *request, const struct queue *queue)
{
	request->reap_cpu = bpf_get_smp_processor_id();
	leave_queue(request);
	note(request, SHARK_REAPED, bpf_ktime_get_ns());
	if (!queue)
		return 0;
	take_kick(request, queue);
	if (!queue->irq_ns) {
		request->where = SHARK_DONE_POLLED;
		return 0;
	}
	note(request, SHARK_INTERRUPTED, queue->irq_ns);
	request->irq = queue->irq;
	request->stack = queue->stack;
	put_in_order(request);
	return 0;
}

static __always_inline int on_interrupt_of(int irq, __u64 vq)
{
	struct queue *queue = find_queue(vq);
	struct shark_cpu *cpu = this_cpu();

	if (!queue || !cpu)
		return 0;
	cpu->scratch = vq;
	queue->irq = irq;
	queue->reaped = 0;
	queue->stack = -1;
	queue->irq_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int on_interrupt_end_of(__u64 vq, int none)
{
	struct queue *queue = find_queue(vq);
	struct shark_cpu *cpu = this_cpu();

	if (!queue || !cpu)
		return 0;
	cpu->scratch = 0;
	/* Not seen to start: it ran when the trace began. */
	if (!queue->irq_ns)
		return 0;
	queue->irq_ns = 0;
	if (wanted_cpu())
		count_interrupt(cpu, queue, none);
	return 0;
}

static __always_inline int on_done_of(void *ctx, __u64 vq)
{
	struct queue *queue = find_queue(vq);
	struct shark_cpu *cpu = this_cpu();

	if (queue && cpu)
		queue->stack = keep_stack(cpu, ctx);
	return 0;
}

#endif

#ifdef WAY_FENTRY

SEC("fexit/virtblk_add_req")
int BPF_PROG(on_add, void *vq, void *data)
{
	return may_end() ? on_add_of((__u64)vq, (__u64)data) : 0;
}

SEC("fexit/virtqueue_kick_prepare")
int BPF_PROG(on_kick, void *vq, __u8 needed)
{
	struct queue *queue = may_end() ? find_queue((__u64)vq) : NULL;
	struct shark_cpu *cpu = this_cpu();

	if (!queue || !cpu)
		return 0;
	on_kick_of(queue);
	count_kick(cpu, queue, 1, !!needed);
	return 0;
}

SEC("fexit/virtqueue_get_buf")
int BPF_PROG(on_reap, void *vq, void *len, void *data)
{
	struct queue *queue = data && may_end() ? find_queue((__u64)vq) : NULL;
	struct request_key key = key_of_driver_data((__u64)data);
	struct shark_request *request = bpf_map_lookup_elem(&extra, &key);

	if (queue)
		queue->reaped++;
	return request && may_end() ? on_reap_of(request, queue) : 0;
}

SEC("fentry/vring_interrupt")
int BPF_PROG(on_interrupt, int irq, void *vq)
{
	return may_end() ? on_interrupt_of(irq, (__u64)vq) : 0;
}

SEC("fexit/vring_interrupt")
int BPF_PROG(on_interrupt_end, int irq, void *vq, int ret)
{
	return may_end() ? on_interrupt_end_of((__u64)vq, !ret) : 0;
}

SEC("fentry/virtblk_done")
int BPF_PROG(on_done, void *vq)
{
	return may_end() ? on_done_of(ctx, (__u64)vq) : 0;
}

#elif defined(WAY_KPROBE)

/* virtblk_add_req() where it is no function of its own (5.10): what it calls. */
SEC("kprobe/virtqueue_add_sgs")
int BPF_KPROBE(on_add, void *vq, void *sgs, unsigned int out, unsigned int in, void *data)
{
	return may_end() ? on_add_of((__u64)vq, (__u64)data) : 0;
}

SEC("kprobe/virtqueue_kick_prepare")
int BPF_KPROBE(on_kick, void *vq)
{
	struct queue *queue = may_end() ? find_queue((__u64)vq) : NULL;
	struct shark_cpu *cpu = this_cpu();

	if (!queue || !cpu)
		return 0;
	on_kick_of(queue);
	count_kick(cpu, queue, 1, 0);
	return 0;
}

/* A return does not say of which queue; that it was kicked is seen here. */
SEC("kprobe/virtqueue_notify")
int BPF_KPROBE(on_notify, void *vq)
{
	struct queue *queue = may_end() ? find_queue((__u64)vq) : NULL;
	struct shark_cpu *cpu = this_cpu();

	if (queue && cpu)
		count_kick(cpu, queue, 0, 1);
	return 0;
}

/* Of any virtio device: what is no request of ours is not found. */
SEC("kretprobe/virtqueue_get_buf")
int BPF_KRETPROBE(on_reap, void *data)
{
	struct request_key key = key_of_driver_data((__u64)data);
	struct shark_request *request;
	struct queue *queue;

	if (!data || !may_end())
		return 0;
	request = bpf_map_lookup_elem(&extra, &key);
	if (!request)
		return 0;
	queue = find_queue(request->queue_key);
	if (queue)
		queue->reaped++;
	return on_reap_of(request, queue);
}

SEC("kprobe/vring_interrupt")
int BPF_KPROBE(on_interrupt, int irq, void *vq)
{
	return may_end() ? on_interrupt_of(irq, (__u64)vq) : 0;
}

/* Handlers of one CPU run one after the other: it is the one that started last. */
SEC("kretprobe/vring_interrupt")
int BPF_KRETPROBE(on_interrupt_end, int ret)
{
	struct shark_cpu *cpu = this_cpu();

	return cpu && cpu->scratch && may_end() ? on_interrupt_end_of(cpu->scratch, !ret) : 0;
}

SEC("kprobe/virtblk_done")
int BPF_KPROBE(on_done, void *vq)
{
	return may_end() ? on_done_of(ctx, (__u64)vq) : 0;
}

#endif

/* ---- interrupts, where the driver is not seen ---- */

#ifndef SEES_THE_DRIVER

/* include/linux/interrupt.h */
enum { BLOCK_SOFTIRQ = 4 };

/* "virtio" as a number, little endian. */
#define VIRTIO 0x6f6974726976ULL

static __always_inline int is_virtio(const char *name)
{
	__u64 start = 0;

	bpf_probe_read_kernel(&start, 6, name);
	return start == VIRTIO;
}

static __always_inline int on_irq_end_of(__u32 irq)
{
	struct shark_cpu *cpu = this_cpu();
	__u64 ns;

	/* Only handlers of virtio devices have frames. */
	if (cpu && cpu->depth && end_frame(cpu, SHARK_HARDIRQ, irq, bpf_ktime_get_ns(), &ns))
		pop_frame(cpu);
	return 0;
}

#ifndef WAY_TP

static __always_inline void count_irq(struct shark_cpu *cpu, struct queue *queue, __u32 irq,
				      __u64 now)
{
	struct shark_row *row;

	queue->irq = irq;
	queue->cpu = bpf_get_smp_processor_id();
	queue->kick_ns[queue->kicks % KICKS_KEPT] = now;
	queue->kicks++;
	row = wanted_cpu() ? queue_row(cpu, queue->dev, queue->queue, SHARK_INTERRUPTS) : NULL;
	if (!row)
		return;
	/* What it reaps is not seen. */
	count_begins(row);
	row->tally[SHARK_INTERRUPT_IRQ] = irq;
	count_ends(row);
}

static __always_inline struct queue *queue_of_virtqueue(struct virtqueue *vq)
{
	struct virtio_blk *driver = BPF_CORE_READ(vq, vdev, priv);
	struct gendisk *disk = BPF_CORE_READ(driver, disk);

	return find_queue(device_queue_key(dev_of(disk, 0), BPF_CORE_READ(vq, index)));
}

static __always_inline int on_irq_of(__u32 irq, const char *name, struct virtqueue *vq)
{
	struct shark_cpu *cpu = this_cpu();
	struct shark_frame *frame;
	struct queue *queue = NULL;

	if (!cpu || !is_virtio(name))
		return 0;
	/* An interrupt of several queues has another cookie, which finds none. */
	if (bpf_core_type_exists(struct virtio_blk) && bpf_core_type_exists(struct virtqueue))
		queue = queue_of_virtqueue(vq);
	frame = push_frame(cpu, SHARK_HARDIRQ, irq, config.nr_rows);
	if (queue && frame)
		count_irq(cpu, queue, irq, frame->entered_ns);
	return 0;
}

static __always_inline int on_softirq_of(__u32 softirq, __u64 now)
{
	struct shark_cpu *cpu = softirq == BLOCK_SOFTIRQ ? this_cpu() : NULL;

	if (cpu)
		cpu->scratch = now;
	return 0;
}

#endif

#ifdef WAY_TP_BTF

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_irq, int irq, struct irqaction *action)
{
	return may_end() ? on_irq_of(irq, action->name, action->dev_id) : 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_irq_end, int irq)
{
	return may_end() ? on_irq_end_of(irq) : 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq, unsigned int softirq)
{
	return on_softirq_of(softirq, bpf_ktime_get_ns());
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_end, unsigned int softirq)
{
	return on_softirq_of(softirq, 0);
}

#elif defined(WAY_RAW_TP)

SEC("raw_tp/irq_handler_entry")
int on_irq(struct bpf_raw_tracepoint_args *ctx)
{
	struct irqaction *action = (struct irqaction *)ctx->args[1];

	return may_end() ? on_irq_of((__u32)ctx->args[0], BPF_CORE_READ(action, name),
				     BPF_CORE_READ(action, dev_id))
			 : 0;
}

SEC("raw_tp/irq_handler_exit")
int on_irq_end(struct bpf_raw_tracepoint_args *ctx)
{
	return may_end() ? on_irq_end_of((__u32)ctx->args[0]) : 0;
}

SEC("raw_tp/softirq_entry")
int on_softirq(struct bpf_raw_tracepoint_args *ctx)
{
	return on_softirq_of((__u32)ctx->args[0], bpf_ktime_get_ns());
}

SEC("raw_tp/softirq_exit")
int on_softirq_end(struct bpf_raw_tracepoint_args *ctx)
{
	return on_softirq_of((__u32)ctx->args[0], 0);
}

#elif defined(WAY_TP)

static __always_inline __u64 field64(const void *record, __u32 at)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), record + at);
	return value;
}

/* A flush has no sector: 0 where it is issued, -1 where it is completed. */
static __always_inline struct request_key key_of_record(const void *record)
{
	__u64 sector = field64(record, config.at[SHARK_VIRTBLK_AT_SECTOR]);

	return (struct request_key){
		.sector = sector + 1 ? sector : 0,
		.dev = field(record, config.at[SHARK_VIRTBLK_AT_DEV]),
		.sectors = field(record, config.at[SHARK_VIRTBLK_AT_SECTORS]),
	};
}

/* blk_fill_rwbs(): the operation behind an 'F' for a flush before it. */
static __always_inline __u8 op_of(const char *rwbs)
{
	char first = rwbs[0] == 'F' && rwbs[1] != ' ' && rwbs[1] ? rwbs[1] : rwbs[0];

	switch (first) {
	case 'R':
		return 0;
	case 'W':
		return 1;
	case 'F':
		return 2;
	case 'D':
		return rwbs[1] == 'E' ? 5 : 3;
	default:
		return 34; /* REQ_OP_DRV_IN */
	}
}

static __always_inline int is_wanted_disk(__u32 dev)
{
	return dev >> 20 == config.at[SHARK_VIRTBLK_MAJOR] && wanted_id(dev);
}

/* The two records have these fields in common. */
static __always_inline int describe(void *ctx, const struct request_key *key,
				    struct shark_request *fresh)
{
	char rwbs[2] = {};

	if (!is_wanted_disk(key->dev))
		return 0;
	bpf_probe_read_kernel(rwbs, sizeof(rwbs), ctx + config.at[SHARK_VIRTBLK_AT_RWBS]);
	fill_blank(fresh);
	fresh->dev = key->dev;
	fresh->sector = key->sector;
	fresh->bytes = key->sectors << 9;
	fresh->op = op_of(rwbs);
	return 1;
}

SEC("tracepoint/block/block_rq_issue")
int on_issue(void *ctx)
{
	struct request_key key = key_of_record(ctx);
	struct shark_cpu *cpu = this_cpu();
	struct shark_request fresh;

	if (!cpu || !may_start() || !describe(ctx, &key, &fresh))
		return 0;
	fresh.issue_cpu = bpf_get_smp_processor_id();
	issue(cpu, &key, &fresh);
	return 0;
}

SEC("tracepoint/block/block_rq_requeue")
int on_requeue(void *ctx)
{
	struct request_key key = key_of_record(ctx);

	requeue(&key);
	return 0;
}

/* One program: whatever kept the kernel from running it would keep it from a second. */
SEC("tracepoint/block/block_rq_complete")
int on_complete(void *ctx)
{
	struct request_key key = key_of_record(ctx);
	struct shark_request *request = bpf_map_lookup_elem(&extra, &key);
	__s32 status = field(ctx, config.at[SHARK_VIRTBLK_AT_ERROR]);
	struct shark_cpu *cpu = this_cpu();
	struct shark_request late;

	if (!cpu || !may_end())
		return 0;
	if (request) {
		complete(cpu, ctx, request, status, BY_COMPLETION);
		bpf_map_delete_elem(&extra, &key);
	} else if (describe(ctx, &key, &late) && is_late(&late, key.sector != 0)) {
		late.issue_cpu = SHARK_NO_CPU;
		if (ends_flush(&late))
			count_flush_end(cpu, &late);
		else
			complete_late(cpu, ctx, &late, status, BY_COMPLETION);
	}
	return 0;
}

SEC("tracepoint/irq/irq_handler_entry")
int on_irq(void *ctx)
{
	__u32 name_at = field(ctx, config.at[SHARK_VIRTBLK_AT_NAME]) & 0xffff;
	struct shark_cpu *cpu = this_cpu();

	if (cpu && may_end() && is_virtio(ctx + name_at))
		push_frame(cpu, SHARK_HARDIRQ, field(ctx, config.at[SHARK_VIRTBLK_AT_IRQ]),
			   config.nr_rows);
	return 0;
}

SEC("tracepoint/irq/irq_handler_exit")
int on_irq_end(void *ctx)
{
	return may_end() ? on_irq_end_of(field(ctx, config.at[SHARK_VIRTBLK_AT_IRQ])) : 0;
}

#endif
#endif

char LICENSE[] SEC("license") = "Dual MIT/GPL";
