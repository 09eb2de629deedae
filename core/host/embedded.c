// SPDX-License-Identifier: MIT
#include "host/embedded.h"

#include <string.h>

const struct embedded *embedded_find(const struct embedded *list, const char *name)
{
	for (; list->name; list++)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}
