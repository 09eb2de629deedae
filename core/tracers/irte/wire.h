/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Entries of interrupt remapping tables that were written. See trace/wire.h for the rules. */
#ifndef SHARK_IRTE_WIRE_H
#define SHARK_IRTE_WIRE_H

#include "trace/wire.h"

/* Slots of a row's key. */
enum {
	SHARK_IRTE_PLACE = 0,  /* unit << 32 | index; of AMD unit << 32 | device << 16 | index */
	SHARK_IRTE_REASON = 1, /* SHARK_IRTE_SET_AFFINITY, ... */
};

/* Slots of a row's tally. */
enum {
	SHARK_IRTE_FLUSHES = 0,
	SHARK_IRTE_FLUSH_NS = 1,
	SHARK_IRTE_REFUSED = 2,
	SHARK_IRTE_UNCHANGED = 3,
};

/* Why an entry of an interrupt remapping table was written. */
enum {
	SHARK_IRTE_SET_AFFINITY = 0,
	SHARK_IRTE_ACTIVATE = 1,
	SHARK_IRTE_DEACTIVATE = 2,
	SHARK_IRTE_SET_VCPU = 3, /* posted to a guest's CPU, or no longer */
	SHARK_IRTE_OTHER = 4,	 /* freed, resumed: seen by its invalidation only */
};

/* What an entry of an interrupt remapping table looks like. */
enum {
	SHARK_IRTE_INTEL = 0,
	SHARK_IRTE_INTEL_EIM = 1, /* destinations of 32 bits */
	SHARK_IRTE_AMD32 = 2,
	SHARK_IRTE_AMD128 = 3,
	SHARK_IRTE_UNKNOWN = 4, /* AMD, and no symbol tells which */
};

enum {
	SHARK_IRTE_NO_OLD = 1,	/* what it was before is not known */
	SHARK_IRTE_NO_TIME = 2, /* this way sees no start and no end */
};

/* An entry of an interrupt remapping table that was written. */
struct shark_irte_event {
	__u64 ts_ns;
	__u64 ns;	/* from the request to the end */
	__u64 flush_ns; /* of it, waiting for the invalidation */
	__u64 old[2];	/* low and high; of AMD's 32 bits the low one only */
	__u64 now[2];
	char comm[16]; /* of the task that asked, or was interrupted */
	__u32 pid;     /* thread id */
	__u32 row;
	__s32 irq; /* SHARK_NONE for SHARK_IRTE_OTHER */
	__s32 ret;
	__u32 index;
	__s32 stack;
	__u16 unit;    /* number of the IOMMU: dmar0, ivhd0 */
	__u16 device;  /* AMD: whose table, bus << 8 | device << 3 | function */
	__u16 format;  /* SHARK_IRTE_INTEL, ... */
	__u16 what;    /* SHARK_IRTE_SET_AFFINITY, ... */
	__u16 flushes; /* invalidations in it */
	__u16 entries; /* that were invalidated, from index on; 0: all */
	__u16 flags;   /* SHARK_IRTE_NO_OLD, ... */
	__u16 cpu;
};
SHARK_WIRE_SIZE(struct shark_irte_event, 112);

#endif
