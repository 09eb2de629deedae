/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Requests of devices that an IOMMU refused. See trace/wire.h for the rules. */
#ifndef SHARK_FAULT_WIRE_H
#define SHARK_FAULT_WIRE_H

#include "trace/wire.h"

/* Its own filter. */
enum {
	SHARK_FAULT_FILTER_SOURCE = SHARK_FILTER_OWN, /* requester id */
};

/* Slots of a row's key. */
enum {
	SHARK_FAULT_UNIT_AND_REASON = 0, /* unit << 32 | reason */
};

/* Slots of a row's tally. */
enum {
	SHARK_FAULT_OVERFLOWS = 0, /* times that the IOMMU had no room for all */
};

/* A request of a device that an IOMMU refused. */
struct shark_fault_event {
	__u64 ts_ns;	 /* when the kernel looked */
	__u64 record[2]; /* as the IOMMU wrote it */
	__u32 row;
	__u16 unit;   /* number of the IOMMU: dmar0, ivhd0 */
	__u16 source; /* requester id: bus << 8 | device << 3 | function */
	__u16 reason; /* Intel: fault reason; AMD: event type */
	__u16 is_amd;
	__u16 cpu;
	__u16 lost; /* 1: the IOMMU had no room for all */
};
SHARK_WIRE_SIZE(struct shark_fault_event, 40);

#endif
