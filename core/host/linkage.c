// SPDX-License-Identifier: MIT
#include "host/linkage.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "linked.h"

#define SELF "/proc/self/exe"
#define GLIBC "GLIBC_"

struct part {
	Elf *elf;
	GElf_Shdr header;
	Elf_Data *data;
};

/* The binary's only section of a type; false when it has none. */
static bool find_part(Elf *elf, GElf_Word type, struct part *part)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &part->header) || part->header.sh_type != type)
			continue;
		part->elf = elf;
		part->data = elf_getdata(section, NULL);
		return part->data;
	}
	return false;
}

static const char *text_at(const struct part *part, size_t offset)
{
	const char *text = elf_strptr(part->elf, part->header.sh_link, offset);

	return text ? text : "";
}

/* The newest version of glibc's symbols that one library is asked for, or newest. */
static const char *newest_of(const struct part *part, const GElf_Verneed *need, int at,
			     const char *newest)
{
	GElf_Vernaux version;

	at += (int)need->vn_aux;
	for (int i = 0; i < need->vn_cnt && gelf_getvernaux(part->data, at, &version); i++) {
		const char *name = text_at(part, version.vna_name);

		if (!strncmp(name, GLIBC, strlen(GLIBC)) &&
		    strverscmp(name + strlen(GLIBC), newest) > 0)
			newest = name + strlen(GLIBC);
		at += (int)version.vna_next;
	}
	return newest;
}

/* "" where no symbol has a version of glibc. */
static const char *newest_glibc(Elf *elf)
{
	const char *newest = "";
	GElf_Verneed need;
	struct part part;
	int at = 0;

	if (!find_part(elf, SHT_GNU_verneed, &part))
		return newest;
	for (GElf_Word i = 0; i < part.header.sh_info && gelf_getverneed(part.data, at, &need);
	     i++) {
		newest = newest_of(&part, &need, at, newest);
		at += (int)need.vn_next;
	}
	return newest;
}

static void print_libraries(Elf *elf)
{
	struct part part;
	GElf_Dyn entry;

	if (!find_part(elf, SHT_DYNAMIC, &part))
		return;
	for (int i = 0; gelf_getdyn(part.data, i, &entry) && entry.d_tag != DT_NULL; i++)
		if (entry.d_tag == DT_NEEDED)
			printf(" %s", text_at(&part, entry.d_un.d_val));
}

static void print(Elf *elf)
{
	const char *glibc = newest_glibc(elf);

	printf("contains: %s\n", SHARK_LINKED);
	if (!*glibc) {
		printf("needs: no libraries\n");
		return;
	}
	printf("needs: glibc %s or newer;", glibc);
	print_libraries(elf);
	putchar('\n');
}

int linkage_print(struct error *err)
{
	Elf *elf;
	int fd;

	fd = open(SELF, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, "cannot read " SELF ": %s", strerror(errno));
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		print(elf);
	else
		error_set(err, -EINVAL, "cannot read " SELF ": %s", elf_errmsg(-1));
	elf_end(elf);
	close(fd);
	return elf ? 0 : -EINVAL;
}
