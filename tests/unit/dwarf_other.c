// SPDX-License-Identifier: MIT
/* Another unit of the program that dwarf_sample.c is one of: names in common, and what it lacks. */

struct elsewhere {
	int first, second;
};

/* The same as there. */
union word {
	unsigned long value;
	unsigned char bytes[sizeof(unsigned long)];
};

/* Not the same. */
struct own {
	long there[4];
};

struct other {
	struct elsewhere elsewhere;
	union word word;
	struct own *own;
} other;

/* Complete in no unit. */
struct nowhere *nowhere;
