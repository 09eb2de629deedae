// SPDX-License-Identifier: MIT
#include "kernel/btf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/btf_layout.h"
#include "kernel/elfsection.h"
#include "load/btf_header.h"

/* ---- records ---- */

#define RECORD(more) (sizeof(struct btf_type) + (more))

const struct btf_sizes btf_sizes[32] = {
	[BTF_KIND_INT] = { RECORD(sizeof(uint32_t)), 0 },
	[BTF_KIND_PTR] = { RECORD(0), 0 },
	[BTF_KIND_ARRAY] = { RECORD(sizeof(struct btf_array)), 0 },
	[BTF_KIND_STRUCT] = { RECORD(0), sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { RECORD(0), sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { RECORD(0), sizeof(struct btf_enum) },
	[BTF_KIND_FWD] = { RECORD(0), 0 },
	[BTF_KIND_TYPEDEF] = { RECORD(0), 0 },
	[BTF_KIND_VOLATILE] = { RECORD(0), 0 },
	[BTF_KIND_CONST] = { RECORD(0), 0 },
	[BTF_KIND_RESTRICT] = { RECORD(0), 0 },
	[BTF_KIND_FUNC] = { RECORD(0), 0 },
	[BTF_KIND_FUNC_PROTO] = { RECORD(0), sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { RECORD(sizeof(struct btf_var)), 0 },
	[BTF_KIND_DATASEC] = { RECORD(0), sizeof(struct btf_var_secinfo) },
	[BTF_KIND_FLOAT] = { RECORD(0), 0 },
	[BTF_KIND_DECL_TAG] = { RECORD(sizeof(struct btf_decl_tag)), 0 },
	[BTF_KIND_TYPE_TAG] = { RECORD(0), 0 },
	[BTF_KIND_ENUM64] = { RECORD(0), sizeof(struct btf_enum64) },
};

/* ---- opening ---- */

static bool is_part(const struct btf_reader *reader, const struct btf_part *part)
{
	return part->start <= reader->file.size && part->size <= reader->file.size - part->start;
}

static int read_header(struct btf_reader *reader, const char *path, struct error *err)
{
	const struct btf_header *header = lazyfile_at(&reader->file, 0, BTF_HEADER);
	const char *strings;

	if (!header || header->magic != BTF_MAGIC || header->version != BTF_VERSION)
		return error_set(err, -EINVAL, "%s: this is not BTF, or not that of this machine",
				 path);
	reader->types = (struct btf_part){
		.start = (uint64_t)header->hdr_len + header->type_off,
		.size = header->type_len,
	};
	reader->strings = (struct btf_part){
		.start = (uint64_t)header->hdr_len + header->str_off,
		.size = header->str_len,
	};
	if (header->hdr_len < BTF_HEADER || reader->types.start % sizeof(uint32_t) ||
	    !is_part(reader, &reader->types) || !is_part(reader, &reader->strings))
		return error_set(err, -EINVAL, "%s: the BTF is damaged: its header", path);
	strings = lazyfile_at(&reader->file, reader->strings.start, 1);
	if (!reader->base && reader->strings.size && (!strings || *strings))
		return error_set(err, -EINVAL, "%s: the BTF is damaged: its strings", path);
	return 0;
}

/* Of an ELF file the section; of any other all. */
static int find_start(const char *path, uint64_t *start, uint64_t *size, struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[SELFMAG];

	if (fd < 0)
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	    memcmp(magic, ELFMAG, SELFMAG) != 0)
		return 0;
	if (elfsection_find(fd, ".BTF", start, size))
		return error_set(err, -ENOENT, "%s has no section .BTF", path);
	return 0;
}

/* Those of a module are numbered after those of the kernel. */
static int follow_base(struct btf_reader *reader, struct error *err)
{
	struct btf_reader *base = reader->base;
	int code = base ? btf_check(base, err) : 0;

	reader->first_id = base ? base->first_id + base->count : 1;
	reader->first_string = base ? base->first_string + base->strings.size : 0;
	return code;
}

int btf_open(const char *path, enum btf_source source, struct btf_reader *base,
	     struct btf_reader **out, struct error *err)
{
	struct btf_reader *reader = calloc(1, sizeof(*reader));
	bool is_sysfs = source == BTF_OF_SYSFS;
	uint64_t start = 0, size = 0;
	int code;

	if (!reader)
		return error_set(err, -ENOMEM, "out of memory for types");
	reader->file.fd = -1;
	reader->base = base;
	reader->pointer_size = is_sysfs ? sizeof(void *) : 0;
	code = is_sysfs ? 0 : find_start(path, &start, &size, err);
	if (!code)
		code = lazyfile_open(&reader->file, path, start, size, is_sysfs, err);
	if (!code)
		code = read_header(reader, path, err);
	if (!code)
		code = follow_base(reader, err);
	if (code)
		btf_close(reader);
	else
		*out = reader;
	return code;
}

void btf_close(struct btf_reader *reader)
{
	if (!reader)
		return;
	lazyfile_close(&reader->file);
	free(reader->places);
	free(reader);
}

void btf_rest(struct btf_reader *reader)
{
	lazyfile_rest(&reader->file);
}

/* ---- looking ---- */

bool btf_is_of_base(const struct btf_reader *reader, uint32_t id)
{
	return reader->base && id < reader->first_id;
}

/* The record at an offset from the first; whole: with all its elements. */
static const struct btf_type *record_at(struct btf_reader *reader, uint64_t offset, bool whole)
{
	uint64_t left = offset < reader->types.size ? reader->types.size - offset : 0;
	uint64_t start = reader->types.start + offset;
	const struct btf_type *type;
	uint32_t size;

	if (left < sizeof(*type))
		return NULL;
	type = lazyfile_at(&reader->file, start, sizeof(*type));
	size = type ? btf_record_size(type) : 0;
	if (!size || size > left)
		return NULL;
	return whole ? lazyfile_at(&reader->file, start, size) : type;
}

const struct btf_type *btf_type_at(struct btf_reader *reader, uint32_t id)
{
	static const struct btf_type void_type;
	uint64_t offset;

	if (btf_is_of_base(reader, id))
		return btf_type_at(reader->base, id);
	if (!id)
		return &void_type;
	id -= reader->first_id;
	if (id >= reader->count && btf_pass_to(reader, id, NULL))
		return NULL;
	offset = reader->places[id / BTF_STRIDE];
	for (uint32_t i = id % BTF_STRIDE; i; i--) {
		const struct btf_type *type = record_at(reader, offset, false);

		if (!type)
			return NULL;
		offset += btf_record_size(type);
	}
	return record_at(reader, offset, true);
}

const char *btf_string_at(struct btf_reader *reader, uint32_t offset)
{
	uint32_t left, size = 0;
	const char *text;

	if (reader->base && offset < reader->first_string)
		return btf_string_at(reader->base, offset);
	offset -= reader->first_string;
	left = offset < reader->strings.size ? reader->strings.size - offset : 0;
	/* Names are short, but a damaged one may have no end. */
	while (size < left) {
		size = size ? 2 * size : 64;
		size = size < left ? size : left;
		text = lazyfile_at(&reader->file, reader->strings.start + offset, size);
		if (!text)
			return "";
		if (memchr(text, 0, size))
			return text;
	}
	return "";
}
