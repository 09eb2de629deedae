/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Threads of interrupt handlers. See trace/wire.h for the rules. */
#ifndef SHARK_IRQTHREAD_WIRE_H
#define SHARK_IRQTHREAD_WIRE_H

#include "trace/wire.h"

/* Slots of a row's key. */
enum {
	SHARK_THREAD_ACTION = 0, /* address of the irqaction */
	SHARK_THREAD_NAME = 1,	 /* hash of its name: the address may serve another later */
};

/* Tables that can be full, see shark_cpu.full. */
enum { SHARK_FULL_THREADS = SHARK_FULL_OWN };

/* The thread of an action, from being woken to sleeping again. */
struct shark_thread {
	__u64 woken_ns;	   /* 0: not since it last started */
	__u64 started_ns;  /* 0: it sleeps */
	__u64 switched_ns; /* when it was preempted, 0: it runs */
	__u64 away_ns;	   /* preempted since it started */
	__u64 wait_ns;
	__u64 action;
	__u64 name_hash;
	__u32 irq;
	__u32 pad;
	char name[64]; /* of the action, which may be gone when the thread ends */
};
SHARK_WIRE_SIZE(struct shark_thread, 128);

#endif
