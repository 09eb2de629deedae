/* SPDX-License-Identifier: MIT */
/*
 * System vectors that have tracepoints, irq_vectors:NAME_entry and NAME_exit
 * (arch/x86/include/asm/trace/irq_vectors.h). Each can be missing: kernels are built
 * without thermal or threshold vectors, and irq_work_exit is refused to perf events (a
 * program there would raise it again, see the same header).
 */
#ifndef SHARK_VECTORS_H
#define SHARK_VECTORS_H

/* VECTOR(number, name) for each, the numbers from 1 on, with commas between them. */
/* clang-format off */
#define SYSTEM_VECTORS(VECTOR)                                                                     \
	VECTOR(1, local_timer),                                                                    \
	VECTOR(2, reschedule),                                                                     \
	VECTOR(3, call_function),                                                                  \
	VECTOR(4, call_function_single),                                                           \
	VECTOR(5, irq_work),                                                                       \
	VECTOR(6, x86_platform_ipi),                                                               \
	VECTOR(7, thermal_apic),                                                                   \
	VECTOR(8, threshold_apic),                                                                 \
	VECTOR(9, deferred_error_apic),                                                            \
	VECTOR(10, error_apic),                                                                    \
	VECTOR(11, spurious_apic)
/* clang-format on */

#endif
