// SPDX-License-Identifier: MIT
#include "kernel/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/image_parts.h"

/* ---- opening ---- */

static int check_file(int fd, struct error *err)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return error_set(err, -errno, "%s", strerror(errno));
	if (S_ISDIR(stat.st_mode))
		return error_set(err, -EISDIR, "%s", strerror(EISDIR));
	if (!S_ISREG(stat.st_mode) && !S_ISBLK(stat.st_mode))
		return error_set(err, -EINVAL, "it is not a file that can be read at any place");
	return 0;
}

/* Block devices have a size for lseek() only. */
static uint64_t size_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	return size < 0 ? 0 : (uint64_t)size;
}

static int open_format(struct image *image, int fd, struct error *err)
{
	image->size = size_of(fd);
	return image_is_kdump(fd) ? image_kdump_open(image, fd, err)
				  : image_elf_open(image, fd, err);
}

static int open_file(struct image *image, int fd, struct error *err)
{
	int code = check_file(fd, err);

	if (!code)
		return open_format(image, fd, err);
	close(fd);
	return code;
}

/* O_NONBLOCK: that a FIFO without a writer is refused, too. */
static int open_path(struct image *image, const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? error_set(err, -errno, "%s", strerror(errno)) : open_file(image, fd, err);
}

int image_open(const char *path, struct image **out, struct error *err)
{
	struct image *image = calloc(1, sizeof(*image));
	int code;

	if (!image)
		return error_set(err, -ENOMEM, "out of memory for the image %s", path);
	code = open_path(image, path, err);
	if (code) {
		error_prefix(err, "cannot read the image %s", path);
		image_close(image);
		return code;
	}
	if (image->vmcoreinfo)
		image_tell(image);
	*out = image;
	return 0;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	if (image->file)
		image->file->close(image);
	free(image->vmcoreinfo);
	free(image);
}

/* ---- reading ---- */

typedef int read_fn(struct image *image, uint64_t address, void *into, size_t size);

static int read_all(struct image *image, read_fn *read, struct kmem_request *requests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		requests[i].result =
			read(image, requests[i].address, requests[i].into, requests[i].size);
	return 0;
}

int image_read(struct image *image, struct kmem_request *requests, size_t n, struct error *err)
{
	(void)err;
	return read_all(image, image_read_virtual, requests, n);
}

int image_read_physical(struct image *image, struct kmem_request *requests, size_t n,
			struct error *err)
{
	(void)err;
	return read_all(image, image->file->read_physical, requests, n);
}

int image_explain(const struct image *image, const struct kmem_request *request, struct error *err)
{
	return error_set(err, request->result, "the %u bytes at 0x%llx cannot be read: %s (%s)",
			 request->size, (unsigned long long)request->address,
			 request->result == -ENODATA ? "the image does not hold them"
						     : "no kernel memory there",
			 image->format);
}

/* ---- what it tells ---- */

const char *image_vmcoreinfo(const struct image *image)
{
	return image->vmcoreinfo;
}

int64_t image_kaslr_offset(const struct image *image)
{
	return image->kaslr_offset;
}

const char *image_format(const struct image *image)
{
	return image->format;
}
