// SPDX-License-Identifier: MIT
/*
 * Memory of a kernel with Dovetail, made by the initialisers here: tests/lib/images.lua links it at
 * a kernel's addresses. LAYOUT says which kernel: 5  as in 5.x: a status for each stage, logs of
 * two levels, descriptors in an xarray, IRQ_OOB is bit 21 6  as in 6.x: bits for stages in tasks,
 * logs of three levels, descriptors in a maple tree, IRQ_OOB is bit 22, the APIC's own interrupts
 * in a domain
 */
#include <stddef.h>

enum { WORD_BITS = 64, CPUS = 2 };

typedef unsigned long u64;

#if LAYOUT == 5
enum { BITMAP_BITS = 2048 };
enum { IRQ_PER_CPU = 1 << 9, IRQ_OOB = 1 << 21, IRQ_CHAINED = 1 << 22 };
#else
enum { BITMAP_BITS = 4608 };
enum { _IRQ_PER_CPU = 1 << 9, _IRQ_NO_DEBUG = 1 << 21, _IRQ_OOB = 1 << 22, _IRQ_CHAINED = 1 << 23 };
enum { IRQ_OOB = _IRQ_OOB, IRQ_CHAINED = _IRQ_CHAINED };
#endif

/* ---- interrupts of Linux ---- */

typedef int irqreturn_t;

struct irqaction {
	irqreturn_t (*handler)(int irq, void *dev_id);
	struct irqaction *next;
	unsigned int irq;
	unsigned int flags;
	const char *name;
};

struct irq_data;

struct irq_chip {
	const char *name;
	void (*irq_ack)(struct irq_data *data);
};

struct irq_domain {
	const char *name;
#if LAYOUT == 6
	unsigned int revmap_size;
#endif
	u64 hwirq_max;
};

struct irq_data {
	unsigned int mask;
	unsigned int irq;
	unsigned long hwirq;
	struct irq_chip *chip;
	struct irq_domain *domain;
	struct irq_data *parent_data;
};

#if LAYOUT == 6
struct irqstat {
	unsigned int cnt;
	unsigned int ref;
};
typedef struct irqstat count;
#else
typedef unsigned int count;
#endif

struct irq_desc {
#if LAYOUT == 6
	void *lock[4];
#endif
	struct irq_data irq_data;
	count *kstat_irqs;
	void (*handle_irq)(struct irq_desc *desc);
	struct irqaction *action;
	unsigned int status_use_accessors;
};

#define ACK(name)                                                                                  \
	void name(struct irq_data *data)                                                           \
	{                                                                                          \
		(void)data;                                                                        \
	}
#define FLOW(name)                                                                                 \
	void name(struct irq_desc *desc)                                                           \
	{                                                                                          \
		(void)desc;                                                                        \
	}
#define HANDLER(name)                                                                              \
	irqreturn_t name(int irq, void *dev_id)                                                    \
	{                                                                                          \
		(void)irq;                                                                         \
		(void)dev_id;                                                                      \
		return 1;                                                                          \
	}

ACK(apic_ack_edge)
FLOW(handle_edge_irq)
FLOW(handle_synthetic_irq)
FLOW(handle_apic_irq)
FLOW(gpio_chained_handler)
HANDLER(serial8250_interrupt)
HANDLER(rt_eth_irq)
HANDLER(rt_eth_second)
HANDLER(escalate_interrupt)
HANDLER(inband_work_interrupt)
HANDLER(clock_ipi_handler)
HANDLER(nvme_irq)

static struct irq_chip apic = { "APIC", apic_ack_edge }, sirqc = { "SIRQC", NULL };

static struct irq_domain vector_domain = { .name = "VECTOR" }, synthetic = { .name = "synthetic" };
struct irq_domain *synthetic_irq_domain = &synthetic;

enum { SERIAL = 5, ETHERNET = 9, CHAINED = 12, ESCALATE = 70, WORK = 71, UNKNOWN = 100 };
unsigned int inband_work_sirq = WORK;

static struct irqaction serial = { serial8250_interrupt, NULL, SERIAL, 0, ACTION_NAME };
static struct irqaction ethernet;
static struct irqaction ethernet_second = { rt_eth_second, ETHERNET_NEXT, ETHERNET, 0,
					    "rt_eth second" };
static struct irqaction ethernet = { rt_eth_irq, &ethernet_second, ETHERNET, 0, "rt_eth" };
static struct irqaction escalate = { escalate_interrupt, NULL, ESCALATE, 0, "Escalate interrupt" };
static struct irqaction work = { inband_work_interrupt, NULL, WORK, 0, "in-band work" };

#if LAYOUT == 6
enum { OOB_TIMER = 300, NVME = 4100, SYSTEM_VECTORS = 20, TIMER_VECTOR = 252 };
static struct irq_domain system_domain = { .name = "SIPIC", .revmap_size = SYSTEM_VECTORS };
struct irq_domain *sipic_domain = &system_domain;
static struct irqaction oob_timer = { clock_ipi_handler, NULL, OOB_TIMER, 0, "EVL timer" };
static struct irqaction nvme = { nvme_irq, NULL, NVME, 0, "nvme0q1" };
#endif

/* ---- stages ---- */

struct irq_stage {
	int index;
	const char *name;
};

struct irq_stage inband_stage = { 0, "Linux" };
struct irq_stage oob_stage = { OOB_INDEX, "EVL" };

struct irq_event_map {
#if LAYOUT == 6
	unsigned long index_1[WORD_BITS];
#endif
	unsigned long flat[BITMAP_BITS / WORD_BITS];
};

struct irq_log {
#if LAYOUT == 5
	unsigned long himap;
#else
	unsigned long index_0;
#endif
	struct irq_event_map *map;
};

struct irq_stage_data {
#if LAYOUT == 5
	unsigned long status;
#endif
	struct irq_log log;
	struct irq_stage *stage;
};

struct irq_pipeline_data {
	struct irq_stage_data stages[2];
	long tick_regs[21];
};

struct task_struct {
	long state;
	unsigned long stall_bits;
};

struct pcpu_hot {
	struct task_struct *current_task;
	int preempt_count;
};

int enable_oob_stage(const char *name)
{
	(void)name;
	return 0;
}

/* ---- CPUs ---- */

#define BIT(n) (1UL << (n) % WORD_BITS)
#define UP(n) ((n) / WORD_BITS)

#if LAYOUT == 5
#define INDEX(name) .himap = name
#define MAP(...)                                                                                   \
	{                                                                                          \
		.flat = { __VA_ARGS__ }                                                            \
	}
#define TOP(n) BIT(UP(n))
#else
#define INDEX(name) .index_0 = name
#define TOP(n) BIT(UP(UP(n)))
#endif

static struct irq_event_map maps[CPUS][2] = {
#if LAYOUT == 5
	{ { .flat = { [0] = BIT(SERIAL), [UP(WORK)] = BIT(WORK) | BIT(UNKNOWN) } },
	  { .flat = { 0 } } },
	{ { .flat = { [0] = BIT(CHAINED) } }, { .flat = { [0] = BIT(ETHERNET) } } },
#else
	{ { .index_1 = { [0] = BIT(UP(SERIAL)) | BIT(UP(WORK)) },
	    .flat = { [0] = BIT(SERIAL), [UP(WORK)] = BIT(WORK) | BIT(UNKNOWN) } },
	  { .flat = { 0 } } },
	{ { .index_1 = { [UP(UP(NVME))] = BIT(UP(NVME)) },
	    .flat = { [0] = BIT(CHAINED), [UP(NVME)] = BIT(NVME) } },
	  { .index_1 = { [0] = BIT(0) }, .flat = { [0] = BIT(ETHERNET) } } },
#endif
};

enum { COUNTED = 7 };

struct area {
	char others[4096];
	struct pcpu_hot pcpu_hot;
	struct irq_pipeline_data irq_pipeline;
	count counts[COUNTED];
};

/* Interrupts are (virtually) off: in-band on CPU 0, out-of-band on CPU 1. */
static struct task_struct tasks[CPUS] = { { .stall_bits = 1 }, { .stall_bits = 2 } };

#if LAYOUT == 5
#define STALLED(is) .status = is,
#define COUNTS(...)                                                                                \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define TOP_OF_CPU_0 (BIT(0) | BIT(UP(WORK)))
#define TOP_OF_CPU_1 0
#else
#define STALLED(is)
#define COUNTS(...)                                                                                \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define TOP_OF_CPU_0 BIT(0)
#define TOP_OF_CPU_1 BIT(UP(UP(NVME)))
#endif

#if LAYOUT == 6
#define N(n)                                                                                       \
	{                                                                                          \
		.cnt = n                                                                           \
	}
#else
#define N(n) n
#endif

static struct area areas[CPUS] = {
	{ .pcpu_hot = { &tasks[0], 0 },
	  .irq_pipeline.stages = { { STALLED(1).log = { INDEX(TOP_OF_CPU_0), .map = &maps[0][0] },
				     .stage = &inband_stage },
				   { STALLED(0).log = { INDEX(0), .map = &maps[0][1] },
				     .stage = &oob_stage } },
	  .counts = { N(11), N(1000000), N(0), N(3), N(40), N(77), N(5) } },
	{ .pcpu_hot = { &tasks[1], 0 },
	  .irq_pipeline.stages = { { STALLED(0).log = { INDEX(TOP_OF_CPU_1), .map = &maps[1][0] },
				     .stage = &inband_stage },
				   { STALLED(1).log = { INDEX(BIT(0)), .map = &maps[1][1] },
				     .stage = &oob_stage } },
	  .counts = { N(4), N(1), N(0), N(0), N(2), N(0), N(6) } },
};

unsigned long __per_cpu_offset[CPUS] = { (unsigned long)&areas[0], (unsigned long)&areas[1] };

void per_cpu_symbols(void)
{
	asm volatile(".globl irq_pipeline\n\t.set irq_pipeline, %c0" ::"i"(
		offsetof(struct area, irq_pipeline)));
#if LAYOUT == 6
	asm volatile(
		".globl pcpu_hot\n\t.set pcpu_hot, %c0" ::"i"(offsetof(struct area, pcpu_hot)));
#endif
}

/* ---- descriptors ---- */

#define COUNT_OF(i) .kstat_irqs = (count *)(offsetof(struct area, counts) + (i) * sizeof(count))
#define DATA(number, at, chip_of, domain_of)                                                       \
	.irq_data = { .irq = number, .hwirq = at, .chip = chip_of, .domain = domain_of }

static struct irq_desc descs[] = {
	{ DATA(SERIAL, SERIAL, &apic, &vector_domain), COUNT_OF(0), .handle_irq = handle_edge_irq,
	  .action = &serial },
	{ DATA(ETHERNET, ETHERNET, &apic, &vector_domain), COUNT_OF(1),
	  .handle_irq = handle_edge_irq, .action = &ethernet, .status_use_accessors = IRQ_OOB },
	{ DATA(CHAINED, CHAINED, &apic, &vector_domain), COUNT_OF(2),
	  .handle_irq = gpio_chained_handler, .status_use_accessors = IRQ_CHAINED | 1 << 9 },
	{ DATA(ESCALATE, ESCALATE, &sirqc, &synthetic), COUNT_OF(3),
	  .handle_irq = handle_synthetic_irq, .action = &escalate,
	  .status_use_accessors = IRQ_OOB },
	{ DATA(WORK, WORK, &sirqc, &synthetic), COUNT_OF(4), .handle_irq = handle_synthetic_irq,
	  .action = &work },
#if LAYOUT == 6
	{ DATA(OOB_TIMER, TIMER_VECTOR - (256 - SYSTEM_VECTORS), &sirqc, &system_domain),
	  COUNT_OF(5), .handle_irq = handle_apic_irq, .action = &oob_timer,
	  .status_use_accessors = IRQ_OOB },
	{ DATA(NVME, NVME, &apic, &vector_domain), COUNT_OF(6), .handle_irq = handle_edge_irq,
	  .action = &nvme },
#endif
};

#if LAYOUT == 5
struct xa_node {
	unsigned char shift;
	unsigned char offset;
	void *slots[64];
};

struct xarray {
	unsigned int flags;
	void *xa_head;
};

#define ENTRY(node) ((char *)&(node) + 2)

static struct xa_node low = {
	.slots = { [SERIAL] = &descs[0], [ETHERNET] = &descs[1], [CHAINED] = &descs[2] }
};
static struct xa_node high = { .offset = 1,
			       .slots = { [ESCALATE - 64] = &descs[3], [WORK - 64] = &descs[4] } };
static struct xa_node root = { .shift = 6, .slots = { ENTRY(low), ENTRY(high) } };
struct xarray irq_desc_tree = { .xa_head = ENTRY(root) };
#else
struct maple_range_64 {
	void *parent;
	unsigned long pivot[15];
	void *slot[16];
};

struct maple_node {
	struct maple_range_64 mr64;
} __attribute__((aligned(256)));

struct maple_tree {
	int lock;
	unsigned int flags;
	void *ma_root;
};

/* Up to each pivot; a slot without an entry is a gap. */
static struct maple_node leaf = { .mr64 = {
					  .pivot = { SERIAL - 1, SERIAL, ETHERNET - 1, ETHERNET,
						     CHAINED - 1, CHAINED, ESCALATE - 1, ESCALATE,
						     WORK, OOB_TIMER - 1, OOB_TIMER, NVME - 1,
						     NVME },
					  .slot = { [1] = &descs[0],
						    [3] = &descs[1],
						    [5] = &descs[2],
						    [7] = &descs[3],
						    [8] = &descs[4],
						    [10] = &descs[5],
						    [12] = &descs[6] },
				  } };

enum { LEAF_64 = 1 };
struct maple_tree sparse_irqs = { .ma_root = (char *)&leaf + (LEAF_64 << 3) + 2 };

/* ---- the IDT ---- */

struct gate_struct {
	unsigned short offset_low;
	unsigned short segment;
	unsigned short bits;
	unsigned short offset_middle;
	unsigned int offset_high;
	unsigned int reserved;
};

/* At 0xffffffff81800000, see images.lua: the halves of an address are no constants to a compiler.
 */
__attribute__((section(".entry"))) void asm_sysvec_timer_oob_ipi(void)
{
}
/* Where a symbol ends, the next one says. */
__attribute__((section(".entry"))) void asm_sysvec_reschedule_oob_ipi(void)
{
}

struct gate_struct idt_table[256] = {
	[TIMER_VECTOR] = { .segment = 0x10,
			   .bits = 0x8e00,
			   .offset_middle = 0x8180,
			   .offset_high = 0xffffffff },
};
#endif

/* Types that nothing else here uses. */
struct pcpu_hot *keep_pcpu_hot;
struct task_struct *keep_task;

struct new_utsname {
	char sysname[65];
	char nodename[65];
	char release[65];
};

struct uts_namespace {
	struct new_utsname name;
};

struct uts_namespace init_uts_ns = { { "Linux", "image", "6.6.0-dovetail" } };

/* By which an image is held against its symbols. */
const char linux_banner[] = "Linux version 6.6.0-dovetail (image)";

struct cpumask {
	unsigned long bits[1];
};

const struct cpumask __cpu_online_mask = { { 3 } }, __cpu_possible_mask = { { 3 } };
