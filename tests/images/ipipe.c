// SPDX-License-Identifier: MIT
/*
 * Memory of a kernel with I-pipe, made by the initialisers here: tests/lib/images.lua links it at a
 * kernel's addresses. LAYOUT says which kernel: 2  logs of two levels of 32-bit words, 320 real
 * interrupts 3  logs of three levels of 64-bit words, members in another order, 4416 real
 * interrupts 4  logs of four levels, names of members as in 4.19, no head domain, some variables
 * missing
 */
#include <stddef.h>

#if LAYOUT == 2
typedef unsigned int word;
enum { REAL = 320, WORD_BITS = 32 };
#elif LAYOUT == 3
typedef unsigned long word;
enum { REAL = 4416, WORD_BITS = 64 };
#else
typedef unsigned long word;
enum { REAL = 64 * 64 * 64 + 128, WORD_BITS = 64 };
#endif

enum { VIRTUAL = 8 * sizeof(long), ALL = REAL + VIRTUAL, WORDS = ALL / WORD_BITS, CPUS = 2 };

struct mutex {
	long count;
	void *owner;
};

struct irq_desc;

#if LAYOUT == 2
struct ipipe_domain {
	int context_offset;
	struct ipipe_irqdesc {
		unsigned long control;
		void (*ackfn)(struct irq_desc *desc);
		void (*handler)(unsigned int irq, void *cookie);
		void *cookie;
	} __attribute__((aligned(64))) irqs[ALL];
	const char *name;
	struct mutex mutex;
};
#else
struct ipipe_domain {
	struct mutex mutex;
	const char *name;
	struct ipipe_irqdesc {
		void *cookie;
		void (*handler)(unsigned int irq, void *cookie);
		void (*ackfn)(struct irq_desc *desc);
		unsigned long control;
	} irqs[ALL];
	int context_offset;
};
#endif

struct ipipe_percpu_domain_data {
	unsigned long status;
#if LAYOUT == 2
	word irqpend_himap;
	word irqpend_lomap[WORDS];
	word irqheld_map[WORDS];
	unsigned int irqall[ALL];
#elif LAYOUT == 3
	unsigned long irqall[ALL];
	word irqheld_map[WORDS];
	word irqpend_himap;
	word irqpend_mdmap[(WORDS + WORD_BITS - 1) / WORD_BITS];
	word irqpend_lomap[WORDS];
	unsigned long long evsync;
#else
	word irqpend_0map;
	word irqpend_1map[WORD_BITS];
	word irqpend_2map[WORD_BITS * WORD_BITS];
	word irqpend_map[WORDS];
	word irqheld_map[WORDS];
	unsigned long irqall[ALL];
	int coflags;
#endif
	struct ipipe_domain *domain;
};

struct ipipe_percpu_data {
#if LAYOUT == 3
	long before;
#endif
	struct ipipe_percpu_domain_data root;
	struct ipipe_percpu_domain_data head;
	struct ipipe_percpu_domain_data *curr;
#if LAYOUT != 4
	int hrtimer_irq;
#endif
};

/* ---- functions ---- */

#define HANDLER(name)                                                                              \
	void name(unsigned int irq, void *cookie)                                                  \
	{                                                                                          \
		(void)irq;                                                                         \
		(void)cookie;                                                                      \
	}
#define ACK(name)                                                                                  \
	void name(struct irq_desc *desc)                                                           \
	{                                                                                          \
		(void)desc;                                                                        \
	}

HANDLER(__ipipe_do_IRQ)
HANDLER(__ipipe_do_critical_sync)
HANDLER(__ipipe_do_work)
HANDLER(__ipipe_flush_printk)
HANDLER(rt_serial_interrupt)
HANDLER(xnintr_core_clock_handler)
ACK(__ipipe_ack_apic)
ACK(__ipipe_ack_edge)
void do_IRQ(void)
{
}
void smp_reschedule_interrupt(void)
{
}
void ipipe_register_head(struct ipipe_domain *ipd, const char *name)
{
	(void)ipd;
	(void)name;
}

/* ---- domains ---- */

enum { HANDLE = 1, STICKY = 2, LOCK = 4 };

/* Numbers that lie in other words, and in other words of the levels above. */
enum {
	SERIAL = 4,
	LOCKED = 33,
	LAST = REAL - 1,
	CRITICAL = REAL + 3,
	PRINTK = REAL + 4,
	WORK = REAL + 5,
	TIMER = 239,
	UNKNOWN = REAL + 20, /* not given out */
};

struct ipipe_domain ipipe_root = {
	.name = ROOT_NAME,
	.context_offset = offsetof(struct ipipe_percpu_data, root),
	.irqs = {
		[1] = { .control = HANDLE, .handler = __ipipe_do_IRQ, .cookie = do_IRQ },
		[SERIAL] = { .control = HANDLE, .handler = __ipipe_do_IRQ, .ackfn = __ipipe_ack_edge, .cookie = do_IRQ },
		[LOCKED] = { .control = HANDLE | LOCK, .handler = __ipipe_do_IRQ, .ackfn = __ipipe_ack_edge,
			.cookie = do_IRQ },
		[40] = { .control = HANDLE | 0x100, .handler = __ipipe_do_IRQ, .ackfn = __ipipe_ack_apic,
			.cookie = smp_reschedule_interrupt },
		[LAST] = { .control = HANDLE, .handler = __ipipe_do_IRQ, .cookie = do_IRQ },
		[CRITICAL] = { .control = HANDLE | STICKY, .handler = __ipipe_do_critical_sync,
			.ackfn = __ipipe_ack_apic },
		[PRINTK] = { .control = HANDLE, .handler = __ipipe_flush_printk },
		[WORK] = { .control = HANDLE, .handler = __ipipe_do_work },
	},
};

#if LAYOUT != 4
static struct ipipe_domain xenomai = {
	.name = HEAD_NAME,
	.context_offset = HEAD_OFFSET,
	.irqs = {
		[SERIAL] = { .control = HANDLE | STICKY, .handler = rt_serial_interrupt, .ackfn = __ipipe_ack_edge },
		[TIMER] = { .control = HANDLE | STICKY, .handler = xnintr_core_clock_handler,
			.ackfn = __ipipe_ack_apic },
		[CRITICAL] = { .control = HANDLE | STICKY, .handler = __ipipe_do_critical_sync,
			.ackfn = __ipipe_ack_apic },
	},
};

struct ipipe_domain *ipipe_head_domain = HEAD;
#else
struct ipipe_domain *ipipe_head_domain = &ipipe_root;
#endif

/* Virtual interrupts 0 to 5 are given out, and the last. */
unsigned long __ipipe_virtual_irq_map = 0x3fUL | 1UL << (VIRTUAL - 1);
#if LAYOUT != 4
unsigned int __ipipe_printk_virq = PRINTK;
#endif

/* ---- CPUs ---- */

#define BIT(n) ((word)1 << (n) % WORD_BITS)
#define IN(n) [(n) / WORD_BITS] = BIT(n)

#if LAYOUT == 2
#define PENDING_SERIAL_LAST                                                                        \
	.irqpend_himap = BIT(SERIAL / WORD_BITS) | BIT(LAST / WORD_BITS),                          \
	.irqpend_lomap = { IN(SERIAL), IN(LAST) }
#define PENDING_CRITICAL                                                                           \
	.irqpend_himap = BIT(CRITICAL / WORD_BITS), .irqpend_lomap = { IN(CRITICAL) }
/* No word above leads to it. */
#define STRAY_WORK .irqpend_lomap = { IN(WORK) }
#elif LAYOUT == 3
#define UP(n) ((n) / WORD_BITS)
#define PENDING_SERIAL_LAST                                                                        \
	.irqpend_himap = BIT(UP(UP(SERIAL))) | BIT(UP(UP(LAST))),                                  \
	.irqpend_mdmap = { [0] = BIT(UP(SERIAL)), [UP(UP(LAST))] = BIT(UP(LAST)) },                \
	.irqpend_lomap = { IN(SERIAL), IN(LAST) }
#define PENDING_CRITICAL                                                                           \
	.irqpend_himap = BIT(UP(UP(CRITICAL))), .irqpend_mdmap = { IN(UP(CRITICAL)) },             \
	.irqpend_lomap = { IN(CRITICAL) }
#define STRAY_WORK .irqpend_lomap = { IN(WORK) }
#else
#define UP(n) ((n) / WORD_BITS)
#define PENDING_SERIAL_LAST                                                                        \
	.irqpend_0map = BIT(0) | BIT(UP(UP(UP(LAST)))),                                            \
	.irqpend_1map = { [0] = BIT(0), [UP(UP(UP(LAST)))] = BIT(UP(UP(LAST))) },                  \
	.irqpend_2map = { [0] = BIT(0), [UP(UP(LAST))] = BIT(UP(LAST)) },                          \
	.irqpend_map = { IN(SERIAL), IN(LAST) }
#define PENDING_CRITICAL                                                                           \
	.irqpend_0map = BIT(UP(UP(UP(CRITICAL)))), .irqpend_1map = { IN(UP(UP(CRITICAL))) },       \
	.irqpend_2map = { IN(UP(CRITICAL)) }, .irqpend_map = { IN(CRITICAL) }
#define STRAY_WORK .irqpend_map = { IN(WORK) }
#endif

struct area {
	char others[4096];
	struct ipipe_percpu_data ipipe_percpu;
};

static struct area areas[CPUS] = {
	{ .ipipe_percpu = {
		.root = { .status = 1, .domain = &ipipe_root, PENDING_SERIAL_LAST,
			.irqheld_map = { IN(LOCKED) },
			.irqall = { [1] = 7, [SERIAL] = 1000, [LOCKED] = 3, [LAST] = 1, [WORK] = 20 } },
#if LAYOUT != 4
		.head = { .status = 0, .domain = &xenomai,
			.irqall = { [SERIAL] = 1001, [TIMER] = 123456789 } },
		.hrtimer_irq = TIMER,
#endif
	} },
	{ .ipipe_percpu = {
		.root = { .status = 0x6, .domain = &ipipe_root, STRAY_WORK,
			.irqall = { [SERIAL] = 2, [WORK] = 1, [UNKNOWN] = 9 } },
#if LAYOUT != 4
		.head = { .status = 0x5, .domain = &xenomai, PENDING_CRITICAL,
			.irqall = { [CRITICAL] = 5 } },
		.hrtimer_irq = TIMER,
#else
		.head = { PENDING_CRITICAL },
#endif
	} },
};

unsigned long __per_cpu_offset[CPUS] = { (unsigned long)&areas[0], (unsigned long)&areas[1] };

/* Symbols of per-CPU variables are offsets. */
void per_cpu_symbols(void)
{
	asm volatile(".globl ipipe_percpu\n\t.set ipipe_percpu, %c0" ::"i"(
		offsetof(struct area, ipipe_percpu)));
}

/* By which an image is held against its symbols. */
const char linux_banner[] = "Linux version 4.19.55-ipipe (image)";

struct cpumask {
	unsigned long bits[1];
};

const struct cpumask __cpu_online_mask = { { 3 } }, __cpu_possible_mask = { { 3 } };
