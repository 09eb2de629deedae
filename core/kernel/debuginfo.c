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

#define KALLSYMS "/proc/kallsyms"

static struct {
	char *btf_path;		 /* NULL: the running kernel's */
	char *btf_file;		 /* where those of btf_path are, if not there: in memory */
	int btf_fd;		 /* of that */
	struct symbols *kernel;	 /* NULL: not read yet */
	struct symbols *program; /* NULL: none set */
	unsigned long generation;
	unsigned long passes;
} state;

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

static void forget_btf(void)
{
	if (state.btf_file)
		close(state.btf_fd);
	free(state.btf_file);
	free(state.btf_path);
	state.btf_path = state.btf_file = NULL;
}

/* file: where the types of path are, by fd; NULL: in path itself. */
static int use_btf(const char *path, const char *file, int fd, struct error *err)
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
	forget_btf();
	state.btf_path = path_copy;
	state.btf_file = file_copy;
	state.btf_fd = fd;
	return 0;
}

/* It is read once: what is kept is BTF. */
static int use_dwarf(const char *path, struct error *err)
{
	char file[sizeof("/proc/self/fd/") + 11];
	int fd, code = dwarf_to_btf(path, &fd, err);

	if (code)
		return code;
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	code = use_btf(path, file, fd, err);
	if (code)
		close(fd);
	return code;
}

static void use_symbols(struct symbols *symbols)
{
	symbols_free(state.kernel);
	state.kernel = symbols;
}

static int use_types(const char *path, struct error *err)
{
	int code = use_btf(path, NULL, -1, err);

	return code == -ENOENT ? use_dwarf(path, err) : code;
}

/* An ELF file must give types or symbols; it may give both. Types that it has are not passed over.
 */
static int use_elf(const char *path, struct error *err)
{
	struct symbols *symbols = NULL;
	int types = use_types(path, err);
	int code =
		types && types != -ENOENT ? types : symbols_read_elf(path, "kernel", &symbols, err);

	if (!code)
		use_symbols(symbols);
	if (!code || !types)
		return 0;
	return types == -ENOENT ? error_set(err, code,
					    "%s has neither types (.BTF, DWARF) nor symbols", path)
				: types;
}

static int use_text(const char *path, struct error *err)
{
	struct symbols *symbols;
	int code = symbols_read_kallsyms(path, &symbols, err);

	if (code == -EINVAL)
		return error_set(err, code, "%s holds neither types (BTF) nor symbols", path);
	if (code)
		return code;
	use_symbols(symbols);
	return 0;
}

static int forget_files(void)
{
	forget_btf();
	use_symbols(NULL);
	return 0;
}

static int use_file(const char *path, struct error *err)
{
	int kind = kind_of(path, err);

	switch (kind) {
	case KIND_ELF:
		return use_elf(path, err);
	case KIND_BTF:
		return use_btf(path, NULL, -1, err);
	case KIND_TEXT:
		return use_text(path, err);
	default:
		return kind;
	}
}

int debuginfo_set(const char *path, struct error *err)
{
	int code = path ? use_file(path, err) : forget_files();

	if (!code)
		state.generation++;
	return code;
}

unsigned long debuginfo_generation(void)
{
	return state.generation;
}

const char *debuginfo_btf_path(void)
{
	return state.btf_path;
}

const char *debuginfo_btf_file(void)
{
	return state.btf_file ? state.btf_file : state.btf_path;
}

int debuginfo_set_binary(const char *path, struct error *err)
{
	struct symbols *symbols;
	int code = symbols_read_elf(path, "", &symbols, err);

	if (code)
		return code;
	symbols_free(state.program);
	state.program = symbols;
	return 0;
}

static int kernel_symbols(struct error *err)
{
	if (state.kernel)
		return 0;
	state.passes++;
	return symbols_read_kallsyms(KALLSYMS, &state.kernel, err);
}

int debuginfo_symbol(uint64_t address, struct symbol *found, struct error *err)
{
	bool in_kernel = symbols_in_kernel(address);
	int code = in_kernel ? kernel_symbols(err) : 0;

	if (code)
		return code;
	if (!in_kernel && !state.program)
		return error_set(err, -ENOENT,
				 "no program to look up user addresses in; see shark.set_binary()");
	code = symbols_find(in_kernel ? state.kernel : state.program, address, found);
	if (code)
		return error_set(err, code, "no symbol covers 0x%llx", (unsigned long long)address);
	return 0;
}

int debuginfo_addresses(struct symbol_address *wanted, size_t n, struct error *err)
{
	if (!state.kernel) {
		state.passes++;
		return symbols_scan_kallsyms(KALLSYMS, wanted, n, err);
	}
	symbols_addresses(state.kernel, wanted, n);
	return 0;
}

bool debuginfo_has_symbols(void)
{
	return state.kernel != NULL;
}

unsigned long debuginfo_passes(void)
{
	return state.passes;
}

void debuginfo_reset(void)
{
	debuginfo_set(NULL, NULL);
	symbols_free(state.program);
	state.program = NULL;
}
