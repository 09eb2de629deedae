// SPDX-License-Identifier: MIT
/* Asks the kernel for the names of addresses, with BPF programs that this process runs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/kmem_ways.h"
#include "kernel/knames.bpf.h"
#include "load/loaded.h"
#include "load/mapping.h"

#include "knames.image.h"

static struct {
	struct loaded loaded;
	struct knames_exchange *exchange; /* NULL: not open */
	bool refused;			  /* not tried again */
} names;

/* ---- opening ---- */

static bool load(struct error *err)
{
	const struct load_options options = { .entries = NULL };

	if (loaded_load(&names.loaded, &knames_image, &options, err))
		return false;
	names.exchange = mapping_map(names.loaded.maps[image_map_index(&knames_image, "exchange")],
				     sizeof(struct knames_exchange), err);
	return names.exchange;
}

static int open_names(void)
{
	struct error why;

	if (names.exchange)
		return 0;
	if (names.refused)
		return -EOPNOTSUPP;
	if (load(&why))
		return 0;
	log_debug("the kernel names no addresses: %s", why.text);
	kmem_bpf_names_close();
	names.refused = true;
	return -EOPNOTSUPP;
}

void kmem_bpf_names_close(void)
{
	mapping_unmap(names.exchange, sizeof(struct knames_exchange));
	loaded_unload(&names.loaded);
	memset(&names, 0, sizeof(names));
}

/* ---- asking ---- */

/* What the program left as its result, or why it did not run. */
static int64_t run(const char *name)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	names.exchange->result = -EIO;
	if (bpf_prog_test_run_opts(loaded_program(&names.loaded, name), &opts))
		return -errno;
	return names.exchange->result;
}

/* "name+0x10/0x1a0 [module]" in the exchange; the parts are cut out in place. */
static int cut(struct kmem_symbol *symbol)
{
	char *text = names.exchange->text, *rest;

	text[KNAMES_TEXT - 1] = '\0';
	rest = strchr(text, '+');
	if (!rest)
		return -ENOENT;
	*rest = '\0';
	symbol->name = text;
	symbol->offset = strtoull(rest + 1, &rest, 16);
	symbol->size = *rest == '/' ? strtoull(rest + 1, &rest, 16) : 0;
	symbol->module = "kernel";
	if (rest[0] != ' ' || rest[1] != '[')
		return 0;
	symbol->module = rest + 2;
	rest[strcspn(rest, "]")] = '\0';
	return 0;
}

int kmem_bpf_symbol(uint64_t address, struct kmem_symbol *symbol)
{
	int code = open_names();
	int64_t result;

	if (code)
		return code;
	names.exchange->address = address;
	result = run("describe_address");
	return result < 0 ? (int)result : cut(symbol);
}

int kmem_bpf_lists(const char *name)
{
	int code = open_names();
	int64_t result;

	if (code)
		return code;
	if (strlen(name) >= KNAMES_TEXT)
		return -EINVAL;
	memset(names.exchange->text, 0, KNAMES_TEXT);
	snprintf(names.exchange->text, KNAMES_TEXT, "%s", name);
	result = run("find_name");
	if (result == -ENOENT)
		return 0;
	return result < 0 ? (int)result : 1;
}
