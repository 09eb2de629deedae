// SPDX-License-Identifier: MIT
#include "kernel/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/capabilities.h"
#include "kernel/kfeat.h"

/* Names are kept as offsets: the text may move while it grows. */
struct entry {
	uint64_t address;
	uint64_t size; /* 0 where the source does not tell */
	size_t name;
	size_t module;
};

struct symbols {
	struct entry *entries; /* by address */
	size_t count, room;
	char *text;
	size_t text_used, text_room;
};

/* ---- building ---- */

static int grow(void *array, size_t *room, size_t wanted, size_t item)
{
	void **at = array;
	size_t more = *room ? *room : 1024;
	void *moved;

	while (more < wanted)
		more *= 2;
	if (more == *room)
		return 0;
	moved = realloc(*at, more * item);
	if (!moved)
		return -ENOMEM;
	*at = moved;
	*room = more;
	return 0;
}

/* Keeps a string; returns its offset, or (size_t)-1 when memory is out. */
static size_t keep_text(struct symbols *symbols, const char *text)
{
	size_t size = strlen(text) + 1;
	size_t at = symbols->text_used;

	if (grow(&symbols->text, &symbols->text_room, at + size, 1))
		return (size_t)-1;
	memcpy(symbols->text + at, text, size);
	symbols->text_used += size;
	return at;
}

static int add(struct symbols *symbols, uint64_t address, uint64_t size, const char *name,
	       size_t module)
{
	size_t name_at = keep_text(symbols, name);

	if (name_at == (size_t)-1 || module == (size_t)-1 ||
	    grow(&symbols->entries, &symbols->room, symbols->count + 1, sizeof(struct entry)))
		return -ENOMEM;
	symbols->entries[symbols->count++] = (struct entry){
		.address = address,
		.size = size,
		.name = name_at,
		.module = module,
	};
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return left->name < right->name ? -1 : left->name > right->name;
}

static int finish(struct symbols *symbols, int code, struct symbols **out)
{
	if (code) {
		symbols_free(symbols);
		return code;
	}
	if (symbols->count)
		qsort(symbols->entries, symbols->count, sizeof(struct entry), by_address);
	*out = symbols;
	return 0;
}

/* ---- kallsyms ---- */

/* A hexadecimal digit's value, or -1. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *end_of_word(char *text)
{
	while (*text && *text != ' ' && *text != '\t' && *text != '\n')
		text++;
	return text;
}

/* "\t[module]\n": its name, ended; NULL for nothing. */
static char *parse_module(char *text)
{
	char *module = text + strspn(text, " \t[]\n");

	module[strcspn(module, " \t[]\n")] = '\0';
	return *module ? module : NULL;
}

/* "ffffffffc0000000 t name\t[module]"; false when the line is not of that form. */
static bool parse_line(char *line, uint64_t *address, char **name, char **rest)
{
	char *end = line;
	uint64_t value = 0;

	for (int d; (d = digit(*end)) >= 0; end++)
		value = value << 4 | (uint64_t)d;
	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ')
		return false;
	*address = value;
	*name = end + 3 + strspn(end + 3, " \t");
	end = end_of_word(*name);
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return **name != '\0';
}

/* No function is at 0: the addresses are hidden, this one and all that follow. */
static bool hides(const char *line, uint64_t address)
{
	const char *type = strchr(line, ' ') + 1;

	return !address && (*type == 't' || *type == 'T');
}

/* Modules come in runs: the last name is the same more often than not. */
static size_t keep_module(struct symbols *symbols, const char *name, size_t last)
{
	if (last != (size_t)-1 && !strcmp(symbols->text + last, name))
		return last;
	return keep_text(symbols, name);
}

static int read_lines(struct symbols *symbols, FILE *file, bool *hidden)
{
	size_t module_at = (size_t)-1, size = 0;
	autofree char *line = NULL;

	*hidden = true;
	while (getline(&line, &size, file) > 0) {
		char *name, *rest, *module;
		uint64_t address;
		int code;

		if (!parse_line(line, &address, &name, &rest))
			return -EINVAL;
		module = parse_module(rest);
		module_at = keep_module(symbols, module ? module : "kernel", module_at);
		code = add(symbols, address, 0, name, module_at);
		if (code)
			return code;
		if (hides(line, address))
			break;
		*hidden = *hidden && !address;
	}
	return symbols->count ? 0 : -EINVAL;
}

static int explain_kallsyms(const char *path, int code, bool hidden, struct error *err)
{
	if (code == -EINVAL)
		return error_set(err, code, "%s is not a list of symbols like /proc/kallsyms",
				 path);
	if (!code && hidden)
		return error_set(err, -EPERM, "%s hides its addresses; %s", path,
				 capabilities_has(CAP_SYSLOG)
					 ? "see kernel.kptr_restrict (sysctl)"
					 : "this process lacks CAP_SYSLOG; run shark as root");
	return code;
}

static int read_kallsyms(struct symbols *symbols, const char *path, struct error *err)
{
	autofclose FILE *file = fopen(path, "re");
	bool hidden;
	int code;

	if (!file)
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	code = read_lines(symbols, file, &hidden);
	return explain_kallsyms(path, code, hidden, err);
}

static int new_symbols(const char *path, struct symbols **symbols, struct error *err)
{
	*symbols = calloc(1, sizeof(**symbols));
	return *symbols ? 0 : error_set(err, -ENOMEM, "out of memory for the symbols of %s", path);
}

int symbols_read_kallsyms(const char *path, struct symbols **out, struct error *err)
{
	struct symbols *symbols;
	int code = new_symbols(path, &symbols, err);

	return code ? code : finish(symbols, read_kallsyms(symbols, path, err), out);
}

/* ---- names to addresses ---- */

static void match(struct symbol_address *wanted, const char *name, uint64_t address)
{
	if (strcmp(wanted->name, name) != 0 || (wanted->matches && wanted->address == address))
		return;
	if (!wanted->matches++)
		wanted->address = address;
}

/* Most names are not wanted, and need not be compared: which lengths and last bytes are? */
struct sieve {
	bool wanted[64][256];
};

static bool *hole(struct sieve *sieve, const char *name)
{
	size_t length = strlen(name);

	return &sieve->wanted[length % 64][length ? (unsigned char)name[length - 1] : 0];
}

static void fill_sieve(struct sieve *sieve, const struct symbol_address *wanted, size_t n)
{
	memset(sieve, 0, sizeof(*sieve));
	for (size_t i = 0; i < n; i++)
		*hole(sieve, wanted[i].name) = true;
}

static void match_all(struct sieve *sieve, struct symbol_address *wanted, size_t n,
		      const char *name, uint64_t address)
{
	if (!*hole(sieve, name))
		return;
	for (size_t i = 0; i < n; i++)
		match(&wanted[i], name, address);
}

static void forget_matches(struct symbol_address *wanted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wanted[i].matches = 0;
}

void symbols_addresses(const struct symbols *symbols, struct symbol_address *wanted, size_t n)
{
	struct sieve sieve;

	forget_matches(wanted, n);
	fill_sieve(&sieve, wanted, n);
	for (size_t i = 0; i < symbols->count; i++)
		match_all(&sieve, wanted, n, symbols->text + symbols->entries[i].name,
			  symbols->entries[i].address);
}

static int scan_lines(FILE *file, struct symbol_address *wanted, size_t n, bool *hidden)
{
	autofree char *line = NULL;
	size_t size = 0, lines = 0;
	struct sieve sieve;

	fill_sieve(&sieve, wanted, n);
	*hidden = true;
	while (getline(&line, &size, file) > 0) {
		char *name, *rest;
		uint64_t address;

		if (!parse_line(line, &address, &name, &rest))
			return -EINVAL;
		lines++;
		if (hides(line, address))
			break;
		match_all(&sieve, wanted, n, name, address);
		*hidden = *hidden && !address;
	}
	return lines ? 0 : -EINVAL;
}

int symbols_scan_kallsyms(const char *path, struct symbol_address *wanted, size_t n,
			  struct error *err)
{
	autofclose FILE *file = fopen(path, "re");
	bool hidden;
	int code;

	if (!file)
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	forget_matches(wanted, n);
	code = scan_lines(file, wanted, n, &hidden);
	return explain_kallsyms(path, code, hidden, err);
}

/* ---- ELF ---- */

static Elf_Scn *find_section(Elf *elf, GElf_Word type, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, header) && header->sh_type == type)
			return section;
	return NULL;
}

static bool is_code_or_data(const GElf_Sym *symbol)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_OBJECT);
}

static int read_table(struct symbols *symbols, Elf *elf, const char *module)
{
	size_t module_at = keep_text(symbols, module);
	GElf_Shdr header;
	Elf_Scn *section = find_section(elf, SHT_SYMTAB, &header);
	Elf_Data *data;
	GElf_Sym symbol;

	if (!section)
		section = find_section(elf, SHT_DYNSYM, &header);
	data = section ? elf_getdata(section, NULL) : NULL;
	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
		int code;

		if (!name || !*name || !is_code_or_data(&symbol))
			continue;
		code = add(symbols, symbol.st_value, symbol.st_size, name, module_at);
		if (code)
			return code;
	}
	return symbols->count ? 0 : -ENODATA;
}

static int read_elf(struct symbols *symbols, int fd, const char *path, const char *module,
		    struct error *err)
{
	Elf *elf;
	int code;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		code = error_set(err, -EINVAL, "%s is not an ELF file", path);
	else
		code = read_table(symbols, elf, module);
	if (code == -ENODATA)
		error_set(err, code, "%s has no symbols; it may be stripped", path);
	elf_end(elf);
	return code;
}

int symbols_read_elf(const char *path, const char *module, struct symbols **out, struct error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct symbols *symbols;
	int code;

	if (fd < 0)
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	code = new_symbols(path, &symbols, err);
	return code ? code : finish(symbols, read_elf(symbols, fd, path, module, err), out);
}

/* ---- looking up ---- */

/* Index after the last entry that starts at or before the address. */
static size_t upper_bound(const struct symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->entries[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int symbols_find(const struct symbols *symbols, uint64_t address, struct symbol *found)
{
	size_t next = upper_bound(symbols, address);
	const struct entry *entry;
	uint64_t size;

	if (!next)
		return -ENOENT;
	entry = &symbols->entries[next - 1];
	while (entry > symbols->entries && entry[-1].address == entry->address)
		entry--;
	size = entry->size;
	if (!size && next < symbols->count)
		size = symbols->entries[next].address - entry->address;
	if (address - entry->address >= size)
		return -ENOENT;
	*found = (struct symbol){
		.name = symbols->text + entry->name,
		.module = symbols->text + entry->module,
		.offset = address - entry->address,
		.size = size,
	};
	return 0;
}

void symbols_move(struct symbols *symbols, int64_t bytes)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (symbols_in_kernel(symbols->entries[i].address))
			symbols->entries[i].address += (uint64_t)bytes;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->entries);
	free(symbols->text);
	free(symbols);
}
