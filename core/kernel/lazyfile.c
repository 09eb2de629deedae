// SPDX-License-Identifier: MIT
#include "kernel/lazyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BLOCK = 4096,
	/* Far more than the types of any kernel have; a file of this size is none of them. */
	MAX_SIZE = 1 << 28,
};

static uint64_t blocks_of(const struct lazyfile *file)
{
	return (file->size + BLOCK - 1) / BLOCK;
}

static int set_size(struct lazyfile *file, const char *path, uint64_t start, uint64_t size,
		    struct error *err)
{
	struct stat stat;

	if (fstat(file->fd, &stat))
		return error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (S_ISDIR(stat.st_mode))
		return error_set(err, -EISDIR, "cannot read %s: %s", path, strerror(EISDIR));
	if (start > (uint64_t)stat.st_size || size > (uint64_t)stat.st_size - start)
		return error_set(err, -EINVAL, "%s is shorter than it says", path);
	file->start = start;
	file->size = size ? size : (uint64_t)stat.st_size - start;
	if (!file->size || file->size > MAX_SIZE)
		return error_set(err, -EINVAL, "%s: %s", path,
				 file->size ? "too large" : "nothing is in it");
	return 0;
}

/* From 6.16 on the kernel's own types can be mapped, private and read-only
 * (kernel/bpf/sysfs_btf.c). */
static bool map(struct lazyfile *file)
{
	void *at = mmap(NULL, file->room, PROT_READ, MAP_PRIVATE, file->fd, 0);

	if (at == MAP_FAILED)
		return false;
	close(file->fd);
	file->fd = -1;
	file->at = at;
	return file->is_mapped = true;
}

static int reserve(struct lazyfile *file, struct error *err)
{
	void *at = mmap(NULL, file->room, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	file->have = calloc(blocks_of(file) / 8 + 1, 1);
	if (at != MAP_FAILED) {
		/* Of a huge page most would never be read. */
		madvise(at, file->room, MADV_NOHUGEPAGE);
		file->at = at;
	}
	if (!file->have || !file->at)
		return error_set(err, -ENOMEM, "out of memory for a file of %llu bytes",
				 (unsigned long long)file->size);
	return 0;
}

static bool wake(struct lazyfile *file)
{
	if (file->fd < 0)
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	return file->fd >= 0;
}

void lazyfile_rest(struct lazyfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

int lazyfile_open(struct lazyfile *file, const char *path, uint64_t start, uint64_t size,
		  bool may_map, struct error *err)
{
	int code;

	*file = (struct lazyfile){ .path = strdup(path), .fd = -1 };
	if (!file->path)
		return error_set(err, -ENOMEM, "out of memory for %s", path);
	if (!wake(file)) {
		code = error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
		lazyfile_close(file);
		return code;
	}
	code = set_size(file, path, start, size, err);
	file->room = blocks_of(file) * BLOCK;
	if (!code && !(may_map && !start && map(file)))
		code = reserve(file, err);
	if (code)
		lazyfile_close(file);
	return code;
}

void lazyfile_close(struct lazyfile *file)
{
	if (file->at)
		munmap(file->at, file->room);
	lazyfile_rest(file);
	free(file->have);
	free(file->path);
	*file = (struct lazyfile){ .fd = -1 };
}

/* sysfs gives a page at a time. Returns how many bytes there were. */
static size_t read_all(struct lazyfile *file, uint64_t offset, void *into, size_t size)
{
	size_t got = 0;

	while (got < size && wake(file)) {
		ssize_t n = pread(file->fd, (char *)into + got, size - got,
				  (off_t)(file->start + offset + got));

		if (n <= 0 && !(n < 0 && errno == EINTR))
			break;
		got += n > 0 ? (size_t)n : 0;
	}
	return got;
}

static bool has_block(const struct lazyfile *file, uint64_t block)
{
	return file->have[block / 8] & 1U << block % 8;
}

static bool read_block(struct lazyfile *file, uint64_t block)
{
	uint64_t offset = block * BLOCK, left = file->size - offset;
	size_t size = left < BLOCK ? (size_t)left : BLOCK;

	if (read_all(file, offset, file->at + offset, size) < size)
		return false;
	file->have[block / 8] |= (uint8_t)(1U << block % 8);
	return true;
}

const void *lazyfile_at(struct lazyfile *file, uint64_t offset, uint64_t size)
{
	if (offset > file->size || size > file->size - offset)
		return NULL;
	if (file->is_mapped || !size)
		return file->at + offset;
	for (uint64_t block = offset / BLOCK; block <= (offset + size - 1) / BLOCK; block++)
		if (!has_block(file, block) && !read_block(file, block))
			return NULL;
	return file->at + offset;
}

size_t lazyfile_pass(struct lazyfile *file, uint64_t offset, uint64_t limit, uint8_t *window,
		     const uint8_t **at)
{
	uint64_t left = offset < file->size ? file->size - offset : 0;
	size_t size = (size_t)(left < limit ? left : limit);

	*at = file->at + offset;
	if (file->is_mapped)
		return size;
	*at = window;
	return read_all(file, offset, window, size < LAZYFILE_WINDOW ? size : LAZYFILE_WINDOW);
}
