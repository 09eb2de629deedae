/* SPDX-License-Identifier: MIT */
/*
 * A static marker, as the macros of SystemTap's sys/sdt.h make them: a note with the addresses of
 * the place and of its semaphore, and where the assembler has put the arguments.
 */
#ifndef SHARK_TEST_MARKED_H
#define SHARK_TEST_MARKED_H

#include <stdint.h>

/* What listens to the marker counts itself here. */
__attribute__((section(".probes"), used)) static volatile uint16_t marked_semaphore;

/* A place called shark:NAME; the arguments name the operands behind it from %1 on. */
#define MARK(name, arguments, ...)                                                                 \
	__asm__ volatile("990: nop\n"                                                              \
			 ".pushsection .note.stapsdt, \"?\", \"note\"\n"                           \
			 ".balign 4\n"                                                             \
			 ".4byte 992f - 991f, 994f - 993f, 3\n"                                    \
			 "991: .asciz \"stapsdt\"\n"                                               \
			 "992: .balign 4\n"                                                        \
			 "993: .8byte 990b\n"                                                      \
			 ".8byte 0\n"                                                              \
			 ".8byte %c0\n"                                                            \
			 ".asciz \"shark\"\n"                                                      \
			 ".asciz \"" name "\"\n"                                                   \
			 ".asciz \"" arguments "\"\n"                                              \
			 "994: .balign 4\n"                                                        \
			 ".popsection\n"                                                           \
			 :                                                                         \
			 : "i"(&marked_semaphore), __VA_ARGS__)

#endif
