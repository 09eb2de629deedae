// SPDX-License-Identifier: MIT
#include "kernel/debuginfo.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/btf.h"
#include "kernel/dwarf.h"
#include "kernel/kernel.h"

#define KALLSYMS "/proc/kallsyms"

/* User addresses are its; NULL: none set. */
static struct symbols *program;

enum kind { KIND_ELF, KIND_BTF, KIND_TEXT };

/* What a file is, by its first bytes; or a negative errno. */
static int kind_of(const char *path, struct error *err)
{
	autofclose FILE *file = fopen(path, "re");
	unsigned char magic[4] = { 0 };

	if (!file)
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (fread(magic, 1, sizeof(magic), file) < sizeof(magic))
		return error_set(err, ferror(file) ? -EISDIR : -EINVAL,
				 "%s holds neither types (BTF) nor symbols", path);
	if (!memcmp(magic, "\177ELF", 4))
		return KIND_ELF;
	if (!memcmp(magic, "\x9f\xeb", 2) || !memcmp(magic, "\xeb\x9f", 2))
		return KIND_BTF;
	return KIND_TEXT;
}

static int check_btf(const char *path, struct error *err)
{
	struct btf_reader *reader = NULL;
	int code = btf_open(path, BTF_FILE, NULL, &reader, err);

	if (!code)
		code = btf_check(reader, err);
	if (code)
		error_prefix(err, "%s: no usable BTF", path);
	btf_close(reader);
	return code;
}

static void forget_btf(struct debuginfo *info)
{
	if (info->btf_file)
		close(info->btf_fd);
	free(info->btf_file);
	free(info->btf_path);
	info->btf_path = info->btf_file = NULL;
}

/* file: where the types of path are, by fd; NULL: in path itself. */
static int use_btf(struct debuginfo *info, const char *path, const char *file, int fd,
		   struct error *err)
{
	char *path_copy = strdup(path), *file_copy = file ? strdup(file) : NULL;
	int code = check_btf(file ? file : path, err);

	if (!code && (!path_copy || (file && !file_copy)))
		code = error_set(err, -ENOMEM, "out of memory");
	if (code) {
		free(path_copy);
		free(file_copy);
		return code;
	}
	forget_btf(info);
	info->btf_path = path_copy;
	info->btf_file = file_copy;
	info->btf_fd = fd;
	return 0;
}

static int use_btf_of(struct debuginfo *info, const char *path, int fd, struct error *err)
{
	char file[sizeof("/proc/self/fd/") + 11];

	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	return use_btf(info, path, file, fd, err);
}

/* It is read once: what is kept is BTF. */
static int use_dwarf(struct debuginfo *info, const char *path, struct error *err)
{
	int fd, code = dwarf_to_btf(path, &fd, err);

	if (code)
		return code;
	code = use_btf_of(info, path, fd, err);
	if (code)
		close(fd);
	return code;
}

static void use_symbols(struct debuginfo *info, struct symbols *symbols)
{
	symbols_free(info->symbols);
	info->symbols = symbols;
}

/* What is wanted of a file. */
enum part { TYPES = 1, SYMBOLS = 2 };

static int use_elf_symbols(struct debuginfo *info, const char *path, struct error *err)
{
	struct symbols *symbols = NULL;
	int code = symbols_read_elf(path, "kernel", &symbols, err);

	if (!code)
		use_symbols(info, symbols);
	return code;
}

static int use_elf_types(struct debuginfo *info, const char *path, struct error *err)
{
	int code = use_btf(info, path, NULL, -1, err);

	return code == -ENOENT ? use_dwarf(info, path, err) : code;
}

/* It must give types or symbols; it may give both. Types that it has are not passed over. */
static int use_elf(struct debuginfo *info, const char *path, unsigned int parts, struct error *err)
{
	int types, symbols;

	if (parts == TYPES)
		return use_elf_types(info, path, err);
	if (parts == SYMBOLS)
		return use_elf_symbols(info, path, err);
	types = use_elf_types(info, path, err);
	if (types && types != -ENOENT)
		return types;
	symbols = use_elf_symbols(info, path, types ? err : NULL);
	if (symbols && types)
		return error_set(err, symbols, "%s has neither types (.BTF, DWARF) nor symbols",
				 path);
	return 0;
}

static int use_text(struct debuginfo *info, const char *path, struct error *err)
{
	struct symbols *symbols;
	int code = symbols_read_kallsyms(path, &symbols, err);

	if (code == -EINVAL)
		return error_set(err, code, "%s holds neither types (BTF) nor symbols", path);
	if (code)
		return code;
	use_symbols(info, symbols);
	return 0;
}

static int forget_files(struct debuginfo *info)
{
	forget_btf(info);
	use_symbols(info, NULL);
	return 0;
}

static int use_file(struct debuginfo *info, const char *path, unsigned int parts, struct error *err)
{
	int kind = kind_of(path, err);

	if (kind == KIND_BTF && !(parts & TYPES))
		return error_set(err, -EINVAL, "%s holds types and no symbols", path);
	if (kind == KIND_TEXT && !(parts & SYMBOLS))
		return error_set(err, -EINVAL, "%s holds no types (BTF)", path);
	switch (kind) {
	case KIND_ELF:
		return use_elf(info, path, parts, err);
	case KIND_BTF:
		return use_btf(info, path, NULL, -1, err);
	case KIND_TEXT:
		return use_text(info, path, err);
	default:
		return kind;
	}
}

static int set(struct kernel *kernel, const char *path, unsigned int parts, struct error *err)
{
	struct debuginfo *info = &kernel->debuginfo;
	int code = path ? use_file(info, path, parts, err) : forget_files(info);

	if (!code)
		info->generation++;
	return code;
}

int debuginfo_set(struct kernel *kernel, const char *path, struct error *err)
{
	return set(kernel, path, TYPES | SYMBOLS, err);
}

int debuginfo_set_types(struct kernel *kernel, const char *path, struct error *err)
{
	return set(kernel, path, TYPES, err);
}

int debuginfo_set_symbols(struct kernel *kernel, const char *path, struct error *err)
{
	return set(kernel, path, SYMBOLS, err);
}

void debuginfo_take_symbols(struct kernel *kernel, struct symbols *symbols)
{
	use_symbols(&kernel->debuginfo, symbols);
	kernel->debuginfo.generation++;
}

int debuginfo_take_types(struct kernel *kernel, const char *name, int fd, struct error *err)
{
	int code = use_btf_of(&kernel->debuginfo, name, fd, err);

	if (!code)
		kernel->debuginfo.generation++;
	return code;
}

unsigned long debuginfo_generation(const struct kernel *kernel)
{
	return kernel->debuginfo.generation;
}

const char *debuginfo_btf_path(const struct kernel *kernel)
{
	return kernel->debuginfo.btf_path;
}

const char *debuginfo_btf_file(const struct kernel *kernel)
{
	const struct debuginfo *info = &kernel->debuginfo;

	return info->btf_file ? info->btf_file : info->btf_path;
}

int debuginfo_set_binary(const char *path, struct error *err)
{
	struct symbols *symbols;
	int code = symbols_read_elf(path, "", &symbols, err);

	if (code)
		return code;
	symbols_free(program);
	program = symbols;
	return 0;
}

void debuginfo_forget_binary(void)
{
	symbols_free(program);
	program = NULL;
}

static int no_symbols(struct error *err)
{
	return error_set(
		err, -ENODATA,
		"the image's symbols are not known: name its System.map, vmlinux or a copy "
		"of its /proc/kallsyms (--symbols)");
}

static int read_symbols(struct kernel *kernel, struct error *err)
{
	struct debuginfo *info = &kernel->debuginfo;

	if (info->symbols)
		return 0;
	if (kernel->image)
		return no_symbols(err);
	info->passes++;
	return symbols_read_kallsyms(KALLSYMS, &info->symbols, err);
}

int debuginfo_symbol(struct kernel *kernel, uint64_t address, struct symbol *found,
		     struct error *err)
{
	/* In an image all addresses are its kernel's; those of 32 bits are in no upper half. */
	bool in_kernel = kernel->image || symbols_in_kernel(address);
	int code = in_kernel ? read_symbols(kernel, err) : 0;

	if (code)
		return code;
	if (!in_kernel && !program)
		return error_set(err, -ENOENT,
				 "no program to look up user addresses in; see shark.set_binary()");
	code = symbols_find(in_kernel ? kernel->debuginfo.symbols : program, address, found);
	if (code)
		return error_set(err, code, "no symbol covers 0x%llx", (unsigned long long)address);
	return 0;
}

int debuginfo_addresses(struct kernel *kernel, struct symbol_address *wanted, size_t n,
			struct error *err)
{
	struct debuginfo *info = &kernel->debuginfo;

	if (info->symbols) {
		symbols_addresses(info->symbols, wanted, n);
		return 0;
	}
	if (kernel->image)
		return no_symbols(err);
	info->passes++;
	return symbols_scan_kallsyms(KALLSYMS, wanted, n, err);
}

bool debuginfo_has_symbols(const struct kernel *kernel)
{
	return kernel->debuginfo.symbols != NULL;
}

void debuginfo_move_symbols(struct kernel *kernel, int64_t bytes)
{
	symbols_move(kernel->debuginfo.symbols, bytes);
	kernel->debuginfo.generation++;
}

unsigned long debuginfo_passes(const struct kernel *kernel)
{
	return kernel->debuginfo.passes;
}

void debuginfo_reset(struct kernel *kernel)
{
	debuginfo_set(kernel, NULL, NULL);
}
