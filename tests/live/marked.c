// SPDX-License-Identifier: MIT
/*
 * A program to put probes into: calls a function with a marker in it, with arguments that are
 * known. usage: marked COUNT Calls passed(i, "word i") for i from 1 to COUNT, which returns 2 * i.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/marked.h"

__attribute__((noinline, used)) static long passed(long i, const char *text)
{
	long square = i * i;

	/* In a register, in memory, a constant, the address of a text, and in no register for
	 * numbers. */
	MARK("passed", "-4@%k1 8@%2 -4@%3 8@%4 8f@%5", "r"(i), "m"(square), "i"(-5), "r"(text),
	     "x"(0.5));
	return 2 * i;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 0;
	char text[32];

	for (long i = 1; i <= n; i++) {
		snprintf(text, sizeof(text), "word %ld", i);
		if (passed(i, text) != 2 * i)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
