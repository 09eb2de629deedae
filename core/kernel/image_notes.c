// SPDX-License-Identifier: MIT
/* What the notes of an image say. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/image_parts.h"

enum {
	/* A thousand bytes for each of 16,000 CPUs; they are looked at in memory. */
	MAX_NOTES = 1 << 24,
};

/* The registers of a CPU as QEMU has them (target/i386/arch_dump.c), version 1. */
struct qemu_cpu {
	uint32_t version, size;
	uint64_t general[18];
	struct {
		uint32_t selector, limit, flags, pad;
		uint64_t base;
	} segments[10];
	uint64_t cr[5];
};

struct note {
	const char *name, *text;
	size_t name_size, size;
};

static size_t aligned(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* Takes a note off the front; false at the end, and where one does not end. */
static bool next_note(const char **at, size_t *left, struct note *note)
{
	Elf64_Nhdr header; /* the same in both widths */
	size_t name, all;

	if (*left < sizeof(header))
		return false;
	memcpy(&header, *at, sizeof(header));
	name = aligned(header.n_namesz);
	all = sizeof(header) + name + header.n_descsz;
	if (all > *left)
		return false;
	*note = (struct note){ *at + sizeof(header), *at + sizeof(header) + name, header.n_namesz,
			       header.n_descsz };
	all = aligned(all) < *left ? aligned(all) : *left;
	*at += all;
	*left -= all;
	return true;
}

/* With its end or without. */
static bool is_named(const struct note *note, const char *name)
{
	return strnlen(note->name, note->name_size) == strlen(name) &&
	       !memcmp(note->name, name, strlen(name));
}

static void take_cpu(struct image *image, const struct note *note)
{
	struct qemu_cpu cpu;

	if (note->size < sizeof(cpu))
		return;
	memcpy(&cpu, note->text, sizeof(cpu));
	if (cpu.version == 1)
		image_take_cpu(image, cpu.cr[3], cpu.cr[4]);
}

static void take_notes(struct image *image, const char *notes, size_t size)
{
	struct note note;

	while (next_note(&notes, &size, &note)) {
		if (is_named(&note, "VMCOREINFO") && !image->vmcoreinfo)
			image->vmcoreinfo = strndup(note.text, note.size);
		if (is_named(&note, "QEMU"))
			take_cpu(image, &note);
	}
}

/* As much as there is, and there is room for. */
static size_t limit(const struct image *image, uint64_t offset, uint64_t size)
{
	uint64_t there = offset < image->size ? image->size - offset : 0;
	uint64_t room = MAX_NOTES - image->notes;

	size = size < there ? size : there;
	return (size_t)(size < room ? size : room);
}

void image_read_notes(struct image *image, uint64_t offset, uint64_t all)
{
	size_t size = limit(image, offset, all);
	char *notes = size ? malloc(size) : NULL;

	if (notes && !elfcore_read_file(image->core.fd, notes, size, offset))
		take_notes(image, notes, size);
	image->notes += (unsigned int)size;
	free(notes);
}
