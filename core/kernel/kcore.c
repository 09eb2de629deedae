// SPDX-License-Identifier: MIT
/*
 * Reads kernel memory from /proc/kcore, an ELF core file of the running kernel
 * (fs/proc/kcore.c).
 *
 * It has zeros for what it cannot or will not read. Where it would (holes, and
 * device memory mapped with ioremap(), which vread() leaves out) the address lies
 * in the vmalloc or module area, whose segments have no physical address. A page
 * there that is all zeros is therefore no answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "kernel/capabilities.h"
#include "kernel/elfcore.h"
#include "kernel/kfeat.h"
#include "kernel/kmem_ways.h"

static struct elfcore core = { .fd = -1 };

/* ---- opening ---- */

/* Mode 0400, and open_kcore() in fs/proc/kcore.c. */
static int explain_rights(int code, struct error *err)
{
	if (kfeat_is_confidential())
		return error_suffix(err, "the kernel is locked down (confidentiality)");
	if (code == -EACCES && !capabilities_has(CAP_DAC_READ_SEARCH))
		return error_suffix(err, "this process lacks CAP_DAC_READ_SEARCH");
	if (code == -EPERM && !capabilities_has(CAP_SYS_RAWIO))
		return error_suffix(err, "this process lacks CAP_SYS_RAWIO");
	return code;
}

static int explain_open(const char *path, int code, struct error *err)
{
	if (code == -ENOENT)
		return error_set(err, code, "there is no %s (CONFIG_PROC_KCORE)", path);
	if (code == -EINVAL)
		return error_set(err, -EINVAL, "%s is not a core file of a 64-bit kernel", path);
	error_set(err, code, "cannot read %s: %s", path, strerror(-code));
	return code == -EACCES || code == -EPERM ? explain_rights(code, err) : code;
}

static int open_core(int fd)
{
	int code = elfcore_open(&core, fd, NULL);

	return !code && core.is_32bit ? -EINVAL : code;
}

int kcore_open(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), code;

	if (fd < 0)
		return explain_open(path, -errno, err);
	code = open_core(fd);
	if (!code)
		return 0;
	kcore_close();
	return explain_open(path, code, err);
}

void kcore_close(void)
{
	elfcore_close(&core);
}

/* ---- reading ---- */

static int read_one(const struct kmem_request *request)
{
	int code =
		elfcore_read(&core, &core.virtual, request->address, request->into, request->size);

	return code == -EIO ? -EFAULT : code;
}

int kcore_read(struct kmem_request *requests, size_t n, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < n; i++)
		requests[i].result = read_one(&requests[i]);
	return 0;
}
