/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Block requests, their moments, and what is counted of them, whichever driver
 * carries them out. See trace/wire.h for the rules.
 */
#ifndef SHARK_BLOCK_WIRE_H
#define SHARK_BLOCK_WIRE_H

#include "trace/wire.h"

/* Slots of a row's key. */
enum {
	SHARK_REQUEST_KIND = 0, /* bits of SHARK_KIND_..., or of a queue's rows its number */
};

/* Where its parts lie in SHARK_REQUEST_KIND, by their lowest bit. */
enum {
	SHARK_KIND_QUEUE = 0,  /* 16 bits */
	SHARK_KIND_OP = 16,    /* REQ_OP_READ, ... */
	SHARK_KIND_SIZE = 24,  /* size class */
	SHARK_KIND_WHERE = 32, /* SHARK_DONE_... */
	SHARK_KIND_SEEN = 40,  /* moments, as bits */
	SHARK_KIND_BY = 48,    /* which program counts, see kind_of() */
};

/* Tally of SHARK_WHOLE. */
enum {
	SHARK_REQUEST_SAME_CPU = 0,
	SHARK_REQUEST_REQUEUES = 1,
	SHARK_REQUEST_ERRORS = 2,
	SHARK_REQUEST_BYTES = 3,
};

/* Tally of SHARK_INTERRUPTS. */
enum {
	SHARK_INTERRUPT_WITHOUT_WORK = 0,
	SHARK_INTERRUPT_NOT_MINE = 1,
	SHARK_INTERRUPT_IRQ = 2, /* its number, not a count */
};

/* Tally of SHARK_KICKS. */
enum {
	SHARK_KICK_SENT = 0,
};

/* Of config.at, by raw tracepoints: which argument is the request. */
enum {
	SHARK_BLOCK_AT_REQUEST = 0,
};

/* Of config.at, by classic tracepoints: offsets in their records. */
enum {
	SHARK_BLOCK_AT_DEV = 0,
	SHARK_BLOCK_AT_SECTOR = 1,
	SHARK_BLOCK_AT_SECTORS = 2,
	SHARK_BLOCK_AT_RWBS = 3,
	SHARK_BLOCK_AT_ERROR = 4,
	SHARK_BLOCK_AT_OWN = 5, /* the first of the tracer's own */
};

/* Tables that can be full, see shark_cpu.full. */
enum {
	SHARK_FULL_REQUESTS = SHARK_FULL_OWN,
	SHARK_FULL_QUEUES,
	SHARK_FULL_ENDINGS,
};

/* The moments of a block request, in their order; those not seen are 0. */
enum {
	SHARK_ISSUED = 0,      /* the block layer gives it to the driver */
	SHARK_ADDED = 1,       /* it is in the ring */
	SHARK_KICKED = 2,      /* the device is told, or known to be looking anyway */
	SHARK_INTERRUPTED = 3, /* the handler of the interrupt that ends it starts */
	SHARK_REAPED = 4,      /* the driver takes it out of the ring */
	SHARK_COMPLETED = 5,   /* the block layer ends it */
	SHARK_MOMENTS = 6,
};

/*
 * What a row is about: the time up to a moment from the one seen before it, or
 * one of these.
 */
enum {
	SHARK_WHOLE = 0,	/* from issued to completed */
	SHARK_DEPTH = 6,	/* requests in flight, seen by each that is added */
	SHARK_INTERRUPTS = 8,	/* requests reaped by each interrupt of a queue */
	SHARK_KICKS = 9,	/* no time: asked whether to kick; tally: kicked */
	SHARK_FLUSH_ENDS = 10,	/* no time: requests without data, ended by a flush */
	SHARK_REQUEST_ROWS = 8, /* rows of requests come in groups of so many */
};

/* Where a request was completed. */
enum {
	SHARK_DONE_UNKNOWN = 0,
	SHARK_DONE_HARDIRQ = 1,
	SHARK_DONE_SOFTIRQ = 2,
	SHARK_DONE_REMOTE = 3, /* on another CPU than where it was reaped */
	SHARK_DONE_POLLED = 4, /* reaped without an interrupt */
};

/* Flags of a request. */
enum {
	SHARK_REQUEUED = 1, /* taken back by the block layer, to be issued again */
};

/* The issue_cpu of a request that was not seen to be issued. */
enum {
	SHARK_NO_CPU = 0xffff,
};

/* What is lost of requests, by its place in shark_cpu.own. */
enum {
	SHARK_LATE_ADDS = 0,   /* requests first seen when they were added to the ring */
	SHARK_LATE_ENDS = 1,   /* requests first seen when they were completed */
	SHARK_ENDS_UNSEEN = 2, /* requests that were not seen to be completed */
};

/* Requests that ended in the same stack, of one interrupt, queue and operation. */
struct shark_ending {
	__u64 count;
	__u64 total_ns; /* of their whole time */
	__s32 stack;	/* index into the stacks, negative for none */
	__s32 irq;	/* negative if not seen */
	__u32 dev;
	__u16 queue;
	__u8 op;
	__u8 pad;
};
SHARK_WIRE_SIZE(struct shark_ending, 32);

/* A block request: in flight, or as an event when it is completed. */
struct shark_request {
	__u64 at_ns[6]; /* its moments, see SHARK_ISSUED */
	__u64 sector;	/* of 512 bytes */
	__u64 queue_key;
	__u32 bytes;
	__u32 dev; /* major << 20 | minor */
	__u32 pid; /* thread group of the task that issued it */
	__u32 tid;
	union {
		__u32 kicks_before;	 /* of its queue, when it was added to the ring */
		__u32 interrupts_before; /* likewise, when it was issued: the ring is not seen */
	};
	__u32 depth; /* in flight in its queue when it was added, with itself */
	__u32 row;   /* index into the row table */
	__u32 requeues;
	__s32 irq;    /* that ended it; negative if not seen */
	__s32 status; /* 0, a negative errno (before 5.18) or a blk_status_t */
	__s32 stack;  /* of the interrupt's handler, negative for none */
	__u16 queue;
	__u16 issue_cpu;
	__u16 reap_cpu;
	__u16 cpu; /* that completed it */
	__u8 op;   /* REQ_OP_READ, ... */
	__u8 size_class;
	__u8 where; /* SHARK_DONE_HARDIRQ, ... */
	__u8 flags;
	__u8 seen; /* moments, as bits */
	__u8 reserved[7];
	char comm[16];
};
SHARK_WIRE_SIZE(struct shark_request, 144);

#endif
