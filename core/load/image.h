/* SPDX-License-Identifier: MIT */
/*
 * A compiled BPF object as the binary has it: instructions, maps, and what is put in
 * when it is loaded. The build makes one of each object file (flatten.c), so that
 * nothing has to be parsed at run time. What is a number here and a name there is an
 * offset into `strings`: no pointers, which the dynamic loader would have to relocate.
 */
#ifndef SHARK_LOAD_IMAGE_H
#define SHARK_LOAD_IMAGE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* In a section of their own: most of it is never looked at, and what is near in memory becomes
 * resident together. */
#define IMAGE_DATA static const __attribute__((section("shark_images")))

struct image_map {
	__u32 name;
	__u32 type, key_size, value_size;
	__u32 entries; /* 0: known when it is loaded */
	__u32 flags;
};

/* What is put into an instruction. */
enum image_fixup_kind {
	FIXUP_MAP,    /* the descriptor of map `of` */
	FIXUP_VALUE,  /* an address in the only value of map `of`; the instruction has the offset
		       */
	FIXUP_SYMBOL, /* the address of the kernel symbol `of`, 0 if there is none */
	FIXUP_OFFSET, /* where the member `path` of the type `of` is, in bytes */
	FIXUP_EXISTS, /* is there the member `path` of the type `of`; without a path: the type */
	FIXUP_SIZE,   /* bytes of the type `of` */
};

struct image_fixup {
	__u32 insn; /* index in the image's code */
	__u32 of, path;
	__u8 kind;
	__u8 size;	 /* FIXUP_OFFSET: bytes of the member when it was compiled */
	__u8 is_signed;	 /* FIXUP_OFFSET: whether it was */
	__u8 is_pointer; /* FIXUP_OFFSET: likewise */
};

struct image_program {
	__u32 name;
	__u32 type, expected; /* as program_load() names them */
	__u32 section;	      /* "raw_tp/irq_handler_entry": what it was written for */
	__u32 code, nr_code;  /* where it is in the image's code */
	__u32 flags;	      /* BPF_F_... */
	__u32 callback; /* where in the code a function begins that a helper calls; 0: none does */
};

struct bpf_image {
	const char *name;
	const char *strings;
	const struct bpf_insn *code; /* of all programs */
	const struct image_fixup *fixups;
	const struct image_map *maps;
	const struct image_program *programs;
	size_t nr_code, nr_fixups, nr_maps, nr_programs;
	int constants, variables;     /* indices of the maps of .rodata and .bss; -1: it has none */
	const unsigned char *initial; /* what .rodata was compiled with */
};

/*
 * What a member that the kernel lacks makes of an instruction is a call of this helper, which there
 * never is, plus the number of the fixup: the verifier's log shows which it was. (libbpf takes such
 * a number, too.)
 */
enum { IMAGE_LACKS = 0xbad2310 };

/* The tracepoint or the function that a program was written for; "" if it names none. */
static inline const char *image_target(const char *section)
{
	const char *slash = strrchr(section, '/');

	return slash ? slash + 1 : "";
}

/* A constant of 64 bits, or what stands for one: it takes the place of two instructions. */
static inline bool image_is_wide(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD && BPF_SIZE(insn->code) == BPF_DW;
}

static inline const char *image_string(const struct bpf_image *image, __u32 at)
{
	return image->strings + at;
}

#endif
