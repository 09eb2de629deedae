// SPDX-License-Identifier: MIT
/* Compiled in many ways: see tests.mk. */
#include "dwarf_sample.h"

#include <stdbool.h>
#include <stddef.h>

enum { COUNT = 3 };

enum mode { MODE_NONE, MODE_TOP = 0x7fffffff, MODE_BELOW = -2 };
enum __attribute__((packed)) tiny { TINY_ZERO, TINY_ONE };
enum wide { WIDE_ONE = 1, WIDE_TOP = 1ULL << 63 };

struct pipeline;
typedef int (*handler_t)(struct pipeline *pipeline, const char *name, ...);
typedef struct {
	volatile int count;
} lock_t;

union word {
	unsigned long value;
	unsigned char bytes[sizeof(unsigned long)];
};

struct empty {};

struct flags {
	unsigned int present : 1;
	unsigned int mode : 3;
	unsigned int : 5;
	unsigned int vector : 8;
	signed char difference : 4;
	unsigned long long high : 35;
	bool yes : 1;
};

struct __attribute__((packed)) packed {
	char first;
	unsigned int across : 27;
	unsigned long address;
};

struct elsewhere; /* complete in dwarf_other.c */

struct pipeline {
	struct domain *domain;
	struct pipeline *next;
	lock_t lock;
	char name[16];
	unsigned long pending[COUNT][2][4];
	struct {
		unsigned short low;
		union {
			long long value;
			const char *text;
		};
	};
	handler_t handler;
	enum mode mode;
	struct elsewhere *elsewhere;
	struct own *own; /* what this unit means by it */
	unsigned long map[];
};

struct domain {
	struct {
		unsigned long control;
	} irqs[2];
	unsigned long control;
	long hits;
};

/* As large as per-CPU areas of old kernels were. */
struct far {
	char first[3 << 20];
	int last;
};

struct own {
	int here;
};

struct sample_of_all {
	struct flags flags;
	struct packed packed;
	struct empty empty;
	struct domain domain;
	enum tiny tiny;
	enum wide wide;
	double real;
	union word word;
};

struct sample_of_all sample_of_all;
struct far far;
struct pipeline *pipelines[COUNT];
extern struct domain domain_elsewhere[];
static int hidden;
int first_of_cpu __attribute__((section(".data..percpu"))) = 1;
unsigned long second_of_cpu[2] __attribute__((section(".data..percpu"))) = { 1 };

int sample_function(struct pipeline *pipeline, unsigned long irq, const char *format);
int sample_function(struct pipeline *pipeline, unsigned long irq, const char *format)
{
	static volatile int counted;

	(void)irq;
	(void)format;
	return pipeline->lock.count + hidden++ + counted++ + domain_elsewhere[0].hits;
}

#define SECTION(name) __attribute__((section(name), used))

#define SIZE(type) sizeof(type),
SECTION("sample_sizes") static const unsigned int sizes[] = { SAMPLE_TYPES(SIZE) };

#define PLACE(type, member) { offsetof(type, member), sizeof(((type *)0)->member) },
SECTION("sample_places") static const struct sample_place places[] = { SAMPLE_MEMBERS(PLACE) };

/* All bits of the member are set and no others. */
union bits {
	struct flags flags;
	struct packed packed;
	unsigned char bytes[SAMPLE_BYTES];
};
#define BITS(type, member) { .type = { .member = -1 } },
SECTION("sample_bits") static const union bits all_bits[] = { SAMPLE_BITFIELDS(BITS) };
