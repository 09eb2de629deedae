/* SPDX-License-Identifier: MIT */
/*
 * Types as kernels have them, and what the compiler that compiled them knows of them: in sections
 * of its own, so that a test reads it of each object, of whatever machine that is.
 */
#ifndef SHARK_TEST_DWARF_SAMPLE_H
#define SHARK_TEST_DWARF_SAMPLE_H

/* Names of types, as C has them. */
#define SAMPLE_TYPES(T)                                                                            \
	T(struct pipeline)                                                                         \
	T(struct domain)                                                                           \
	T(union word)                                                                              \
	T(struct flags)                                                                            \
	T(struct far)                                                                              \
	T(struct packed)                                                                           \
	T(struct empty)                                                                            \
	T(enum mode)                                                                               \
	T(enum tiny)                                                                               \
	T(enum wide)                                                                               \
	T(unsigned long)                                                                           \
	T(long long)                                                                               \
	T(char)                                                                                    \
	T(double)                                                                                  \
	T(handler_t)                                                                               \
	T(lock_t)

#define SAMPLE_MEMBERS(M)                                                                          \
	M(struct pipeline, domain)                                                                 \
	M(struct pipeline, next)                                                                   \
	M(struct pipeline, lock)                                                                   \
	M(struct pipeline, lock.count)                                                             \
	M(struct pipeline, name)                                                                   \
	M(struct pipeline, pending)                                                                \
	M(struct pipeline, low)                                                                    \
	M(struct pipeline, value)                                                                  \
	M(struct pipeline, handler)                                                                \
	M(struct pipeline, mode)                                                                   \
	M(struct domain, irqs)                                                                     \
	M(struct domain, control)                                                                  \
	M(struct domain, hits)                                                                     \
	M(struct far, last)                                                                        \
	M(struct packed, address)                                                                  \
	M(union word, bytes)

/* Of structs. */
#define SAMPLE_BITFIELDS(B)                                                                        \
	B(flags, present)                                                                          \
	B(flags, mode)                                                                             \
	B(flags, vector)                                                                           \
	B(flags, difference)                                                                       \
	B(flags, high)                                                                             \
	B(flags, yes)                                                                              \
	B(packed, across)

enum {
	SAMPLE_BYTES = 32, /* at least as large as each type that has bitfields */
	SAMPLE_BITS = 8 * SAMPLE_BYTES,
};

struct sample_place {
	unsigned int offset, size;
};

#endif
