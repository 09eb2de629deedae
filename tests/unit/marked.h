/* SPDX-License-Identifier: MIT */
/*
 * A static marker in the test itself, as the macros of SystemTap's sys/sdt.h make them: a note with
 * the addresses of the place and of its semaphore, and where the assembler has put the argument.
 */
#ifndef SHARK_TEST_MARKED_H
#define SHARK_TEST_MARKED_H

#include <stdint.h>

/* What listens to the marker counts itself here. */
__attribute__((section(".probes"), used)) static volatile uint16_t marked_semaphore;

__attribute__((noinline, used)) static int marked(int argument)
{
	__asm__ volatile("990: nop\n"
			 ".pushsection .note.stapsdt, \"?\", \"note\"\n"
			 ".balign 4\n"
			 ".4byte 992f - 991f, 994f - 993f, 3\n"
			 "991: .asciz \"stapsdt\"\n"
			 "992: .balign 4\n"
			 "993: .8byte 990b\n"
			 ".8byte 0\n"
			 ".8byte %c1\n"
			 ".asciz \"shark\"\n"
			 ".asciz \"passed\"\n"
			 ".asciz \"-4@%0\"\n"
			 "994: .balign 4\n"
			 ".popsection\n"
			 :
			 : "r"(argument), "i"(&marked_semaphore));
	return argument + 1;
}

#endif
