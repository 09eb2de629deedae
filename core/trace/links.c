// SPDX-License-Identifier: MIT
#include "trace/links.h"

#include <errno.h>
#include <unistd.h>

#include "base/array.h"
#include "trace/attach.h"

int links_add(struct links *links, const struct point *point, int fd, struct error *err)
{
	struct link *list = array_room(links->list, links->n, sizeof(*list));

	if (!list) {
		close(fd);
		return error_set(err, -ENOMEM, "%s: no memory for another link", point->event);
	}
	links->list = list;
	list[links->n++] = (struct link){ .fd = fd, .point = point };
	return 0;
}

void links_cut(struct links *links, size_t n)
{
	while (links->n > n)
		close(links->list[--links->n].fd);
}

void links_drop(struct links *links, const struct point *point)
{
	size_t kept = 0;

	for (size_t i = 0; i < links->n; i++) {
		struct link link = links->list[i];

		if (link.point == point ||
		    (point->optional && link.point->optional == point->optional))
			close(link.fd);
		else
			links->list[kept++] = link;
	}
	links->n = kept;
}

int links_missed(const struct links *links, uint64_t *missed)
{
	int code = links->untold ? -EOPNOTSUPP : 0;

	*missed = links->missed;
	for (size_t i = 0; i < links->n; i++) {
		uint64_t hits;

		code = attach_missed(links->list[i].fd, &hits) ?: code;
		*missed += hits;
	}
	return code;
}

void links_close(struct links *links)
{
	if (links_missed(links, &links->missed))
		links->untold = true;
	links_cut(links, 0);
	free(links->list);
	links->list = NULL;
}
