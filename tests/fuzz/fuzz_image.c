// SPDX-License-Identifier: MIT
/* Images from any bytes: opened, searched, read. Not those that a library reads. */
#include <string.h>

#include "fuzz.h"
#include "kernel/image.h"

static const struct image_anchor anchors[] = {
	{ "linux_banner", 0xffffffff81000040, "Linux", 5 },
	{ "init_top_pgt", 0xffffffff81000000, NULL, 0 },
};

static void read_all(struct image *image)
{
	static const uint64_t addresses[] = {
		0,	    0x1000,   0xffffffff81000000, 0xffff888000000000, 0xff11000000000000,
		0xc0000000, ~0ULL - 8
	};
	char bytes[16];

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct kmem_request request = { .address = addresses[i],
						.into = bytes,
						.size = sizeof(bytes) };

		image_read(image, &request, 1, NULL);
		image_read_physical(image, &request, 1, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	struct error err;
	char path[32];
	int fd;

	if (size && *data != 0x7f)
		return 0;
	fd = fuzz_file(data, size, path);
	if (!image_open(path, &image, &err)) {
		read_all(image);
		image_locate(image, anchors, 2, &err);
		read_all(image);
		image_close(image);
	}
	close(fd);
	return 0;
}
